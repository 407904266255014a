import { describe, expect, it } from 'vitest';
import { expectClose } from '../golden/golden.ts';
import { random } from '../kernels.ts';
import { denseSpec, modelOf, randomModel } from '../models.ts';
import { answer, attributionCases, fixtureL, questionAt } from './questions.ts';

// float32 against float64; the cases allow 1e-5 + 1e-3
const LIMITS = { atol: 1e-6, rtol: 1e-4 };

describe.each(attributionCases)('$name', ({ tensors, question, sizes: { N, F } }) => {
  const windows = Array.from({ length: N }, (_, n) => n);

  it('gradients, and gradients times inputs', async () => {
    for (const n of windows) {
      const asked = question(n, 'zero');
      for (const [method, options, name] of [
        ['saliency', {}, 'saliency'],
        ['saliency', { absolute: true }, 'saliency_abs'],
        ['input-x-gradient', {}, 'input_x_gradient'],
      ] as const) {
        const { values } = await answer(method, asked, options);
        expectClose(values!, tensors[name]!.row(n), LIMITS, `${name}[${n}]`);
      }
    }
  });

  it.each(['zero', 'mean'] as const)('integrated gradients as Captum, baseline %s', async (baseline) => {
    for (const n of windows) {
      const asked = question(n, baseline);
      for (const [rule, short] of [
        ['gauss-legendre', 'gl'],
        ['trapezoid', 'trap'],
      ] as const) {
        const name = `ig_${short}64_${baseline}`;
        const { values, completenessGap } = await answer('integrated-gradients', asked, { rule });
        expectClose(values!, tensors[name]!.row(n), LIMITS, `${name}[${n}]`);
        expectClose([completenessGap!], [tensors[`${name}_delta`]!.data[n]!], { atol: 1e-6 }, `${name}_delta[${n}]`);
      }
    }
  });

  it('temporal integrated gradients as tint with its tunnel', async () => {
    for (const n of windows) {
      const asked = question(n, 'mean');
      const { values } = await answer('temporal-integrated-gradients', asked, {});
      expectClose(values!, tensors.tint_temporal_ig_mean!.row(n), LIMITS, `[${n}]`);
      const last = await answer('temporal-integrated-gradients', asked, { tunnel: false });
      expect(Array.from(last.values!.slice(-F))).toEqual(Array.from(values!.slice(-F)));
      expect(last.values!.slice(0, -F).some((value) => value !== 0)).toBe(false);
    }
  });
});

it('fixture L: integrated gradients of 50 points, absolute gradients', async () => {
  const { question: asked, figures } = fixtureL();
  const ig = await answer('integrated-gradients', asked, { steps: 50 });
  expectClose(ig.values!, figures.ig_base_50gl!.flat(), { atol: 1e-6 });
  const slopes = await answer('saliency', asked, { absolute: true });
  expectClose(slopes.values!, figures.saliency_abs!.flat(), { atol: 1e-6 });
});

describe('a linear model y = 2 x0 - 3 x1 of the newest tick', () => {
  const spec = modelOf(2, 1, [
    { ...denseSpec('d', 2, 1, () => 0), kernel: Float32Array.of(2, -3), bias: Float32Array.of(1) },
  ]);
  const next = random(8);
  const stream = Array.from({ length: 40 }, () => [next(), next()]);
  const asked = questionAt(spec, stream, [0.5, 0.25], { K: 3 });
  const [x0, x1] = asked.ticks[2]! as unknown as [number, number];

  it('has the same gradient everywhere', async () => {
    for (const method of ['saliency', 'smooth-grad']) {
      const { values, standardError } = await answer(method, asked);
      expectClose(values!, [0, 0, 0, 0, 2, -3], { atol: 1e-6 }, method);
      for (const error of standardError ?? []) expect(error).toBeLessThan(1e-7);
    }
  });

  it('parts exactly', async () => {
    const ig = await answer('integrated-gradients', asked, { steps: 1 });
    expectClose(ig.values!, [0, 0, 0, 0, 2 * (x0 - 0.5), -3 * (x1 - 0.25)]);
    expect(Math.abs(ig.completenessGap!)).toBeLessThan(1e-6);
  });

  it('expected gradients: the mean of the ways from the windows drawn, which their gap shows', async () => {
    const found = await answer('expected-gradients', asked, { samples: 400, reservoir: 1000 });
    expect(Math.abs(found.completenessGap!)).toBeLessThan(1e-5);
    const past = asked.history.slice(2, -1);
    const mean = (f: number): number => past.reduce((sum, x) => sum + x[f]!, 0) / past.length;
    for (const [f, w] of [2, -3].entries()) {
      const expected = w * (asked.ticks[2]![f]! - mean(f));
      expect(Math.abs(found.values![4 + f]! - expected)).toBeLessThan(5 * found.standardError![4 + f]!);
    }
  });
});

it('a window after others: gradients begin with the state that they leave', async () => {
  const spec = randomModel(2, [5], 1, 3);
  const next = random(4);
  const stream = Array.from({ length: 12 }, () => [next(), next()]);
  const long = await answer('saliency', questionAt(spec, stream, [0, 0]));
  const short = await answer('saliency', questionAt(spec, stream, [0, 0], { K: 4 }));
  expectClose(short.values!, long.values!.slice(-8), { atol: 1e-7 });
});

it('tells a model through which no gradient passes', async () => {
  const { findMethod } = await import('../../src/methods/index.ts');
  const spec = modelOf(1, 1, [
    {
      kind: 'embedding',
      name: 'tokens',
      inputs: 1,
      vocabulary: 3,
      units: 2,
      maskZero: false,
      table: new Float32Array(6),
    },
    {
      kind: 'lstm',
      name: 'l',
      inputs: 2,
      units: 1,
      sequences: false,
      kernel: new Float32Array(8),
      recurrent: new Float32Array(4),
      bias: new Float32Array(4),
    },
  ]);
  expect(findMethod('saliency').supports(spec)).toMatch(/no gradient reaches its inputs: .*tokens/);
});
