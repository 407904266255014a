import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../../src/errors.ts';
import { readModel } from '../../../../src/model/formats/index.ts';
import { kerasClasses } from '../../../../src/model/formats/keras.ts';
import { findKind } from '../../../../src/model/layers/index.ts';
import { TICKS } from '../../../../src/model/shape.ts';
import type { LayerSpec, ModelSpec } from '../../../../src/model/spec.ts';
import { graph, type Layer, sequential } from './graph.ts';

const read = ({ bytes, file, beside }: ReturnType<typeof graph>): ModelSpec => readModel(bytes, file, { beside });
/** The layers of a graph on [ticks, features]. */
const layersOf = (shape: (number | null)[], ...layers: Layer[]): LayerSpec[] => read(graph(shape, layers)).layers;
/** n values from `first` thousandths on. */
const ramp = (n: number, first = 1) => Float32Array.from({ length: n }, (_, i) => (first + i) / 1000);

const lstm = (name: string, I: number, H: number, config: Record<string, unknown> = {}): Layer => ({
  kind: 'LSTM',
  name,
  config: { units: H, activation: 'tanh', recurrent_activation: 'sigmoid', ...config },
  weights: { kernel: [I, 4 * H], recurrent_kernel: [H, 4 * H], bias: [4 * H] },
});
const dense = (name: string, I: number, O: number, config: Record<string, unknown> = {}): Layer => ({
  kind: 'Dense',
  name,
  config: { units: O, ...config },
  weights: { kernel: [I, O], bias: [O] },
});
const sequences = { return_sequences: true };
const states = { return_sequences: true, return_state: true };

