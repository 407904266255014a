import { describe, expect, it } from 'vitest';
import { layerKinds } from '../../src/model/layers/index.ts';
import { type Shape, TICKS } from '../../src/model/shape.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { outputWidth, receptiveTicks, whyWindowed } from '../../src/model/wiring.ts';
import { modelOf } from '../models.ts';
import { type Fields, from, layer, rnn, wired } from './wires.ts';

const attend = 'attends to the whole window';
const anew = 'lays out the values of all ticks anew';

interface Case {
  what: Fields[];
  F: number;
  window?: number;
  shapes: Shape[];
  /** Why the last of them works on windows only. */
  windowed?: string;
}

// shapes of what the last layer gives, T ticks left open
const cases: Case[] = [
  { what: [{ kind: 'activation', inputs: 3, activation: 'softmax' }], F: 3, shapes: [[TICKS, 3]] },
  {
    what: [{ kind: 'additive-attention', inputs: 3, causal: false, from: from(null, null) }],
    F: 3,
    shapes: [[TICKS, 3]],
    windowed: attend,
  },
  {
    what: [
      rnn('query', 3, 4, { sequences: false }),
      { kind: 'reshape', inputs: 4, shape: [1, 4] },
      rnn('keys', 3, 4, { from: from(null) }),
      { kind: 'attention', inputs: 4, score: 'dot', causal: false, from: from('reshape', null, 'keys') },
    ],
    F: 3,
    shapes: [[1, 3]],
    windowed: attend,
  },
  {
    what: [{ kind: 'batch-normalization', inputs: 2, epsilon: 0.1, variance: Float32Array.of(0, 1) }],
    F: 2,
    shapes: [[TICKS, 2]],
  },
  {
    what: [rnn('a', 2, 3), { kind: 'concatenate', inputs: 7, from: from('a', null, null) }],
    F: 2,
    shapes: [[TICKS, 7]],
  },
  {
    what: [rnn('a', 2, 3), { kind: 'concatenate', inputs: 6, from: from(['a', 1], ['a', 1]) }],
    F: 2,
    shapes: [[6]],
  },
  {
    what: [{ kind: 'conv1d', inputs: 2, units: 5, size: 3, dilation: 2, activation: 'relu' }],
    F: 2,
    shapes: [[TICKS, 5]],
  },
  { what: [{ kind: 'dense', inputs: 2, units: 5, activation: 'relu' }], F: 2, shapes: [[TICKS, 5]] },
  { what: [{ kind: 'dropout', inputs: 2, rate: 0.5 }], F: 2, shapes: [[TICKS, 2]] },
  { what: [{ kind: 'embedding', inputs: 1, vocabulary: 9, units: 4, maskZero: true }], F: 1, shapes: [[TICKS, 4]] },
  { what: [{ kind: 'flatten', inputs: 3 }], F: 3, window: 5, shapes: [[15]], windowed: anew },
  { what: [rnn('a', 3, 4, { sequences: false }), { kind: 'flatten', inputs: 4 }], F: 3, shapes: [[4]] },
  {
    what: [{ kind: 'global-pooling', inputs: 3, operation: 'max', keep: false }],
    F: 3,
    shapes: [[3]],
    windowed: 'pools the whole window',
  },
  {
    what: [{ kind: 'global-pooling', inputs: 3, operation: 'average', keep: true }],
    F: 3,
    shapes: [[1, 3]],
    windowed: 'pools the whole window',
  },
  {
    what: [{ kind: 'gru', inputs: 3, units: 4, sequences: true, resetAfter: true }],
    F: 3,
    shapes: [[TICKS, 4], [4]],
  },
  { what: [{ kind: 'last', inputs: 3 }], F: 3, shapes: [[3]] },
  { what: [{ kind: 'layer-normalization', inputs: 3, epsilon: 0.1 }], F: 3, shapes: [[TICKS, 3]] },
  { what: [{ kind: 'lstm', inputs: 3, units: 4, sequences: false }], F: 3, shapes: [[4], [4], [4]] },
  {
    what: [{ kind: 'lstm', inputs: 3, units: 4, sequences: true, projection: new Float32Array(8) }],
    F: 3,
    shapes: [[TICKS, 2], [2], [4]],
  },
  { what: [{ kind: 'masking', inputs: 3, value: 0 }], F: 3, shapes: [[TICKS, 3]] },
  {
    what: [rnn('a', 2, 2), { kind: 'merge', inputs: 2, operation: 'add', from: from('a', null) }],
    F: 2,
    shapes: [[TICKS, 2]],
  },
  {
    what: [
      rnn('keys', 3, 4),
      {
        kind: 'multi-head-attention',
        inputs: 3,
        heads: 2,
        keyWidth: 5,
        valueWidth: 6,
        units: 7,
        keyInputs: 4,
        valueInputs: 3,
        from: from(null, null, 'keys'),
      },
    ],
    F: 3,
    shapes: [[TICKS, 7]],
    windowed: attend,
  },
  { what: [{ kind: 'normalization', inputs: 3, variance: new Float32Array(3) }], F: 3, shapes: [[TICKS, 3]] },
  {
    what: [rnn('a', 3, 4, { sequences: false }), { kind: 'repeat', inputs: 4, count: 6 }],
    F: 3,
    shapes: [[6, 4]],
    windowed: 'repeats what is known at the end of the window only',
  },
  {
    what: [{ kind: 'rescaling', inputs: 3, scale: new Float32Array(1), offset: new Float32Array(3) }],
    F: 3,
    shapes: [[TICKS, 3]],
  },
  { what: [{ kind: 'reshape', inputs: 6, shape: [TICKS, 6] }], F: 6, shapes: [[TICKS, 6]] },
  { what: [{ kind: 'reshape', inputs: 6, shape: [4, 9] }], F: 6, window: 6, shapes: [[4, 9]], windowed: anew },
  { what: [rnn('a', 3, 4)], F: 3, shapes: [[TICKS, 4], [4]] },
  {
    what: [rnn('a', 3, 4, { backwards: true })],
    F: 3,
    shapes: [[TICKS, 4], [4]],
    windowed: "runs from the window's last tick to its first",
  },
  {
    what: [{ kind: 'reshape', inputs: 6, shape: [4, 9] }, rnn('a', 9, 2)],
    F: 6,
    window: 6,
    shapes: [[4, 2], [2]],
    windowed: anew,
  },
  {
    what: [
      rnn('low', 3, 4, { sequences: false }),
      { kind: 'reshape', inputs: 4, shape: [2, 2] },
      { kind: 'dense', inputs: 2, units: 3, activation: 'tanh' },
    ],
    F: 3,
    shapes: [[2, 3]],
    windowed: 'works on [2, 2], several rows at once',
  },
];

