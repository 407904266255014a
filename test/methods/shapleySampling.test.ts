import { describe, expect, it } from 'vitest';
import { shapleySampling } from '../../src/methods/shapleySampling.ts';
import { denseSpec, modelOf, randomModel } from '../models.ts';
import { answer, attributionCases, captumModel, questionOf } from './questions.ts';

it.each([
  { number: 0, inputs: 4, samples: 100 },
  { number: 1, inputs: 1, samples: 40 },
])(
  '$number: every cell within five standard errors of 400 and 60 permutations',
  async ({ number, inputs, samples }) => {
    const { tensors, question } = attributionCases[number]!;
    for (let n = 0; n < inputs; n++) {
      const found = await answer(shapleySampling, question(n, 'mean'), { samples });
      const [mean, error] = [
        tensors.shapley_sampling_cells_mean!.row(n),
        tensors.shapley_sampling_cells_mean_se!.row(n),
      ];
      for (let at = 0; at < mean.length; at++) {
        const both = Math.sqrt(error[at]! ** 2 + found.standardError![at]! ** 2);
        expect(Math.abs(found.values![at]! - mean[at]!), `cell ${at} of ${n}`).toBeLessThan(5 * both);
      }
      expect(Math.abs(found.completenessGap!)).toBeLessThan(1e-6);
    }
  },
);

describe('permutations', () => {
  it('of a linear model tell the exact values, without error', async () => {
    const linear = modelOf(2, 1, [{ ...denseSpec('sum', 2, 1, () => 0), kernel: Float32Array.of(2, -1) }]);
    const { players, standardError } = await answer(
      shapleySampling,
      questionOf(
        linear,
        [
          [1, 2],
          [3, 4],
        ],
        [0, 1],
      ),
    );
    expect(players!.map(({ value, standardError }) => [value, standardError])).toEqual([
      [0, 0],
      [0, 0],
      [6, 0],
      [-3, 0],
    ]);
    expect(Array.from(standardError!)).toEqual([0, 0, 0, 0]);
  });

  // Captum's own test: the exact values are 230/3, 590/3, 350/3
  it('and their reverses come close to the exact values', async () => {
    const question = questionOf(captumModel(), [[20, 50, 30]], [0, 0, 0]);
    const { values, standardError, completenessGap } = await answer(shapleySampling, question, { samples: 400 });
    for (const [at, exact] of [230 / 3, 590 / 3, 350 / 3].entries())
      expect(Math.abs(values![at]! - exact)).toBeLessThan(5 * standardError![at]! + 1e-4);
    expect(Math.abs(completenessGap!)).toBeLessThan(1e-4);
  });

  it('come in pairs, and end where the errors are small enough', async () => {
    const question = questionOf(
      randomModel(2, [5]),
      Array.from({ length: 40 }, (_, t) => [Math.sin(t), 1]),
      [0, 0],
    );
    const all = await answer(shapleySampling, question, { samples: 61 });
    expect(all.options).toEqual({ players: 'cells', samples: 62, tolerance: 0 });
    const some = await answer(shapleySampling, question, { samples: 1000, tolerance: 0.05 });
    const { samples } = some.options as { samples: number };
    expect(samples).toBeLessThan(1000);
    const largest = (list: Float32Array): number => list.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largest(some.standardError!)).toBeLessThanOrEqual(0.05 * largest(some.values!));
    // the same as if so many had been asked for
    const asked = await answer(shapleySampling, question, { samples });
    expect(asked.values).toEqual(some.values);
  });

  it('are the same for the same seed', async () => {
    const ticks = [
      [1, 2],
      [3, 4],
      [0, 1],
    ];
    const found = (seed: number) =>
      answer(shapleySampling, questionOf(randomModel(2, [5]), ticks, [0, 0], { seed }), { samples: 8 });
    expect(await found(2)).toEqual(await found(2));
    expect((await found(2)).values).not.toEqual((await found(3)).values);
  });

  it('give nothing to what does not count, and all to the only one that does', async () => {
    const { values } = await answer(shapleySampling, questionOf(randomModel(2, [4]), [[1, 2]], [1, 2]));
    expect(Array.from(values!)).toEqual([0, 0]);
    const one = await answer(shapleySampling, questionOf(randomModel(2, [4]), [[1, 2]], [1, 0]));
    expect(one.values![0]).toBe(0);
    expect(one.standardError![1]).toBe(0);
    expect(one.completenessGap).toBeCloseTo(0, 7);
  });

  it('say how far they are', async () => {
    const told: number[][] = [];
    const question = questionOf(randomModel(2, [4]), Array(20).fill([1, 2]), [0, 0]);
    await shapleySampling.explain(
      question,
      { ...shapleySampling.options, samples: 60 },
      { progress: (...at) => told.push(at) },
    );
    const total = 30 * 2 * 39;
    expect(told.every(([, whole]) => whole === total)).toBe(true);
    expect(told.map(([done]) => done)).toEqual([...told.map(([done]) => done!)].sort((a, b) => a - b));
    expect(told.at(-1)).toEqual([total, total]);
  });

  it.each([
    [{ samples: 2 }, /^invalid --option samples: 2 \(expected a whole number from 4 on\)/],
    [{ tolerance: -1 }, /^invalid --option tolerance: -1 \(expected a number from 0 on\)/],
  ])('refuse %j', async (options, message) => {
    const question = questionOf(randomModel(2, [4]), [[1, 2]], [0, 0]);
    await expect(answer(shapleySampling, question, options)).rejects.toThrow(message);
  });
});
