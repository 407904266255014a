/** Operators of the standard domain that are understood, one line each. What is not listed makes a black box. */
import type { LayerSpec } from '../../../spec.ts';
import type { Operator } from '../call.ts';
import { add, divide, merge, multiply, negate, subtract } from './arithmetic.ts';
import { gemm, matMul } from './dense.ts';
import { batchNormalization, layerNormalization } from './normalization.ts';
import { activations, cast } from './pointwise.ts';
import { pool, reduce } from './pooling.ts';
import { recurrent } from './recurrent.ts';
import { concat, gather, slice, split } from './selection.ts';
import { constant, constantOfShape, equal, range, reduceProd, shape, where } from './sizes.ts';
import { dropout, expand, flatten, identity, reshape, squeeze, transpose, unsqueeze } from './structure.ts';

/** An operator, and the kinds of layers that it can become; none: it only moves values or counts them. */
type Listed = readonly [Operator, ...LayerSpec['kind'][]];

const operators: Readonly<Record<string, Listed>> = {
  ...Object.fromEntries(Object.entries(activations).map(([name, read]) => [name, [read, 'activation']])),
  Add: [add, 'dense', 'merge', 'rescaling'],
  BatchNormalization: [batchNormalization, 'batch-normalization'],
  Cast: [cast],
  Concat: [concat, 'concatenate'],
  Constant: [constant],
  ConstantOfShape: [constantOfShape],
  Div: [divide, 'normalization', 'rescaling'],
  Dropout: [dropout, 'dropout'],
  Equal: [equal],
  Expand: [expand],
  Flatten: [flatten, 'flatten'],
  GRU: [recurrent('gru'), 'gru'],
  Gather: [gather, 'embedding', 'last'],
  Gemm: [gemm, 'dense'],
  GlobalAveragePool: [pool('average'), 'global-pooling'],
  GlobalMaxPool: [pool('max'), 'global-pooling'],
  Identity: [identity],
  LSTM: [recurrent('lstm'), 'lstm'],
  LayerNormalization: [layerNormalization, 'layer-normalization'],
  MatMul: [matMul, 'dense'],
  Max: [merge('maximum'), 'merge'],
  Mean: [merge('average'), 'merge'],
  Min: [merge('minimum'), 'merge'],
  Mul: [multiply, 'merge', 'rescaling'],
  Neg: [negate, 'rescaling'],
  RNN: [recurrent('rnn'), 'rnn'],
  Range: [range],
  ReduceMax: [reduce('max'), 'global-pooling'],
  ReduceMean: [reduce('average'), 'global-pooling'],
  ReduceProd: [reduceProd],
  Reshape: [reshape, 'reshape', 'flatten'],
  Shape: [shape],
  Slice: [slice, 'last'],
  Split: [split],
  Squeeze: [squeeze],
  Sub: [subtract, 'merge', 'normalization', 'rescaling'],
  Sum: [merge('add'), 'merge'],
  Transpose: [transpose],
  Unsqueeze: [unsqueeze],
  Where: [where],
};

/** The operator of that name, where it is understood. */
export function findOperator(name: string): Operator | null {
  return Object.hasOwn(operators, name) ? operators[name]![0] : null;
}

/** Every operator that is understood, with the kinds of layers that it can become. */
export const onnxOperators: readonly { name: string; kinds: readonly LayerSpec['kind'][] }[] = Object.entries(
  operators,
).map(([name, [, ...kinds]]) => ({ name, kinds }));
