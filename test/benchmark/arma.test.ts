import { describe, expect, it } from 'vitest';
import {
  attribute,
  baselines,
  draw,
  F,
  measure,
  meets,
  SERIES,
  settings,
  T,
  whiteBoxModel,
} from '../../benchmark/arma.mjs';
import { findMethod } from '../../src/methods/index.ts';
import { Model } from '../../src/model/graph.ts';
import { whiteBox } from '../../src/trust/index.ts';
import { expectClose } from '../golden/golden.ts';
import { kernels } from '../kernels.ts';

const { math } = kernels;

type Rows = Float32Array[];

/** What the methods come to for a sum of squares; m is what an occluded cell holds. */
const closedForms: Record<keyof typeof baselines, (x: number, m: number) => number> = {
  occlusion: (x, m) => x * x - m * m,
  'integrated-gradients': (x) => x * x,
};

async function closedForm(method: keyof typeof baselines, rows: Rows, truth: Float32Array): Promise<Float64Array> {
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

  describe.each(Object.keys(closedForms) as (keyof typeof closedForms)[])('%s', (name) => {
    const method = findMethod(name);
    const ask = (rows: Rows, truth: Float32Array) => attribute(kernels, method, rows, truth, baselines[name](rows));

    it.each([
      { what: 'in closed form', seeds: [1, 2, 3, 4, 5, 6], of: closedForm.bind(null, name) },
      { what: 'as the method answers', seeds: [1], of: ask },
    ])('gives the figures that tint published, $what', async ({ seeds, of }) => {
      const scores = await measure(setting, seeds, of, { whiteBox, math });
      for (const score of scores) expect(meets(setting, score), `${score.name} ${score.mean}`).toBe(true);
    });

    it('is its closed form, cell by cell', async () => {
      const { series, truth } = draw(setting, 3, math);
      for (const rows of series.slice(0, 3))
        expectClose(await ask(rows, truth), await closedForm(name, rows, truth), { atol: 1e-5, rtol: 1e-5 });
    });
  });
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
