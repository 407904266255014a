/** Games and surrogates: coalitions that share their past, against as many whole windows, ours and onnxruntime-web's. */
import * as ort from 'onnxruntime-web';
import { findMethod } from '../dist/methods/index.js';
import { Model } from '../dist/model/graph.js';
import { readKernels } from '../dist/node/assets.js';
import { lstmModel, medians, ms, random, row } from './measure.mjs';
import { lstmOnnx } from './onnx.mjs';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

const [H, F, K] = [64, 8, 64];
/** Windows that the plain yardstick steps at once. */
const BATCH = 1024;

export async function benchGames() {
  const { kernels } = await readKernels();
  const spec = lstmModel(F, H);
  const session = await ort.InferenceSession.create(lstmOnnx(spec));
  const next = random(3);
  const ticks = Array.from({ length: K }, () => Float32Array.from({ length: F }, next));
  const rows = ticks.map(() => new Float32Array(F));
  const question = {
    ...{ kernels, spec, blackBox: null, score: 'raw', targets: [0], windowed: true, start: null, before: [], ticks },
    ...{ baselines: { rows, last: null }, history: ticks, indices: ticks.map((_, k) => k), background: null, seed: 1 },
  };
  const games = [
    { name: 'shapley', options: { players: 'segments:8' }, theirs: 5, plain: 0 },
    { name: 'shapley', options: { players: 'segments:10' }, theirs: 5, plain: 4 },
    { name: 'kernel-shap', options: { players: 'ticks' }, theirs: 1.4, plain: 0 },
    { name: 'timeshap', options: { prune: 0, coalitions: 4000 }, theirs: 1.4, plain: 1 / 1.2 },
    { name: 'lime', options: {}, theirs: 1.4, plain: 0 },
    { name: 'shapley-sampling', options: { samples: 4 }, theirs: 1.4, plain: 0 },
  ];
  let met = true;
  for (const game of games) met = (await oneGame(question, session, game)) && met;
  return met;
}

async function oneGame(question, session, { name, options, theirs, plain }) {
  const method = findMethod(name);
  const settings = { ...method.options, ...options };
  const asked = [];
  // the same question to onnxruntime-web: whole windows, in batches
  const box = {
    async run(windows, N) {
      const feeds = { x: new ort.Tensor('float32', timeFirst(windows, N), [K, N, F]) };
      asked.push({ windows: windows.slice(), N, feeds });
      return (await session.run(feeds)).y.data;
    },
  };
  const [other] = await method.explain({ ...question, blackBox: box }, settings);
  const [answer] = await method.explain(question, settings);
  const field = ['bySegment', 'events', 'values'].find((one) => answer[one]);
  const gap = answer[field].reduce((most, value, i) => Math.max(most, Math.abs(value - other[field][i])), 0);
  if (!(gap < 1e-5)) throw new Error(`the yardstick of ${name} disagrees by ${gap}`);
  const jobs = [
    () => method.explain(question, settings),
    async () => {
      for (const { feeds } of asked) await session.run(feeds);
    },
    plain > 0 ? plainWindows(question, asked) : () => {},
  ];
  const [a, b, c] = await medians(jobs, { warm: 3, runs: 9 });
  const what = `${name} ${Object.entries(options)
    .map((pair) => pair.join(' '))
    .join(', ')}`;
  const worlds = other.evaluations;
  const told = (yardstick, ours, bar) =>
    row(
      `${what.trim()}: ${worlds} worlds, ${((100 * answer.evaluations) / worlds / K).toFixed(0)} % of their ticks`,
      ms(a),
      yardstick,
      `${ours.toFixed(2)} times faster`,
      `${bar.toPrecision(2)} times`,
      ours >= bar,
    );
  const met = told(`onnxruntime-web ${ms(b)}`, b / a, theirs);
  return (plain > 0 ? told(`whole windows ${ms(c)}`, c / a, plain) : true) && met;
}

/** The same windows as so many branches from their first tick on. */
function plainWindows({ kernels, spec }, asked) {
  const model = new Model(kernels, spec, { branches: BATCH, inputRows: BATCH });
  return () => {
    let sum = 0;
    for (const { windows, N } of asked) {
      model.reset();
      for (let k = 0; k < K; k++) {
        for (let n = 0; n < N; n++) {
          const at = (n * K + k) * F;
          model.input.set(windows.subarray(at, at + F), n * model.inputStride);
          model.slots[n] = n;
          model.inputRow[n] = n;
        }
        model.step(N, N);
      }
      for (let n = 0; n < N; n++) sum += model.value(n, 0);
    }
    if (!Number.isFinite(sum)) throw new Error('the windows diverged');
  };
}

/** (N, K, F) to (K, N, F). */
function timeFirst(windows, N) {
  const out = new Float32Array(windows.length);
  for (let n = 0; n < N; n++)
    for (let k = 0; k < K; k++) out.set(windows.subarray((n * K + k) * F, (n * K + k + 1) * F), (k * N + n) * F);
  return out;
}
