import { number } from '../formats/fields.ts';
import type { LayerNormalizationSpec } from '../spec.ts';
import { type LayerKind, rowLayer, store } from './layer.ts';
import { lastAxis, only, rowsWithin } from './shapes.ts';

export const layerNormalization: LayerKind<LayerNormalizationSpec> = {
  kind: 'layer-normalization',
  summary: 'LayerNormalization over the last axis',
  fields: { epsilon: number },
  tensorNames: ['gamma', 'beta'],
  tensors: ({ inputs }) => ({ gamma: [inputs], beta: [inputs] }),
  shapes({ epsilon }, inputs, refuse) {
    const shape = only(inputs, refuse);
    if (!(epsilon > 0)) refuse('epsilon', epsilon, 'more than zero');
    lastAxis(shape, refuse);
    return [shape];
  },
  needsWindow: (_, [shape]) => rowsWithin(shape!),
  stateful: false,
  step({ inputs: F, epsilon, gamma, beta }, context) {
    const { arena } = context;
    const [gammaAt, betaAt] = [store(arena, gamma), store(arena, beta)];
    return rowLayer(context, F, ([x], out, slots, n) => {
      arena.layerNorm(out.at, out.stride, x!.at, x!.stride, slots, n, gammaAt, betaAt, epsilon, F);
    });
  },
};