describe('shapes and reasons', () => {
  it.each(cases.map((one) => [one.what.map(({ kind }) => kind).join(', '), one] as const))('%s', (_, one) => {
    const last = wired(one.F, one.what, one.window).at(-1)!;
    expect(last.outputs).toEqual(one.shapes);
    expect(last.windowed).toBe(one.windowed ?? null);
  });

  it('of every kind', () => {
    const seen = new Set(cases.flatMap(({ what }) => what.map(({ kind }) => kind)));
    expect([...seen].sort()).toEqual(layerKinds.map(({ kind }) => kind).sort());
  });

  it('a reason is inherited by all above', () => {
    const spec = {
      ...modelOf(3, 1, [rnn('back', 3, 4, { backwards: true }), rnn('top', 4, 2)].map(layer)),
      name: 'model.keras',
    };
    expect(wired(3, spec.layers as unknown as Fields[]).map(({ windowed }) => windowed)).toEqual([
      "runs from the window's last tick to its first",
      "runs from the window's last tick to its first",
    ]);
    expect(whyWindowed(spec)).toBe("its layer back runs from the window's last tick to its first");
    expect(whyWindowed({ ...spec, layers: [layer(rnn('front', 3, 4))] })).toBeNull();
    expect(whyWindowed({ ...spec, blackBox: {} as ModelSpec['blackBox'] & object })).toBe(
      'it is a black box that is called with whole windows',
    );
  });
});

describe('the number of outputs', () => {
  it.each([
    ['a row of a sequence', 3, [rnn('a', 3, 4)], 4],
    ['all of a vector', 3, [rnn('a', 3, 4, { sequences: false })], 4],
    ['all of several rows', 6, [{ kind: 'reshape', inputs: 6, shape: [4, 9] }], 36],
  ] as [string, number, Fields[], number][])('%s', (_, F, layers, expected) => {
    expect(outputWidth(wired(F, layers, 6))).toBe(expected);
  });
});

describe('how far back an output can look', () => {
  const conv = (name: string, dilation: number, source: string | null = null): Fields => ({
    kind: 'conv1d',
    name,
    inputs: 2,
    units: 2,
    size: 3,
    dilation,
    activation: 'relu',
    from: from(source),
  });
  const convs = [conv('a', 1), conv('b', 2, 'a'), conv('c', 4, 'b')];
  const dense: Fields = { kind: 'dense', inputs: 2, units: 2, activation: 'tanh' };

  // a kernel of 3 reaches 2 dilations back: 1 + 2 + 4 + 8
  it.each([
    ['a Dense layer', [dense], null, 1],
    ['three convolutions', convs, null, 15],
    ['the longer of two ways', [...convs, { ...dense, name: 'd', from: from('a') }, join('c', 'd')], null, 15],
    ['no further than the window', convs, 9, 9],
    ['a recurrent layer', [rnn('r', 2, 2)], null, null],
    ['a recurrent layer over a window', [rnn('r', 2, 2)], 9, 9],
  ] as [string, Fields[], number | null, number | null][])('%s', (_, layers, window, expected) => {
    expect(receptiveTicks(wired(2, layers), window)).toBe(expected);
  });

  function join(...names: string[]): Fields {
    return { kind: 'merge', inputs: 2, operation: 'add', from: from(...names) };
  }
});
