/** Normalization and Rescaling: one affine map a column (`assembly/layers/norm.ts`). */
import type { NormalizationSpec, RescalingSpec } from '../spec.ts';
import { type Batch, type Layer, type LayerContext, pad, type Rows, store } from './layer.ts';

/** Keras' floor under a deviation. */
const EPSILON = 1e-7;

export function normalization(spec: NormalizationSpec, context: LayerContext): Layer {
  const deviation = spec.variance.map((v) => Math.max(Math.fround(Math.sqrt(v)), EPSILON));
  return affine(spec, context, 'normalize', spec.mean, deviation);
}

export function rescaling(spec: RescalingSpec, context: LayerContext): Layer {
  return affine(spec, context, 'rescale', spread(spec.scale, spec.inputs), spread(spec.offset, spec.inputs));
}

function affine(
  spec: NormalizationSpec | RescalingSpec,
  { arena, B, R, onInputs }: LayerContext,
  kernel: 'normalize' | 'rescale',
  a: Float32Array,
  b: Float32Array,
): Layer {
  const F = spec.inputs;
  const stride = pad(F);
  const [aAt, bAt] = [store(arena, a), store(arena, b)];
  const out = arena.alloc(4 * (onInputs ? R : B) * stride);
  const rows: Rows = { at: out, stride };
  return {
    kind: spec.kind,
    name: spec.name,
    units: F,
    recurrent: false,
    output: () => rows,
    step(x: Rows, batch: Batch) {
      const [slots, n] = onInputs ? [batch.rows, batch.R] : [batch.slots, batch.n];
      arena[kernel](out, x.at, slots, n, stride, aAt, bAt, F);
    },
    states: () => [],
    reset() {},
  };
}

function spread(values: Float32Array, F: number): Float32Array {
  return values.length === 1 ? new Float32Array(F).fill(values[0]!) : values;
}
