/** What is computed tick by tick equals what running the whole prefix again gives, to the last bit. */
import { expect, it } from 'vitest';
import { LagBand, lagBandSize } from '../../src/methods/lagBand.ts';
import { quadrature } from '../../src/methods/quadrature.ts';
import { bankSize, RollingOcclusion } from '../../src/methods/rollingOcclusion.ts';
import { runWorlds } from '../../src/methods/worlds.ts';
import { Model } from '../../src/model/graph.ts';
import { Tape } from '../../src/model/tape.ts';
import { kernels, random } from '../kernels.ts';
import { randomModel } from '../models.ts';
import { answer, questionAt } from './questions.ts';

const [T, F] = [200, 3];
const spec = randomModel(F, [7], 1, 12);
const next = random(13);
const stream = Array.from({ length: T }, () => Float32Array.from({ length: F }, next));
const baseline = [0.1, -0.3, 0.2];

/** The output (float32) of the stream up to t in which some cells hold the baseline, stepped from its first tick. */
function prefix(t: number, occluded: (s: number, f: number) => boolean): number {
  const model = new Model(kernels, spec);
  let y = 0;
  for (let s = 0; s <= t; s++)
    y = model.stepOne(stream[s]!.map((value, f) => (occluded(s, f) ? baseline[f]! : value)))[0]!;
  return y;
}

it('occlusion of the newest tick, and lag bands', () => {
  const [band, every] = [5, 23];
  const newest = new RollingOcclusion(new Model(kernels, spec, bankSize(1, F)), { window: 1, eps: 0, target: 0 });
  const lags = new LagBand(new Model(kernels, spec, lagBandSize(band, F)), { band, target: 0 });
  for (let t = 0; t < T; t++) {
    newest.push(stream[t]!, baseline);
    lags.push(stream[t]!, baseline);
    if (t % every !== every - 1) continue;
    const y = prefix(t, () => false);
    for (let f = 0; f < F; f++) {
      expect(newest.values[f]).toBe(Math.fround(y - prefix(t, (s, g) => s === t && g === f)));
      let shorter = 0;
      for (let n = 0; n < band; n++) {
        const D = Math.fround(y - prefix(t, (s, g) => s >= t - n && g === f));
        expect(lags.values[(band - 1 - n) * F + f]).toBe(Math.fround(D - shorter));
        shorter = D;
      }
    }
  }
});

it('temporal integrated gradients', async () => {
  const steps = 9;
  const { points, weights } = quadrature('gauss-legendre', steps, kernels.math);
  const { values } = await answer('temporal-integrated-gradients', questionAt(spec, stream, baseline), { steps });
  for (const t of [0, 1, 50, T - 1]) {
    const tape = new Tape(kernels, spec, { branches: steps, ticks: t + 1 });
    const windows = new Float32Array(steps * (t + 1) * F);
    points.forEach((alpha, i) => {
      for (let s = 0; s <= t; s++)
        for (let f = 0; f < F; f++) {
          const [x, b] = [stream[s]![f]!, Math.fround(baseline[f]!)];
          windows[(i * (t + 1) + s) * F + f] = s < t ? x : b + alpha * (x - b);
        }
    });
    tape.forward(windows, steps);
    const slopes = tape.backward(0);
    for (let f = 0; f < F; f++) {
      let mean = 0;
      for (let i = 0; i < steps; i++) mean += weights[i]! * slopes[(i * (t + 1) + t) * F + f]!;
      expect(values![t * F + f]).toBe(Math.fround(mean * (stream[t]![f]! - Math.fround(baseline[f]!))));
    }
  }
});

it('worlds: many at once, in any order, as each of them alone', async () => {
  const K = 12;
  const asked = { ...questionAt(spec, stream.slice(0, 40), baseline, { K }), targets: [0] };
  const worlds = Array.from({ length: 300 }, (_, n) => {
    const draw = random(100 + (n % 250));
    return Float32Array.from({ length: K * F }, (_, at) =>
      draw() > 0.3 ? 0.5 : asked.ticks[Math.floor(at / F)]![at % F]!,
    );
  });
  const { values, evaluations } = await runWorlds(asked, { count: 300, write: (n, window) => window.set(worlds[n]!) });
  for (const n of [0, 1, 77, 249, 250, 299]) {
    const model = new Model(kernels, spec);
    for (const x of asked.before) model.stepOne(x);
    for (let k = 0; k < K; k++) model.stepOne(worlds[n]!.subarray(k * F, (k + 1) * F));
    expect(values[n]).toBe(model.value(0, 0));
  }
  // 50 worlds are there twice, and what worlds share at the beginning is stepped once
  expect(evaluations).toBeLessThanOrEqual(250 * K);
  expect(evaluations).toBeGreaterThan(250 * (K - 4));
});

it('worlds are ended between two batches, and say how far they are', async () => {
  const asked = { ...questionAt(spec, stream.slice(0, 9), baseline), targets: [0] };
  const control = new AbortController();
  const told: number[] = [];
  const write = (n: number, window: Float32Array): void => {
    window[0] = n;
  };
  const progress = (done: number): void => {
    told.push(done);
    if (done > 0) control.abort(new Error('enough'));
  };
  const run = runWorlds(asked, { count: 5000, write }, { signal: control.signal, progress });
  await expect(run).rejects.toThrow('enough');
  expect(told).toEqual([0, 1024]);
});
