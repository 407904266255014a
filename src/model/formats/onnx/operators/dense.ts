/** Products with a matrix of weights. */
import { elementCount, type Tensor } from '../../tensor.ts';
import { eachPart, featuresAt } from '../axes.ts';
import type { Call, Operator } from '../call.ts';
import type { Data } from '../values.ts';
import { transposed } from '../views.ts';

export const matMul: Operator = (call) => [dense(call.data(0), call.constant(1), null, 1, call)];

export const gemm: Operator = (call) => {
  const { attributes } = call.node;
  if (attributes.int('transA', 0) !== 0) call.refuse('with its data transposed');
  const data = call.data(0);
  if (data.axes.length !== 2) call.refuse('of other than two axes');
  const weights = call.constant(1);
  if (weights.shape.length !== 2) call.check(weights, 'B', [0, 0]);
  const kernel = attributes.int('transB', 0) === 0 ? weights : transposed(weights, [1, 0]);
  const bias = call.has(2) ? biasOf(call, kernel.shape[1]!, attributes.float('beta', 1)) : null;
  return [dense(data, kernel, bias, attributes.float('alpha', 1), call)];
};

/** @param weights (I, O) */
function dense(data: Data, weights: Tensor, bias: Float32Array | null, factor: number, call: Call): Data {
  const from = featuresAt(data, data.axes.length - 1, call);
  const units = weights.shape.at(-1)!;
  if (weights.shape.length !== 2) call.refuse('with weights of other than two axes');
  call.check(weights, 'weights', [from.width, units]);
  if (units === 0) call.refuse('that gives nothing');
  const kernel = scaled(call.context.floats(weights), factor);
  const layer = { kind: 'dense', name: call.name, units, activation: 'linear', kernel } as const;
  return eachPart(from, (part) => part.through({ ...layer, bias: bias ?? new Float32Array(units) }, units));
}

/** One value for all units, or one each. */
function biasOf(call: Call, units: number, factor: number): Float32Array {
  const tensor = call.constant(2);
  const count = elementCount(tensor.shape);
  if (count !== 1 && (count !== units || tensor.shape.at(-1) !== units)) call.check(tensor, 'C', [units]);
  const values = scaled(call.context.floats(tensor), factor);
  return count === units ? values : new Float32Array(units).fill(values[0]!);
}

function scaled(values: Float32Array, factor: number): Float32Array {
  if (factor !== 1) for (let i = 0; i < values.length; i++) values[i]! *= factor;
  return values;
}
