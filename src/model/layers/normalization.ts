import { number } from '../formats/fields.ts';
import type { Shape } from '../shape.ts';
import type { BatchNormalizationSpec, NormalizationSpec, RescalingSpec } from '../spec.ts';
import { type Layer, type LayerContext, type LayerKind, type Refuse, type RunRows, rowLayer, store } from './layer.ts';
import { lastAxis, only, rowsWithin } from './shapes.ts';
import { type TapeContext, type TapeLayer, tickByTick } from './taped.ts';

function same(inputs: readonly Shape[], refuse: Refuse): Shape[] {
  const shape = only(inputs, refuse);
  lastAxis(shape, refuse);
  return [shape];
}

/** Keras' floor under a deviation. */
const EPSILON = 1e-7;

export const normalization: LayerKind<NormalizationSpec> = {
  kind: 'normalization',
  summary: 'Normalization by a mean and a variance a feature',
  fields: {},
  tensorNames: ['mean', 'variance'],
  tensors: ({ inputs }) => ({ mean: [inputs], variance: [inputs] }),
  shapes(spec, inputs, refuse) {
    nonNegative(spec.variance, refuse);
    return same(inputs, refuse);
  },
  needsWindow: (_, [shape]) => rowsWithin(shape!),
  stateful: false,
  frozen: true,
  step: (spec, context) => affine(context, standardise(spec)),
  tape: (spec, context) => affineTape(context, standardise(spec)),
};

export const rescaling: LayerKind<RescalingSpec> = {
  kind: 'rescaling',
  summary: 'Rescaling: scale and offset',
  fields: {},
  tensorNames: ['scale', 'offset'],
  tensors: ({ scale, offset }) => ({ scale: [scale.length], offset: [offset.length] }),
  shapes(spec, inputs, refuse) {
    for (const key of ['scale', 'offset'] as const) {
      const { length } = spec[key];
      if (length !== 1 && length !== spec.inputs) refuse(key, `${length} values`, `1 or ${spec.inputs}`);
    }
    return same(inputs, refuse);
  },
  needsWindow: (_, [shape]) => rowsWithin(shape!),
  stateful: false,
  frozen: true,
  step: (spec, context) => affine(context, rescale(spec)),
  tape: (spec, context) => affineTape(context, rescale(spec)),
};

export const batchNormalization: LayerKind<BatchNormalizationSpec> = {
  kind: 'batch-normalization',
  summary: 'BatchNormalization with its moving mean and variance',
  fields: { epsilon: number },
  tensorNames: ['gamma', 'beta', 'mean', 'variance'],
  tensors: ({ inputs }) => ({ gamma: [inputs], beta: [inputs], mean: [inputs], variance: [inputs] }),
  shapes(spec, inputs, refuse) {
    nonNegative(spec.variance, refuse);
    if (!(spec.epsilon >= 0)) refuse('epsilon', spec.epsilon, 'zero or more');
    const i = spec.variance.findIndex((v) => v + spec.epsilon === 0);
    if (i >= 0) refuse(`variance[${i}]`, 0, 'more than zero where epsilon is zero');
    return same(inputs, refuse);
  },
  needsWindow: (_, [shape]) => rowsWithin(shape!),
  stateful: false,
  frozen: true,
  step: (spec, context) => affine(context, asTrained(spec)),
  tape: (spec, context) => affineTape(context, asTrained(spec)),
};

/** One affine map a column: its kernel (`assembly/layers/norm.ts`), what that takes, and the slope. */
interface Affine {
  kernel: 'normalize' | 'rescale';
  a: Float32Array;
  b: Float32Array;
  slope: Float32Array;
}

function standardise({ mean, variance }: NormalizationSpec): Affine {
  const deviation = variance.map((v) => Math.max(Math.fround(Math.sqrt(v)), EPSILON));
  return { kernel: 'normalize', a: mean, b: deviation, slope: deviation.map((d) => 1 / d) };
}

function rescale({ inputs, scale, offset }: RescalingSpec): Affine {
  const a = spread(scale, inputs);
  return { kernel: 'rescale', a, b: spread(offset, inputs), slope: a };
}

function asTrained({ gamma, beta, mean, variance, epsilon }: BatchNormalizationSpec): Affine {
  const a = gamma.map((g, f) => g / Math.sqrt(variance[f]! + epsilon));
  return { kernel: 'rescale', a, b: beta.map((b, f) => b - mean[f]! * a[f]!), slope: a };
}

function affine(context: LayerContext, map: Affine): Layer {
  return rowLayer(context, map.a.length, maps(context, map));
}

function affineTape(context: TapeContext, map: Affine): TapeLayer {
  const { arena, slots } = context;
  const slope = store(arena, map.slope);
  return tickByTick(context, maps(context, map), ({ n, dx: [dx], dy }) => {
    arena.affineBack(dx!.at, dx!.stride, dy.at, dy.stride, slots, n, slope, map.slope.length);
  });
}

function maps({ arena }: LayerContext, { kernel, a, b }: Affine): RunRows {
  const F = a.length;
  const [aAt, bAt] = [store(arena, a), store(arena, b)];
  return ([x], out, slots, n) => {
    arena[kernel](out.at, out.stride, x!.at, x!.stride, slots, n, aAt, bAt, F);
  };
}

function spread(values: Float32Array, F: number): Float32Array {
  return values.length === 1 ? new Float32Array(F).fill(values[0]!) : values;
}

function nonNegative(variance: Float32Array, refuse: Refuse): void {
  const i = variance.findIndex((v) => !(v >= 0));
  if (i >= 0) refuse(`variance[${i}]`, variance[i], 'zero or more');
}
