import { describe, expect, it } from 'vitest';
import { Explainer, type ExplainerOptions } from '../../src/explainer.ts';
import { withWeights } from '../../src/model/parameters.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { builds, kernels, random } from '../kernels.ts';
import { denseSpec, modelOf, randomModel } from '../models.ts';

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** y = 2 a - b for the next a: every figure can be checked on paper. */
function linear(extra: Partial<ModelSpec> = {}): ModelSpec {
  const layer = denseSpec('dense', 2, 1, () => 0);
  layer.kernel.set([2, -1]);
  return {
    ...modelOf(2, 1, [layer]),
    features: ['a', 'b'],
    target: { expression: 'a', output: 0 },
    ...extra,
  };
}

/** A recurrent one, stateful or windowed. */
function recurrent(extra: Partial<ModelSpec> = {}): ModelSpec {
  return { ...randomModel(2, [5], 1, 3), features: ['a', 'b'], target: { expression: 'a', output: 0 }, ...extra };
}

interface Said {
  prediction: number;
  frozen: number;
  on: boolean;
  error: number;
  frozenError: number;
  stoppedAt: number | null;
}

/** What it says at each tick. */
function run(explainer: Explainer, rows: readonly (readonly [a: number, b: number])[], from = 0): Said[] {
  return rows.map(([a, b], i) => {
    const { prediction, adaptation } = explainer.push({ key: '', time: from + i, seq: null, values: { a, b } })!;
    const { frozen, on, error, frozenError, stoppedAt } = adaptation!;
    return { prediction, frozen, on, error, frozenError, stoppedAt };
  });
}

const adapting = (spec: ModelSpec, adapt: Partial<ExplainerOptions['adapt']> = {}, k = kernels): Explainer =>
  new Explainer(k, spec, { method: 'none', window: 8, adapt: { steps: 1, rate: 0.01, ticks: 1, ...adapt } });

/** A stream on which the next value of `a` follows from this one's. */
function stream(n: number, next: (a: number, b: number) => number, seed = 5): [number, number][] {
  const draw = random(seed);
  let a = 0.5;
  return range(n).map(() => {
    const b = draw();
    const row: [number, number] = [a, b];
    a = next(a, b);
    return row;
  });
}

