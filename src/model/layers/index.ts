/** The layers that run, one line each. A layer that does nothing outside training (`dropout`) has no member. */
import type { LayerSpec } from '../spec.ts';
import { normalization, rescaling } from './affine.ts';
import { dense } from './dense.ts';
import type { Layer, LayerContext } from './layer.ts';
import { lstm } from './lstm.ts';

export const layers: { [K in Exclude<LayerSpec['kind'], 'dropout'>]: (spec: never, context: LayerContext) => Layer } = {
  dense,
  lstm,
  normalization,
  rescaling,
};

/** The layer that a spec describes, built in the arena; null for one that is inert. */
export function buildLayer(spec: LayerSpec, context: LayerContext): Layer | null {
  return spec.kind === 'dropout' ? null : layers[spec.kind](spec as never, context);
}
