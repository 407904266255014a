import type { Arena } from '../../kernels.ts';
import { optional, text } from '../formats/fields.ts';
import type { LstmSpec } from '../spec.ts';
import { packDense } from './dense.ts';
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
  type StepArguments,
  split,
} from './recurrent.ts';
import { columnOf, recurrentTape, SIGMOID, TANH, type TapeCell } from './recurrentTape.ts';
import { checkGate } from './shapes.ts';
import { allocOuter, type Pack, packColumns, type TapeContext } from './taped.ts';

/** LSTM of B branches (`assembly/layers/lstm.ts`). */
export const lstm: LayerKind<LstmSpec> = {
  kind: 'lstm',
  summary: 'LSTM, also with a projected state',
  fields: { ...recurrentFields, recurrentActivation: optional(text) },
  tensorNames: ['kernel', 'recurrent', 'bias', 'projection?'],
  tensors: ({ inputs, units, recurrent, projection }) => {
    const P = projection ? Math.floor(recurrent.length / (4 * units)) : units;
    return {
      kernel: [inputs, 4 * units],
      recurrent: [P, 4 * units],
      bias: [4 * units],
      ...(projection ? { projection: [units, P] } : {}),
    };
  },
  shapes(spec, inputs, refuse) {
    checkGate(spec.recurrentActivation, 'recurrentActivation', refuse);
    const P = stateWidth(spec);
    if (!Number.isInteger(P))
      refuse('projection', `${spec.projection!.length} values`, `a whole number for each of ${spec.units} units`);
    return recurrentShapes(spec, inputs, refuse, P);
  },
  needsWindow: recurrentNeedsWindow,
  stateful: true,
  step: (spec, context) => recurrentLayer(spec, context, lstmCell(spec, context)),
  tape: (spec, context) => recurrentTape(spec, context, lstmTapeCell(spec, context)),
};

function stateWidth({ units, projection }: LstmSpec): number {
  return projection ? projection.length / units : units;
}

function lstmCell(spec: LstmSpec, { arena, B, weights }: LayerContext): Cell {
  const { inputs, units: H, kernel, recurrent, bias, projection } = spec;
  const P = stateWidth(spec);
  const stride = pad(H);
  const rows = inputs + P;
  const { gate, kind } = activationsOf(spec);
  const c = { at: arena.alloc(4 * B * stride), stride, units: H };
  const gates = arena.alloc(4 * 4 * stride);
  // with a projection the kernel writes o act(c) here, and a product with W makes h of it
  const raw = projection ? arena.alloc(4 * B * stride) : 0;
  const project = projection ? weights.place({ projection }, (t) => packDense(t.projection, H, P)) : 0;
  const nothing = projection ? arena.alloc(4 * pad(P)) : 0;

  const hStride = pad(P);
  // a kernel passes over an argument that it does not have
  const kernelStep: Arena['lstmStepAny'] = gate === SIGMOID && kind === TANH ? arena.lstmStep : arena.lstmStepAny;

  const step = (a: StepArguments): void => {
    const { before, n, I, weights } = a;
    const to = raw || a.h;
    kernelStep(to, before, hStride, P, c.at, a.slots, n, a.z, a.zRow, a.x, a.xStride, I, weights, rows, H, gate, kind);
    if (raw) arena.denseStep(a.h, hStride, raw, stride, a.slots, a.n, project, nothing, H, P);
  };
  return {
    width: P,
    G: 4,
    Z: 4,
    weights: weights.place({ kernel, recurrent }, (t) => packWeights(t.kernel, t.recurrent, inputs, P, H, 4)),
    bias: weights.place({ bias }, (t) => packSums(split(t.bias, H), H)),
    states: [c],
    step,
    internals(a) {
      arena.lstmGates(gates, a.z, a.x, a.I, a.before, P, a.weights, rows, H, gate, kind);
      const at = (group: number): number => gates + 4 * group * stride;
      return { cell: c.at, i: at(0), f: at(1), g: at(2), o: at(3) };
    },
  };
}

function lstmTapeCell(spec: LstmSpec, context: TapeContext): TapeCell<Pick<LstmSpec, 'kernel' | 'recurrent' | 'bias'>> {
  const { arena, B, weights } = context;
  const { inputs: I, units: H, kernel, recurrent, bias, projection } = spec;
  const P = stateWidth(spec);
  const [stride, hStride] = [pad(H), pad(P)];
  const { gate, kind } = activationsOf(spec);
  // the gradient of o act(c), of which a projection makes h
  const dRaw = projection ? arena.alloc(4 * B * stride) : 0;
  const place = (pack: Pack<{ projection: Float32Array }>): number =>
    projection ? weights.place({ projection }, pack) : 0;
  const project = place((t) => packDense(t.projection, H, P));
  const transposed = place((t) => packColumns(P, H, (p, unit) => t.projection[unit * P + p]!));
  const zeros = projection ? arena.alloc(4 * Math.max(stride, hStride)) : 0;
  const dProject =
    projection && weights.gradient({ projection }, (t) => packColumns(H, P, (unit, p) => t.projection[unit * P + p]!));
  const unused = dProject ? arena.alloc(4 * hStride) : 0;
  const work = dProject ? allocOuter(context, H) : 0;
  return {
    width: P,
    cellWidth: H,
    columns: 4 * stride,
    projected: projection != null,
    tensors: { kernel, recurrent, bias },
    weight(t, row, column) {
      const { gate: group, unit } = columnOf(column, H);
      if (unit < 0) return 0;
      return row < I ? t.kernel[(row * 4 + group) * H + unit]! : t.recurrent[((row - I) * 4 + group) * H + unit]!;
    },
    biases: [(t) => packSums(split(t.bias, H), H)],
    keepsSums: gate !== SIGMOID || kind !== TANH,
    holds: false,
    keep({ slots, n, sums, gates, raw, h, c, cBefore }) {
      arena.lstmKeep(raw || h, c, cBefore, gates, sums, slots, n, H, gate, kind);
      if (raw) arena.denseStep(h, hStride, raw, stride, slots, n, project, zeros, H, P);
    },
    back({ slots, n, sums, gates, raw, c, cBefore, dz, dh, dc }) {
      if (dProject) arena.outer(dProject, unused, raw, stride, H, 0, 0, 0, dh, hStride, slots, n, P, work);
      if (dRaw) arena.product(dRaw, stride, zeros, 0, dh, hStride, P, 0, 0, 0, slots, n, transposed, H);
      arena.lstmBack(dz, dc, dRaw || dh, c, cBefore, gates, sums, slots, n, H, gate, kind);
    },
  };
}
