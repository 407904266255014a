import { expect, it } from 'vitest';
import { readModel, writeNative } from '../../src/model/formats/index.ts';
import { Model } from '../../src/model/graph.ts';
import type { Row } from '../../src/offline/feed.ts';
import { makeDataset } from '../../src/training/dataset.ts';
import { type FitOptions, fitModel } from '../../src/training/fitModel.ts';
import { kernels, random } from '../kernels.ts';

/** x_t = .9 x_(t-2) + noise, around 20: as now is a poor forecast, two ticks back is a good one. */
function series(n: number): Row[] {
  const next = random(11);
  const xs = [0, 0];
  for (let t = 2; t < n; t++) xs.push(0.9 * xs[t - 2]! + next());
  return xs.map((x, index) => ({ index, time: index, key: '', values: { x: 20 + x } }));
}

const options: FitOptions = {
  ...{
    name: 'two-back',
    columns: ['x'],
    target: 'x',
    horizon: 1,
    layers: 'lstm:8',
    epochs: 40,
    patience: 10,
    batch: 16,
    seed: 2,
  },
  ...{ window: null, loss: { kind: 'mse' }, optimizer: { rate: 0.02, clip: 1 } },
};
const dataset = makeDataset(
  series(1500),
  { columns: ['x'], target: 'x', horizon: 1, split: [0.7, 0.15, 0.15], timed: true },
  kernels.math,
);

it.each([null, 6])('learns what there is to learn (window %s), and says so', async (window) => {
  const { spec, report } = await fitModel(kernels, dataset, { ...options, window });
  // noise is uniform on [-1, 1): no forecast errs less than 1/3 in the mean square, and as now some six times as much
  expect(report.test.rmse).toBeLessThan(0.66);
  expect(report.test.rmse).toBeGreaterThan(0.5);
  expect(report.test.skillVsPersistence).toBeGreaterThan(0.7);
  expect(Math.abs(report.test.skillVsLinear!)).toBeLessThan(0.15);
  expect(Math.abs(report.test.intervalCoverage! - 0.9)).toBeLessThan(0.04);
  expect(report.warnings).toEqual([]);
  expect(report.rows).toEqual({ train: 1049 - ((window ?? 16) - 1), validation: 224, test: 224 });

  // the file holds the model alone, nothing of the rows that it has learnt from
  expect(Object.keys(spec.layers[0]!).sort()).toEqual(['inputs', 'kind', 'mean', 'name', 'variance']);
  expect(writeNative(spec).length).toBeLessThan(5000);

  // the file says all that serving needs, and says the same
  const read = readModel(writeNative(spec), 'model.safetensors');
  expect(read).toMatchObject({ features: ['x'], target: { expression: 'x', output: 0 }, horizon: 1, window });
  const model = new Model(kernels, read);
  let y = 0;
  for (const row of dataset.rows.slice(-(window ?? 1500))) y = model.stepOne([row.values.x!])[0]!;
  expect(y).toBeGreaterThan(15);
  expect(y).toBeLessThan(25);
});

it('the same seed, the same bytes; and warns where persistence is better', async () => {
  const bytes = async (): Promise<Uint8Array> =>
    writeNative((await fitModel(kernels, dataset, { ...options, epochs: 3 })).spec);
  expect(await bytes()).toEqual(await bytes());
  const next = random(5);
  let level = 0;
  const walk = series(400).map((row) => ({ ...row, values: { x: (level += next()) } }));
  const wandering = makeDataset(
    walk,
    { columns: ['x'], target: 'x', horizon: 1, split: [0.5, 0.2, 0.3], timed: true },
    kernels.math,
  );
  const { report } = await fitModel(kernels, wandering, { ...options, epochs: 2 });
  expect(report.warnings).toEqual([expect.stringMatching(/does not beat persistence/)]);
});

it('a state runs on through each of several keys', async () => {
  const rows = [...series(700), ...series(500).map((row) => ({ ...row, key: 'b' }))];
  const keyed = makeDataset(
    rows,
    { columns: ['x'], target: 'x', horizon: 1, split: [0.7, 0.15, 0.15], timed: true, window: null },
    kernels.math,
  );
  const { report } = await fitModel(kernels, keyed, options);
  expect(report.rows.train).toBe(489 - 15 + (349 - 15));
  expect(report.test.rmse).toBeLessThan(0.7);
  expect(report.test.skillVsPersistence).toBeGreaterThan(0.6);
  const windowed = await fitModel(kernels, keyed, { ...options, window: 4, epochs: 2 });
  expect(windowed.report.rows.train).toBe(489 - 3 + (349 - 3));
});
