import { describe, expect, it } from 'vitest';
import { baselines, draw, F, measure, meets, SERIES, settings, T, whiteBoxModel } from '../../benchmark/arma.mjs';
import { Model } from '../../src/model/graph.ts';
import { whiteBox } from '../../src/trust/index.ts';
import { kernels } from '../kernels.ts';

const { math } = kernels;
const SEEDS = [1, 2, 3, 4, 5, 6];

type Rows = Float32Array[];

/** What the methods come to for a sum of squares; m is what an occluded cell holds. */
const closedForms: Record<keyof typeof baselines, (x: number, m: number) => number> = {
  occlusion: (x, m) => x * x - m * m,
  'integrated-gradients': (x) => x * x,
};

function closedForm(method: keyof typeof baselines, rows: Rows, truth: Float32Array): Float64Array {
  const m = baselines[method](rows);
  return Float64Array.from(truth, (salient, i) =>
    salient ? closedForms[method](rows[Math.floor(i / F)]![i % F]!, m[i % F]!) : 0,
  );
}

describe.each(settings)('$name', (setting) => {
  it('has the salient cells of tint, the same for ten series', () => {
    const { series, truth } = draw(setting, 1, math);
    const cells = Array.from(truth.keys()).filter((i) => truth[i] === 1);
    const times = new Set(cells.map((i) => Math.floor(i / F)));
    const features = new Set(cells.map((i) => i % F));
    expect([series.length, series[0]!.length, series[0]![0]!.length]).toEqual([SERIES, T, F]);
    expect(cells.length).toBe(125);
    const [middle, rare] = setting.name === 'rare-feature' ? [times, features] : [features, times];
    expect([middle.size, Math.min(...middle), Math.max(...middle), rare.size]).toEqual([25, 12, 36, 5]);
  });

  it('has a white box of layers that sums the squares of the salient features', () => {
    const { series, truth } = draw(setting, 2, math);
    const rows = series[0]!;
    const fed = rows.map((x, t) => {
      const salient = truth.subarray(t * F, (t + 1) * F);
      const expected = x.reduce((sum, value, f) => sum + salient[f]! * value * value, 0);
      return { f: new Model(kernels, whiteBoxModel(salient)).stepOne(x)[0]!, expected };
    });
    for (const { f, expected } of fed) expect(f).toBeCloseTo(expected, 4);
    expect(fed.some(({ expected }) => expected > 1)).toBe(true);
  });

  it.each(Object.keys(closedForms) as (keyof typeof closedForms)[])(
    'gives the figures that tint published for %s, in closed form',
    async (method) => {
      const ask = async (rows: Rows, truth: Float32Array) => closedForm(method, rows, truth);
      const scores = await measure(setting, SEEDS, ask, { whiteBox, math });
      for (const score of scores) expect(meets(setting, score), `${score.name} ${score.mean}`).toBe(true);
    },
  );
});

it('draws the process 2 x_t = -.5 x_{t-1} - .2 x_{t-2} - .1 x_{t-3} + 2 e_t', () => {
  // Yule and Walker: r1 = -.25 - .1 r1 - .05 r2, r2 = -.25 r1 - .1 - .05 r1, so that r1 = -7/31 and r2 = -1/31
  const series = [1, 2, 3, 4].flatMap((seed) => draw(settings[0]!, seed, math).series);
  const correlation = (lag: number): number => {
    let [product, square] = [0, 0];
    for (const rows of series) {
      for (let t = lag; t < T; t++) {
        for (let f = 0; f < F; f++) {
          product += rows[t]![f]! * rows[t - lag]![f]!;
          square += rows[t]![f]! * rows[t]![f]!;
        }
      }
    }
    return product / square;
  };
  expect(correlation(1)).toBeCloseTo(-7 / 31, 2);
  expect(correlation(2)).toBeCloseTo(-1 / 31, 2);
});
