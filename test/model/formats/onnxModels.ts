/** Hand-made ONNX models: every form in which exporters write down recurrent models, as small as can be. */
import type { ModelSpec } from '../../../src/model/spec.ts';
import {
  type Attribute,
  floats,
  longs,
  type OnnxData,
  type OnnxGraph,
  type OnnxNode,
  recurrentWeights,
  weights,
} from './onnxWriter.ts';

/** Sizes; none is a multiple of 4. */
export const N = 3;
export const T = 7;
export const F = 3;
export const H = 5;
export const O = 2;

export interface Made extends OnnxGraph {
  /** Kinds of the layers that are read. */
  kinds: string;
  mode?: ModelSpec['mode'];
  /** The input is (T, N, F). */
  ticksFirst?: boolean;
  /** The input holds whole numbers below this one. */
  tokens?: number;
}

/** A node with one output. */
export const op = (
  kind: string,
  inputs: string,
  output: string,
  attributes: Record<string, Attribute> = {},
): OnnxNode => ({ op: kind, inputs: names(inputs), outputs: names(output), attributes });
/** Names between blanks; `-` is an input or an output left out. */
const names = (list: string) => list.split(' ').map((name) => (name === '-' ? '' : name));

/** x (N, T, F), y (N, O). */
export const x = { name: 'x', dims: ['N', 'T', F] };
export const y = { name: 'y', dims: ['N', O] };
const io = { inputs: [x], outputs: [y] };
const swap = op('Transpose', 'x', 'xt', { perm: [1, 0, 2] });
/** Y (T, 1, N, H) to s (N, T, H). */
const unswap = [op('Squeeze', 'Y one', 'ys'), op('Transpose', 'ys', 's', { perm: [1, 0, 2] })];
const last = op('Gather', 's minus', 'h', { axis: 1 });
const gemm = op('Gemm', 'h K k', 'y');
const squeeze = op('Squeeze', 'Yh zero', 'h');
/** The numbers that the nodes above take, and the weights of the head. */
export const headless = (width = H): OnnxData[] => [
  weights('K', [width, O]),
  weights('k', [O]),
  longs('zero', [0]),
  longs('one', [1]),
  longs('minus', [-1], []),
];
const lstm = (from = 'xt', to = 'Y Yh Yc', more: Record<string, Attribute> = {}) =>
  op('LSTM', `${from} W R B`, to, { hidden_size: H, ...more });
const lstmWeights = (D = 1, I = F) => recurrentWeights(4, D, I, H);
const both = { direction: 'bidirectional' };
/** An LSTM over x and a head, with something in between: s (N, T, H) is there. */
const overSequence = (...nodes: OnnxNode[]) => ({
  nodes: [swap, lstm(), ...unswap, ...nodes],
  ...io,
});
/** One LSTM, its last state h (N, H), then something. */
const onState = (...nodes: OnnxNode[]) => ({ nodes: [swap, lstm(), squeeze, ...nodes], ...io });
export const plain = [...lstmWeights(), ...headless()];

const activations: Record<string, Record<string, Attribute>> = {
  Celu: { alpha: { floats: 1 } },
  Elu: { alpha: { floats: 0.7 } },
  Exp: {},
  Gelu: {},
  HardSigmoid: {},
  HardSwish: {},
  LeakyRelu: { alpha: { floats: 0.05 } },
  LogSoftmax: {},
  Mish: {},
  Relu: {},
  Selu: {},
  Sigmoid: {},
  Softmax: {},
  Softplus: {},
  Softsign: {},
  Tanh: {},
};

