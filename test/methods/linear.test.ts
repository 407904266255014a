import { describe, expect, it } from 'vitest';
import { solve } from '../../src/cholesky.ts';
import { firstMoments, secondMoments } from '../../src/methods/linear.ts';

describe('solve', () => {
  it('finds the x with A x = b', () => {
    // 4 x + 2 y = 2, 2 x + 5 y = 9
    expect(Array.from(solve(Float64Array.of(4, 2, 2, 5), Float64Array.of(2, 9))!)).toEqual([-0.5, 2]);
    expect(Array.from(solve(new Float64Array(0), new Float64Array(0))!)).toEqual([]);
  });

  it('refuses what is not positive definite', () => {
    expect(solve(Float64Array.of(1, 2, 2, 4), Float64Array.of(1, 2))).toBeNull();
    expect(solve(Float64Array.of(1, 2, 2, 1), Float64Array.of(1, 2))).toBeNull();
    expect(solve(Float64Array.of(0), Float64Array.of(0))).toBeNull();
    // three tenths added up are not three times a tenth: the last pivot is rounding
    const tenths = 0.1 + 0.1 + 0.1;
    expect(solve(Float64Array.of(1, 0.3, 0.3, tenths * tenths), Float64Array.of(1, 1))).toBeNull();
  });
});

describe('moments', () => {
  const samples = { M: 2, rows: Uint8Array.of(1, 0, 1, 1, 0, 1), weights: Float64Array.of(1, 2, 4) };

  it('are weighted sums over the rows', () => {
    expect(Array.from(secondMoments(samples))).toEqual([3, 2, 2, 6]);
    expect(Array.from(firstMoments(samples, (n) => 10 ** n))).toEqual([21, 420]);
  });
});
