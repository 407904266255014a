/** Means and maxima over all ticks. */
import type { PoolingSpec } from '../../../spec.ts';
import { eachPart, factorAt } from '../axes.ts';
import type { Call, Operator } from '../call.ts';
import type { Data } from '../values.ts';

/** ReduceMean and ReduceMax, of the ticks alone. */
export const reduce =
  (operation: PoolingSpec['operation']): Operator =>
  (call) => {
    const data = call.data(0);
    const axes = call.list(1, 'axes')?.map((axis) => call.axis(axis, data.axes.length));
    if (axes?.length !== 1) call.refuse('over several axes');
    return [pooled(data, axes![0]!, operation, call.node.attributes.int('keepdims', 1) === 1, call)];
  };

/** GlobalAveragePool and GlobalMaxPool of (N, F, T). */
export const pool =
  (operation: PoolingSpec['operation']): Operator =>
  (call) => {
    const data = call.data(0);
    if (data.axes.length !== 3 || factorAt(data, 1) !== 'features') call.refuse('of other than (N, F, T)');
    return [pooled(data, 2, operation, true, call)];
  };

function pooled(data: Data, axis: number, operation: PoolingSpec['operation'], keep: boolean, call: Call): Data {
  if (factorAt(data, axis) !== 'ticks') call.refuse('over an axis that is not that of the ticks');
  const layer = { kind: 'global-pooling', name: call.name, operation, keep: false } as const;
  const axes = data.axes.flatMap((factors, i) => (i !== axis ? [factors] : keep ? [[]] : []));
  return { ...eachPart(data, (part) => part.through(layer)), axes };
}
