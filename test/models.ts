/** Small models made by hand or from a seed. */
import type { DenseSpec, LayerSpec, LstmSpec, ModelSpec } from '../src/model/spec.ts';
import { random } from './kernels.ts';

export function fill(length: number, next: () => number, scale: number): Float32Array {
  return Float32Array.from({ length }, () => next() * scale);
}

export function lstmSpec(name: string, inputs: number, units: number, next: () => number): LstmSpec {
  const scale = 1.5 / Math.sqrt(units + inputs);
  return {
    kind: 'lstm',
    name,
    inputs,
    units,
    sequences: true,
    kernel: fill(inputs * 4 * units, next, scale),
    recurrent: fill(units * 4 * units, next, scale),
    bias: fill(4 * units, next, 0.3),
  };
}

export function denseSpec(
  name: string,
  inputs: number,
  units: number,
  next: () => number,
  activation = 'linear',
): DenseSpec {
  return {
    kind: 'dense',
    name,
    inputs,
    units,
    activation,
    kernel: fill(inputs * units, next, 0.5),
    bias: fill(units, next, 0.1),
  };
}

/** Stacked LSTMs of these sizes and a Dense head. */
export function randomModel(inputs: number, units: number[], outputs = 1, seed = 1): ModelSpec {
  const next = random(seed);
  const layers: LayerSpec[] = [];
  let width = inputs;
  for (const [i, H] of units.entries()) {
    layers.push(lstmSpec(`lstm_${i}`, width, H, next));
    width = H;
  }
  layers.push(denseSpec('dense', width, outputs, next));
  return modelOf(inputs, outputs, layers);
}

export function modelOf(inputs: number, outputs: number, layers: LayerSpec[]): ModelSpec {
  const names = (n: number, prefix: string): string[] => Array.from({ length: n }, (_, i) => `${prefix}${i}`);
  return {
    format: 'native',
    name: 'test',
    inputs,
    outputs: names(outputs, 'y'),
    layers,
    features: names(inputs, 'x'),
    target: null,
    horizon: 1,
    mean: null,
    mode: 'stateful',
    window: null,
    display: null,
    provenance: null,
  };
}
