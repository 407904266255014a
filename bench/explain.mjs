/** A tick with all its attributions, against recomputing its windows as one batch in onnxruntime-web; and one plain step. */
import { readFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-web';
import { Explainer } from '../dist/explainer.js';
import { LagBand, lagBandSize } from '../dist/methods/lagBand.js';
import { bankSize, RollingOcclusion } from '../dist/methods/rollingOcclusion.js';
import { readModel } from '../dist/model/formats/index.js';
import { Model } from '../dist/model/graph.js';
import { asset, readKernels } from '../dist/node/assets.js';
import { lstmModel, median, medians, ms, random, row } from './measure.mjs';
import { lstmOnnx } from './onnx.mjs';
import { readRows } from './rows.mjs';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

export async function benchExplain() {
  const { kernels } = await readKernels();
  let met = true;
  for (const { H, K, F, bar } of [
    { H: 64, K: 64, F: 8, bar: 100 },
    { H: 32, K: 64, F: 3, bar: 90 },
  ]) {
    met = (await againstWindows(kernels, H, K, F, bar)) && met;
  }
  for (const name of ['market', 'weather']) {
    for (const K of [64, 256, 512]) met = (await forgetting(kernels, name, K)) && met;
  }
  met = (await agelessTicks(kernels)) && met;
  met = (await learningTick(kernels)) && met;
  return (await oneStep(kernels)) && met;
}

/** A live tick costs the same however long the stream has been: 180 ticks later against then, of two banks side by side. */
async function agelessTicks(kernels) {
  const [H, K, F, EARLY, LATE] = [64, 16, 8, 20, 200];
  const spec = lstmModel(F, H);
  const options = { window: K, eps: 0, target: 0 };
  let met = true;
  for (const [name, bank] of [
    ['rolling-occlusion', () => new RollingOcclusion(new Model(kernels, spec, bankSize(K, F)), options)],
    ['lag-band', () => new LagBand(new Model(kernels, spec, lagBandSize(K, F)), { band: K, target: 0 })],
  ]) {
    const next = random(3);
    const [x, baseline] = [Float32Array.from({ length: F }, next), new Float32Array(F)];
    const times = [EARLY, LATE].map(() => []);
    for (let run = -5; run < 31; run++) {
      const fresh = bank();
      for (let t = 0; t < LATE + 20; t++) {
        const from = process.hrtime.bigint();
        fresh.push(x, baseline);
        const took = Number(process.hrtime.bigint() - from) / 1e6;
        if (run >= 0 && t >= EARLY && t < EARLY + 20) times[0].push(took);
        if (run >= 0 && t >= LATE) times[1].push(took);
      }
    }
    const [early, late] = times.map(median);
    const ratio = late / early;
    met =
      row(
        `${name}, a tick after ${LATE}, K = ${K}`,
        ms(late),
        `after ${EARLY} ${ms(early)}`,
        `${ratio.toFixed(2)} times`,
        '1.2 times',
        ratio < 1.2,
      ) && met;
  }
  return met;
}

/** A tick whose prediction is learnt from, with its frozen copy, against one without. */
async function learningTick(kernels) {
  const spec = { ...lstmModel(8, 64), target: { expression: 'x0', output: 0 } };
  const next = random(3);
  let time = 0;
  const tick = () => ({
    key: '',
    time: time++,
    seq: null,
    values: Object.fromEntries(spec.features.map((f) => [f, next()])),
  });
  const still = new Explainer(kernels, spec, { window: 64 });
  const learns = new Explainer(kernels, spec, { window: 64, adapt: { steps: 1, rate: 1e-5, ticks: 32 } });
  for (let t = 0; t < 100; t++) for (const explainer of [still, learns]) explainer.push(tick());
  const [plain, adapted] = await medians([() => still.push(tick()), () => learns.push(tick())], {
    warm: 20,
    runs: 101,
  });
  const ratio = adapted / plain;
  const name = 'a tick that is learnt from (32 ticks back, Adam), explained, H = 64, K = 64, F = 8';
  return row(name, ms(adapted), `not learnt from ${ms(plain)}`, `${ratio.toFixed(2)} times`, '2 times', ratio < 2);
}

async function againstWindows(kernels, H, K, F, bar) {
  const spec = lstmModel(F, H);
  const session = await ort.InferenceSession.create(lstmOnnx(spec));
  const bank = new RollingOcclusion(new Model(kernels, spec, bankSize(K, F)), { window: K, eps: 0, target: 0 });
  const next = random(3);
  const x = Float32Array.from({ length: K * F }, next);
  const baseline = new Float32Array(F);
  // the same question put to both: the window from a zero state, every cell and every event occluded
  for (let t = 0; t < K; t++) bank.push(x.subarray(t * F, (t + 1) * F), baseline);
  const N = K * (F + 1);
  const windows = new Float32Array(K * (N + 1) * F);
  for (let n = 0; n <= N; n++) {
    const [s, g] = [Math.floor(n / (F + 1)), n % (F + 1)];
    for (let t = 0; t < K; t++) {
      for (let f = 0; f < F; f++) {
        const occluded = n < N && t === s && (g === F || g === f);
        windows[(t * (N + 1) + n) * F + f] = occluded ? 0 : x[t * F + f];
      }
    }
  }
  const feeds = { x: new ort.Tensor('float32', windows, [K, N + 1, F]) };
  const y = (await session.run(feeds)).y.data;
  let gap = 0;
  for (let n = 0; n < N; n++) {
    const [s, g] = [Math.floor(n / (F + 1)), n % (F + 1)];
    gap = Math.max(gap, Math.abs(y[N] - y[n] - (g < F ? bank.values[s * F + g] : bank.events[s])));
  }
  if (!(gap < 1e-4)) throw new Error(`the yardstick disagrees by ${gap}`);
  const input = Float32Array.from({ length: F }, next);
  const ticks = 20;
  const [ours, theirs] = await medians([
    () => {
      for (let i = 0; i < ticks; i++) bank.push(input, baseline);
    },
    () => session.run(feeds),
  ]);
  const ratio = theirs / (ours / ticks);
  return row(
    `a tick, cells and events, H = ${H}, K = ${K}, F = ${F}, eps = 0`,
    ms(ours / ticks),
    `onnxruntime-web ${ms(theirs)}`,
    `${ratio.toFixed(0)} times faster`,
    `${bar} times`,
    ratio >= bar,
  );
}

async function forgetting(kernels, name, K) {
  const spec = readModel(await readFile(asset(`demo/${name}.safetensors`)), name);
  const ticks = (await readRows(name)).slice(0, 1400);
  const warm = K + 100;
  const build = (eps) => new Explainer(kernels, spec, { window: K, eps, baseline: 'mean' });
  const [full, short] = [build(0), build(1e-6)];
  let gap = 0;
  let live = 0;
  const times = [[], []];
  for (const [t, tick] of ticks.entries()) {
    const from = process.hrtime.bigint();
    const a = full.push(tick);
    const between = process.hrtime.bigint();
    const b = short.push(tick);
    const to = process.hrtime.bigint();
    if (!a || t < warm) continue;
    times[0].push(Number(between - from) / 1e6);
    times[1].push(Number(to - between) / 1e6);
    live += b.attribution.live / (ticks.length - warm);
    for (const field of ['values', 'events']) {
      for (let i = 0; i < a.attribution[field].length; i++)
        gap = Math.max(gap, Math.abs(a.attribution[field][i] - b.attribution[field][i]));
    }
  }
  const [slow, fast] = times.map(median);
  return row(
    `forgetting, ${name} model, K = ${K}, eps = 1e-6 against eps = 0`,
    ms(fast),
    `eps = 0 ${ms(slow)}, ${live.toFixed(0)} of ${K * (spec.inputs + 1)} alive`,
    `${(slow / fast).toFixed(2)} times, gap ${gap.toExponential(1)}`,
    K === 64 ? '2 times' : '',
    K === 64 ? slow / fast >= 2 : undefined,
  );
}

async function oneStep(kernels) {
  const [H, F] = [64, 8];
  const spec = lstmModel(F, H);
  const model = new Model(kernels, spec);
  const session = await ort.InferenceSession.create(lstmOnnx(spec, { state: true }));
  const x = Float32Array.from({ length: F }, random(4));
  let [h, c] = [new Float32Array(H), new Float32Array(H)];
  const sample = [[], []];
  let sum = 0;
  for (let i = 0; i < 12_000; i++) {
    let from = process.hrtime.bigint();
    sum += model.stepOne(x)[0];
    let took = Number(process.hrtime.bigint() - from) / 1e6;
    if (i >= 2000) sample[0].push(took);
    from = process.hrtime.bigint();
    const out = await session.run({
      x: new ort.Tensor('float32', x, [1, 1, F]),
      h0: new ort.Tensor('float32', h, [1, 1, H]),
      c0: new ort.Tensor('float32', c, [1, 1, H]),
    });
    sum += out.y.data[0];
    [h, c] = [out.h0n.data, out.c0n.data];
    took = Number(process.hrtime.bigint() - from) / 1e6;
    if (i >= 2000) sample[1].push(took);
  }
  if (!Number.isFinite(sum)) throw new Error('the step diverged');
  const [ours, theirs] = sample.map(median);
  return row(
    `one stateful step from TypeScript, H = ${H}`,
    ms(ours),
    `onnxruntime-web run() ${ms(theirs)}`,
    `${(theirs / ours).toFixed(1)} times faster`,
    '8 times',
    theirs / ours >= 8,
  );
}
