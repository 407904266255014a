/** What rolling Shapley promises of its worlds: replays, windows, players that do nothing, forgetting, long streams. */
import { describe, expect, it } from 'vitest';
import { Draws } from '../../src/methods/draws.ts';
import { RollingShapley, type RollingShapleyOptions } from '../../src/methods/rollingShapley.ts';
import { Model } from '../../src/model/graph.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { goldenModel } from '../golden/golden.ts';
import { builds, kernels, random } from '../kernels.ts';
import { randomModel } from '../models.ts';

const OPTIONS = { window: 4, players: 'ticks', branches: 64, estimator: 'auto', target: 0, seed: 3 } as const;

function bankOf(spec: ModelSpec, asked: Partial<RollingShapleyOptions> = {}, k = kernels): RollingShapley {
  return new RollingShapley(k, spec, { ...OPTIONS, ...asked });
}

function stream(F: number, n: number, seed: number): Float32Array[] {
  const next = random(seed);
  return Array.from({ length: n }, () => Float32Array.from({ length: F }, next));
}

const spec = randomModel(3, [6], 2, 5);
const x = stream(3, 23, 6);
const baseline = Float32Array.of(0.1, -0.2, 0.3);
const KINDS = ['ticks', 'cells', 'segments:2', 'features'] as const;

describe('flips', () => {
  // four worlds: what each draws, stepped from the first tick on by plain models
  it.each(KINDS)('are whole streams run again, bit for bit (%s)', (players) => {
    const [K, J] = [4, 2];
    const [generations, each] = { ticks: [4, 1], cells: [4, 3], 'segments:2': [2, 1], features: [1, 3] }[players] as [
      number,
      number,
    ];
    const P = generations * each;
    const bank = bankOf(spec, { players, estimator: 'worlds', branches: 2 + 2 * J * (P + 1) });
    expect(bank.worlds).toBe(4);
    const draws = new Draws(OPTIONS.seed, J);
    const generationOf = (t: number): number =>
      players === 'features' ? 0 : players === 'segments:2' ? Math.floor(t / 2) : t;
    /** The output after tick t of world w, in which player g of a generation is the other way round. */
    const run = (t: number, w: number, generation: number | null, g: number): number => {
      const model = new Model(kernels, spec);
      const j = w >> 1;
      for (let s = 0; s <= t; s++) {
        const input = x[s]!.map((value, f) => {
          const player = each === 1 ? 0 : f;
          const rate = (j + draws.ofWorld(j)) / (2 * J);
          const drawn = draws.uniform(j, generationOf(s), player) < rate !== (w % 2 === 1);
          const flipped = generationOf(s) === generation && player === g;
          return drawn !== flipped ? value : baseline[f]!;
        });
        model.stepOne(input);
      }
      return model.value(0, 0);
    };
    const has = (j: number, generation: number, g: number): boolean =>
      draws.uniform(j, generation, g) < (j + draws.ofWorld(j)) / (2 * J);
    for (const [t, x_t] of x.entries()) {
      bank.push(x_t, baseline, t % 5 === 2);
      if (t % 5 !== 2) continue;
      const newest = generationOf(t);
      for (let k = 0; k < generations; k++) {
        const generation = newest - generations + 1 + k;
        for (let g = 0; g < each; g++) {
          const pairs = [0, 1].map((j) => {
            const effect = (w: number): number => Math.fround(run(t, w, null, 0) - run(t, w, generation, g));
            const sign = has(j, generation, g) ? 0.5 : -0.5;
            return sign * effect(2 * j) - sign * effect(2 * j + 1);
          }) as [number, number];
          const begun = generation >= 0;
          // of two numbers a and b: the mean, and the deviation over the root of 2, |a - b| / 2
          const mean = begun ? pairs[0] + (pairs[1] - pairs[0]) / 2 : 0;
          const error = begun ? Math.abs(pairs[1] - pairs[0]) / 2 : 0;
          expect(bank.values[k * each + g]).toBe(Math.fround(mean));
          expect(bank.standardErrors[k * each + g]).toBeCloseTo(error, 7);
        }
      }
    }
    expect(bank.filled).toBe(players === 'features' ? x.length : players === 'segments:2' ? K - 1 : K);
  });

  it('of one pair: the error is half the difference of its worlds', () => {
    const bank = bankOf(spec, { window: 1, estimator: 'worlds', branches: 6 });
    for (const x_t of x.slice(0, 3)) bank.push(x_t, baseline);
    const [one, other] = [3, 5].map((slot) => Math.abs(bank.model.effect[slot]!)) as [number, number];
    expect(Math.abs(bank.values[0]!)).toBeCloseTo((one + other) / 2, 7);
    expect(bank.standardErrors[0]).toBeCloseTo(Math.abs(one - other) / 2, 7);
  });
});

