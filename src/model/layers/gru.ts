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
import { columnOf, recurrentTape, SIGMOID, TANH, type TapeCell } from './recurrentTape.ts';
import { checkGate } from './shapes.ts';
import { allocOuter, type Pack, packColumns, type TapeContext } from './taped.ts';

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
  tape: (spec, context) => recurrentTape(spec, context, gruTapeCell(spec, context)),
};

function gruCell(spec: GruSpec, { arena, B, weights }: LayerContext): Cell {
  const { inputs, units: H, kernel, recurrent, bias, resetAfter } = spec;
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
    weights: weights.place({ kernel, recurrent }, (t) => packWeights(t.kernel, t.recurrent, inputs, H, H, 3)),
    bias: weights.place({ bias }, ...startingPacks(spec)),
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

type GruTensors = Pick<GruSpec, 'kernel' | 'recurrent' | 'bias'>;

/** z, r, n and the recurrent part of n, each with its bias: the input's biases, and the recurrent ones that are added. */
function startingPacks({ units: H, resetAfter }: GruSpec): Pack<Pick<GruSpec, 'bias'>>[] {
  const none = new Float32Array(H);
  const sums = (t: Pick<GruSpec, 'bias'>): Float32Array[] => split(t.bias, H);
  if (!resetAfter) return [(t) => packSums([...sums(t), none], H)];
  return [
    (t) => packSums([...sums(t).slice(0, 3), none], H),
    (t) => packSums([...sums(t).slice(3, 5), none, sums(t)[5]!], H),
  ];
}

/** Places of n and m among the sums z, r, n, m. */
const [N, M] = [2, 3];

/** Sums z, r, n and m: what r multiplies in n, where it multiplies the recurrent product. */
function gruTapeCell(spec: GruSpec, context: TapeContext): TapeCell<GruTensors> {
  const { arena } = context;
  const { inputs: I, units: H, kernel, recurrent, bias, resetAfter } = spec;
  const { gate, kind } = activationsOf(spec);
  const reset = resetAfter ? null : resetBefore(spec, context, gate);
  return {
    width: H,
    cellWidth: 0,
    columns: 4 * pad(H),
    projected: false,
    tensors: { kernel, recurrent, bias },
    weight(t, row, column) {
      const { gate: group, unit } = columnOf(column, H);
      if (unit < 0) return 0;
      // x has no part in m, h none in n, nor in m where the reset gate comes before the product
      if (row < I) return group === M ? 0 : t.kernel[(row * 3 + group) * H + unit]!;
      if (group === N || (group === M && !resetAfter)) return 0;
      return t.recurrent[((row - I) * 3 + Math.min(group, N)) * H + unit]!;
    },
    biases: startingPacks(spec),
    keepsSums: gate !== SIGMOID || kind !== TANH,
    holds: true,
    keep(tick) {
      reset?.keep(tick);
      const { slots, n, sums, gates, h, before } = tick;
      arena.gruKeep(h, before, gates, sums, slots, n, H, gate, kind);
    },
    back(tick) {
      const { slots, n, sums, gates, before, dz, dh } = tick;
      arena.gruBack(dz, dh, before, gates, sums, slots, n, H, gate, kind);
      reset?.back(tick);
    },
  };
}

/** The recurrent part of n where the reset gate comes before the product: (r h) U_n, added to the sums. */
function resetBefore(
  { units: H, recurrent }: GruSpec,
  context: TapeContext,
  gate: number,
): Pick<TapeCell, 'keep' | 'back'> {
  const { arena, B, weights: all } = context;
  const stride = pad(H);
  const C = 4 * stride;
  const weight = (t: Pick<GruSpec, 'recurrent'>, k: number, column: number): number => {
    const { gate: group, unit } = columnOf(column, H);
    return group === N && unit >= 0 ? t.recurrent[(k * 3 + N) * H + unit]! : 0;
  };
  const packed: Pack<Pick<GruSpec, 'recurrent'>> = (t) => packColumns(H, C, (k, column) => weight(t, k, column));
  const weights = all.place({ recurrent }, packed);
  const transposed = all.place({ recurrent }, (t) => packColumns(C, H, (column, k) => weight(t, k, column)));
  const dWeights = all.gradient({ recurrent }, packed);
  const [unused, work] = dWeights ? [arena.alloc(4 * C), allocOuter(context, H)] : [0, 0];
  const [rh, drh, zeros] = [arena.alloc(4 * B * stride), arena.alloc(4 * B * stride), arena.alloc(4 * stride)];
  return {
    keep({ slots, n, sums, before }) {
      arena.gruReset(rh, before, sums, slots, n, H, gate);
      arena.product(sums, C, sums, C, rh, stride, H, 0, 0, 0, slots, n, weights, C);
    },
    back({ slots, n, sums, gates, before, dz, dh }) {
      if (dWeights) {
        // gates are what they are after their activation: the linear one, 0, leaves them so
        arena.gruReset(rh, before, gates, slots, n, H, 0);
        arena.outer(dWeights, unused, rh, stride, H, 0, 0, 0, dz, C, slots, n, C, work);
      }
      arena.product(drh, stride, zeros, 0, dz, C, C, 0, 0, 0, slots, n, transposed, H);
      arena.gruResetBack(dz, dh, drh, before, gates, sums, slots, n, H, gate);
    },
  };
}
