import { oneOf } from '../formats/fields.ts';
import { rowWidth, showShape } from '../shape.ts';
import { MERGES, type MergeSpec } from '../spec.ts';
import {
  allocMask,
  combineMasks,
  type LayerContext,
  type LayerKind,
  type Rows,
  type RunRows,
  rowLayer,
} from './layer.ts';
import { type TapeContext, type TapeTick, taken, tickByTick } from './taped.ts';

export const merge: LayerKind<MergeSpec> = {
  kind: 'merge',
  summary: 'Add, Subtract, Multiply, Average, Maximum, Minimum',
  fields: { operation: oneOf(MERGES) },
  tensorNames: [],
  tensors: () => ({}),
  shapes({ operation }, inputs, refuse) {
    const [first] = inputs;
    if (inputs.length < 2 || (operation === 'subtract' && inputs.length !== 2))
      refuse('inputs', `${inputs.length} of them`, operation === 'subtract' ? 'two' : 'two or more');
    for (const shape of inputs) {
      if (showShape(shape) !== showShape(first!)) refuse('inputs', showShape(shape), `the shape ${showShape(first!)}`);
    }
    return [first!];
  },
  needsWindow: () => null,
  stateful: false,
  step: (spec, context) => rowLayer(context, rowWidth(context.inputs[0]!), merges(spec, context)),
  tape(spec, context) {
    const [, W] = taken(context);
    return tickByTick(context, merges(spec, context, W), spread(spec, context, W));
  },
};

function merges({ operation }: MergeSpec, context: LayerContext, W = rowWidth(context.inputs[0]!)): RunRows {
  const { arena } = context;
  const op = MERGES.indexOf(operation);
  const masks = combineMasks(context);
  const seen = allocMask(context);
  // Keras adds masked ticks as they are, but multiplies and compares without them
  const passesOver = operation === 'multiply' || operation === 'maximum' || operation === 'minimum';
  return (inputs, out, slots, n) => {
    arena.copyRows(out.at, out.stride, inputs[0]!.at, inputs[0]!.stride, slots, slots, n, W);
    if (passesOver && anyMask(inputs)) {
      arena.clearMask(seen, slots, n);
      for (let i = 0; i < inputs.length; i++) {
        const { at, stride, mask, maskStride } = inputs[i]!;
        arena.combineSeen(op, out.at, out.stride, seen, at, stride, mask, maskStride, slots, n, W);
      }
      if (operation === 'multiply') arena.zeroMasked(out.at, out.stride, seen, 1, slots, n, W);
    } else {
      for (let i = 1; i < inputs.length; i++) {
        const { at, stride } = inputs[i]!;
        arena.combine(op, out.at, out.stride, at, stride, slots, n, W);
      }
      if (operation === 'average') arena.divide(out.at, out.stride, inputs.length, slots, n, W);
    }
    masks(inputs, out, slots, n);
  };
}

/** Spreads the gradient of what was merged over what it was merged of. */
function spread({ operation }: MergeSpec, { arena, from, slots }: TapeContext, W: number): (tick: TapeTick) => void {
  const op = MERGES.indexOf(operation);
  if (operation === 'multiply' || operation === 'maximum' || operation === 'minimum') {
    const fields = 6;
    const inputs = arena.alloc(4 * fields * from.length);
    return ({ n, x, dx, dy }) => {
      const list = new Int32Array(arena.memory.buffer, inputs, fields * from.length);
      x.forEach(({ at, stride, mask, maskStride }, i) => {
        list.set([at, stride, mask, maskStride, dx[i]!.at, dx[i]!.stride], fields * i);
      });
      arena.mergeBack(op, dy.at, dy.stride, inputs, from.length, slots, n, W);
    };
  }
  return ({ n, dx, dy }) => {
    if (operation === 'average') arena.divide(dy.at, dy.stride, from.length, slots, n, W);
    dx.forEach(({ at, stride }, i) => {
      arena.combine(operation === 'subtract' && i > 0 ? op : 0, at, stride, dy.at, dy.stride, slots, n, W);
    });
  };
}

function anyMask(inputs: readonly Rows[]): boolean {
  for (let i = 0; i < inputs.length; i++) if (inputs[i]!.mask !== 0) return true;
  return false;
}
