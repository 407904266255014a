import { expect, it } from 'vitest';
import { attribute } from '../../src/offline/attribute.ts';
import { kernels } from '../kernels.ts';
import { denseSpec, modelOf } from '../models.ts';

/** y0 = 2 x0 - 3 x1, y1 = x1 of the newest tick. */
const spec = modelOf(2, 2, [
  { ...denseSpec('d', 2, 2, () => 0), kernel: Float32Array.of(2, 0, -3, 1), bias: Float32Array.of(0, 0) },
]);
const rows = [
  [9, 9],
  [1, 5],
];

it('explains the last of some rows with the defaults of a method', async () => {
  const [found] = await attribute(kernels, spec, rows, {
    method: 'integrated-gradients',
    baseline: { vector: [0, 1] },
  });
  expect(found).toMatchObject({ target: 0, output: -13, baselineOutput: -3, window: 2 });
  for (const [at, value] of [0, 0, 2, -12].entries()) expect(found!.values![at]).toBeCloseTo(value, 5);
});

it('explains all outputs in one pass, with options of the method', async () => {
  const all = await attribute(kernels, spec, rows, {
    method: 'occlusion',
    options: { window: '1xF' },
    target: [0, 1],
    window: 1,
  });
  expect(all.map(({ events }) => [...events!])).toEqual([[-13], [5]]);
});

it.each([
  [{ method: 'guess' }, /^invalid --method: 'guess'/],
  [{ method: 'occlusion', target: 'y7' }, /^invalid --target: 'y7'/],
  [{ method: 'occlusion', baseline: 'reservoir' as const }, /^invalid --baseline: 'reservoir' .* draws nothing/],
])('refuses %o', async (options, message) => {
  await expect(async () => attribute(kernels, spec, rows, options)).rejects.toThrow(message);
});
