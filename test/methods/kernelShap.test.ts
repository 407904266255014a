import { describe, expect, it } from 'vitest';
import { drawCoalitions } from '../../src/methods/coalitions.ts';
import { openGame } from '../../src/methods/game.ts';
import { estimate, kernelShap } from '../../src/methods/kernelShap.ts';
import { parsePlayers } from '../../src/methods/players.ts';
import { exactShapley } from '../../src/methods/shapley.ts';
import { Random } from '../../src/random.ts';
import { expectClose } from '../golden/golden.ts';
import { denseSpec, modelOf, randomModel } from '../models.ts';
import { answer, attributionCases, captumModel, questionOf } from './questions.ts';

describe.each(attributionCases)('$name', ({ tensors, question, sizes: { N } }) => {
  it('is exact where all coalitions fit, baseline zero', async () => {
    for (let n = 0; n < N; n++) {
      const { bySegment, completenessGap, options } = await answer(kernelShap, question(n, 'zero'));
      expectClose(bySegment!, tensors.shapley_events_zero!.row(n), { atol: 1e-5, rtol: 1e-4 });
      expect(Math.abs(completenessGap!)).toBeLessThan(1e-7);
      expect(options).toEqual({ players: 'segments:8', coalitions: 2 * 8 + 2048 });
    }
  });

  it('of all coalitions gives the exact values of the same float32 outputs', async () => {
    const asked = question(1, 'mean');
    const players = parsePlayers('segments:8', asked.ticks.length, asked.spec.inputs);
    const exact = await exactShapley(asked, players);
    const { values } = await estimate(openGame(asked, players), 254, 0);
    expectClose(values[0]!, exact.values[0]!, { atol: 1e-13, rtol: 1e-10 });
  });
});

// Captum's own tests: tests/attr/test_kernel_shap.py
it.each([
  { players: 'features', baseline: [0, 0, 0], expected: [76.66667, 196.66667, 116.66667] },
  { players: 'mask:0,0,1', baseline: [0, 0, 0], expected: [275, 115] },
  { players: 'mask:0,0,1', baseline: [4, 4, 4], expected: [248, 104] },
  { players: 'cells', baseline: [10, 20, 10], expected: [40, 120, 80] },
])('relu(s - 10) + 3 relu(s + 1) - 1, $players from $baseline', async ({ players, baseline, expected }) => {
  const { players: found } = await answer(kernelShap, questionOf(captumModel(), [[20, 50, 30]], baseline), { players });
  expectClose(
    found!.map(({ value }) => value),
    expected,
    { atol: 1e-4 },
  );
});

// The model and the background of WebSHAP's test (test/explainer/kernel.test.ts); its coalitions enumerated by hand in Python.
describe("WebSHAP's iris", () => {
  const iris = modelOf(4, 1, [
    {
      ...denseSpec('iris', 4, 1, () => 0, 'sigmoid'),
      kernel: Float32Array.of(-0.1991, 0.3426, 0.0478, 1.03745),
      bias: Float32Array.of(-1.6689),
    },
  ]);
  const x = [4.8, 3.8, 2.1, 5.4];
  const background = [
    [5.8, 2.8, 5.1, 2.4],
    [5.8, 2.7, 5.1, 1.9],
    [7.2, 3.6, 6.1, 2.5],
    [6.2, 2.8, 4.8, 1.8],
    [4.9, 3.1, 1.5, 0.1],
  ];
  const from = async (row: number[]): Promise<Float32Array> =>
    (await answer(kernelShap, questionOf(iris, [x], row), { players: 'features', coalitions: 14 })).byFeature!;

  it('from one row of the background, and on average over five', async () => {
    expectClose(await from(background[0]!), [0.02066075, 0.03524253, -0.01518103, 0.24231453], { atol: 1e-6 });
    const all = await Promise.all(background.map(from));
    const mean = x.map((_, f) => all.reduce((sum, values) => sum + values[f]!, 0) / all.length);
    expectClose(mean, [0.02570758, 0.0309202, -0.01323574, 0.39382299], { atol: 1e-6 });
  });
});

