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
import { threads } from '../dist/node/trainCrew.js';
import { Loss } from '../dist/training/loss.js';
import { Optimizer } from '../dist/training/optimizer.js';
import { Trainer } from '../dist/training/trainer.js';
import { lstmModel, median, medians, ms, random, row } from './measure.mjs';

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
  for (const [units, ticks, batch, bar] of [
    [H, T, B, 1.6],
    [32, 24, 32, 1],
  ]) {
    const [one, two] = await epochTimes(kernels, { units, ticks, batch });
    met =
      row(
        `an epoch of LSTM(${units}), batches of ${batch} windows of ${ticks}, in two threads`,
        ms(two),
        `in one ${ms(one)}`,
        `${(one / two).toFixed(2)} times faster`,
        `${bar} times`,
        one / two >= bar,
      ) && met;
  }
  return met;
}

/** Medians of epochs of forty batches in one thread and in two; runs of both alternate. */
async function epochTimes(kernels, { units, ticks, batch }) {
  const next = random(3);
  const length = 40 * batch;
  const values = Float32Array.from({ length: (length + ticks) * F }, next);
  const targets = Float32Array.from({ length: length + ticks }, next);
  const train = Array.from({ length }, (_, i) => i + ticks - 1);
  const options = { ticks, train, batch, loss: { kind: 'mse' }, optimizer: { clip: 1 }, epochs: 6 };
  const times = [[], []];
  for (let run = 0; run < 5; run++) {
    for (const shares of [1, 2]) {
      const trainer = new Trainer(
        kernels,
        lstmModel(F, units),
        { values, inputs: F, targets, width: 1 },
        { ...options, shares, crew: threads(kernels.module) },
      );
      let from = 0;
      await trainer.run(({ epoch }) => {
        const now = performance.now();
        // threads start in the first one
        if (epoch > 1) times[shares - 1].push(now - from);
        from = now;
      });
    }
  }
  return times.map(median);
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
