import { flag, oneOf } from '../formats/fields.ts';
import type { PoolingSpec } from '../spec.ts';
import { allocSequence, type LayerContext, type LayerKind, type WindowLayer } from './layer.ts';
import { only, sequence } from './shapes.ts';
import { wholeWindow } from './taped.ts';

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
  window: pools,
  tape(spec, context) {
    const { arena, from, slots } = context;
    const { value: x, gradient: dx } = from[0]!;
    const largest = spec.operation === 'max';
    return wholeWindow(context, pools(spec, context), (dy, n) => {
      const { at, stride, tick, length, width, mask, maskStride } = x;
      const gradients = [dx.at, dx.stride, dx.tick, dy.at, dy.stride] as const;
      arena.poolBack(...gradients, at, stride, tick, length, width, largest, mask, maskStride, slots, n);
    });
  },
};

function pools({ operation }: PoolingSpec, context: LayerContext): WindowLayer {
  const { arena, outputs } = context;
  const out = allocSequence(context, outputs[0]!);
  const largest = operation === 'max';
  return {
    output: () => out,
    run([x], { slots, n }) {
      const { at, stride, tick, length, width, mask, maskStride } = x!;
      arena.pool(out.at, out.stride, at, stride, tick, length, width, largest, mask, maskStride, slots, n);
    },
  };
}