const RUNS = [
  ...KINDS.map((players) => ({ players, estimator: 'auto' as const })),
  ...KINDS.map((players) => ({ players, estimator: 'worlds' as const })),
  ...KINDS.map((players) => ({ players, estimator: 'regression' as const })),
];

describe.each(RUNS)('$players by $estimator', (asked) => {
  const options = { ...asked, branches: 200 };
  const told = (bank: RollingShapley): unknown => [
    Array.from(bank.values),
    Array.from(bank.standardErrors),
    bank.remainder,
    bank.completenessGap,
    bank.noneOutput,
  ];

  it('the same bytes in every build, once more after a reset, and by another seed others', () => {
    const all = builds.map(({ kernels: k }) => {
      const bank = bankOf(spec, options, k);
      return x.map((x_t) => {
        bank.push(x_t, baseline);
        return told(bank);
      });
    });
    for (const other of all) expect(other).toEqual(all[0]);
    const bank = bankOf(spec, options);
    for (const x_t of x.slice(4, 11)) bank.push(x_t, baseline);
    bank.reset();
    for (const [t, x_t] of x.entries()) {
      bank.push(x_t, baseline);
      expect(told(bank)).toEqual(all[0]![t]);
    }
    const other = bankOf(spec, { ...options, seed: 4 });
    for (const x_t of x) other.push(x_t, baseline);
    expect(other.values.every((value, i) => value === bank.values[i])).toBe(bank.estimator === 'exact');
  });

  it('what nobody asks about changes nothing, nor does another target', () => {
    const [often, once] = [bankOf(spec, options), bankOf(spec, { ...options, target: 1 })];
    for (const [t, x_t] of x.entries()) {
      often.push(x_t, baseline);
      once.push(x_t, baseline, t === x.length - 1);
    }
    once.answerFor(0);
    expect(told(once)).toEqual(told(often));
    expect([once.evaluations, once.live]).toEqual([often.evaluations, often.live]);
  });

  it('a feature at its baseline is worth exactly nothing', () => {
    if (asked.players !== 'cells' && asked.players !== 'features') {
      const bank = bankOf(spec, options);
      for (let t = 0; t < 9; t++) bank.push(t === 6 || t === 7 ? baseline : x[t]!, baseline);
      const nothing = asked.players === 'ticks' ? [1, 2] : [0];
      for (const [k, value] of bank.values.entries()) expect(value === 0).toBe(nothing.includes(k));
      return;
    }
    const bank = bankOf(spec, options);
    for (const [first, , last] of x) bank.push([first!, baseline[1]!, last!], baseline);
    for (const [i, value] of bank.values.entries()) expect(value === 0).toBe(i % 3 === 1);
    for (const [i, error] of bank.standardErrors.entries()) if (i % 3 === 1) expect(error).toBe(0);
  });

  it('values and remainder add up to what all ticks make of the output', () => {
    const bank = bankOf(spec, options);
    for (const x_t of x) bank.push(x_t, baseline);
    const sum = bank.values.reduce((total, value) => total + value, 0);
    expect(sum + bank.remainder - bank.completenessGap).toBeCloseTo(bank.output - bank.noneOutput, 6);
    expect(bank.remainder === 0).toBe(asked.players === 'features');
    const spread = 5 * Math.max(...bank.standardErrors) * Math.sqrt(bank.players);
    expect(Math.abs(bank.completenessGap)).toBeLessThan(asked.players === 'features' ? spread + 1e-6 : 1e-12);
  });
});

