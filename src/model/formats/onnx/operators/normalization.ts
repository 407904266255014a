import { eachPart, featuresAt } from '../axes.ts';
import type { Call, Operator } from '../call.ts';

export const layerNormalization: Operator = (call) => {
  const given = call.data(0);
  const last = given.axes.length - 1;
  if (call.axis(call.node.attributes.int('axis', -1), last + 1) !== last) call.refuse('over several axes');
  const data = featuresAt(given, last, call);
  const gamma = call.vector(1, 'Scale', data.width);
  const beta = call.has(2) ? call.vector(2, 'B', data.width) : new Float32Array(data.width);
  const layer = { kind: 'layer-normalization', name: call.name, epsilon: epsilon(call), gamma, beta } as const;
  return [eachPart(data, (part) => part.through(layer))];
};

/** As trained: features on axis 1, wherever the ticks are. */
export const batchNormalization: Operator = (call) => {
  const { attributes } = call.node;
  if (call.context.opset < 9) call.refuse('of an old version');
  if (attributes.int('training_mode', 0) !== 0) call.refuse('in training mode');
  const given = call.data(0);
  const data = featuresAt(given, call.axis(1, given.axes.length), call);
  const [gamma, beta, mean, variance] = ['scale', 'B', 'mean', 'var'].map((name, i) =>
    call.vector(i + 1, name, data.width),
  );
  const layer = {
    kind: 'batch-normalization',
    name: call.name,
    epsilon: epsilon(call),
    gamma: gamma!,
    beta: beta!,
    mean: mean!,
    variance: variance!,
  } as const;
  return [eachPart(data, (part) => part.through(layer))];
};

function epsilon(call: Call): number {
  return call.node.attributes.float('epsilon', 1e-5);
}
