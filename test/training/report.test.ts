import { describe, expect, it } from 'vitest';
import { makeDataset } from '../../src/training/dataset.ts';
import { goalOf } from '../../src/training/goal.ts';
import type { LossOptions } from '../../src/training/loss.ts';
import { measure, type Report } from '../../src/training/report.ts';
import { kernels } from '../kernels.ts';

/** Twelve ticks to learn from, six to choose by, and of six the first five have something that arrives. */
const ARRIVE = 18;
const rows = Array.from({ length: 24 }, (_, index) => {
  const event = index % 4 < 2 ? 1 : 0;
  return { index, time: index, key: '', values: { x: event ? 3 : -1, c: event, even: (index * 5) % 7 } };
});

function of(target: string, said: (i: number) => number[], loss?: LossOptions, season = 4) {
  const options = { columns: ['even'], target, horizon: 1, split: [0.5, 0.25, 0.25] as const, timed: false };
  const dataset = makeDataset(rows, options, kernels.math);
  const goal = goalOf(dataset, target, 1, loss);
  const model = (t: number): number[] => said(t - ARRIVE);
  return measure(kernels.math, { dataset, goal, target, horizon: 1, window: 1, season, timed: false, model }) as Report;
}

describe('probabilities, on paper', () => {
  // arrive 0 1 1 0 0, while 0 0 1 1 0 holds; over the training part 5 of 11 are events, 1/2 after one and 2/5 after none
  const P = [0.2, 0.8, 0.6, 0.4, 0.2];
  const near = (value: number) => expect.closeTo(value, 6);

  it('of an event', () => {
    const { test, classes, calibration, warnings, season } = of('x > 0', (i) => [P[i] ?? 0.5]);
    const brier = 0.44 / 5;
    expect(classes).toEqual({
      brier: near(brier),
      brierOfBaseRate: near((2 * 36 + 3 * 25) / 121 / 5),
      logLoss: near(-(3 * Math.log(0.8) + 2 * Math.log(0.6)) / 5),
      logLossOfBaseRate: near(-(2 * Math.log(5 / 11) + 3 * Math.log(6 / 11)) / 5),
      ...{ accuracy: 1, accuracyOfMostFrequent: 0.6, auroc: 1, baseRate: 5 / 11 },
      skillVsBaseRate: near(1 - (brier * 605) / 147),
      skillVsTransition: near(1 - brier / 0.236),
    });
    expect(test).toMatchObject({
      rmse: near(Math.sqrt(brier)),
      mae: near(1.4 / 5),
      skillVsPersistence: near(1 - brier / 0.4),
      ...{ skillVsDrift: null, intervalCoverage: null },
    });
    // four ticks earlier was right every time: nothing is left to be better by
    expect([season, test.skillVsSeasonal]).toEqual([{ ticks: 4, by: 'asked' }, null]);
    expect(calibration).toEqual([
      { nominal: near(0.2), realised: 0, count: 2 },
      { nominal: near(0.4), realised: 0, count: 1 },
      { nominal: near(0.6), realised: 1, count: 1 },
      { nominal: near(0.8), realised: 1, count: 1 },
    ]);
    expect(warnings).toEqual([]);
  });

  it('of two classes: twice the squares of the event, and all else the same', () => {
    const event = of('x > 0', (i) => [P[i] ?? 0.5]);
    const two = of('c', (i) => [1 - (P[i] ?? 0.5), P[i] ?? 0.5], { kind: 'categorical-crossentropy' });
    expect(two.classes).toEqual({
      ...event.classes,
      brier: near(2 * event.classes!.brier),
      brierOfBaseRate: near(2 * event.classes!.brierOfBaseRate),
      ...{ auroc: null, baseRate: 6 / 11 },
      logLoss: near(event.classes!.logLoss),
      skillVsBaseRate: near(event.classes!.skillVsBaseRate!),
      skillVsTransition: near(event.classes!.skillVsTransition!),
    });
    expect(two.test.skillVsPersistence).toBeCloseTo(event.test.skillVsPersistence!, 6);
    expect(two.test.skillVsLinear).toBeCloseTo(event.test.skillVsLinear!, 6);
    expect(two.said.map(({ said }) => said)).toEqual([0, 1, 1, 0, 0]);
  });

  it('says what is the better forecast', () => {
    expect(of('x > 0', () => [0.5]).warnings).toEqual([
      'The model does not beat the base rate on the test part: a fixed share is the better forecast.',
    ]);
    // 1.1964 / 5 lies between 1.18 / 5 of the one and 147 / 605 of the other
    const between = of('x > 0', (i) => [[0.4, 0.4, 0.5, 0.5, 0.42][i] ?? 0.5]);
    expect(between.warnings).toEqual([
      'The model does not beat the usual share given now on the test part: how often a class followed on the one that holds.',
    ]);
  });
});

it('quantiles, on paper', () => {
  // arrive -1 3 3 -1 -1; over the training part three in five are -1
  const { quantiles, warnings, said, test } = of('x', (i) => (i === 4 ? [1, 0] : [-1, 2]), {
    kind: 'quantile',
    tau: [0.25, 0.75],
  });
  expect(quantiles).toEqual([
    // .25 * (4 + 4) and .75 * 2, in place of .25 * (4 + 4)
    { tau: 0.25, output: 'x@0.25', pinball: expect.closeTo(3.5 / 5, 12), skill: expect.closeTo(-0.75, 12), below: 0.2 },
    // .75 * (1 + 1) and .25 * (3 + 3 + 1), in place of .25 * (4 + 4 + 4): a little more
    {
      tau: 0.75,
      output: 'x@0.75',
      pinball: expect.closeTo(3.25 / 5, 12),
      skill: expect.closeTo(-0.25 / 3, 12),
      below: 0.6,
    },
  ]);
  expect(warnings).toContain('quantiles cross at 1 of 5 ticks of the test part');
  expect(said.map(({ low, high }) => [low, high])).toEqual([...new Array(4).fill([-1, 2]), [1, 0]]);
  // the quantile nearest the middle, of two the lower one
  expect(test.mae).toBeCloseTo((4 + 4 + 2) / 5, 12);
});
