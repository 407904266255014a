import { describe, expect, it } from 'vitest';
import { openGame } from '../../src/methods/game.ts';
import { lime, nearness } from '../../src/methods/lime.ts';
import { parsePlayers } from '../../src/methods/players.ts';
import { fitSurrogate } from '../../src/methods/surrogate.ts';
import { expectClose } from '../golden/golden.ts';
import { kernels } from '../kernels.ts';
import { denseSpec, modelOf, randomModel } from '../models.ts';
import { answer, attributionCases, questionOf } from './questions.ts';

// scikit-learn's Ridge and Lasso on given samples
describe.each(attributionCases)('$name', ({ tensors, question, sizes: { N, T, F } }) => {
  const rows = Uint8Array.from(tensors.lime_masks!.data);
  const samples = rows.length / T;

  it('fits what scikit-learn fits', () => {
    for (let n = 0; n < N; n++) {
      const weights = tensors.lime_weights!.row(n);
      const y = tensors.lime_y!.row(n);
      for (const [regression, alpha] of [
        ['ridge', 1],
        ['lasso', 1e-4],
      ] as const) {
        const { coefficients } = fitSurrogate({ M: T, rows, weights }, y, regression, alpha);
        expectClose(
          coefficients,
          tensors[`lime_${regression}`]!.row(n),
          { atol: 1e-7, rtol: 1e-7 },
          `${regression} of ${n}`,
        );
      }
    }
  });

  it('weighs samples by their distance, and asks the model what the peer asked', async () => {
    const its = Float64Array.from({ length: samples }, (_, s) =>
      nearness(rows.subarray(s * T, (s + 1) * T), kernels.math),
    );
    expectClose(its, tensors.lime_weights!.row(0), { atol: 1e-12 });
    const game = openGame(question(0, 'mean'), parsePlayers('ticks', T, F));
    const v = await game.play({ count: samples, has: (c, a) => rows[c * T + game.active[a]!] === 1 });
    expectClose(v, tensors.lime_y!.row(0), { atol: 5e-6, rtol: 1e-4 });
    expect(game.evaluations).toBeLessThan(samples * T);
  });
});

describe('a surrogate', () => {
  /** 2 x0 - x1 of the last tick. */
  const linear = modelOf(2, 1, [{ ...denseSpec('sum', 2, 1, () => 0), kernel: Float32Array.of(2, -1) }]);
  const ticks = [
    [1, 2],
    [3, 4],
  ];

  it('of a linear model is the model, where nothing is taxed', async () => {
    const { values, r2 } = await answer(lime, questionOf(linear, ticks, [0, 0]), { players: 'cells', alpha: 0 });
    expectClose(values!, [0, 0, 6, -4], { atol: 1e-6 });
    expect(r2).toBeCloseTo(1, 9);
  });

  it('with lasso leaves out what does nothing', async () => {
    const question = questionOf(linear, ticks, [0, 0]);
    const { values, options } = await answer(lime, question, { players: 'cells', regression: 'lasso' });
    expect([values![0], values![1]]).toEqual([0, 0]);
    expectClose(values!.slice(2), [6, -4], { atol: 1e-3 });
    expect(options).toEqual({ players: 'cells', samples: 1000, regression: 'lasso', alpha: 1e-4 });
  });

  it('of two samples by hand', () => {
    // masks 11 and 01, weights 1 and 3: mean y is 10 - 6, that of the first column 1/4; ridge: (0.75 * 8) / (0.75 + 0.25)
    const samples = { M: 2, rows: Uint8Array.of(1, 1, 0, 1), weights: Float64Array.of(1, 3) };
    const { coefficients, intercept, r2 } = fitSurrogate(samples, [10, 2], 'ridge', 0.25);
    expectClose(coefficients, [6, 0], { atol: 1e-12 });
    expect(intercept).toBeCloseTo(2.5, 12);
    // what is left is 1.5 at the first and -0.5 at the second, of 6 and -2: 3 of 48
    expect(r2).toBeCloseTo(1 - 3 / 48, 12);
  });

  it('of what does not change says nothing, and fits', async () => {
    const flat = await answer(lime, questionOf(linear, ticks, ticks), {});
    expect(Array.from(flat.events!)).toEqual([0, 0]);
    expect(flat.r2).toBe(1);
  });

  it('is not fitted to more players than equations can be solved for', async () => {
    const long = questionOf(linear, Array(2049).fill([1, 2]), [0, 0]);
    await expect(answer(lime, long, { players: 'cells' })).rejects.toThrow(
      /^invalid --option players: 4098 \(expected at most 4096 players, such as ticks or features\)/,
    );
  });

  it('is the same for the same seed', async () => {
    const found = (seed: number) =>
      answer(lime, questionOf(randomModel(2, [5]), ticks, [0, 0], { seed }), { samples: 20 });
    expect(await found(2)).toEqual(await found(2));
    expect((await found(2)).events).not.toEqual((await found(3)).events);
  });

  it.each([
    [
      { alpha: 0, samples: 3 },
      /^invalid --option alpha: 0 \(expected more than that: 3 samples do not tell 4 players apart/,
    ],
    [{ alpha: 0, samples: 2, regression: 'lasso', players: 'mask:0,0' }, null],
    [{ alpha: -1 }, /^invalid --option alpha: -1 \(expected a number from 0 on\)/],
    [{ samples: 1 }, /^invalid --option samples: 1 \(expected a whole number from 2 to/],
    [{ regression: 'forest' }, /^invalid --option regression: 'forest' \(expected ridge, lasso\)/],
  ])('with %j', async (options, message) => {
    const asked = answer(lime, questionOf(linear, ticks, [0, 0]), { players: 'cells', ...options });
    if (message) await expect(asked).rejects.toThrow(message);
    else expect((await asked).values!.every(Number.isFinite)).toBe(true);
  });
});
