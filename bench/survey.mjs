/** The survey's model, LSTM(128) -> LSTM(64) -> Dense(10, softmax) on 8 features: a tick, and windows as one batch. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import * as ort from 'onnxruntime-web';
import { Model } from '../dist/model/graph.js';
import { readKernels } from '../dist/node/assets.js';
import { median, medians, ms, random, row, stackedModel } from './measure.mjs';
import { lstmOnnx } from './onnx.mjs';

const [F, T, B] = [8, 64, 256];

export async function benchSurvey() {
  const { kernels } = await readKernels();
  const spec = stackedModel(F, [128, 64], 10, 'softmax');
  const met = [await oneTick(kernels, spec), await oneBatch(kernels, spec)];
  return met.every(Boolean);
}

async function oneTick(kernels, spec) {
  const model = new Model(kernels, spec);
  const ours = (x) => model.stepOne(x)[0];
  const ortStep = await onnxStep(spec);
  const layersStep = layersModel(spec);
  await useWasm();
  let met = true;
  for (const { backend, blocks, bar } of [
    { backend: null, blocks: 60, bar: 3 },
    { backend: 'wasm', blocks: 16, bar: 30 },
    { backend: 'cpu', blocks: 12, bar: 30 },
  ]) {
    if (backend) await tf.setBackend(backend);
    const theirs = backend ? layersStep() : ortStep;
    const [a, b] = await alternating([ours, theirs], blocks);
    const name = backend ? `TensorFlow.js ${backend}` : 'onnxruntime-web';
    met =
      row(
        'a tick of LSTM(128) -> LSTM(64) -> Dense(10)',
        ms(a),
        `${name} ${ms(b)}`,
        `${(b / a).toFixed(1)} times faster`,
        `${bar} times`,
        b / a >= bar,
      ) && met;
  }
  return met;
}

/** Steps that are taken in a row before it is the other's turn: each finds its weights in the cache, as in a stream. */
const IN_A_ROW = 200;

/** Medians of a step each, over blocks that take turns on the same inputs. */
async function alternating(steps, blocks) {
  const next = random(4);
  const times = steps.map(() => []);
  for (let i = -blocks / 4; i < blocks; i++) {
    const inputs = Array.from({ length: IN_A_ROW }, () => Float32Array.from({ length: F }, next));
    for (const [s, step] of steps.entries()) {
      const from = process.hrtime.bigint();
      for (const x of inputs) {
        const y = step(x);
        if (y instanceof Promise) await y;
      }
      if (i >= 0) times[s].push(Number(process.hrtime.bigint() - from) / 1e6 / IN_A_ROW);
    }
  }
  return times.map(median);
}

async function onnxStep(spec) {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  const session = await ort.InferenceSession.create(lstmOnnx(spec, { state: true }));
  const state = {};
  for (const [l, H] of [128, 64].entries()) {
    for (const kind of ['h', 'c']) state[`${kind}${l}`] = new ort.Tensor('float32', new Float32Array(H), [1, 1, H]);
  }
  return async (x) => {
    const out = await session.run({ x: new ort.Tensor('float32', x, [1, 1, F]), ...state });
    for (const name of Object.keys(state)) state[name] = out[`${name}n`];
    return out.y.data[0];
  };
}

async function useWasm() {
  const require = createRequire(import.meta.url);
  setWasmPaths(`${join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')))}/`);
}

/** A stateful tf.layers model with the same weights, a step a call. */
function layersModel(spec) {
  return () => {
    const model = tfl.sequential();
    for (const layer of spec.layers) {
      const first = model.layers.length === 0 ? { batchInputShape: [1, 1, F] } : {};
      if (layer.kind === 'lstm')
        model.add(
          tfl.layers.lstm({
            units: layer.units,
            returnSequences: layer.sequences,
            stateful: true,
            recurrentInitializer: 'zeros',
            recurrentActivation: 'sigmoid',
            ...first,
          }),
        );
      else model.add(tfl.layers.dense({ units: layer.units, activation: layer.activation }));
    }
    spec.layers.forEach((layer, l) => {
      const { inputs, units, kernel, recurrent, bias } = layer;
      const G = recurrent ? 4 : 1;
      model.layers[l].setWeights([
        tf.tensor(kernel, [inputs, G * units]),
        ...(recurrent ? [tf.tensor(recurrent, [units, G * units])] : []),
        tf.tensor(bias, [G * units]),
      ]);
    });
    return (x) => tf.tidy(() => model.predict(tf.tensor(x, [1, 1, F])).dataSync()[0]);
  };
}

async function oneBatch(kernels, spec) {
  const session = await ort.InferenceSession.create(lstmOnnx(spec));
  const model = new Model(kernels, spec, { branches: B, inputRows: B });
  const next = random(6);
  const x = Float32Array.from({ length: T * B * F }, next);
  for (let b = 0; b < B; b++) {
    model.slots[b] = b;
    model.inputRow[b] = b;
  }
  const ours = () => {
    model.reset();
    for (let t = 0; t < T; t++) {
      model.input.set(x.subarray(t * B * F, (t + 1) * B * F));
      model.step(B, B);
    }
  };
  const feeds = { x: new ort.Tensor('float32', x, [T, B, F]) };
  ours();
  const y = (await session.run(feeds)).y.data;
  let gap = 0;
  for (let b = 0; b < B; b++)
    for (let o = 0; o < 10; o++) gap = Math.max(gap, Math.abs(model.output(b)[o] - y[b * 10 + o]));
  if (!(gap < 1e-5)) throw new Error(`the yardstick disagrees by ${gap}`);
  const [a, b] = await medians([ours, () => session.run(feeds)], { warm: 4, runs: 15 });
  return row(
    `a window of ${T} ticks, ${B} of them as one batch`,
    ms(a),
    `onnxruntime-web ${ms(b)}`,
    `${(b / a).toFixed(2)} times faster`,
    '1.2 times',
    b / a >= 1.2,
  );
}