describe('recurrent layers', () => {
  it('take their weights in order', () => {
    expect(layersOf([5, 2], lstm('l', 2, 1))[0]).toEqual({
      ...{ kind: 'lstm', name: 'l', inputs: 2, units: 1, sequences: false },
      ...{ kernel: ramp(8), recurrent: ramp(4, 9), bias: ramp(4, 13) },
    });
  });

  it('say their activations where they are not the usual ones', () => {
    const gates = { activation: 'relu', recurrent_activation: 'hard_sigmoid' };
    expect(layersOf([5, 2], lstm('l', 2, 1, gates))[0]).toMatchObject({
      activation: 'relu',
      recurrentActivation: 'hard_sigmoid_2',
    });
    const serialised = { class_name: 'function', config: 'softsign', module: 'keras.activations' };
    expect(layersOf([5, 2], lstm('l', 2, 1, { activation: serialised }))[0]).toMatchObject({ activation: 'softsign' });
  });

  it('without a bias have one of zeros', () => {
    const { kernel, recurrent_kernel } = lstm('l', 2, 1).weights!;
    const bare = {
      ...lstm('l', 2, 1, { use_bias: false }),
      weights: { kernel: kernel!, recurrent_kernel: recurrent_kernel! },
    };
    expect(layersOf([5, 2], bare)[0]).toMatchObject({ bias: new Float32Array(4) });
  });

  it.each([
    [undefined, false, [3]],
    [false, false, [3]],
    [true, true, [2, 3]],
  ])('a GRU with reset_after %s', (reset_after, resetAfter, bias) => {
    const gru = { kernel: [2, 3], recurrent_kernel: [1, 3], bias };
    const layer = { kind: 'GRU', name: 'g', config: { units: 1, reset_after }, weights: gru };
    expect(layersOf([5, 2], layer)[0]).toMatchObject({ kind: 'gru', resetAfter, bias: ramp(3 * bias.length, 10) });
  });

  it('of cuDNN are laid out anew, as Keras does it', () => {
    // Keras' own conversion of 0, 1, 2 ... with I = 2 and H = 3 (tensorflow.python.keras, `_convert_rnn_weights`)
    const [l, g] = [4, 3].map((gates) => {
      const weights = { kernel: [2, 3 * gates], recurrent_kernel: [3, 3 * gates], bias: [6 * gates] };
      const kind = gates === 4 ? 'CuDNNLSTM' : 'CuDNNGRU';
      return layersOf([5, 2], { kind, name: 'c', config: { units: 3 }, weights })[0] as Extract<
        LayerSpec,
        { kind: 'lstm' | 'gru' }
      >;
    });
    const counts = (values: Float32Array, first: number) => Array.from(values, (v) => Math.round(v * 1000) - first);
    expect(counts(l!.kernel, 1)).toEqual([
      ...[0, 2, 13, 3, 5, 16, 6, 8, 19, 9, 11, 22],
      ...[1, 12, 14, 4, 15, 17, 7, 18, 20, 10, 21, 23],
    ]);
    expect(counts(l!.recurrent, 25)).toEqual([
      ...[0, 12, 24, 3, 15, 27, 6, 18, 30, 9, 21, 33],
      ...[1, 13, 25, 4, 16, 28, 7, 19, 31, 10, 22, 34],
      ...[2, 14, 26, 5, 17, 29, 8, 20, 32, 11, 23, 35],
    ]);
    expect(counts(l!.bias, 2 * 61)).toEqual([12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34]);
    expect(counts(g!.kernel, 1)).toEqual([0, 2, 10, 3, 5, 13, 6, 8, 16, 1, 9, 11, 4, 12, 14, 7, 15, 17]);
    expect(counts(g!.recurrent, 19)).toEqual([
      ...[0, 9, 18, 3, 12, 21, 6, 15, 24],
      ...[1, 10, 19, 4, 13, 22, 7, 16, 25],
      ...[2, 11, 20, 5, 14, 23, 8, 17, 26],
    ]);
    expect(g).toMatchObject({ kind: 'gru', resetAfter: true, bias: ramp(18, 46) });
  });

  it('running backwards give their last state', () => {
    expect(layersOf([5, 2], lstm('l', 2, 1, { go_backwards: true }))[0]).toMatchObject({ backwards: true });
  });

  it('give zeros for padding where Keras does', () => {
    const mask: Layer = { kind: 'Masking', name: 'm', config: { mask_value: 0 } };
    const zero = { ...sequences, zero_output_for_mask: true };
    expect(layersOf([5, 2], mask, lstm('l', 2, 1, zero))[1]).toMatchObject({ zeroMasked: true });
    expect(layersOf([5, 2], lstm('l', 2, 1, zero))[0]).not.toHaveProperty('zeroMasked');
  });
});

describe('graphs', () => {
  it('take outputs by their number', () => {
    const layers = layersOf([5, 2], lstm('l', 2, 3, states), {
      kind: 'Concatenate',
      name: 'c',
      on: [
        ['l', 1],
        ['l', 2],
      ],
    });
    expect(layers[1]!.from).toEqual([
      { layer: 'l', output: 1 },
      { layer: 'l', output: 2 },
    ]);
  });

  it('keep an activation apart where a Dense feeds something else as well', () => {
    const branch = layersOf(
      [5, 2],
      lstm('l', 2, 2),
      dense('d', 2, 2),
      { kind: 'Activation', name: 'a', config: { activation: 'softmax' } },
      { kind: 'Add', name: 's', on: ['a', 'd'] },
    );
    expect(branch.map(({ kind }) => kind)).toEqual(['lstm', 'dense', 'activation', 'merge']);
    expect(branch[1]).toMatchObject({ activation: 'linear' });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['Activation', { activation: 'tanh' }, 'tanh'],
    ['Softmax', { axis: -1 }, 'softmax'],
    ['ReLU', { max_value: 6 }, 'relu6'],
    ['ELU', { alpha: 1 }, 'elu'],
  ])('fold %s into the Dense that feeds nothing else', (kind, config, activation) => {
    const layers = layersOf(
      [5, 2],
      lstm('l', 2, 2),
      dense('d', 2, 2),
      { kind: 'Dropout', name: 'o', config: { rate: 0.5 } },
      { kind, name: 'a', config },
    );
    expect(layers.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['lstm l', 'dense d', 'dropout o']);
    expect(layers[1]).toMatchObject({ activation });
  });

  it('keep a slope of its own apart', () => {
    const layers = layersOf([5, 2], lstm('l', 2, 2), dense('d', 2, 2), { kind: 'LeakyReLU', name: 'a' });
    expect(layers[2]).toMatchObject({ kind: 'activation', activation: 'leaky_relu', alpha: 0.3 });
  });

  it('take layers in an order that the file does not have', () => {
    const file = graph([5, 2], [dense('d', 3, 1, {}), lstm('l', 2, 3)]);
    const json = JSON.parse(new TextDecoder().decode(file.bytes));
    const { config } = json.modelTopology;
    config.layers[1].inbound_nodes = [[['l', 0, 0, {}]]];
    config.layers[2].inbound_nodes = [[['x', 0, 0, {}]]];
    config.output_layers = ['d', 0, 0];
    const { layers } = read({ ...file, bytes: new TextEncoder().encode(JSON.stringify(json)) });
    expect(layers.map(({ name }) => name)).toEqual(['l', 'd']);
  });

  it('leave out Identity', () => {
    const layers = layersOf([5, 2], { kind: 'Identity', name: 'i' }, lstm('l', 2, 1));
    expect(layers.map(({ name }) => name)).toEqual(['l']);
  });
});

