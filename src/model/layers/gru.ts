import type { Arena } from '../../kernels.ts';
import { flag, optional, text } from '../formats/fields.ts';
import type { GruSpec } from '../spec.ts';
import { type LayerContext, type LayerKind, pad } from './layer.ts';
import {
  activationsOf,
  type Cell,
  packSums,
  packWeights,
  recurrentFields,
  recurrentLayer,
  recurrentNeedsWindow,
  recurrentShapes,
  split,
} from './recurrent.ts';
import { checkGate } from './shapes.ts';

/** GRU of B branches (`assembly/layers/gru.ts`). */
export const gru: LayerKind<GruSpec> = {
  kind: 'gru',
  summary: 'GRU, the reset gate before or after the recurrent product',
  fields: { ...recurrentFields, resetAfter: flag, recurrentActivation: optional(text) },
  tensorNames: ['kernel', 'recurrent', 'bias'],
  tensors: ({ inputs, units, resetAfter }) => ({
    kernel: [inputs, 3 * units],
    recurrent: [units, 3 * units],
    bias: resetAfter ? [2, 3 * units] : [3 * units],
  }),
  shapes(spec, inputs, refuse) {
    checkGate(spec.recurrentActivation, 'recurrentActivation', refuse);
    return recurrentShapes(spec, inputs, refuse, spec.units);
  },
  needsWindow: recurrentNeedsWindow,
  stateful: true,
  step: (spec, context) => recurrentLayer(spec, context, gruCell(spec, context)),
};

function gruCell(spec: GruSpec, { arena, B }: LayerContext): Cell {
  const { inputs, units: H, kernel, recurrent, resetAfter } = spec;
  const stride = pad(H);
  const rows = inputs + H;
  const { gate, kind } = activationsOf(spec);
  const gates = arena.alloc(4 * 3 * stride);
  const resetH = resetAfter ? 0 : arena.alloc(4 * B * stride);
  // a kernel passes over an argument that it does not have
  const step: Arena['gruStepBefore'] = resetAfter ? arena.gruStep : arena.gruStepBefore;
  return {
    width: H,
    G: 3,
    Z: 4,
    weights: packWeights(kernel, recurrent, inputs, H, H, 3),
    bias: packSums(startingSums(spec), H),
    states: [],
    step(a) {
      const { n, I } = a;
      step(a.h, a.before, a.slots, n, a.z, a.zRow, a.x, a.xStride, I, a.weights, rows, H, gate, kind, resetH);
    },
    internals(a) {
      arena.gruGates(gates, a.z, a.x, a.I, a.before, resetH, a.weights, rows, H, gate, kind);
      return { z: gates, r: gates + 4 * stride, n: gates + 8 * stride };
    },
  };
}

/** z, r and n with their biases, and the recurrent part of n with its own. */
function startingSums({ units: H, bias, resetAfter }: GruSpec): Float32Array[] {
  const [z, r, n, z2, r2, n2] = split(bias, H);
  if (!resetAfter) return [z!, r!, n!, new Float32Array(H)];
  return [z!.map((v, k) => v + z2![k]!), r!.map((v, k) => v + r2![k]!), n!, n2!];
}
