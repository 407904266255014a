/** Rolling Shapley against figures: by NumPy, by Captum's coalitions, by enumeration, and on paper. */
import { describe, expect, it } from 'vitest';
import { segmentsOf } from '../../src/methods/players.ts';
import { RollingShapley, type RollingShapleyOptions } from '../../src/methods/rollingShapley.ts';
import { readModel } from '../../src/model/formats/index.ts';
import { Model } from '../../src/model/graph.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { demo } from '../demos.ts';
import { expectClose, goldenFile, goldenTensors } from '../golden/golden.ts';
import { kernels } from '../kernels.ts';
import { denseSpec, modelOf } from '../models.ts';
import { type AttributionCase, attributionCases } from './questions.ts';

type Asked = Partial<RollingShapleyOptions> & Pick<RollingShapleyOptions, 'window'>;

function bankOf(spec: ModelSpec, asked: Asked): RollingShapley {
  return new RollingShapley(kernels, spec, {
    players: 'ticks',
    branches: 1000,
    estimator: 'auto',
    target: 0,
    seed: 1,
    ...asked,
  });
}

const rootMeanSquare = (values: number[]): number =>
  Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);

describe('1,000 branches, 24 ticks, against 8,000 worlds by NumPy', async () => {
  const figures: Record<string, { tick: number; output: number; noneOutput: number; values: number[] }[]> = JSON.parse(
    new TextDecoder().decode(goldenFile('rolling-shapley', 'figures.json')),
  );
  const longmem = goldenTensors('stateful-rolling-lstm-longmem');
  const cases = {
    market: await demo('market'),
    weather: await demo('weather'),
    longmem: {
      spec: readModel(goldenFile('stateful-rolling-lstm-longmem', 'model.safetensors'), 'longmem'),
      stream: Array.from({ length: longmem.x!.shape[0]! }, (_, t) => Float32Array.from(longmem.x!.row(t))),
      mean: Float32Array.from(longmem.baseline!.data),
    },
  };

  // what the error is at most, of the largest value: one per cent where the model is trained
  it.each([
    { name: 'market', estimator: 'auto', most: 0.01 },
    { name: 'weather', estimator: 'auto', most: 0.01 },
    { name: 'longmem', estimator: 'auto', most: 0.3 },
    { name: 'market', estimator: 'regression', most: 0.01 },
    { name: 'weather', estimator: 'regression', most: 0.01 },
    { name: 'longmem', estimator: 'regression', most: 1.5 },
  ] as const)('$name, $estimator', ({ name, estimator, most }) => {
    const { spec, stream, mean } = cases[name];
    const errors: number[] = [];
    let covered = 0;
    for (let seed = 1; seed <= 6; seed++) {
      const bank = bankOf(spec, { window: 24, estimator, seed });
      expect(bank.estimator).toBe(estimator === 'auto' ? 'worlds' : estimator);
      let t = 0;
      for (const { tick, output, noneOutput, values } of figures[name]!) {
        for (; t <= tick; t++) bank.push(stream[t]!, mean, t === tick);
        expectClose([bank.output, bank.noneOutput], [output, noneOutput], { atol: 5e-6, rtol: 1e-5 }, 'outputs');
        const largest = Math.max(...values.map(Math.abs));
        values.forEach((value, k) => {
          const error = bank.values[k]! - value;
          errors.push(error / largest);
          if (Math.abs(error) <= 2 * bank.standardErrors[k]!) covered++;
        });
      }
    }
    expect(rootMeanSquare(errors)).toBeLessThan(most);
    expect(covered / errors.length).toBeGreaterThan(0.9);
    expect(covered / errors.length).toBeLessThan(0.999);
  });
});

/** A bank that has seen window n of a case. */
function seen(
  { question, sizes: { T } }: AttributionCase,
  n: number,
  baseline: 'mean' | 'zero',
  asked: Partial<RollingShapleyOptions>,
): RollingShapley {
  const { spec, ticks, targets, baselines } = question(n, baseline);
  const segments = segmentsOf(8, T, 'players');
  const bank = bankOf(spec, {
    window: T,
    target: targets[0]!,
    windowLength: T,
    segmentOf: (tick) => segments.findIndex(([, last]) => tick <= last),
    ...asked,
  });
  ticks.forEach((x, k) => {
    bank.push(x, baselines.rows[k]!, k === T - 1);
  });
  return bank;
}

describe.each(attributionCases)('$name, exact by all coalitions', (one) => {
  const { tensors, sizes } = one;
  const { N, F } = sizes;

  it.each(['worlds', 'regression'] as const)('segments by %s, within five standard errors', (estimator) => {
    for (const baseline of ['zero', 'mean'] as const)
      for (let n = 0; n < N; n++) {
        const bank = seen(one, n, baseline, { players: 'segments:8', estimator });
        tensors[`shapley_events_${baseline}`]!.row(n).forEach((value, m) => {
          const error = Math.abs(bank.values[m]! - value);
          expect(error, `${baseline} ${n} ${m}`).toBeLessThan(5 * bank.standardErrors[m]! + 1e-6);
        });
        const sum = rootMeanSquare(Array.from(bank.standardErrors)) * 8;
        expect(Math.abs(bank.completenessGap)).toBeLessThan(3 * sum);
        expect(bank.remainder).toBe(0);
      }
  });

  it('features, exactly', () => {
    for (const baseline of ['zero', 'mean'] as const)
      for (let n = 0; n < N; n++) {
        const bank = seen(one, n, baseline, { players: 'features' });
        expect([bank.estimator, bank.stepped]).toEqual(['exact', 2 ** F]);
        const exact = tensors[`shapley_features_${baseline}`]!.row(n);
        expectClose(bank.values, exact, { atol: 1e-5, rtol: 1e-4 }, `${baseline} ${n}`);
        expect(Math.abs(bank.completenessGap)).toBeLessThan(1e-6);
        expect(Math.max(...bank.standardErrors)).toBe(0);
      }
  });
});

