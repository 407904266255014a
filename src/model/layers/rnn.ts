import type { RnnSpec } from '../spec.ts';
import type { LayerContext, LayerKind } from './layer.ts';
import {
  activationsOf,
  type Cell,
  packSums,
  packWeights,
  recurrentFields,
  recurrentLayer,
  recurrentNeedsWindow,
  recurrentShapes,
} from './recurrent.ts';

/** Simple recurrent layer of B branches (`assembly/layers/rnn.ts`). */
export const rnn: LayerKind<RnnSpec> = {
  kind: 'rnn',
  summary: 'simple recurrent layer',
  fields: recurrentFields,
  tensorNames: ['kernel', 'recurrent', 'bias'],
  tensors: ({ inputs, units }) => ({ kernel: [inputs, units], recurrent: [units, units], bias: [units] }),
  shapes: (spec, inputs, refuse) => recurrentShapes(spec, inputs, refuse, spec.units),
  needsWindow: recurrentNeedsWindow,
  stateful: true,
  step: (spec, context) => recurrentLayer(spec, context, rnnCell(spec, context)),
};

function rnnCell(spec: RnnSpec, { arena }: LayerContext): Cell {
  const { inputs: I, units: H, kernel, recurrent, bias } = spec;
  const { kind } = activationsOf(spec);
  return {
    width: H,
    G: 1,
    Z: 1,
    weights: packWeights(kernel, recurrent, I, H, H, 1),
    bias: packSums([bias], H),
    states: [],
    step(a) {
      arena.rnnStep(a.h, a.before, a.slots, a.n, a.z, a.zRow, a.x, a.xStride, a.I, a.weights, I + H, H, kind);
    },
    internals: () => ({}),
  };
}
