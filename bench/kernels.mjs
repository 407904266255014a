/** The fused LSTM step against the machine's own multiply-add peak, and against the scalar build. */
import { readFile } from 'node:fs/promises';
import { Model } from '../dist/model/graph.js';
import { readKernels } from '../dist/node/assets.js';
import { lstmModel, medians, ms, random, row } from './measure.mjs';

const ROUNDS = 40_000;

export async function benchKernels() {
  const { instance } = await WebAssembly.instantiate(
    await readFile(new URL('../dist/bench/peak.wasm', import.meta.url)),
  );
  const [{ kernels }, { kernels: scalar }] = await Promise.all([readKernels(), readKernels('whytick.scalar')]);
  const B = 576;
  let met = true;
  for (const H of [32, 64, 128]) {
    const [simdStep, scalarStep] = [kernels, scalar].map((k) => stepper(k, H, B));
    const [peak, simd, slow] = await medians([() => instance.exports.peak(ROUNDS), simdStep, scalarStep], {
      warm: 30,
      runs: 45,
    });
    const share = (8 * B * H * H) / simd / ((96 * ROUNDS) / peak);
    const gigaflops = (96 * ROUNDS) / peak / 1e6;
    const bar = H === 64;
    met =
      row(
        `fused LSTM step, H = ${H}, B = ${B}`,
        ms(simd),
        `peak ${gigaflops.toFixed(1)} GFLOP/s`,
        `${(100 * share).toFixed(1)} % of the peak`,
        bar ? '65 %' : '',
        bar ? share >= 0.65 : undefined,
      ) && met;
    met =
      row(
        'the same, SIMD against scalar build',
        ms(simd),
        `scalar ${ms(slow)}`,
        `${(slow / simd).toFixed(2)} times faster`,
        bar ? '3 times' : '',
        bar ? slow / simd >= 3 : undefined,
      ) && met;
  }
  return met;
}

/** One recurrent step of B branches, nothing else: a model without a head, its input occluded nowhere. */
function stepper(kernels, H, B) {
  const spec = lstmModel(1, H);
  spec.layers.pop();
  spec.outputs = Array.from({ length: H }, (_, unit) => `h${unit}`);
  const model = new Model(kernels, spec, { branches: B, inputRows: 1 });
  const next = random(2);
  for (let b = 0; b < B; b++) model.slots[b] = b;
  return () => {
    model.input[0] = next();
    model.step(B, 1);
  };
}
