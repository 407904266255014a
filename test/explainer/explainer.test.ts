import { describe, expect, it } from 'vitest';
import { Explainer } from '../../src/explainer.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { decodeSaved, encodeSaved } from '../../src/saved.ts';
import type { Tick } from '../../src/types.ts';
import { kernels, random } from '../kernels.ts';
import { denseSpec, modelOf, randomModel } from '../models.ts';

const tick = (time: number, values: Record<string, number>): Tick => ({ key: '', time, seq: null, values });

function ticks(F: number, n: number, seed = 1): Tick[] {
  const next = random(seed);
  return Array.from({ length: n }, (_, t) =>
    tick(t, Object.fromEntries(Array.from({ length: F }, (_, f) => [`x${f}`, next()]))),
  );
}

/** y = 2 a - b: every figure can be checked on paper. */
function linear(extra: Partial<ModelSpec> = {}): ModelSpec {
  const layer = denseSpec('dense', 2, 1, () => 0);
  layer.kernel.set([2, -1]);
  return { ...modelOf(2, 1, [layer]), features: ['a', 'b'], ...extra };
}

describe('Explainer', () => {
  it('a linear model: effect = weight times the distance from the baseline, and only of the newest tick', () => {
    const explainer = new Explainer(kernels, linear(), { window: 3, baseline: [1, 1] });
    explainer.push(tick(0, { a: 5, b: 5 }));
    const { prediction, attribution } = explainer.push(tick(1, { a: 4, b: 3 }))!;
    expect(prediction).toBe(5);
    expect(Array.from(attribution!.values)).toEqual([0, 0, 0, 0, 6, -2]);
    expect(Array.from(attribution!.events)).toEqual([0, 0, 4]);
    expect(attribution!.filled).toBe(2);
  });

  it.each([
    ['stateful', 'last', 5],
    ['stateful', 'mean', 70],
    ['windowed', 'last', 12],
  ] as const)('a corrected tick leaves no trace: %s, baseline %s, K = %i', (mode, baseline, window) => {
    const spec = { ...randomModel(6, [4]), mode, mean: null };
    const columns = ['x0', 'ema(x1, 3)', 'rollingMax(x0, 4)', 'zscore(x1, 5)', 'lag(x0, 2)', 'diff(x1)'];
    const make = (amends: boolean) => new Explainer(kernels, spec, { columns, window, baseline, amends, eps: 0.02 });
    const [corrected, right] = [make(true), make(false)];
    const said = (explanation: ReturnType<Explainer['push']>) => structuredClone({ ...explanation, tick: null });
    for (const [t, each] of ticks(2, 150).entries()) {
      const { x0, x1 } = each.values as { x0: number; x1: number };
      corrected.push({ ...each, values: { x0: x0 + (t % 3), x1: -x1 } });
      const before = said(corrected.amend({ ...each, values: { x0: 9, x1: 9 } }));
      const after = said(corrected.amend(each));
      const expected = right.push(each);
      if (!expected) continue;
      expect(after, `tick ${t}`).toEqual(said(expected));
      if (expected.output) expect(before.prediction).not.toBe(after.prediction);
    }
    expect(corrected.question(145)).toEqual(right.question(145));
  });

  it.each([
    ['stateful', 'rolling-occlusion', 5, 0.02],
    ['stateful', 'rolling-occlusion', 70, 0],
    ['stateful', 'none', 16, 0],
    ['windowed', 'rolling-occlusion', 12, 0],
  ] as const)('goes on from a saved state with the same bytes: %s, %s, K = %i, eps %d', (mode, method, window, eps) => {
    const spec = { ...randomModel(4, [5, 3]), mode, mean: null, horizon: 2, target: { expression: 'x0', output: 0 } };
    const columns = ['x0', 'ema(x1, 3)', 'rollingStd(x0, 4)', 'lag(x1, 2)'];
    const options = {
      columns,
      window,
      baseline: 'last',
      method,
      eps,
      interval: { coverage: 0.5 },
      amends: true,
    } as const;
    const make = () => new Explainer(kernels, spec, options);
    const through = (explainer: Explainer) =>
      ticks(2, 200, 3)
        .slice(150)
        .map((each) => {
          const first = structuredClone(explainer.push(each));
          const changed = structuredClone(explainer.amend({ ...each, values: { x0: 1, x1: 2 } }));
          return [first, changed];
        });
    for (const n of [0, 2, 3, 40, 129, 150]) {
      const [whole, resumed] = [make(), make()];
      for (const each of ticks(2, 150, 3).slice(0, n)) whole.push({ ...each, held: ['x1'] });
      resumed.push(tick(-1, { x0: 9, x1: 9 }));
      resumed.load(decodeSaved(encodeSaved(whole.save())));
      expect(through(resumed), `after ${n}`).toEqual(through(whole));
      expect(resumed.question(n + 40)).toEqual({
        ...whole.question(n + 40),
        history: expect.anything(),
        indices: expect.anything(),
      });
    }
  });

  it('only the newest tick can be corrected, by one that has values', () => {
    const explainer = new Explainer(kernels, linear(), { window: 2, amends: true, columns: ['log(a)', 'diff(b)'] });
    expect(explainer.amend(tick(0, { a: 1, b: 1 }))).toBeNull();
    explainer.push(tick(0, { a: 1, b: 1 }));
    expect(explainer.amend(tick(0, { a: 1, b: 4 }))).toBeNull();
    const { prediction } = explainer.push(tick(1, { a: 1, b: 3 }))!;
    expect(prediction).toBe(1);
    expect(explainer.amend(tick(0, { a: 1, b: 1 }))).toBeNull();
    expect(explainer.amend(tick(1, { a: 0, b: 1 }))).toBeNull();
    expect(explainer.reason).toMatch(/log/);
    expect(explainer.amend(tick(1, { a: 1, b: 5 }))!.prediction).toBe(-1);
    expect(explainer.push(tick(2, { a: 1, b: 6 }))!.prediction).toBe(-1);
    expect(() => new Explainer(kernels, linear(), { amends: true, recent: 0 })).toThrow(/invalid amends: true/);
  });

  it('says how much of an attribution rests on held values', () => {
    const explainer = new Explainer(kernels, linear(), { window: 2, baseline: 'zero' });
    explainer.push(tick(0, { a: 5, b: 5 }));
    // cells 8 and -3, of which that of b was held: 3 of 11
    const { attribution } = explainer.push({ ...tick(1, { a: 4, b: 3 }), held: ['b'] })!;
    expect(attribution!.heldShare).toBeCloseTo(3 / 11, 12);
    // a linear model looks at the newest tick alone
    expect(explainer.push(tick(2, { a: 4, b: 3 }))!.attribution!.heldShare).toBe(0);
    explainer.push({ ...tick(3, { a: 4, b: 3 }), held: ['b'] });
    explainer.reset();
    expect(explainer.push(tick(4, { a: 4, b: 3 }))!.attribution!.heldShare).toBe(0);
  });

  it.each([
    ['zero', [8, -3]],
    ['last', [-2, 2]],
    ['mean', [-1, 1]],
    [
      [3, 3],
      [2, 0],
    ],
  ] as const)('baseline %o', (baseline, expected) => {
    const explainer = new Explainer(kernels, linear(), { window: 1, baseline });
    explainer.push(tick(0, { a: 5, b: 5 }));
    const { attribution } = explainer.push(tick(1, { a: 4, b: 3 }))!;
    expect(Array.from(attribution!.values)).toEqual(expected);
  });

  it("the model's own training mean comes before the running one", () => {
    const spec = linear({ mean: Float32Array.of(4, 0) });
    const { attribution } = new Explainer(kernels, spec, { window: 1 }).push(tick(0, { a: 5, b: 5 }))!;
    expect(Array.from(attribution!.values)).toEqual([2, -5]);
  });

  it('settles each prediction against what arrives `horizon` ticks later', () => {
    const spec = linear({ target: { expression: 'a', output: 0 }, horizon: 2 });
    const explainer = new Explainer(kernels, spec, { method: 'none' });
    const seen = [3, 4, 10, 20].map((a, t) => {
      const { arrived, predicted, residual } = explainer.push(tick(t, { a, b: 0 }))!;
      return [arrived, predicted, residual];
    });
    expect(seen).toEqual([
      [3, Number.NaN, Number.NaN],
      [4, Number.NaN, Number.NaN],
      [10, 6, 4],
      [20, 8, 12],
    ]);
  });

  it('windowed mode answers from a zero state, from the first full window on', () => {
    const spec = { ...randomModel(2, [5]), mode: 'windowed' as const, window: 4 };
    const windowed = new Explainer(kernels, spec);
    const all = ticks(2, 9);
    for (const [t, next] of all.entries()) {
      const answer = windowed.push(next)!;
      expect(answer.output === null).toBe(t < 3);
      if (t < 3) continue;
      const fresh = new Explainer(kernels, spec, { mode: 'stateful', window: 4, baseline: 'zero' });
      const zero = new Explainer(kernels, spec, { baseline: 'zero' });
      let expected = fresh.push(all[t - 3]!)!;
      for (const before of all.slice(t - 2, t + 1)) expected = fresh.push(before)!;
      for (const before of all.slice(0, t + 1)) zero.push(before);
      expect(answer.prediction).toBe(expected.prediction);
      expect(zero.push(all[t]!)!.attribution!.values.length).toBe(8);
    }
  });

  it('reset is as before the first tick', () => {
    const explainer = new Explainer(kernels, randomModel(3, [6]), { window: 8, eps: 1e-3, baseline: 'mean' });
    const all = ticks(3, 40);
    const run = () => all.map((t) => Array.from(explainer.push(t)!.attribution!.values));
    const first = run();
    explainer.reset();
    expect(run()).toEqual(first);
  });

  it('an expression without a value feeds nothing', () => {
    const explainer = new Explainer(kernels, linear(), { columns: ['diff(a)', 'b'] });
    expect(explainer.push(tick(0, { a: 1, b: 1 }))).toBeNull();
    expect(explainer.push(tick(1, { a: 3, b: 1 }))!.prediction).toBe(3);
    expect(explainer.push(tick(2, { a: Number.NaN, b: 1 }))).toBeNull();
    expect(explainer.reason).toMatch(/a/);
  });

  it.each([
    [{ columns: ['a'] }, /invalid columns: \["a"\] \(expected 2/],
    [{ window: 0 }, /invalid window: 0/],
    [{ eps: -1 }, /invalid eps: -1/],
    [{ target: 'y7' }, /invalid target: 'y7' \(expected 0 to 0 or one of: y0\)/],
    [{ baseline: [1] }, /invalid baseline: \[1\] \(expected 2 numbers/],
  ])('refuses %o', (options, message) => {
    expect(() => new Explainer(kernels, linear(), options)).toThrow(message);
  });

  it('a million ticks leave the arena as it was, and the heap where it stood after ten thousand', () => {
    const explainer = new Explainer(kernels, randomModel(2, [4]), { window: 4, eps: 0 });
    const { bytes } = explainer;
    const values = { x0: 0, x1: 0 };
    const input = tick(0, values);
    const next = random(1);
    const step = (n: number): void => {
      for (let i = 0; i < n; i++) {
        values.x0 = next();
        values.x1 = next();
        explainer.push(input);
      }
    };
    step(10_000);
    const before = heap();
    step(990_000);
    expect(explainer.bytes).toBe(bytes);
    expect(heap() - before).toBeLessThan(2_000_000);
  });
});

function heap(): number {
  if (!globalThis.gc) throw new Error('the suite needs --expose-gc');
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
