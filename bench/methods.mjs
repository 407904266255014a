/** Methods whose worlds share their past, against as many whole windows in onnxruntime-web, given to it in batches. */
import * as ort from 'onnxruntime-web';
import { findMethod } from '../dist/methods/index.js';
import { readKernels } from '../dist/node/assets.js';
import { lstmModel, medians, ms, random, row } from './measure.mjs';
import { lstmOnnx } from './onnx.mjs';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

const [K, H, F] = [64, 64, 8];
/** One window a run takes it as long. */
const BATCH = 512;
const BAR = 5;

export async function benchMethods() {
  const { kernels } = await readKernels();
  const spec = lstmModel(F, H);
  const session = await ort.InferenceSession.create(lstmOnnx(spec));
  const next = random(7);
  const ticks = Array.from({ length: K }, () => Float32Array.from({ length: F }, next));
  const question = {
    kernels,
    spec,
    blackBox: null,
    score: 'raw',
    targets: [0],
    windowed: true,
    start: null,
    before: [],
    ticks,
    baselines: { rows: ticks.map(() => new Float32Array(F)), last: null },
    history: ticks,
    indices: ticks.map((_, k) => k),
    background: null,
    seed: 0,
  };
  let met = true;
  for (const [name, options, runs] of [
    ['occlusion', {}, 1 + K * F],
    ['occlusion', { window: '4x1' }, 1 + (K - 3) * F],
    ['ablation', {}, 1 + K * F],
    ['lag-band', { band: K }, 2 * (1 + K * F)],
    ['temporal-occlusion', {}, K * (1 + F)],
  ]) {
    const method = findMethod(name);
    const all = { ...method.options, ...options };
    const [ours, theirs] = await medians([() => method.explain(question, all), () => windows(session, runs)], {
      runs: 9,
    });
    const told = Object.entries(options).map(([key, value]) => ` ${key}=${value}`);
    met =
      row(
        `${name}${told.join('')}, ${runs} windows of ${K} ticks, H = ${H}, F = ${F}`,
        ms(ours),
        `onnxruntime-web ${ms(theirs)}`,
        `${(theirs / ours).toFixed(1)} times faster`,
        `${BAR} times`,
        theirs / ours >= BAR,
      ) && met;
  }
  return met;
}

/** As many windows as the method asks about, whatever they hold. */
async function windows(session, count) {
  for (let from = 0; from < count; from += BATCH) {
    const n = Math.min(BATCH, count - from);
    await session.run({ x: new ort.Tensor('float32', new Float32Array(K * n * F).fill(0.5), [K, n, F]) });
  }
}
