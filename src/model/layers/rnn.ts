import { ALPHA } from '../activations.ts';
import type { RnnSpec } from '../spec.ts';
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
} from './recurrent.ts';
import { recurrentTape, type TapeCell } from './recurrentTape.ts';
import type { TapeContext } from './taped.ts';

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
  tape: (spec, context) => recurrentTape(spec, context, rnnTapeCell(spec, context)),
};

function rnnCell(spec: RnnSpec, { arena, weights }: LayerContext): Cell {
  const { inputs: I, units: H, kernel, recurrent, bias } = spec;
  const { kind } = activationsOf(spec);
  return {
    width: H,
    G: 1,
    Z: 1,
    weights: weights.place({ kernel, recurrent }, (t) => packWeights(t.kernel, t.recurrent, I, H, H, 1)),
    bias: weights.place({ bias }, (t) => packSums([t.bias], H)),
    states: [],
    step(a) {
      arena.rnnStep(a.h, a.before, a.slots, a.n, a.z, a.zRow, a.x, a.xStride, a.I, a.weights, I + H, H, kind);
    },
    internals: () => ({}),
  };
}

/** Its sums are what the activation is taken of: there are no gates. */
function rnnTapeCell(spec: RnnSpec, { arena }: TapeContext): TapeCell<Pick<RnnSpec, 'kernel' | 'recurrent' | 'bias'>> {
  const { inputs: I, units: H, kernel, recurrent, bias } = spec;
  const { kind } = activationsOf(spec);
  const alpha = ALPHA[spec.activation ?? 'tanh'] ?? 1;
  const stride = pad(H);
  return {
    width: H,
    cellWidth: 0,
    columns: stride,
    projected: false,
    tensors: { kernel, recurrent, bias },
    weight: (t, row, unit) =>
      unit >= H ? 0 : row < I ? t.kernel[row * H + unit]! : t.recurrent[(row - I) * H + unit]!,
    biases: [(t) => packSums([t.bias], H)],
    keepsSums: false,
    holds: false,
    keep({ slots, n, sums, h }) {
      arena.copyRows(h, stride, sums, stride, slots, slots, n, H);
      arena.activate(kind, alpha, h, slots, n, stride, H);
    },
    back({ slots, n, sums, h, dz, dh }) {
      arena.activateBack(kind, alpha, dz, stride, dh, stride, sums, stride, h, stride, slots, n, H);
    },
  };
}
