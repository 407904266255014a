import { oneOf } from '../formats/fields.ts';
import { rowWidth, showShape } from '../shape.ts';
import { MERGES, type MergeSpec } from '../spec.ts';
import { floats, type LayerContext, type LayerKind, type Rows, rowLayer } from './layer.ts';

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
    const { arena, B, R, onInputs } = context;
    const W = rowWidth(context.inputs[0]!);
    const op = MERGES.indexOf(operation);
    const masks = combineMasks(context);
    const seen = arena.alloc(4 * (onInputs ? R : B));
    // Keras adds masked ticks as they are, but multiplies and compares without them
    const passesOver = operation === 'multiply' || operation === 'maximum' || operation === 'minimum';
    return rowLayer(context, W, (inputs, out, slots, n) => {
      const [first] = inputs;
      arena.copyRows(out.at, out.stride, first!.at, first!.stride, slots, slots, n, W);
      if (passesOver && inputs.some(({ mask }) => mask !== 0)) {
        floats(arena, seen, onInputs ? R : B).fill(0);
        for (const { at, stride, mask, maskStride } of inputs)
          arena.combineSeen(op, out.at, out.stride, seen, at, stride, mask, maskStride, slots, n, W);
        if (operation === 'multiply') arena.zeroMasked(out.at, out.stride, seen, 1, slots, n, W);
      } else {
        for (const x of inputs.slice(1)) arena.combine(op, out.at, out.stride, x.at, x.stride, slots, n, W);
        if (operation === 'average') arena.divide(out.at, out.stride, inputs.length, slots, n, W);
      }
      masks(inputs, out, slots, n);
    });
  },
};

/** A tick is seen where any of the inputs is; an input without a mask is seen everywhere. */
export function combineMasks({
  arena,
  B,
  R,
  onInputs,
}: LayerContext): (inputs: readonly Rows[], out: Rows, slots: number, n: number) => void {
  const mask = arena.alloc(4 * (onInputs ? R : B));
  return (inputs, out, slots, n) => {
    const [first, ...others] = inputs;
    const masked = inputs.every((x) => x.mask !== 0);
    out.mask = masked ? mask : 0;
    out.maskStride = 1;
    if (!masked) return;
    arena.copyRows(mask, 1, first!.mask, first!.maskStride, slots, slots, n, 1);
    for (const x of others) arena.eitherMask(mask, mask, 1, x.mask, x.maskStride, slots, n);
  };
}
