/** The slow, obvious version of a model's forward pass, in float64: the truth that faster ones are held against. */
import type { DenseSpec, LayerSpec, LstmSpec, ModelSpec } from '../../src/model/spec.ts';

/** What one recurrent layer shows after a step (H each). */
export interface Internals {
  h: Float64Array;
  c: Float64Array;
  i: Float64Array;
  f: Float64Array;
  g: Float64Array;
  o: Float64Array;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

const activations: Record<string, (x: Float64Array) => Float64Array> = {
  linear: (x) => x,
  relu: (x) => x.map((v) => Math.max(0, v)),
  sigmoid: (x) => x.map(sigmoid),
  tanh: (x) => x.map(Math.tanh),
  softmax(x) {
    const e = x.map((v) => Math.exp(v - Math.max(...x)));
    const sum = e.reduce((a, b) => a + b);
    return e.map((v) => v / sum);
  },
};

/** A model with its state, stepped one tick at a time. */
export function reference(spec: ModelSpec) {
  const states = spec.layers.map((layer) => zero(layer));

  return {
    /** x (F) in input units to the output (O). */
    step(x: ArrayLike<number>): Float64Array {
      let values: Float64Array = Float64Array.from(x);
      spec.layers.forEach((layer, l) => {
        values = apply(layer, values, states[l]!);
      });
      return values;
    },
    /** Internals of the recurrent layers after the last step, bottom first. */
    internals: (): Internals[] => states.filter((_, l) => spec.layers[l]!.kind === 'lstm'),
    reset() {
      spec.layers.forEach((layer, l) => {
        states[l] = zero(layer);
      });
    },
  };
}

function zero(layer: LayerSpec): Internals {
  const H = layer.kind === 'lstm' ? layer.units : 0;
  const z = () => new Float64Array(H);
  return { h: z(), c: z(), i: z(), f: z(), g: z(), o: z() };
}

function apply(layer: LayerSpec, x: Float64Array, state: Internals): Float64Array {
  switch (layer.kind) {
    case 'lstm':
      return lstm(layer, x, state);
    case 'dense':
      return dense(layer, x);
    case 'normalization':
      return x.map((v, k) => (v - layer.mean[k]!) / Math.max(Math.sqrt(layer.variance[k]!), 1e-7));
    case 'rescaling':
      return x.map((v, k) => v * at(layer.scale, k) + at(layer.offset, k));
    case 'dropout':
      return x;
  }
}

function at(values: Float32Array, k: number): number {
  return values.length === 1 ? values[0]! : values[k]!;
}

function lstm({ units: H, inputs: I, kernel, recurrent, bias }: LstmSpec, x: Float64Array, s: Internals): Float64Array {
  const z = Float64Array.from(bias);
  for (let j = 0; j < 4 * H; j++) {
    for (let k = 0; k < I; k++) z[j]! += x[k]! * kernel[k * 4 * H + j]!;
    for (let k = 0; k < H; k++) z[j]! += s.h[k]! * recurrent[k * 4 * H + j]!;
  }
  for (let k = 0; k < H; k++) {
    s.i[k] = sigmoid(z[k]!);
    s.f[k] = sigmoid(z[H + k]!);
    s.g[k] = Math.tanh(z[2 * H + k]!);
    s.o[k] = sigmoid(z[3 * H + k]!);
    s.c[k] = s.f[k]! * s.c[k]! + s.i[k]! * s.g[k]!;
  }
  for (let k = 0; k < H; k++) s.h[k] = s.o[k]! * Math.tanh(s.c[k]!);
  return s.h.slice();
}

function dense({ units: O, inputs: I, kernel, bias, activation }: DenseSpec, x: Float64Array): Float64Array {
  const y = Float64Array.from(bias);
  for (let j = 0; j < O; j++) for (let k = 0; k < I; k++) y[j]! += x[k]! * kernel[k * O + j]!;
  return activations[activation]!(y);
}