it.each(['worlds', 'regression'] as const)('errors of %s fall to a quarter with 16 times the worlds', (estimator) => {
  const [one] = attributionCases as [AttributionCase];
  const { N } = one.sizes;
  const exact = Array.from({ length: N }, (_, n) => one.tensors.shapley_events_zero!.row(n));
  const error = (worlds: number): number => {
    const branches = 2 + worlds * (estimator === 'worlds' ? 9 : 1);
    const errors: number[] = [];
    for (let n = 0; n < N; n++)
      for (let seed = 8 * n; seed < 8 * (n + 1); seed++) {
        const { values } = seen(one, n, 'zero', { players: 'segments:8', estimator, branches, seed });
        values.forEach((value, m) => {
          errors.push(value - exact[n]![m]!);
        });
      }
    return rootMeanSquare(errors);
  };
  const ratio = error(64) / error(1024);
  expect(ratio).toBeGreaterThan(3);
  expect(ratio).toBeLessThan(5.3);
});

it('six features of a stream no longer than the window, by running all of their coalitions', async () => {
  const { spec, stream, mean } = await demo('weather');
  const K = 24;
  const bank = bankOf(spec, { window: K, players: 'features', branches: 64 });
  for (const x of stream.slice(0, K)) bank.push(x, mean);
  const outputs = Array.from({ length: 64 }, (_, coalition) => {
    const model = new Model(kernels, spec);
    for (const x of stream.slice(0, K)) model.stepOne(x.map((value, f) => (coalition & (1 << f) ? value : mean[f]!)));
    return model.value(0, 0);
  });
  const factorial = [1, 1, 2, 6, 24, 120, 720];
  const size = (coalition: number): number => coalition.toString(2).replaceAll('0', '').length;
  const exact = Array.from({ length: 6 }, (_, f) =>
    outputs.reduce((sum, y, c) => {
      if (c & (1 << f)) return sum;
      return sum + ((factorial[size(c)]! * factorial[5 - size(c)]!) / 720) * (outputs[c | (1 << f)]! - y);
    }, 0),
  );
  expectClose(bank.values, exact, { atol: 1e-5, rtol: 0 });
});

describe('on paper', () => {
  /** y = act(h - bias), h = decay * h + x. */
  const adding = (decay: number, bias: number, activation: string): ModelSpec =>
    modelOf(1, 1, [
      {
        kind: 'rnn',
        name: 'sum',
        inputs: 1,
        units: 1,
        sequences: true,
        activation: 'linear',
        kernel: Float32Array.of(1),
        recurrent: Float32Array.of(decay),
        bias: Float32Array.of(0),
      },
      {
        ...denseSpec('head', 1, 1, () => 0, activation),
        kernel: Float32Array.of(1),
        bias: Float32Array.of(-bias),
      },
    ]);

  it('two ticks that only count together are worth half each, in every pair of worlds', () => {
    const bank = bankOf(adding(1, 1, 'relu'), { window: 2, branches: 32 });
    bank.push([1], [0]);
    expect([bank.output, bank.noneOutput, bank.filled]).toEqual([0, 0, 1]);
    bank.push([1], [0]);
    expect([bank.output, bank.noneOutput, bank.filled]).toEqual([1, 0, 2]);
    expect(Array.from(bank.values)).toEqual([0.5, 0.5]);
    expect(Array.from(bank.standardErrors)).toEqual([0, 0]);
    expect([bank.remainder, bank.completenessGap]).toEqual([0, 0]);
  });

  it('three of which any two count are worth a third of 2 each; the one before the window is the remainder', () => {
    const bank = bankOf(adding(1, 1, 'relu'), { window: 2, branches: 2 + 3 * 300 });
    for (let t = 0; t < 3; t++) bank.push([1], [0]);
    expect(bank.output).toBe(2);
    for (const k of [0, 1]) {
      expect(Math.abs(bank.values[k]! - 2 / 3)).toBeLessThan(4 * bank.standardErrors[k]!);
      expect(bank.standardErrors[k]).toBeLessThan(0.03);
    }
    expect(bank.remainder).toBeCloseTo(2 / 3, 1);
    expect(bank.remainder).toBeCloseTo(2 - bank.values[0]! - bank.values[1]!, 6);
  });

  // h = x_t + x_(t-1) / 2 + x_(t-2) / 4 + ..
  it.each([
    { estimator: 'worlds', window: 3 },
    { estimator: 'regression', window: 4 },
  ] as const)('where nothing works together, $estimator are certain', ({ estimator, window }) => {
    const bank = bankOf(adding(0.5, 0, 'linear'), { window, branches: 100, estimator });
    for (const x of [8, 4, 2, 1]) bank.push([x], [0]);
    expectClose(bank.values, new Array(window).fill(1), { atol: 1e-6 });
    expectClose(bank.standardErrors, new Array(window).fill(0), { atol: 1e-6 });
    expect(bank.remainder).toBeCloseTo(4 - window, 5);
  });
});
