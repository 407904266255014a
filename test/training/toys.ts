/** Small data and models to train. */
import { Model } from '../../src/model/graph.ts';
import type { LayerSpec, ModelSpec } from '../../src/model/spec.ts';
import type { TrainingData } from '../../src/training/feed.ts';
import { kernels, random } from '../kernels.ts';

export const model = (inputs: number, outputs: number, ...layers: LayerSpec[]): ModelSpec => ({
  format: 'native',
  name: 'toy',
  inputs,
  outputs: Array.from({ length: outputs }, (_, o) => `y${o}`),
  features: null,
  target: null,
  horizon: 1,
  mean: null,
  mode: 'stateful',
  window: null,
  display: null,
  provenance: null,
  layers,
});

/** y = w x + b of one input. */
export const line = (w: number, b: number): ModelSpec =>
  model(1, 1, {
    kind: 'dense',
    name: 'dense',
    inputs: 1,
    units: 1,
    activation: 'linear',
    kernel: Float32Array.of(w),
    bias: Float32Array.of(b),
  });

/** Two inputs at random; the target is their product two ticks ago and one tick ago. */
export function delayed(T: number, seed = 1): TrainingData {
  const next = random(seed);
  const values = Float32Array.from({ length: 2 * T }, next);
  const targets = Float32Array.from({ length: T }, (_, t) => (t < 2 ? 0 : values[2 * t - 4]! * values[2 * t - 1]!));
  return { values, inputs: 2, targets, width: 1 };
}

export const from = (first: number, to: number): number[] => Array.from({ length: to - first }, (_, i) => first + i);

/** What a model says at each of some ticks, which begin at its zero state. */
export function said(spec: ModelSpec, { values, inputs: F }: TrainingData, first: number, to: number): number[] {
  const running = new Model(kernels, spec);
  return from(first, to).map((t) => running.stepOne(values.subarray(t * F, (t + 1) * F))[0]!);
}
