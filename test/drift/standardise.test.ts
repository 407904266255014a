import { describe, expect, it } from 'vitest';
import { Standardise } from '../../src/drift/index.ts';

describe('Standardise', () => {
  it('is (x - mean) / population deviation of the values before x', () => {
    const standardise = new Standardise({ from: 2 });
    const answers = [2, 4, 9, 9].map((x) => standardise.update(x));
    expect(answers.slice(0, 3)).toEqual([Number.NaN, Number.NaN, 6]); // mean 3, deviation 1
    expect(answers[3]).toBeCloseTo(4 / Math.sqrt(26 / 3), 12); // mean 5, deviation sqrt((9 + 1 + 16) / 3)
  });

  it('has no answer while all values before were the same', () => {
    const standardise = new Standardise({ from: 1 });
    expect([7, 7, 8, 7.5].map((x) => standardise.update(x)).slice(0, 3)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });

  it('begins again after a reset', () => {
    const standardise = new Standardise({ from: 2 });
    for (const x of [100, 200, 300]) standardise.update(x);
    standardise.reset();
    expect([2, 4, 9].map((x) => standardise.update(x))).toEqual([Number.NaN, Number.NaN, 6]);
  });
});