describe('shapes', () => {
  it.each<[(number | null)[], number[], number[]]>([
    // the axis of time is known again where it is kept
    [
      [6, 2],
      [6, 2],
      [TICKS, 2],
    ],
    [
      [6, 2],
      [-1, 2],
      [TICKS, 2],
    ],
    [
      [null, 2],
      [-1, 2],
      [TICKS, 2],
    ],
    [
      [6, 2],
      [3, 4],
      [3, 4],
    ],
    [
      [6, 2],
      [2, -1],
      [2, 6],
    ],
    [[6, 2], [12], [12]],
    [[6], [6, 1], [TICKS, 1]],
    [[6], [3, 2], [3, 2]],
  ])('Reshape of %j to %j', (shape, target_shape, expected) => {
    const [layer] = layersOf(shape, { kind: 'Reshape', name: 'r', config: { target_shape } });
    expect(layer).toMatchObject({ kind: 'reshape', shape: expected });
  });

  it('a query of one tick stays one', () => {
    const query = { kind: 'Reshape', name: 'r', config: { target_shape: [1, 3] } };
    expect(layersOf([1, 2], lstm('l', 2, 3), query)[1]).toMatchObject({ shape: [1, 3] });
  });

  it('[batch, ticks] are tokens to an Embedding, a column to Reshape, a vector to anything else', () => {
    const table = {
      kind: 'Embedding',
      name: 'e',
      config: { input_dim: 9, output_dim: 2 },
      weights: { embeddings: [9, 2] },
    };
    const tokens = read(sequential([null], [table, lstm('l', 2, 1)]));
    expect(tokens).toMatchObject({ inputs: 1, window: null, mode: 'stateful' });
    expect(tokens.layers[0]).toMatchObject({ kind: 'embedding', vocabulary: 9, units: 2, maskZero: false });
    const vector = read(sequential([7], [dense('d', 7, 1)]));
    expect(vector).toMatchObject({ inputs: 1, window: 7, mode: 'windowed' });
    expect(vector.layers.map(({ kind }) => kind)).toEqual(['flatten', 'dense']);
  });

  it.each<[string, Layer[], ModelSpec['mode'], number | null]>([
    ['a length that is fixed', [lstm('l', 2, 1)], 'windowed', 6],
    ['a state that is carried', [lstm('l', 2, 1, { stateful: true })], 'stateful', null],
    [
      'a carried state below a layer that needs the window',
      [lstm('l', 2, 1, { stateful: true, ...sequences }), { kind: 'Flatten', name: 'f' }],
      'windowed',
      6,
    ],
  ])('%s', (_, layers, mode, window) => {
    expect(read(graph([6, 2], layers))).toMatchObject({ mode, window });
  });

  it('a free length under a layer that needs the window', () => {
    const layers = [lstm('l', 2, 1, sequences), { kind: 'GlobalMaxPooling1D', name: 'p' }];
    expect(read(graph([null, 2], layers))).toMatchObject({ mode: 'windowed', window: null });
  });
});

