import { number } from '../formats/fields.ts';
import type { MaskingSpec } from '../spec.ts';
import { allocMask, type LayerKind, rowLayer } from './layer.ts';
import { only, rowsWithin, sequence } from './shapes.ts';

export const masking: LayerKind<MaskingSpec> = {
  kind: 'masking',
  summary: 'Masking: ticks that hold one value throughout are passed over',
  fields: { value: number },
  tensorNames: [],
  tensors: () => ({}),
  shapes: (_, inputs, refuse) => [[...sequence(only(inputs, refuse), refuse)]],
  needsWindow: (_, [shape]) => rowsWithin(shape!),
  stateful: false,
  step({ inputs: F, value }, context) {
    const { arena } = context;
    const mask = allocMask(context);
    return rowLayer(context, F, ([x], out, slots, n) => {
      arena.maskEqual(out.at, out.stride, mask, x!.at, x!.stride, slots, n, F, value);
      out.mask = mask;
      out.maskStride = 1;
    });
  },
};
