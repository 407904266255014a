/** Many windows run as one batch against the machine's multiply-add peak, and their gradients against that plain forward pass. */
import { readFile } from 'node:fs/promises';
import { Model } from '../dist/model/graph.js';
import { Tape } from '../dist/model/tape.js';
import { readKernels } from '../dist/node/assets.js';
import { lstmModel, medians, ms, random, row } from './measure.mjs';

const ROUNDS = 400_000;
const [N, K, H, F] = [64, 64, 64, 8];

export async function benchGradients() {
  const { instance } = await WebAssembly.instantiate(
    await readFile(new URL('../dist/bench/peak.wasm', import.meta.url)),
  );
  const { kernels } = await readKernels();
  const spec = lstmModel(F, H);
  const windows = Float32Array.from({ length: N * K * F }, random(5));
  const plain = forward(kernels, spec, windows);
  const tape = new Tape(kernels, spec, { branches: N, ticks: K });
  const outputs = plain();
  for (const [n, y] of tape.forward(windows, N).entries()) {
    if (y !== outputs[n]) throw new Error(`window ${n}: the tape says ${y}, the model ${outputs[n]}`);
  }
  const gradients = () => {
    tape.forward(windows, N);
    return tape.backward(0);
  };
  const jobs = [() => instance.exports.peak(ROUNDS), plain, gradients];
  const [peak, once, both] = await medians(jobs, { warm: 20, runs: 61 });
  const share = (2 * N * K * 4 * H * (F + H)) / once / ((96 * ROUNDS) / peak);
  const met = row(
    `${N} windows of ${K} ticks as one batch, H = ${H}, F = ${F}`,
    ms(once),
    `peak ${((96 * ROUNDS) / peak / 1e6).toFixed(1)} GFLOP/s`,
    `${(100 * share).toFixed(1)} % of the peak`,
    '55 %',
    share >= 0.55,
  );
  const ratio = both / once;
  return (
    row(
      `integrated gradients of ${N} points: forward and back`,
      ms(both),
      `forward alone ${ms(once)}`,
      `${ratio.toFixed(2)} times as long`,
      '2.5 times',
      ratio <= 2.5,
    ) && met
  );
}

/** The forward pass of all windows by `Model`: one branch and one input row each. */
function forward(kernels, spec, windows) {
  const model = new Model(kernels, spec, { branches: N, inputRows: N });
  for (let n = 0; n < N; n++) {
    model.slots[n] = n;
    model.inputRow[n] = n;
  }
  return () => {
    model.reset();
    for (let t = 0; t < K; t++) {
      for (let n = 0; n < N; n++) {
        for (let f = 0; f < F; f++) model.input[n * model.inputStride + f] = windows[(n * K + t) * F + f];
      }
      model.step(N, N);
    }
    return Float32Array.from({ length: N }, (_, n) => model.value(n, 0));
  };
}
