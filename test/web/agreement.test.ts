import { describe, expect, it } from 'vitest';
import { agreement, leader, spearman } from '../../web/agreement.ts';

describe('spearman', () => {
  it('is 1 for one order, -1 for the opposite', () => {
    expect(spearman([1, 2, 3, 4], [10, 20, 30, 400])).toBe(1);
    expect(spearman([1, 2, 3, 4], [4, 3, 2, 1])).toBe(-1);
  });

  it('is 1 - 6 sum d^2 / (n (n^2 - 1)) without ties', () => {
    // ranks 1 2 3 4 5 and 2 1 4 3 5: sum d^2 = 4, so 1 - 24 / 120
    expect(spearman([10, 20, 30, 40, 50], [2, 1, 4, 3, 5])).toBeCloseTo(0.8, 12);
  });

  it('gives equals their mean rank', () => {
    // ranks 1.5 1.5 3 and 1 2 3: deviations -.5 -.5 1 and -1 0 1, so 1.5 / sqrt(1.5 * 2)
    expect(spearman([7, 7, 9], [1, 2, 3])).toBeCloseTo(Math.sqrt(0.75), 12);
  });

  it('is none where nothing differs', () => {
    expect(spearman([], [])).toBeNaN();
    expect(spearman([1], [2])).toBeNaN();
    expect(spearman([1, 1, 1], [1, 2, 3])).toBeNaN();
  });
});

describe('agreement', () => {
  it('of the same numbers is whole', () => {
    const a = [3, -2, 1, 0, 0.5];
    expect(agreement(a, a)).toEqual({ rho: 1, ranked: 4, shared: 4, top: 4, sameSign: 4 });
  });

  it('ranks the union of the twenty largest of each, by size', () => {
    // the twenty largest of a are places 10..29, those of b are places 0..19
    const a = Array.from({ length: 30 }, (_, i) => i + 1);
    const b = Array.from({ length: 30 }, (_, i) => 30 - i);
    expect(agreement(a, b)).toEqual({ rho: -1, ranked: 30, shared: 0, top: 10, sameSign: 30 });
    // ten of the ten largest of a, 20..29, are among the ten largest of c; its other cells are zero
    const c = a.map((value, i) => (i < 20 ? 0 : -value));
    expect(agreement(a, c)).toMatchObject({ ranked: 20, shared: 10, sameSign: 0 });
  });

  it('counts a zero as a sign of its own', () => {
    expect(agreement([1, -2, 3], [1, 2, 0])).toMatchObject({ ranked: 3, sameSign: 1, shared: 2, top: 3 });
  });

  it('of nothing is none', () => {
    expect(agreement([0, 0], [0, 0])).toEqual({ rho: Number.NaN, ranked: 0, shared: 0, top: 0, sameSign: 0 });
  });
});

it('the leader is the largest by size', () => {
  expect([leader([1, -3, 2]), leader([0, 0]), leader([2, -2])]).toEqual([1, -1, 0]);
});