describe('windows', () => {
  it('the value of a tick does not depend on how long the window is', () => {
    const M = 10;
    const [short, long] = [8, 16].map((window) =>
      bankOf(spec, { window, estimator: 'worlds', branches: 2 + M * (window + 1) }),
    ) as [RollingShapley, RollingShapley];
    for (const x_t of stream(3, 60, 9)) {
      short.push(x_t, baseline);
      long.push(x_t, baseline);
      expect(Array.from(short.values)).toEqual(Array.from(long.values.subarray(8)));
    }
  });

  it('counts what it steps', () => {
    const bank = bankOf(spec, { estimator: 'worlds' });
    expect([bank.worlds, bank.model.slots.length]).toEqual([12, 62]);
    for (const [t, x_t] of x.entries()) {
      bank.push(x_t, baseline);
      expect([bank.stepped, bank.live]).toEqual([2 + 12 * (1 + Math.min(4, t + 1)), 1 + 12 * (1 + Math.min(4, t + 1))]);
    }
    expect(bank.evaluations).toBe(x.length * 62 - 12 * (3 + 2 + 1));
  });

  it('of a model that needs one: all of its ticks are players, and there is no next one', () => {
    const attending = goldenModel('keras-attention', 'model.keras');
    const T = attending.window!;
    const ticks = stream(attending.inputs, T, 4);
    const zero = new Float32Array(attending.inputs);
    const bank = bankOf(attending, { window: T, windowLength: T, players: 'segments:3', branches: 300 });
    for (const [t, x_t] of ticks.entries()) bank.push(x_t, zero, t === T - 1);
    const model = new Model(kernels, attending);
    for (const x_t of ticks) model.stepOne(x_t);
    expect(bank.output).toBe(model.value(0, 0));
    expect(() => bank.push(zero, zero)).toThrow(/^invalid mode: 'windowed' \(expected stateful: a windowed run begins/);
    expect(() => bankOf(attending, { window: T + 1, windowLength: T })).toThrow(
      /^invalid window: 19 \(expected at most/,
    );
  });
});

describe('forgetting', () => {
  const model = randomModel(3, [12], 1, 11);
  const head = model.layers[1]! as { kernel: Float32Array };
  const bound = head.kernel.reduce((sum, w) => sum + Math.abs(w), 0);

  it.each([1e-3, 1e-5])('eps %d: no value differs from that of all flips by more than sum|w| eps', (eps) => {
    const asked = { window: 48, branches: 500, estimator: 'worlds' } as const;
    const [full, short] = [bankOf(model, asked), bankOf(model, { ...asked, eps })];
    for (const x_t of stream(3, 200, 2)) {
      full.push(x_t, baseline);
      short.push(x_t, baseline);
      for (let k = 0; k < 48; k++)
        expect(Math.abs(full.values[k]! - short.values[k]!)).toBeLessThanOrEqual(2 * bound * eps);
    }
    expect(short.live).toBeLessThan(full.live);
    expect(full.live).toBe(full.stepped - 1);
  });

  it('keeps the flips of a segment that goes on', () => {
    const asked = { window: 8, players: 'segments:2', estimator: 'worlds', eps: 1e-3, segmentOf: () => 0 } as const;
    const bank = bankOf(model, asked);
    for (let t = 0; t < 50; t++) bank.push(baseline, baseline);
    expect(bank.live).toBe(1 + 2 * bank.worlds);
  });
});

it('does not drift: after 20,000 ticks the values are those of worlds that have lived for 500', () => {
  const [T, lived] = [20_000, 500];
  const small = randomModel(2, [4], 1, 8);
  const asked = { window: 6, players: 'segments:6', branches: 58 } as const;
  const next = random(12);
  const ticks = Array.from({ length: T }, () => Float32Array.from({ length: 2 }, next));
  const long = bankOf(small, { ...asked, segmentOf: (tick) => tick });
  const fresh = bankOf(small, { ...asked, segmentOf: (tick) => T - lived + tick });
  ticks.forEach((x_t, t) => {
    long.push(x_t, [0, 0], t === T - 1);
  });
  for (const [t, x_t] of ticks.slice(T - lived).entries()) fresh.push(x_t, [0, 0], t === lived - 1);
  expect(long.worlds).toBe(8);
  for (let k = 0; k < 6; k++) {
    expect(Math.abs(long.values[k]! - fresh.values[k]!)).toBeLessThan(1e-6);
    expect(Math.abs(long.values[k]!)).toBeGreaterThan(1e-5);
  }
});
