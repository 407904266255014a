import { ALPHA, activationIndex } from '../activations.ts';
import { text, whole } from '../formats/fields.ts';
import type { DenseSpec } from '../spec.ts';
import { type LayerContext, type LayerKind, pad, rowLayer, store } from './layer.ts';
import { checkActivation, lastAxis, only, rowsWithin } from './shapes.ts';

/** Dense with its activation (`assembly/layers/dense.ts`). */
export const dense: LayerKind<DenseSpec> = {
  kind: 'dense',
  summary: 'Dense on the last axis, with its activation',
  fields: { units: whole(1), activation: text },
  tensorNames: ['kernel', 'bias'],
  tensors: ({ inputs, units }) => ({ kernel: [inputs, units], bias: [units] }),
  shapes({ activation, units }, inputs, refuse) {
    const shape = only(inputs, refuse);
    lastAxis(shape, refuse);
    checkActivation(activation, 'activation', refuse);
    return [[...shape.slice(0, -1), units]];
  },
  needsWindow: (_, [shape]) => rowsWithin(shape!),
  stateful: false,
  step(spec, context) {
    const { inputs: I, units: O } = spec;
    const { arena } = context;
    const product = denseProduct(spec, context);
    const activation = activationIndex(spec.activation);
    return rowLayer(context, O, ([x], out, slots, n) => {
      arena.denseStep(out.at, out.stride, x!.at, x!.stride, slots, n, product.weights, product.bias, I, O);
      if (activation !== 0) arena.activate(activation, ALPHA[spec.activation] ?? 1, out.at, slots, n, out.stride, O);
    });
  },
};

/** Weights and bias in the arena, as the kernel takes them. */
export function denseProduct(
  { kernel, bias, inputs: I, units: O }: Pick<DenseSpec, 'kernel' | 'bias' | 'inputs' | 'units'>,
  { arena }: LayerContext,
): { weights: number; bias: number } {
  const padded = new Float32Array(pad(O));
  padded.set(bias);
  return { weights: store(arena, packDense(kernel, I, O)), bias: store(arena, padded) };
}

/** (I, O) to blocks (pad(O)/4, I, 4). */
export function packDense(kernel: Float32Array, I: number, O: number): Float32Array {
  const packed = new Float32Array(I * pad(O));
  for (let k = 0; k < I; k++) {
    for (let o = 0; o < O; o++) packed[((o >> 2) * I + k) * 4 + (o & 3)] = kernel[k * O + o]!;
  }
  return packed;
}
