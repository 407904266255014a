import { number } from '../formats/fields.ts';
import type { LayerNormalizationSpec } from '../spec.ts';
import { type LayerContext, type LayerKind, type RunRows, rowLayer } from './layer.ts';
import { lastAxis, only, rowsWithin } from './shapes.ts';
import { tickByTick } from './taped.ts';

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
  step: (spec, context) => rowLayer(context, spec.inputs, normalizes(spec, context)),
  tape(spec, context) {
    const { inputs: F, epsilon, gamma, beta } = spec;
    const { arena, slots, weights } = context;
    const gammaAt = weights.place({ gamma }, (t) => t.gamma);
    const dGamma = weights.gradient({ gamma }, (t) => t.gamma);
    const dBeta = weights.gradient({ beta }, (t) => t.beta);
    return tickByTick(context, normalizes(spec, context), ({ n, x: [x], dx: [dx], dy }) => {
      const rows = [dx!.at, dx!.stride, dy.at, dy.stride, x!.at, x!.stride] as const;
      arena.layerNormBack(...rows, slots, n, gammaAt, epsilon, F, dGamma, dBeta);
    });
  },
};

function normalizes(
  { inputs: F, epsilon, gamma, beta }: LayerNormalizationSpec,
  { arena, weights }: LayerContext,
): RunRows {
  const gammaAt = weights.place({ gamma }, (t) => t.gamma);
  const betaAt = weights.place({ beta }, (t) => t.beta);
  return ([x], out, slots, n) => {
    arena.layerNorm(out.at, out.stride, x!.at, x!.stride, slots, n, gammaAt, betaAt, epsilon, F);
  };
}
