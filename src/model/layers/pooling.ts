import { flag, oneOf } from '../formats/fields.ts';
import type { PoolingSpec } from '../spec.ts';
import { allocSequence, type LayerKind } from './layer.ts';
import { only, sequence } from './shapes.ts';

export const globalPooling: LayerKind<PoolingSpec> = {
  kind: 'global-pooling',
  summary: 'GlobalAveragePooling1D, GlobalMaxPooling1D',
  fields: { operation: oneOf(['average', 'max']), keep: flag },
  tensorNames: [],
  tensors: () => ({}),
  shapes({ keep }, inputs, refuse) {
    const [, width] = sequence(only(inputs, refuse), refuse);
    return [keep ? [1, width] : [width]];
  },
  needsWindow: () => 'pools the whole window',
  stateful: false,
  window({ operation }, context) {
    const { arena, outputs } = context;
    const out = allocSequence(context, outputs[0]!);
    return {
      output: () => out,
      run([x], { slots, n }) {
        const { at, stride, tick, length, width, mask, maskStride } = x!;
        const largest = operation === 'max';
        arena.pool(out.at, out.stride, at, stride, tick, length, width, largest, mask, maskStride, slots, n);
      },
    };
  },
};
