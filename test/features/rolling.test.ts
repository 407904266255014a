import { describe, expect, it } from 'vitest';
import { compileColumns, transforms } from '../../src/features/index.ts';

const run = (expression: string, xs: readonly number[]): (number | null)[] => {
  const columns = compileColumns([expression], Math);
  return xs.map((x) => columns.push({ x }, null)?.[0] ?? null);
};

describe('transforms with a constant', () => {
  it.each([
    ['lag(x, 2)', [1, 4, 9, 16], [null, null, 1, 4]],
    ['x - lag(x, 1)', [1, 4, 9], [null, 3, 5]],
    ['ema(x, 3)', [4, 8, 0], [4, 6, 3]],
    ['ratio(x)', [2, 3, 6], [null, 1.5, 2]],
    ['rollingMean(x, 3)', [3, 6, 9, 0, 3], [null, null, 6, 5, 4]],
    ['rollingStd(x, 2)', [1, 3, 3, 7], [null, 1, 0, 2]],
    ['zscore(x, 2)', [1, 3, 3, 1], [null, 1, 0, -1]],
    ['rollingMin(x, 3)', [5, 3, 4, 6, 7, 2], [null, null, 3, 3, 4, 2]],
    ['rollingMax(x, 3)', [5, 3, 4, 1, 0, 2], [null, null, 5, 4, 4, 2]],
    ['is(x, -1)', [1, -1, 0], [0, 1, 0]],
    ['rollingMean(lag(x, 1), 2) * 2', [1, 2, 3], [null, null, 3]],
  ])('%s', (expression, xs, expected) => {
    expect(run(expression, xs)).toEqual(expected);
  });

  it.each([
    ['lag(x)', /position 6: '\)' \(expected ", ticks": lag takes ticks as well\)/],
    ['lag(x, y)', /position 8: 'y' \(expected a number for ticks\)/],
    ['lag(x, 1, 2)', /position 9: ',' \(expected "\)" or an operator\)/],
    ['diff(x, 1)', /position 7: ','/],
    ['lag(x, 0)', /^invalid lag ticks: 0 \(expected a whole number of ticks from 1/],
    ['rollingStd(x, 1.5)', /^invalid rollingStd ticks: 1.5/],
  ])('refuses %s', (expression, message) => {
    expect(() => compileColumns([expression], Math)).toThrow(message);
  });

  it('rounding does not add up: a million ticks of a large mean and a small deviation', () => {
    const columns = compileColumns(['rollingStd(x, 7)', 'rollingMean(x, 7)'], Math);
    let last: Float64Array | null = null;
    for (let t = 0; t < 1_000_000; t++) last = columns.push({ x: 1e6 + (t % 7) }, null);
    expect(last![0]).toBeCloseTo(2, 9);
    expect(last![1]).toBeCloseTo(1e6 + 3, 9);
  });

  it('begins anew after a reset', () => {
    for (const { name, constants = [] } of transforms) {
      const columns = compileColumns([`${name}(${['x', ...constants.map(() => '2')].join(', ')})`], Math);
      const pass = (): (number | null)[] => [1, 2, 4, 3].map((x) => columns.push({ x }, null)?.[0] ?? null);
      const first = pass();
      columns.reset();
      expect(pass(), name).toEqual(first);
    }
  });

  it('goes back to what was saved, as often as asked', () => {
    for (const { name, constants = [] } of transforms) {
      const columns = compileColumns([`${name}(${['x', ...constants.map(() => '3')].join(', ')})`], Math);
      const pass = (xs: number[]): (number | null)[] => xs.map((x) => columns.push({ x }, null)?.[0] ?? null);
      pass([5, 2, 7, 1, 3]);
      const saved = columns.save();
      const first = pass([4, 6, 2, 8, 8, 1]);
      for (const junk of [[9], [0.5, 9, 9, 3, 1, 2, 7]]) {
        columns.load(saved);
        pass(junk);
        columns.load(saved);
        expect(pass([4, 6, 2, 8, 8, 1]), name).toEqual(first);
      }
    }
  });

  it('places the time of day on a circle', () => {
    const columns = compileColumns(['timeOfDay', 'sin(timeOfDay)'], Math);
    expect(columns.push({}, Date.parse('2020-02-02T06:00:00Z'))![1]).toBe(1);
    expect(columns.push({}, Date.parse('1969-12-31T18:00:00Z'))![0]).toBeCloseTo(1.5 * Math.PI, 12);
  });
});
