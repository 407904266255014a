/** Dense with its activation (`assembly/layers/dense.ts`). */
import { activationIndex } from '../activations.ts';
import type { DenseSpec } from '../spec.ts';
import { type Batch, type Layer, type LayerContext, pad, type Rows, store } from './layer.ts';

export function dense(spec: DenseSpec, { arena, B, R, onInputs }: LayerContext): Layer {
  const { inputs: I, units: O } = spec;
  const stride = pad(O);
  const weights = store(arena, pack(spec));
  const bias = new Float32Array(stride);
  bias.set(spec.bias);
  const biasAt = store(arena, bias);
  const out = arena.alloc(4 * (onInputs ? R : B) * stride);
  const rows: Rows = { at: out, stride };
  const activation = activationIndex(spec.activation);
  return {
    kind: 'dense',
    name: spec.name,
    units: O,
    recurrent: false,
    output: () => rows,
    step(x: Rows, batch: Batch) {
      const [slots, n] = onInputs ? [batch.rows, batch.R] : [batch.slots, batch.n];
      arena.denseStep(out, x.at, x.stride, slots, n, weights, biasAt, I, O);
      if (activation !== 0) arena.activate(activation, out, slots, n, stride, O);
    },
    states: () => [],
    reset() {},
  };
}

/** (I, O) to blocks (pad(O)/4, I, 4). */
function pack({ kernel, inputs: I, units: O }: DenseSpec): Float32Array {
  const packed = new Float32Array(I * pad(O));
  for (let k = 0; k < I; k++) {
    for (let o = 0; o < O; o++) packed[((o >> 2) * I + k) * 4 + (o & 3)] = kernel[k * O + o]!;
  }
  return packed;
}
