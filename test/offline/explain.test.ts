import { describe, expect, it } from 'vitest';
import { chooseTarget, findMethod } from '../../src/methods/index.ts';
import { readModel } from '../../src/model/formats/index.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { type ExplainOptions, explain } from '../../src/offline/explain.ts';
import type { Fed } from '../../src/offline/feed.ts';
import { expectClose, goldenFile, goldenTensors } from '../golden/golden.ts';
import { kernels } from '../kernels.ts';
import { denseSpec, modelOf } from '../models.ts';

const asked: ExplainOptions = {
  mode: 'stateful',
  window: null,
  method: findMethod('rolling-occlusion'),
  methodOptions: { eps: 0 },
  ticks: 64,
  baseline: 'zero',
  target: '0',
  score: 'raw',
};

const fed = (xs: ArrayLike<number>[]): Fed[] =>
  xs.map((x, index) => ({ row: { index, time: index, key: '', values: {} }, x: Float32Array.from(x) }));

describe.each([
  { name: 'stateful-rolling-lstm', model: goldenFile('torch-lstm', 'model.safetensors') },
  { name: 'stateful-rolling-gru', model: goldenFile('torch-gru', 'model.safetensors') },
  { name: 'stateful-rolling-lstm-longmem', model: goldenFile('stateful-rolling-lstm-longmem', 'model.safetensors') },
])('$name', ({ name, model }) => {
  const tensors = goldenTensors(name);
  const spec = readModel(model, name);
  const K = tensors.cell!.shape[1]!;
  const ticks = fed(Array.from({ length: tensors.x!.shape[0]! }, (_, t) => tensors.x!.row(t)));
  const baseline = { vector: [...tensors.baseline!.data] };
  const tolerance = { atol: 5e-6, rtol: 1e-4 };

  it.each([
    { mode: 'stateful' as const, window: null, prefix: '', y: 'y' },
    { mode: 'windowed' as const, window: K, prefix: 'windowed_', y: 'windowed_y' },
  ])('answers the question of the $mode mode', async ({ mode, window, prefix, y }) => {
    for (const [n, t] of tensors.ticks!.data.entries()) {
      const e = await explain(kernels, spec, ticks.slice(0, t + 1), { ...asked, mode, window, ticks: K, baseline });
      expectClose([e.output], [tensors[y]!.data[y === 'y' ? t : n]!], tolerance, `y[${t}]`);
      expectClose(e.values!, tensors[`${prefix}cell`]!.row(n), tolerance, `cell[${t}]`);
      expectClose(e.events!, tensors[`${prefix}event`]!.row(n), tolerance, `event[${t}]`);
      expect(e.ticks.map(({ row }) => row.index)).toEqual(Array.from({ length: K }, (_, k) => t - K + 1 + k));
    }
  });
});

describe('explain', () => {
  /** y = x0 + 10 x1: every attribution can be worked out on paper, and only the newest tick matters. */
  const linear: ModelSpec = modelOf(2, 1, [
    { ...denseSpec('sum', 2, 1, () => 0), kernel: Float32Array.of(1, 10), bias: Float32Array.of(0) },
  ]);
  const ticks = fed([
    [1, 2],
    [3, 5],
    [7, 4],
  ]);

  it('explains at most the ticks there are, the newest last', async () => {
    const e = await explain(kernels, linear, ticks, asked);
    expect(e).toMatchObject({ window: 3, output: 47, baselineOutput: 0, target: 0 });
    expect([...e.values!]).toEqual([0, 0, 0, 0, 7, 40]);
    expect([...e.events!]).toEqual([0, 0, 47]);
    expect((await explain(kernels, linear, ticks, { ...asked, ticks: 2 })).window).toBe(2);
  });

  it('takes the value before as the baseline: each tick its own, a run the one before it', async () => {
    const e = await explain(kernels, linear, ticks, { ...asked, ticks: 2, baseline: 'last' });
    expect(e.baseline).toEqual([Float32Array.of(1, 2), Float32Array.of(3, 5)]);
    expect([...e.values!.slice(2)]).toEqual([4, -10]);
    // Both ticks of the run hold what came before the run: 1 and 2.
    expect(e.baselineOutput).toBe(21);
  });

  it('takes the first row itself where there is none before', async () => {
    const e = await explain(kernels, linear, ticks.slice(0, 1), { ...asked, baseline: 'last' });
    expect([...e.events!]).toEqual([0]);
  });

  it('takes the mean of the rows up to the one explained, or the training mean', async () => {
    const e = await explain(kernels, linear, ticks, { ...asked, ticks: 1, baseline: 'mean' });
    expect(e.baseline).toEqual(Float32Array.of(11 / 3, 11 / 3));
    const trained = { ...linear, mean: Float32Array.of(1, 1) };
    expect((await explain(kernels, trained, ticks, { ...asked, baseline: 'mean' })).baselineOutput).toBe(11);
  });

  it('takes rows aligned with the ticks, or one row for all', async () => {
    const rows = [
      [0, 0],
      [1, 1],
    ];
    const e = await explain(kernels, linear, ticks, { ...asked, ticks: 2, baseline: { rows, file: 'b.csv' } });
    expect([...e.values!.slice(2)]).toEqual([6, 30]);
    expect(e.baselineOutput).toBe(11);
    const one = await explain(kernels, linear, ticks, { ...asked, baseline: { rows: [[7, 4]], file: 'b.csv' } });
    expect([...one.events!]).toEqual([0, 0, 0]);
    expect(one.baseline).toEqual(Float32Array.of(7, 4));
  });

  it.each<[string, Partial<ExplainOptions>, RegExp]>([
    ['a vector of another length', { baseline: { vector: [1] } }, /^invalid --baseline: \[1\] \(expected 2 numbers/],
    [
      'a file of another length',
      {
        baseline: {
          rows: [
            [1, 1],
            [2, 2],
          ],
          file: 'b.csv',
        },
      },
      /^invalid --baseline b\.csv: '2 rows' \(expected 1 row, or 3/,
    ],
    ['a window that is not full', { mode: 'windowed', window: 4 }, /^invalid --at: 2 \(expected a row with 4 ticks/],
    ['an unknown output', { target: 'z' }, /^invalid --target: 'z' \(expected argmax or one of 0 \(y0\)\)/],
    ['an output too many', { target: '1' }, /^invalid --target: '1'/],
    ['a negative eps', { methodOptions: { eps: -1 } }, /^invalid --option eps: -1/],
  ])('refuses %s', (_, options, message) => {
    return expect(explain(kernels, linear, ticks, { ...asked, ...options })).rejects.toThrow(message);
  });

  it('explains the logit of a softmax, which is linear again', async () => {
    const soft = {
      ...linear,
      layers: [{ ...denseSpec('s', 2, 1, () => 0, 'sigmoid'), kernel: Float32Array.of(0.5, 0.25) }],
    };
    const e = await explain(kernels, soft, ticks, { ...asked, ticks: 1, score: 'logit' });
    expect([...e.values!]).toEqual([3.5, 1]);
    expect((await explain(kernels, soft, ticks, { ...asked, ticks: 1 })).output).toBeCloseTo(
      1 / (1 + Math.exp(-4.5)),
      6,
    );
  });
});

describe('chooseTarget', () => {
  const spec = { ...modelOf(1, 3, []), outputs: ['low', 'high', '0'] };

  it.each([
    ['argmax', 1],
    ['high', 1],
    ['2', 2],
    ['0', 2],
  ])('%s', (target, number) => {
    expect(chooseTarget(target, spec, [1, 5, 5])).toBe(number);
  });
});
