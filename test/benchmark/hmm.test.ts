import { expect, it } from 'vitest';
import { uniform } from '../../benchmark/draws.mjs';
import { draw, F, salient, T } from '../../benchmark/hmm.mjs';
import { kernels } from '../kernels.ts';

const next = uniform(7);
const series = Array.from({ length: 300 }, () => draw(next, kernels.math));
const ticks = series.flatMap(({ values, states, labels }) =>
  Array.from(states, (state, t) => ({ x: values.subarray(t * F, (t + 1) * F), state, label: labels[t]! })),
);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;

it('has the states, means and covariances of tint', () => {
  expect(ticks).toHaveLength(300 * T);
  // from state 0 the other one comes with the probability .05
  const left = series.flatMap(({ states }) => Array.from(states.slice(1), (s, t) => [states[t]!, s] as const));
  const zero = left.filter(([before]) => before === 0);
  expect(mean(zero.map(([, s]) => s))).toBeCloseTo(0.05, 2);
  for (const [state, means] of [
    [0, [0.1, 1.6, 0.5]],
    [1, [-0.1, -0.4, -1.5]],
  ] as const) {
    const own = ticks.filter((tick) => tick.state === state);
    means.forEach((m, f) => {
      expect(mean(own.map(({ x }) => x[f]!))).toBeCloseTo(m, 1);
      expect(mean(own.map(({ x }) => (x[f]! - m) ** 2))).toBeCloseTo(0.801, 1);
    });
  }
});

it('has labels that listen to the feature of their state', () => {
  for (const high of [true, false]) {
    const own = ticks.filter(({ x, state }) => (high ? x[salient(state)]! > 1 : x[salient(state)]! < -1));
    expect(mean(own.map(({ label }) => label))).toBeGreaterThan(high ? 0.88 : -0.01);
    expect(mean(own.map(({ label }) => label))).toBeLessThan(high ? 1.01 : 0.12);
  }
  expect(draw(uniform(3), kernels.math)).toEqual(draw(uniform(3), kernels.math));
});
