/** A batch of training, LSTM(64) over 64 windows of 64 ticks of 8 features: the machine's multiply-add peak, and TensorFlow.js. */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { Tape } from '../dist/model/tape.js';
import { readKernels } from '../dist/node/assets.js';
import { Loss } from '../dist/training/loss.js';
import { Optimizer } from '../dist/training/optimizer.js';
import { lstmModel, medians, ms, random, row } from './measure.mjs';

const ROUNDS = 400_000;
const [B, T, H, F] = [64, 64, 64, 8];
/** Forward, back to the sums, and to the weights: a multiply-add is two operations. */
const OPERATIONS = 3 * 2 * T * B * (F + H) * 4 * H;

export async function benchTraining() {
  const { instance } = await WebAssembly.instantiate(
    await readFile(new URL('../dist/bench/peak.wasm', import.meta.url)),
  );
  const { kernels } = await readKernels();
  const next = random(7);
  const x = Float32Array.from({ length: B * T * F }, next);
  const y = Float32Array.from({ length: B }, next);
  const ours = trainer(kernels, x, y);
  const [peak, batch] = await medians([() => instance.exports.peak(ROUNDS), ours], { warm: 20, runs: 61 });
  const share = OPERATIONS / batch / ((96 * ROUNDS) / peak);
  let met = row(
    `a batch of training with Adam, LSTM(${H}), ${B} windows of ${T}, F = ${F}`,
    ms(batch),
    `peak ${((96 * ROUNDS) / peak / 1e6).toFixed(1)} GFLOP/s`,
    `${(100 * share).toFixed(1)} % of the peak`,
    '60 %',
    share >= 0.6,
  );
  const require = createRequire(import.meta.url);
  setWasmPaths(`${join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')))}/`);
  for (const { backend, runs, bar } of [
    { backend: 'wasm', runs: 9, bar: 6 },
    { backend: 'cpu', runs: 3, bar: 30 },
  ]) {
    await tf.setBackend(backend);
    const theirs = layersTrainer(x, y);
    const [a, b] = await medians([ours, theirs], { warm: 2, runs });
    met =
      row(
        'the same batch',
        ms(a),
        `TensorFlow.js ${backend} ${ms(b)}`,
        `${(b / a).toFixed(1)} times faster`,
        `${bar} times`,
        b / a >= bar,
      ) && met;
  }
  return met;
}

function trainer(kernels, x, y) {
  const tape = new Tape(kernels, lstmModel(F, H), { branches: B, ticks: T, learns: true });
  const loss = new Loss(tape.arena, { kind: 'mse' }, tape.scored(false), B, 1);
  const optimizer = new Optimizer(tape.arena, tape.parameters, { clip: 1 });
  tape.attach();
  return () => {
    for (let n = 0; n < B; n++) tape.put(n, x, n * T * F);
    loss.targets.set(y);
    tape.run(B);
    tape.descend(() => loss.run(B));
    optimizer.step(optimizer.norm(), 1e-3);
  };
}

function layersTrainer(x, y) {
  const model = tfl.sequential();
  const shape = { units: H, recurrentActivation: 'sigmoid', inputShape: [T, F], recurrentInitializer: 'glorotUniform' };
  model.add(tfl.layers.lstm(shape));
  model.add(tfl.layers.dense({ units: 1 }));
  model.compile({ optimizer: tf.train.adam(1e-3), loss: 'meanSquaredError' });
  const [inputs, targets] = [tf.tensor(x, [B, T, F]), tf.tensor(y, [B, 1])];
  return () => model.trainOnBatch(inputs, targets);
}
