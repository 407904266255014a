import { expect, it } from 'vitest';
import { auroc, logLoss, pinball, reliability } from '../../src/training/measures.ts';

// figures that scikit-learn's documentation gives for its own functions of the same names, where not on paper
it('log loss: of what was given to the classes that arrived', () => {
  expect(logLoss(Math, [0.9, 0.9, 0.8, 0.65])).toBeCloseTo(0.21616, 5);
  expect(logLoss(Math, [1, 0])).toBeCloseTo(25 * Math.LN2 * 0.5, 6);
});

it('area under the ROC curve: pairs in order, ties half', () => {
  expect(auroc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBe(0.75);
  // of the four pairs one is in order, one is not, two are ties
  expect(auroc([1, 2, 2, 1], [0, 0, 1, 1])).toBe(0.5);
  expect(auroc([3, 2, 1], [0, 0, 1])).toBe(0);
  expect(auroc([3, 2, 1], [1, 1, 1])).toBeNull();
});

it('pinball loss: what is above costs tau, what is below the rest', () => {
  expect(pinball(0.1, [0, 2, 3], [1, 2, 3])).toBeCloseTo(0.1 / 3, 12);
  expect(pinball(0.1, [1, 2, 4], [1, 2, 3])).toBeCloseTo(0.9 / 3, 12);
  expect(pinball(0.9, [0, 2, 3], [1, 2, 3])).toBeCloseTo(0.9 / 3, 12);
});

it('reliability: bins of a tenth, empty ones left out, 1 in the last', () => {
  expect(reliability([0.02, 0.06, 0.55, 1, 0.95], [0, 1, 1, 1, 0])).toEqual([
    { nominal: 0.04, realised: 0.5, count: 2 },
    { nominal: 0.55, realised: 1, count: 1 },
    { nominal: 0.975, realised: 0.5, count: 2 },
  ]);
});