const bidirectional = (layer: Record<string, unknown>, config: Record<string, unknown> = {}): Layer => ({
  kind: 'Bidirectional',
  name: 'b',
  config: { layer: { class_name: 'LSTM', config: { name: 'l', units: 1, ...layer } }, ...config },
  weights: {
    'forward_l/kernel': [2, 4],
    'forward_l/recurrent_kernel': [1, 4],
    'forward_l/bias': [4],
    'backward_l/kernel': [2, 4],
    'backward_l/recurrent_kernel': [1, 4],
    'backward_l/bias': [4],
  },
});

describe('Bidirectional', () => {
  it('is a layer each way, mirrored where the file names one', () => {
    const layers = layersOf([5, 2], bidirectional({}));
    expect(layers).toMatchObject([
      { kind: 'lstm', name: 'b.forward', kernel: ramp(8) },
      { kind: 'lstm', name: 'b.backward', backwards: true, kernel: ramp(8, 17) },
      { kind: 'concatenate', name: 'b', inputs: 2 },
    ]);
    expect(layers[0]).not.toHaveProperty('backwards');
  });

  it.each([
    ['sum', 'add'],
    ['mul', 'multiply'],
    ['ave', 'average'],
  ])('merges by %s', (merge_mode, operation) => {
    expect(layersOf([5, 2], bidirectional({}, { merge_mode })).at(-1)).toMatchObject({ kind: 'merge', operation });
  });

  it('gives output and states in Keras’ order', () => {
    const sources = [0, 1, 2, 3, 4].map((output) => {
      const layers = layersOf(
        [5, 2],
        bidirectional(states),
        { kind: 'Flatten', name: 'f', on: [['b', output]] },
        { kind: 'Flatten', name: 'g', on: [['b', 0]] },
        { kind: 'Concatenate', name: 'c', on: ['f', 'g'] },
      );
      return layers.find(({ name }) => name === 'f')!.from?.[0] ?? { layer: 'b', output: 0 };
    });
    expect(sources).toEqual([
      { layer: 'b', output: 0 },
      { layer: 'b.forward', output: 1 },
      { layer: 'b.forward', output: 2 },
      { layer: 'b.backward', output: 1 },
      { layer: 'b.backward', output: 2 },
    ]);
  });
});