export const made: Record<string, Made> = {
  'the last state of an LSTM': { ...onState(gemm), tensors: plain, kinds: 'lstm dense' },
  'the last tick of its sequence': { ...overSequence(last, gemm), tensors: plain, kinds: 'lstm last dense' },
  'the last tick by a Slice': {
    ...overSequence(op('Slice', 's minus1 end one', 'l'), op('Squeeze', 'l one', 'h'), gemm),
    tensors: [...plain, longs('minus1', [-1]), longs('end', [2 ** 31 - 1])],
    kinds: 'lstm last dense',
  },
  'a head for every tick': {
    ...overSequence(op('MatMul', 's K', 'm'), op('Add', 'm k', 'y')),
    tensors: plain,
    outputs: [{ name: 'y', dims: ['N', 'T', O] }],
    kinds: 'lstm dense',
  },
  'a head for every tick, batch and ticks on one axis': {
    ...overSequence(
      op('Shape', 's', 'shape'),
      op('Reshape', 's rows', 'r'),
      op('Gemm', 'r K k', 'g'),
      op('Slice', 'shape zero two', 'nt'),
      op('Concat', 'nt outputs', 'back', { axis: 0 }),
      op('Reshape', 'g back', 'y'),
    ),
    tensors: [...plain, longs('rows', [-1, H]), longs('two', [2]), longs('outputs', [O])],
    outputs: [{ name: 'y', dims: ['N', 'T', O] }],
    kinds: 'lstm dense',
  },
  'a reverse LSTM': {
    nodes: [swap, lstm('xt', '- Yh', { direction: 'reverse' }), squeeze, gemm],
    ...io,
    tensors: plain,
    kinds: 'lstm dense',
    mode: 'windowed',
  },
  'both directions of a GRU, their last states': {
    nodes: [
      swap,
      op('GRU', 'xt W R B', 'Y Yh', { hidden_size: H, linear_before_reset: 1, ...both }),
      op('Transpose', 'Yh', 'hs', { perm: [1, 0, 2] }),
      op('Reshape', 'hs flat', 'h'),
      gemm,
    ],
    ...io,
    tensors: [...recurrentWeights(3, 2, F, H), ...headless(2 * H), longs('flat', [0, -1])],
    kinds: 'gru gru concatenate dense',
    mode: 'windowed',
  },
  'both directions of an LSTM, their last states picked and joined': {
    nodes: [
      swap,
      lstm('xt', 'Y Yh', both),
      op('Gather', 'Yh first', 'h1', { axis: 0 }),
      op('Gather', 'Yh minus', 'h2', { axis: 0 }),
      op('Concat', 'h1 h2', 'h', { axis: 1 }),
      gemm,
    ],
    ...io,
    tensors: [...lstmWeights(2), ...headless(2 * H), longs('first', [0], [])],
    kinds: 'lstm lstm concatenate dense',
    mode: 'windowed',
  },
  'both directions of an RNN, their sequences merged': {
    nodes: [
      swap,
      op('RNN', 'xt W R B', 'Y', { hidden_size: H, activations: ['Relu', 'Tanh'], ...both }),
      op('Transpose', 'Y', 'yd', { perm: [2, 0, 1, 3] }),
      op('Reshape', 'yd flat', 's'),
      last,
      gemm,
    ],
    ...io,
    tensors: [...recurrentWeights(1, 2, F, H), ...headless(2 * H), longs('flat', [0, 0, 2 * H])],
    kinds: 'rnn rnn concatenate last dense',
    mode: 'windowed',
  },
  'a GRU, the reset before the product, unusual activations': {
    nodes: [
      swap,
      op('GRU', 'xt W R B', 'Y Yh', {
        hidden_size: H,
        activations: ['HardSigmoid', 'Softsign'],
        activation_alpha: { floats: [0.2] },
        activation_beta: { floats: [0.5] },
      }),
      squeeze,
      gemm,
    ],
    ...io,
    tensors: [...recurrentWeights(3, 1, F, H), ...headless()],
    kinds: 'gru dense',
  },
  'a GRU without biases': {
    nodes: [swap, op('GRU', 'xt W R', '- Yh', { hidden_size: H, linear_before_reset: 1 }), squeeze, gemm],
    ...io,
    tensors: [...recurrentWeights(3, 1, F, H).slice(0, 2), ...headless()],
    kinds: 'gru dense',
  },
  'an RNN without an activations attribute': {
    nodes: [swap, op('RNN', 'xt W R B', 'Y Yh', { hidden_size: H }), squeeze, gemm],
    ...io,
    tensors: [...recurrentWeights(1, 1, F, H), ...headless()],
    kinds: 'rnn dense',
  },
  'two layers, states as inputs and outputs': {
    nodes: [
      swap,
      op('Slice', 'h0 zero one', 'h00'),
      op('Slice', 'h0 one two', 'h01'),
      op('Split', 'c0', 'c00 c01', { axis: 0 }),
      op('LSTM', 'xt W R B - h00 c00', 'Y1 Yh1 Yc1', { hidden_size: H }),
      op('Squeeze', 'Y1 one', 'x2'),
      op('LSTM', 'x2 W2 R2 B2 - h01 c01', 'Y2 Yh2 Yc2', { hidden_size: H }),
      op('Concat', 'Yh1 Yh2', 'hn', { axis: 0 }),
      op('Gather', 'hn minus', 'h', { axis: 0 }),
      gemm,
    ],
    inputs: [{ name: 'h0', dims: [2, 'N', H] }, { name: 'c0', dims: [2, 'N', H] }, x],
    outputs: [{ name: 'hn', dims: [2, 'N', H] }, y],
    tensors: [...lstmWeights(), ...recurrentWeights(4, 1, H, H, '2'), ...headless(), longs('two', [2])],
    kinds: 'lstm lstm dense',
  },
  'states computed as zeros': {
    nodes: [
      op('Shape', 'x', 'shape'),
      op('Gather', 'shape zero0', 'n', { axis: 0 }),
      op('Unsqueeze', 'n zero', 'n1'),
      op('Concat', 'one n1 hidden', 'states', { axis: 0 }),
      op('ConstantOfShape', 'states', 'h0', { value: floats('', [1], [0]) }),
      op('Constant', '', 'nothing', { value: floats('', [], [0]) }),
      op('Expand', 'nothing states', 'c0'),
      swap,
      op('LSTM', 'xt W R B - h0 c0', 'Y Yh Yc', { hidden_size: H }),
      squeeze,
      gemm,
    ].map((node) => (node.op === 'Constant' ? { ...node, inputs: [] } : node)),
    ...io,
    tensors: [...plain, longs('zero0', [0], []), longs('hidden', [H])],
    kinds: 'lstm dense',
  },
  'axes as attributes, as before version 13': {
    nodes: [
      swap,
      lstm(),
      op('Squeeze', 'Y', 'ys', { axes: [1] }),
      op('Transpose', 'ys', 's', { perm: [1, 0, 2] }),
      op('Slice', 's minus1 end one', 'l'),
      op('Squeeze', 'l', 'h', { axes: [1] }),
      op('Unsqueeze', 'h', 'h1', { axes: [1] }),
      op('Flatten', 'h1', 'h2'),
      op('Gemm', 'h2 K k', 'g', { transB: 0 }),
      op('Softmax', 'g', 'y'),
    ],
    ...io,
    tensors: [...plain, longs('minus1', [-1]), longs('end', [2 ** 31 - 1])],
    opset: 11,
    kinds: 'lstm last dense',
  },
  'a Slice by attributes, as before version 10': {
    nodes: [
      swap,
      lstm(),
      op('Slice', 'Y', 'l', { starts: [-1], ends: [2 ** 31 - 1], axes: [0] }),
      op('Squeeze', 'l', 'h', { axes: [0, 1] }),
      gemm,
    ],
    ...io,
    tensors: plain,
    opset: 9,
    kinds: 'lstm last dense',
  },
  'Gemm with factors and weights the other way round': {
    ...onState(op('Gemm', 'h K k', 'y', { alpha: { floats: 0.5 }, beta: { floats: 2 }, transB: 1 })),
    tensors: [...lstmWeights(), ...headless().slice(2), weights('K', [O, H]), weights('k', [1])],
    kinds: 'lstm dense',
  },
  'MatMul, Add and Softmax': {
    ...onState(op('MatMul', 'h K', 'm'), op('Add', 'k m', 'a'), op('Softmax', 'a', 'y', { axis: 1 })),
    tensors: plain,
    kinds: 'lstm dense',
  },
  'a hidden layer that two others read': {
    ...onState(op('MatMul', 'h Q', 'm'), op('Relu', 'm', 'r'), op('Add', 'r m', 'a'), op('Gemm', 'a K k', 'y')),
    tensors: [...plain, weights('Q', [H, H])],
    kinds: 'lstm dense dense merge dense',
  },
  'tokens that name rows of a table': {
    nodes: [op('Gather', 'table x', 'e'), op('Transpose', 'e', 'xt', { perm: [1, 0, 2] }), lstm(), squeeze, gemm],
    inputs: [{ name: 'x', dims: ['N', 'T'], type: 7 }],
    outputs: [y],
    tensors: [...lstmWeights(1, 6), ...headless(), weights('table', [9, 6])],
    tokens: 9,
    kinds: 'embedding lstm dense',
  },
  'tokens that come as floats': {
    nodes: [
      op('Squeeze', 'x minus1', 'xs'),
      op('Cast', 'xs', 'i', { to: 7 }),
      op('Gather', 'table i', 'e', { axis: 0 }),
      op('Transpose', 'e', 'xt', { perm: [1, 0, 2] }),
      lstm(),
      squeeze,
      gemm,
    ],
    inputs: [{ name: 'x', dims: ['N', 'T', 1] }],
    outputs: [y],
    tensors: [...lstmWeights(1, 6), ...headless(), weights('table', [9, 6]), longs('minus1', [-1])],
    tokens: 9,
    kinds: 'embedding lstm dense',
  },
  'one value a tick, without an axis of features': {
    nodes: [op('Unsqueeze', 'x minus1', 'x1'), op('Transpose', 'x1', 'xt', { perm: [1, 0, 2] }), lstm(), squeeze, gemm],
    inputs: [{ name: 'x', dims: ['N', 'T'] }],
    outputs: [y],
    tensors: [...lstmWeights(1, 1), ...headless(), longs('minus1', [-1])],
    kinds: 'lstm dense',
  },
  'one output a window, without an axis of outputs': {
    ...onState(op('MatMul', 'h Q', 'q'), op('Sigmoid', 'q', 'p'), op('Squeeze', 'p one', 'y')),
    outputs: [{ name: 'y', dims: ['N'] }],
    tensors: [...plain, weights('Q', [H, 1])],
    kinds: 'lstm dense',
  },
  'ticks before the batch': {
    nodes: [lstm('x'), squeeze, gemm],
    inputs: [{ name: 'x', dims: ['T', 'N', F] }],
    outputs: [y],
    tensors: plain,
    ticksFirst: true,
    kinds: 'lstm dense',
  },
  'an open number of features': {
    ...onState(gemm),
    inputs: [{ name: 'x', dims: ['N', 'T', 'F'] }],
    tensors: plain,
    kinds: 'lstm dense',
  },
  'inputs that are standardised': {
    nodes: [
      op('Sub', 'x mean', 'c'),
      op('Div', 'c deviation', 'n'),
      op('Transpose', 'n', 'xt', { perm: [1, 0, 2] }),
      lstm(),
      squeeze,
      gemm,
    ],
    ...io,
    tensors: [...plain, floats('mean', [F], [0.5, -1, 2]), floats('deviation', [1, 1, F], [2, 0.5, 3])],
    kinds: 'normalization lstm dense',
  },
  'inputs and outputs that are scaled and shifted': {
    nodes: [
      op('Mul', 'x scale', 'c'),
      op('Add', 'offset c', 'n'),
      op('Transpose', 'n', 'xt', { perm: [1, 0, 2] }),
      lstm(),
      squeeze,
      op('Tanh', 'h', 'a'),
      op('Gemm', 'a K k', 'g'),
      op('Sub', 'one1 g', 'r'),
      op('Div', 'r half', 'y'),
    ],
    ...io,
    tensors: [
      ...plain,
      floats('scale', [F], [0.5, -1, 2]),
      floats('offset', [1], [0.25]),
      floats('one1', [], [1]),
      floats('half', [1, O], [0.5, 0.25]),
    ],
    kinds: 'rescaling lstm activation dense rescaling rescaling',
  },
  'LayerNormalization of every tick': {
    ...overSequence(
      op('LayerNormalization', 's gain shift', 'n', { epsilon: { floats: 0.001 } }),
      op('Gather', 'n minus', 'h', { axis: 1 }),
      gemm,
    ),
    tensors: [...plain, weights('gain', [H]), weights('shift', [H])],
    kinds: 'lstm layer-normalization last dense',
  },
  'BatchNormalization between two Transposes': {
    nodes: [
      op('Transpose', 'x', 'xc', { perm: [0, 2, 1] }),
      op('BatchNormalization', 'xc gain shift mean variance', 'n', { epsilon: { floats: 0.01 } }),
      op('Transpose', 'n', 'xt', { perm: [2, 0, 1] }),
      lstm(),
      squeeze,
      gemm,
    ],
    ...io,
    tensors: [
      ...plain,
      weights('gain', [F]),
      weights('shift', [F]),
      weights('mean', [F]),
      floats('variance', [F], [0.5, 1, 2]),
    ],
    kinds: 'batch-normalization lstm dense',
  },
  'the mean of all ticks': {
    ...overSequence(op('ReduceMean', 's', 'h', { axes: [1], keepdims: 0 }), gemm),
    tensors: plain,
    kinds: 'lstm global-pooling dense',
    mode: 'windowed',
  },
  'the largest of all ticks, pooled': {
    ...overSequence(
      op('Transpose', 's', 'sc', { perm: [0, 2, 1] }),
      op('GlobalMaxPool', 'sc', 'p'),
      op('Flatten', 'p', 'h'),
      gemm,
    ),
    tensors: plain,
    kinds: 'lstm global-pooling dense',
    mode: 'windowed',
  },
  'all ticks laid out': {
    ...overSequence(op('Flatten', 's', 'f'), op('Gemm', 'f K k', 'y')),
    inputs: [{ name: 'x', dims: ['N', T, F] }],
    tensors: [...lstmWeights(), ...headless(T * H)],
    kinds: 'lstm flatten dense',
    mode: 'windowed',
  },
  'a window of fixed length': {
    ...overSequence(op('Gather', 's at', 'h', { axis: 1 }), gemm),
    inputs: [{ name: 'x', dims: ['N', T, F] }],
    tensors: [...plain, longs('at', [T - 1], [])],
    kinds: 'lstm last dense',
    mode: 'windowed',
  },
  'a layer around another, and a gate of its own': {
    nodes: [
      op('MatMul', 'x P', 'p'),
      op('Sigmoid', 'p', 'g'),
      op('Mul', 'p g', 'q'),
      op('Transpose', 'q', 'xt', { perm: [1, 0, 2] }),
      lstm(),
      ...unswap,
      op('Add', 's q', 'r'),
      op('Gather', 'r minus', 'h', { axis: 1 }),
      gemm,
    ],
    ...io,
    tensors: [...lstmWeights(1, H), ...headless(), weights('P', [F, H])],
    kinds: 'dense dense merge lstm merge last dense',
  },
  'weights that nodes put together': {
    nodes: [
      op('Concat', 'W1 W2', 'Wj', { axis: 0 }),
      op('Unsqueeze', 'Wj zero', 'W'),
      op('Transpose', 'Rt', 'R', { perm: [0, 2, 1] }),
      op('Add', 'Ba Bb', 'Bs'),
      op('Reshape', 'Bs flat', 'B'),
      op('Identity', 'W', 'Wi'),
      op('Dropout', 'x', 'xd'),
      op('Transpose', 'xd', 'xt', { perm: [1, 0, 2] }),
      op('LSTM', 'xt Wi R B', 'Y Yh Yc', { hidden_size: H }),
      squeeze,
      gemm,
    ],
    ...io,
    tensors: [
      weights('W1', [H, F]),
      weights('W2', [3 * H, F]),
      weights('Rt', [1, H, 4 * H]),
      weights('Ba', [8 * H]),
      weights('Bb', [1]),
      longs('flat', [1, -1]),
      ...headless(),
    ],
    kinds: 'lstm dense',
  },
  'gates that nodes put in order': {
    nodes: [
      op('Split', 'Wt', 'Wi Wf Wg Wo', { axis: 0 }),
      op('Concat', 'Wi Wo Wf Wg', 'Wj', { axis: 0 }),
      op('Slice', 'Rt zero five', 'Ri'),
      op('Slice', 'Rt five fifteen', 'Rfg'),
      op('Slice', 'Rt fifteen end', 'Ro'),
      op('Concat', 'Ri Ro Rfg', 'Rj', { axis: 0 }),
      op('Unsqueeze', 'Wj zero', 'W'),
      op('Unsqueeze', 'Rj zero', 'R'),
      swap,
      op('LSTM', 'xt W R', 'Y Yh', { hidden_size: H }),
      squeeze,
      gemm,
    ],
    ...io,
    tensors: [
      weights('Wt', [4 * H, F]),
      weights('Rt', [4 * H, H]),
      longs('five', [H]),
      longs('fifteen', [3 * H]),
      longs('end', [2 ** 53]),
      ...headless(),
    ],
    kinds: 'lstm dense',
  },
  'weights in Constant nodes': {
    nodes: [
      ...lstmWeights().map((tensor) => ({ ...op('Constant', '-', tensor.name, { value: tensor }), inputs: [] })),
      ...onState(gemm).nodes,
    ],
    ...io,
    tensors: headless(),
    kinds: 'lstm dense',
  },
  'states of a shape that is asked for, as PyTorch expands it': {
    nodes: [
      op('Shape', 'x', 'n', { start: 0, end: 1 }),
      op('Concat', 'minus1 n minus1', 'wanted', { axis: 0 }),
      op('ConstantOfShape', 'three', 'ones', { value: longs('', [1]) }),
      op('Equal', 'wanted minus1', 'asIs'),
      op('Where', 'asIs ones wanted', 'shape'),
      op('Expand', 'state shape', 'h0'),
      swap,
      op('LSTM', 'xt W R B - h0 h0', 'Y Yh', { hidden_size: H }),
      squeeze,
      gemm,
    ],
    ...io,
    tensors: [...plain, longs('minus1', [-1]), longs('three', [3]), floats('state', [1, 1, H], new Float32Array(H))],
    kinds: 'lstm dense',
  },
  'a batch of one, all sizes fixed': {
    nodes: [
      swap,
      lstm('xt', 'Y Yh', both),
      op('Transpose', 'Y', 'yt', { perm: [2, 0, 1, 3] }),
      op('Reshape', 'yt merged', 's'),
      op('Gather', 's minus', 'g', { axis: 1 }),
      op('Squeeze', 'g', 'v'),
      op('Reshape', 'v row', 'h'),
      gemm,
    ],
    inputs: [{ name: 'x', dims: [1, T, F] }],
    outputs: [{ name: 'y', dims: [1, O] }],
    tensors: [...lstmWeights(2), ...headless(2 * H), longs('merged', [1, T, 2 * H]), longs('row', [1, -1])],
    kinds: 'lstm lstm concatenate last dense',
    mode: 'windowed',
  },
  'activations that have no operator of their own': {
    ...onState(
      op('Gemm', 'h Q', 'q'),
      op('Clip', 'q low high', 'c'),
      op('Gemm', 'c Q', 'r'),
      op('Clip', 'r low', 'd'),
      op('Gemm', 'd K k', 'e'),
      op('HardSigmoid', 'e', 'y', { alpha: { floats: 1 / 6 } }),
    ),
    tensors: [...plain, weights('Q', [H, H], 5), floats('low', [], [0]), floats('high', [], [6])],
    kinds: 'lstm dense dense dense',
  },
  ...Object.fromEntries(
    Object.entries(activations).map(([name, attributes]): [string, Made] => [
      `${name} of what a layer gives`,
      {
        ...onState(op(name, 'h', 'a', attributes), op('Gemm', 'a K k', 'y')),
        tensors: plain,
        opset: 20,
        kinds: 'lstm activation dense',
      },
    ]),
  ),
};
