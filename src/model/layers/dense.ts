import { ALPHA, activationIndex } from '../activations.ts';
import { text, whole } from '../formats/fields.ts';
import type { DenseSpec } from '../spec.ts';
import { allocSequence, type LayerContext, type LayerKind, pad, rowLayer, tickOf } from './layer.ts';
import { checkActivation, lastAxis, only, rowsWithin } from './shapes.ts';
import { allocOuter, allocRows, type Pack, packColumns, type TapeContext, tickByTick } from './taped.ts';

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
  tape(spec, context) {
    const { inputs: I, units: O } = spec;
    const { arena, from, slots } = context;
    const { weights, bias, transposed, learn } = denseTape(spec, context);
    const activation = activationIndex(spec.activation);
    const alpha = ALPHA[spec.activation] ?? 1;
    // sums are kept where an activation follows: its slope may need them
    const sums = activation === 0 ? null : allocSequence(context, context.outputs[0]!);
    const d = allocRows(context, O);
    return tickByTick(
      context,
      ([x], y, slots, n, t) => {
        const z = sums ? tickOf(sums, t) : y;
        arena.denseStep(z.at, z.stride, x!.at, x!.stride, slots, n, weights, bias, I, O);
        if (!sums) return;
        arena.copyRows(y.at, y.stride, z.at, z.stride, slots, slots, n, O);
        arena.activate(activation, alpha, y.at, slots, n, y.stride, O);
      },
      ({ t, n, x: [x], dx: [dx], y, dy }) => {
        const z = sums && tickOf(sums, t);
        if (z) {
          const values = [dy.at, dy.stride, z.at, z.stride, y.at, y.stride] as const;
          arena.activateBack(activation, alpha, d.at, d.stride, ...values, slots, n, O);
        }
        const { at, stride } = z ? d : dy;
        learn?.(x!.at, x!.stride, at, stride, n);
        if (from[0]!.constant) return;
        arena.product(dx!.at, dx!.stride, dx!.at, dx!.stride, at, stride, O, 0, 0, 0, slots, n, transposed, I);
      },
    );
  },
};

type Product = Pick<DenseSpec, 'kernel' | 'bias' | 'inputs' | 'units'>;

/** Weights and bias in the arena, as the kernel takes them. */
export function denseProduct(
  { kernel, bias, inputs: I, units: O }: Product,
  { weights }: LayerContext,
): { weights: number; bias: number } {
  return {
    weights: weights.place({ kernel }, (t) => packDense(t.kernel, I, O)),
    bias: weights.place({ bias }, (t) => padded(t.bias, O)),
  };
}

/** The same for both ways: what leads back, and, where somebody learns, what adds up gradients from rows x and d. */
export function denseTape(
  spec: Product,
  context: TapeContext,
): ReturnType<typeof denseProduct> & {
  transposed: number;
  learn: ((x: number, xStride: number, d: number, dStride: number, n: number) => void) | null;
} {
  const { kernel, bias, inputs: I, units: O } = spec;
  const { arena, slots, weights } = context;
  const packed: Pack<{ kernel: Float32Array }> = (t) => packColumns(I, O, (k, o) => t.kernel[k * O + o]!);
  const dKernel = weights.gradient({ kernel }, packed);
  const dBias = weights.gradient({ bias }, (t) => padded(t.bias, O));
  const work = dKernel && allocOuter(context, I);
  return {
    ...denseProduct(spec, context),
    transposed: weights.place({ kernel }, (t) => packColumns(O, I, (o, k) => t.kernel[k * O + o]!)),
    learn: dKernel
      ? (x, xStride, d, dStride, n) =>
          arena.outer(dKernel, dBias, x, xStride, I, 0, 0, 0, d, dStride, slots, n, O, work)
      : null,
  };
}

function padded(bias: Float32Array, O: number): Float32Array {
  const row = new Float32Array(pad(O));
  row.set(bias);
  return row;
}

/** (I, O) to blocks (pad(O)/4, I, 4). */
export function packDense(kernel: Float32Array, I: number, O: number): Float32Array {
  const packed = new Float32Array(I * pad(O));
  for (let k = 0; k < I; k++) {
    for (let o = 0; o < O; o++) packed[((o >> 2) * I + k) * 4 + (o & 3)] = kernel[k * O + o]!;
  }
  return packed;
}