describe('a model that goes on learning', () => {
  it("takes Adam's first step, whose length is the rate in every weight, once a prediction is settled", () => {
    const [first, second] = run(adapting(linear(), { rate: 0.125 }), [
      [4, 3],
      [3, 2],
    ]);
    expect(first).toMatchObject({ prediction: 5, frozen: 5 });
    // 5 was 2 too high, and 4 and 3 came in: both weights and the bias fall by .125
    expect(second!.prediction).toBeCloseTo(1.875 * 3 - 1.125 * 2 - 0.125, 5);
    expect(second!.frozen).toBe(4);
  });

  it('says what it says without a step until then, and where nothing arrives that could be settled', () => {
    const rows = stream(20, () => 1);
    const late = recurrent({ horizon: 20 });
    const plain = new Explainer(kernels, late, { method: 'none' });
    for (const [i, { prediction, frozen }] of run(adapting(late), rows).entries()) {
      const [a, b] = rows[i]!;
      const expected = plain.push({ key: '', time: i, seq: null, values: { a, b } })!.prediction;
      expect([prediction, frozen]).toEqual([expected, expected]);
    }
  });

  it('does not learn from what it was trained on', () => {
    const spec = recurrent({ provenance: { trainedUntil: 29, validatedUntil: 39 } });
    const said = run(
      adapting(spec),
      stream(60, (a) => 1 - a),
    );
    for (const { prediction, frozen } of said.slice(0, 40)) expect(prediction).toBe(frozen);
    for (const { prediction, frozen } of said.slice(40)) expect(prediction).not.toBe(frozen);
  });

  it.each([
    ['stateful', recurrent(), 16],
    ['windowed', recurrent({ mode: 'windowed', window: 6 }), 6],
    ['of a horizon of three', recurrent({ horizon: 3 }), 16],
  ] as const)('follows a stream that its copy does not know: %s', (_, spec, ticks) => {
    const { on, error, frozenError } = run(
      adapting(spec, { ticks }),
      stream(600, (_a, b) => 2 + b / 4),
    ).at(-1)!;
    expect(on).toBe(true);
    expect(error).toBeLessThan(frozenError / 3);
  });

  it('ends once it has made things worse, with the weights of its copy', () => {
    // it says zero, the best that can be said of noise
    const spec = linear();
    for (const layer of spec.layers) if (layer.kind === 'dense') layer.kernel.fill(0);
    const noise = random(9);
    const said = run(
      adapting(spec, { rate: 0.1 }),
      stream(400, () => (noise() > 0 ? 1 : -1)),
    );
    const end = said.findIndex(({ on }) => !on);
    expect(end).toBeGreaterThanOrEqual(50);
    expect(end).toBeLessThan(350);
    for (const { prediction, frozen, on, stoppedAt } of said.slice(end)) {
      expect([prediction, on, stoppedAt]).toEqual([frozen, false, end]);
    }
  });

  it('ends where a step cannot be taken', () => {
    const spec = linear();
    const rows = stream(80, (a) => (Math.abs(a) > 1e18 ? a : a * 4 + 1));
    const { on, prediction, frozen } = run(adapting(spec), rows).at(-1)!;
    expect(on).toBe(false);
    expect(prediction).toBe(frozen);
  });

  it('is explained as it is: the worlds of a live attribution have the weights of each tick', () => {
    const explainer = new Explainer(kernels, recurrent(), {
      window: 6,
      baseline: 'last',
      adapt: { steps: 1, rate: 0.01, ticks: 4 },
      shapley: { branches: 40, estimator: 'auto', seed: 0 },
    });
    const still = new Explainer(kernels, recurrent(), { window: 6, baseline: 'last' });
    let differed = false;
    for (const [i, [a, b]] of stream(40, (v, w) => v / 2 + w).entries()) {
      // b never changes: a world in which it holds what it held before is the world as observed
      const tick = { key: '', time: i, seq: null, values: { a, b: 0.25 + 0 * b } };
      const { attribution, shapley } = explainer.push(tick)!;
      const other = still.push(tick)!.attribution!;
      for (let k = 0; k < 6; k++) if (i > 0 || k < 5) expect(attribution!.values[2 * k + 1]).toBe(0);
      if (i > 10) differed ||= attribution!.values[10] !== other.values[10];
      expect(shapley!.values.every(Number.isFinite)).toBe(true);
    }
    expect(differed).toBe(true);
  });

  it('a question about a recent tick brings the weights of now', () => {
    const explainer = adapting(linear());
    const rows = stream(40, (a) => 1 - a);
    const { prediction } = run(explainer, rows).at(-1)!;
    const now = withWeights(linear(), explainer.question(30).weights!);
    const [a, b] = rows.at(-1)!;
    const still = new Explainer(kernels, now, { method: 'none' });
    expect(still.push({ key: '', time: 0, seq: null, values: { a, b } })!.prediction).toBe(prediction);
    expect(still.question(0).weights).toBeNull();
  });

  it('the same bytes in every build, and again after a reset', () => {
    const rows = stream(80, (a, b) => a / 2 + b);
    const [first, ...others] = builds.map(({ kernels: k }) => run(adapting(recurrent(), { ticks: 8 }, k), rows));
    for (const said of others) expect(said).toEqual(first);
    const explainer = adapting(recurrent(), { ticks: 8 });
    run(explainer, rows.slice(0, 50));
    explainer.reset();
    expect(run(explainer, rows)).toEqual(first);
  });
});

it.each<[string, ModelSpec, Partial<ExplainerOptions['adapt']>, string]>([
  ['without a target', linear({ target: null }), {}, 'it names no target'],
  [
    'of two outputs',
    { ...recurrent(), ...randomModel(2, [3], 2, 1), target: { expression: 'a', output: 0 } },
    {},
    'it has 2 outputs',
  ],
  ['that takes no step', linear(), { steps: 0 }, 'invalid adapt.steps: 0 (expected 1 or more)'],
  ['of no ticks', linear(), { ticks: 0 }, 'invalid adapt.ticks: 0 (expected 1 or more)'],
  ['at no rate', linear(), { rate: 0 }, 'invalid optimizer rate: 0 (expected more than zero)'],
])('a model %s is refused', (_, spec, adapt, message) => {
  expect(() => adapting({ ...spec, features: ['a', 'b'] }, adapt)).toThrow(message);
});