describe('what is refused', () => {
  const table: [string, (number | null)[], Layer[], RegExp][] = [
    [
      'an unknown class',
      [5, 2],
      [{ kind: 'Lambda', name: 'f' }],
      /^invalid m f: 'a Lambda layer' \(expected layers of Activation, /,
    ],
    ['time first', [5, 2], [lstm('l', 2, 1, { time_major: true })], /m l\.time_major: true \(expected false/],
    [
      'a sequence backwards',
      [5, 2],
      [lstm('l', 2, 1, { go_backwards: true, ...sequences })],
      /m l\.go_backwards: true \(expected false where return_sequences/,
    ],
    ['a gate of a row', [5, 2], [lstm('l', 2, 1, { activation: 'softmax' })], /m l activation: 'softmax'/],
    [
      'an unknown activation',
      [5, 2],
      [lstm('l', 2, 1, { activation: 'foo' })],
      /m l\.activation: 'foo' \(expected the name/,
    ],
    [
      'a function of one’s own',
      [5, 2],
      [lstm('l', 2, 1, { activation: { class_name: 'function', config: 'tanh', module: 'mine' } })],
      /m l\.activation: \{.*mine/,
    ],
    [
      'an initial state',
      [5, 2],
      [lstm('a', 2, 1, states), { ...lstm('b', 2, 1), on: ['x', ['a', 1], ['a', 2]] }],
      /^invalid m b: '3 inputs' \(expected one input: initial states/,
    ],
    [
      'an initial state by keyword',
      [5, 2],
      [
        lstm('a', 2, 1, states),
        {
          ...lstm('l', 2, 1),
          on: ['x'],
          keywords: {
            initial_state: [
              ['a', 0, 1],
              ['a', 0, 2],
            ],
          },
        },
      ],
      /^invalid m l initial_state: 'a, a' \(expected a call without it\)/,
    ],
    [
      'a state that is not given',
      [5, 2],
      [lstm('l', 2, 1), { kind: 'Flatten', name: 'f', on: [['l', 1]] }],
      /^invalid m f: 'output 1 of call 0 of l'/,
    ],
    [
      'scores of attention',
      [5, 2],
      [
        { kind: 'Attention', name: 'a', on: ['x', 'x'] },
        { kind: 'Flatten', name: 'f', on: [['a', 1]] },
      ],
      /^invalid m f: 'output 1 .* \(expected another output than the scores/,
    ],
    [
      'dropout that goes on',
      [5, 2],
      [{ kind: 'Dropout', name: 'd', config: { rate: 0.5 }, keywords: { training: true } }, lstm('l', 2, 1)],
      /^invalid m d training: true/,
    ],
    [
      'a look ahead',
      [5, 2],
      [{ kind: 'Conv1D', name: 'c', config: { filters: 1, kernel_size: [3], padding: 'same' } }],
      /m c\.padding: 'same'/,
    ],
    [
      'strides',
      [5, 2],
      [{ kind: 'Conv1D', name: 'c', config: { filters: 1, kernel_size: 1, strides: 2 } }],
      /m c\.strides: 2 \(expected 1\)/,
    ],
    [
      'groups',
      [5, 2],
      [{ kind: 'Conv1D', name: 'c', config: { filters: 2, kernel_size: 1, groups: 2 } }],
      /m c\.groups: 2/,
    ],
    [
      'channels first',
      [5, 2],
      [{ kind: 'Conv1D', name: 'c', config: { filters: 2, kernel_size: 1, data_format: 'channels_first' } }],
      /m c\.data_format/,
    ],
    [
      'an inverse',
      [5, 2],
      [{ kind: 'Normalization', name: 'n', config: { axis: -1, invert: true } }],
      /m n\.invert: true/,
    ],
    [
      'another axis',
      [5, 2],
      [{ kind: 'Normalization', name: 'n', config: { axis: [1] } }],
      /m n\.axis: \[1\] \(expected the last axis/,
    ],
    [
      'a norm without mean',
      [5, 2],
      [{ kind: 'LayerNormalization', name: 'n', config: { rms_scaling: true } }],
      /m n\.rms_scaling/,
    ],
    ['renormalization', [5, 2], [{ kind: 'BatchNormalization', name: 'n', config: { renorm: true } }], /m n\.renorm/],
    ['a softmax over time', [5, 2], [{ kind: 'Softmax', name: 's', config: { axis: 1 } }], /m s\.axis: 1/],
    ['a threshold', [5, 2], [{ kind: 'ReLU', name: 'r', config: { threshold: 1 } }], /m r\.threshold: 1/],
    ['another ceiling', [5, 2], [{ kind: 'ReLU', name: 'r', config: { max_value: 3 } }], /m r\.max_value: 3/],
    [
      'attention over other axes',
      [5, 2],
      [
        {
          kind: 'MultiHeadAttention',
          name: 'a',
          config: { num_heads: 1, key_dim: 1, attention_axes: [2] },
          on: ['x', 'x'],
        },
      ],
      /m a\.attention_axes: \[2\]/,
    ],
    [
      'attention of one input',
      [5, 2],
      [{ kind: 'Attention', name: 'a' }],
      /^invalid m a: '1 inputs' \(expected query, value/,
    ],
    [
      'a mask of one’s own',
      [5, 2],
      [{ kind: 'Attention', name: 'a', on: ['x', 'x'], keywords: { mask: [['x', 0, 0]] } }],
      /^invalid m a mask: 'x'/,
    ],
    [
      'TimeDistributed of a layer that is not row by row',
      [5, 2],
      [{ kind: 'TimeDistributed', name: 't', config: { layer: { class_name: 'LSTM', config: {} } } }],
      /^invalid m t: 'a TimeDistributed LSTM' \(expected one of Activation/,
    ],
    [
      'Concatenate along time',
      [5, 2],
      [{ kind: 'Concatenate', name: 'c', config: { axis: 1 }, on: ['x', 'x'] }],
      /m c\.axis: 1/,
    ],
    [
      'shapes that differ',
      [5, 2],
      [lstm('l', 2, 2), { kind: 'Add', name: 's', on: ['l', 'x'] }],
      /^invalid m s inputs/,
    ],
    [
      'Reshape to another size',
      [5, 2],
      [{ kind: 'Reshape', name: 'r', config: { target_shape: [3, -1] } }],
      /m r\.target_shape: \[3,-1\]/,
    ],
    [
      'Reshape of an unknown length',
      [null, 2],
      [{ kind: 'Reshape', name: 'r', config: { target_shape: [-1] } }],
      /m r\.target_shape/,
    ],
    [
      'tokens with features',
      [5, 1],
      [{ kind: 'Embedding', name: 'e', config: { input_dim: 3, output_dim: 2 } }],
      /^invalid m e: 'an input with an axis of features'/,
    ],
    [
      'a cell that is none',
      [5, 2],
      [{ kind: 'RNN', name: 'r', config: { cell: { class_name: 'Dense', config: {} } } }],
      /^invalid m r: 'a Dense' \(expected one of .*LSTMCell/,
    ],
    [
      'a wrapped layer that runs the wrong way',
      [5, 2],
      [bidirectional({ go_backwards: true })],
      /m b forward\.go_backwards: true \(expected false\)/,
    ],
    [
      'two axes of one length to squeeze',
      [5, 2],
      [{ kind: 'Squeeze', name: 's', config: { axis: 1 } }],
      /^invalid m s: 'axis 1 of \[ticks, 2\]'/,
    ],
    [
      'rows without end',
      [5, 2],
      [
        lstm('l', 2, 2),
        { kind: 'RepeatVector', name: 'r', config: { n: 1e12 } },
        { kind: 'Flatten', name: 'f' },
        { kind: 'LayerNormalization', name: 'n', config: { scale: false, center: false } },
      ],
      /^invalid m n: '2000000000000 values a row' \(expected at most 16777216\)/,
    ],
    [
      'features without end',
      [5, 1e12],
      [{ kind: 'Dropout', name: 'd' }],
      /^invalid m outputs: 1000000000000 \(expected at most 65536\)/,
    ],
    [
      'weights that are not there',
      [5, 2],
      [{ ...lstm('l', 2, 1), weights: { kernel: [2, 4] } }],
      /^invalid m l recurrent_kernel: nothing \(expected a tensor called recurrent_kernel/,
    ],
    [
      'weights of another shape',
      [5, 2],
      [{ ...lstm('l', 2, 1), weights: { kernel: [4, 2] } }],
      /^invalid m l kernel: \[4,2\] \(expected shape \[2, 4\]\)/,
    ],
    [
      'weights left over',
      [5, 2],
      [{ ...lstm('l', 2, 1), weights: { ...lstm('l', 2, 1).weights, peephole: [3] } }],
      /^invalid m l\/peephole: 'a tensor'/,
    ],
  ];

  it.each(table)('%s', (_, shape, layers, message) => {
    const file = graph(shape, layers);
    expect(() => read(file)).toThrow(ModelError);
    expect(() => read(file)).toThrow(message);
  });

  it.each<[string, (config: Record<string, unknown>, layers: Record<string, unknown>[]) => void, RegExp]>([
    [
      'a layer called twice',
      (_, [, l]) => (l!.inbound_nodes = [[['x', 0, 0, {}]], [['x', 0, 0, {}]]]),
      /^invalid m l: 'a layer called 2 times' \(expected a layer called once/,
    ],
    ['a layer never called', (_, [, l]) => (l!.inbound_nodes = []), /^invalid m l call: \[\] \(expected one call\)/],
    [
      'two outputs',
      (config) =>
        (config.output_layers = [
          ['l', 0, 0],
          ['x', 0, 0],
        ]),
      /output_layers: 'l, x' \(expected one output/,
    ],
    [
      'two inputs',
      (config) =>
        (config.input_layers = [
          ['x', 0, 0],
          ['l', 0, 0],
        ]),
      /input_layers: 'x, l' \(expected one input/,
    ],
    [
      'no output',
      (config) => (config.output_layers = []),
      /output_layers: \[\] \(expected the layer that is the output/,
    ],
    [
      'an output that is no layer',
      (config) => (config.output_layers = ['y', 0, 0]),
      /^invalid m l: 'a LSTM layer' \(expected layers between/,
    ],
    [
      'a layer that feeds itself',
      (_, [, l]) => (l!.inbound_nodes = [[['l', 0, 0, {}]]]),
      /^invalid m l: 'a layer that feeds itself'/,
    ],
    [
      'a source that is no layer',
      (_, [, l]) => (l!.inbound_nodes = [[['y', 0, 0, {}]]]),
      /^invalid m l input: 'y' \(expected a layer of the model\)/,
    ],
    [
      'two layers of one name',
      (_, layers) => layers.push({ ...layers[1]! }),
      /m layers: 'l' \(expected a name for each layer\)/,
    ],
    [
      'too many layers',
      (_, layers) => layers.push(...new Array(1000).fill(layers[1])),
      /layers: .* \(expected at most 1000 layers\)/,
    ],
    [
      'an input of images',
      (_, [x]) => ((x!.config as Record<string, unknown>).batch_input_shape = [null, 5, 5, 3]),
      /^invalid m input shape: \[null,5,5,3\]/,
    ],
    [
      'no features',
      (_, [x]) => ((x!.config as Record<string, unknown>).batch_input_shape = [null, 5, null]),
      /^invalid m input shape/,
    ],
    ['an input without a shape', (_, [x]) => (x!.config = { name: 'x' }), /^invalid m input shape: nothing/],
  ])('%s', (_, change, message) => {
    const file = graph([5, 2], [lstm('l', 2, 1)]);
    const json = JSON.parse(new TextDecoder().decode(file.bytes));
    const { config } = json.modelTopology;
    change(config, config.layers);
    const changed = { ...file, bytes: new TextEncoder().encode(JSON.stringify(json)) };
    expect(() => read(changed)).toThrow(ModelError);
    expect(() => read(changed)).toThrow(message);
  });

  it('models within models without end', () => {
    let model: Record<string, unknown> = { class_name: 'Sequential', config: { name: 's', layers: [] } };
    for (let i = 0; i < 12; i++) model = { class_name: 'Sequential', config: { name: 's', layers: [model] } };
    const { config } = model;
    const file = { class_name: 'Sequential', config: { ...(config as object), build_input_shape: [null, 5, 2] } };
    const { bytes, beside } = sequential([5, 2], []);
    const json = { ...JSON.parse(new TextDecoder().decode(bytes)), modelTopology: file };
    const changed = new TextEncoder().encode(JSON.stringify(json));
    expect(() => readModel(changed, 'm', { beside })).toThrow(/s\.s\.s.*fewer models within models/);
  });
});

describe('kerasClasses', () => {
  it('names every class and kinds that there are', () => {
    const names = kerasClasses.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['LSTM', 'Bidirectional', 'MultiHeadAttention', 'Identity']));
    expect(new Set(names).size).toBe(names.length);
    for (const { name, kinds } of kerasClasses) {
      for (const kind of kinds) expect(findKind(kind), `${name}: ${kind}`).toBeDefined();
    }
  });
});
