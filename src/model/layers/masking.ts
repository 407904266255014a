import { number } from '../formats/fields.ts';
import type { MaskingSpec } from '../spec.ts';
import { allocMask, type LayerContext, type LayerKind, type RunRows, rowLayer } from './layer.ts';
import { only, rowsWithin, sequence } from './shapes.ts';
import { tickByTick } from './taped.ts';

export const masking: LayerKind<MaskingSpec> = {
  kind: 'masking',
  summary: 'Masking: ticks that hold one value throughout are passed over',
  fields: { value: number },
  tensorNames: [],
  tensors: () => ({}),
  shapes: (_, inputs, refuse) => [[...sequence(only(inputs, refuse), refuse)]],
  needsWindow: (_, [shape]) => rowsWithin(shape!),
  stateful: false,
  step: (spec, context) => rowLayer(context, spec.inputs, masks(spec, context)),
  tape(spec, context) {
    const { arena, slots } = context;
    const { inputs: F } = spec;
    return tickByTick(context, masks(spec, context), ({ n, dx: [dx], y, dy }) => {
      arena.zeroMasked(dy.at, dy.stride, y.mask, y.maskStride, slots, n, F);
      arena.combine(0, dx!.at, dx!.stride, dy.at, dy.stride, slots, n, F);
    });
  },
};

function masks({ inputs: F, value }: MaskingSpec, context: LayerContext): RunRows {
  const { arena } = context;
  const mask = allocMask(context);
  return ([x], out, slots, n) => {
    arena.maskEqual(out.at, out.stride, mask, x!.at, x!.stride, slots, n, F, value);
    out.mask = mask;
    out.maskStride = 1;
  };
}