describe('coalitions', () => {
  const draw = (M: number, budget: number, seed = 0) => {
    const { rows, weights } = drawCoalitions(M, budget, new Random(seed));
    return Array.from(weights, (weight, n) => ({ row: Array.from(rows.subarray(n * M, (n + 1) * M)), weight }));
  };
  const size = (row: number[]): number => row.reduce((sum, one) => sum + one, 0);

  it('of four players are 14; one that has one or three members weighs 1/11', () => {
    const all = draw(4, 2056);
    expect(new Set(all.map(({ row }) => row.join(''))).size).toBe(14);
    // sizes 1 and 3 weigh 3 / (1 * 3) each, size 2 weighs 3 / (2 * 2): 8 of 11 parts for eight coalitions, 3 for six
    for (const { row, weight } of all) expect(weight).toBeCloseTo(size(row) === 2 ? 1 / 22 : 1 / 11, 15);
  });

  it.each([1, 2, 3, 5, 10])('of %i players are all there are', (M) => {
    const all = draw(M, 2 * M + 2048);
    expect(all.length).toBe(2 ** M - 2);
    expect(new Set(all.map(({ row }) => row.join(''))).size).toBe(all.length);
  });

  it('are whole sizes first, then pairs with their complements, none twice', () => {
    const M = 40;
    const some = draw(M, 2128);
    expect(some.length).toBe(2128);
    expect(new Set(some.map(({ row }) => row.join(''))).size).toBe(some.length);
    expect(some.filter(({ row }) => size(row) === 1 || size(row) === 39).length).toBe(80);
    for (let n = 0; n < some.length; n += 2) {
      expect(some[n + 1]!.row).toEqual(some[n]!.row.map((one) => 1 - one));
      expect(some[n + 1]!.weight).toBe(some[n]!.weight);
    }
    const total = some.reduce((sum, { weight }) => sum + weight, 0);
    expect(total).toBeCloseTo(1, 12);
    // sizes 1 and 39 keep their share
    const shares = Array.from({ length: M - 1 }, (_, s) => 1 / ((s + 1) * (M - 1 - s)));
    const first = (2 * shares[0]!) / shares.reduce((sum, share) => sum + share, 0);
    expect(some.slice(0, 80).reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(first, 12);
  });

  it('drawn again weigh more: of few left, all are found in the end', () => {
    // sizes 2 and 3 of five players do not fit whole into 29 of their 30 coalitions
    const some = draw(5, 29, 3);
    expect(some.length).toBeLessThanOrEqual(28);
    expect(new Set(some.slice(10).map(({ weight }) => weight)).size).toBeGreaterThan(1);
  });

  it('are the same for the same seed', () => {
    expect(draw(30, 500, 4)).toEqual(draw(30, 500, 4));
    expect(draw(30, 500, 4)).not.toEqual(draw(30, 500, 5));
  });
});

describe('an estimate', () => {
  it('spreads around the exact values', async () => {
    const spec = randomModel(2, [6], 1, 9);
    const ticks = Array.from({ length: 14 }, (_, t) => [Math.sin(t), Math.cos(3 * t)]);
    const exact = (await exactShapley(questionOf(spec, ticks, [0, 0]), parsePlayers('ticks', 14, 2))).values[0]!;
    const seeds = Array.from({ length: 12 }, (_, seed) => seed);
    const found = await Promise.all(
      seeds.map(async (seed) => {
        const options = { players: 'ticks', coalitions: 400 };
        return (await answer(kernelShap, questionOf(spec, ticks, [0, 0], { seed }), options)).events!;
      }),
    );
    for (let k = 0; k < 14; k++) {
      const mean = found.reduce((sum, events) => sum + events[k]!, 0) / found.length;
      const spread = found.reduce((sum, events) => sum + (events[k]! - mean) ** 2, 0) / (found.length - 1);
      expect(Math.abs(mean - exact[k]!)).toBeLessThan(5 * Math.sqrt(spread / found.length) + 1e-7);
    }
    expect(found[0]).not.toEqual(found[1]);
  });

  it('gives nothing to a player at its baseline, and all to the only other one', async () => {
    const spec = randomModel(2, [4]);
    const { byFeature, completenessGap } = await answer(kernelShap, questionOf(spec, [[1, 2]], [1, 0]), {
      players: 'features',
    });
    expect(byFeature![0]).toBe(0);
    expect(Math.abs(completenessGap!)).toBeLessThan(1e-7);
  });

  it.each([
    [{ coalitions: 1 }, /^invalid --option coalitions: 1 \(expected a whole number from 2 to 1048576\)/],
    [{ coalitions: 2.5 }, /^invalid --option coalitions: 2.5/],
    [{ players: 'cells', coalitions: 4 }, /^invalid --option coalitions: 4 \(expected more: these do not tell 12 pl/],
    [{ players: 'segments:0' }, /^invalid --option players: 'segments:0'/],
  ])('refuses %j', async (options, message) => {
    const question = questionOf(randomModel(2, [4]), Array(6).fill([1, 2]), [0, 0]);
    await expect(answer(kernelShap, question, options)).rejects.toThrow(message);
  });
});
