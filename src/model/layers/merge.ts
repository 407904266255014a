import { oneOf } from '../formats/fields.ts';
import { rowWidth, showShape } from '../shape.ts';
import { MERGES, type MergeSpec } from '../spec.ts';
import { allocMask, combineMasks, type LayerKind, type Rows, rowLayer } from './layer.ts';

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
  step({ operation }, context) {
    const { arena } = context;
    const W = rowWidth(context.inputs[0]!);
    const op = MERGES.indexOf(operation);
    const masks = combineMasks(context);
    const seen = allocMask(context);
    // Keras adds masked ticks as they are, but multiplies and compares without them
    const passesOver = operation === 'multiply' || operation === 'maximum' || operation === 'minimum';
    return rowLayer(context, W, (inputs, out, slots, n) => {
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
    });
  },
};

function anyMask(inputs: readonly Rows[]): boolean {
  for (let i = 0; i < inputs.length; i++) if (inputs[i]!.mask !== 0) return true;
  return false;
}
