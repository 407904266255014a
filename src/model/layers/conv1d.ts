import { ALPHA, activationIndex } from '../activations.ts';
import { text, whole } from '../formats/fields.ts';
import { TICKS } from '../shape.ts';
import type { Conv1dSpec } from '../spec.ts';
import { denseProduct, denseTape } from './dense.ts';
import {
  allocSequence,
  floats,
  type Layer,
  type LayerContext,
  type LayerKind,
  pad,
  type Rows,
  type State,
  tickOf,
} from './layer.ts';
import { checkActivation, only, sequence } from './shapes.ts';
import { allocRows, type TapeContext, type TapeLayer, tickByTick } from './taped.ts';

export const conv1d: LayerKind<Conv1dSpec> = {
  kind: 'conv1d',
  summary: 'causal Conv1D, zero before the first tick',
  fields: { units: whole(1), size: whole(1), dilation: whole(1), activation: text },
  tensorNames: ['kernel', 'bias'],
  tensors: ({ inputs, units, size }) => ({ kernel: [size, inputs, units], bias: [units] }),
  shapes({ activation, units }, inputs, refuse) {
    const [ticks] = sequence(only(inputs, refuse), refuse);
    checkActivation(activation, 'activation', refuse);
    return [[ticks, units]];
  },
  needsWindow: (_, [shape]) => (shape![0] === TICKS ? null : 'runs over an axis that is not that of the ticks'),
  stateful: true,
  step: convolution,
  tape: convolutionTape,
};

/** Keeps the last inputs of every branch in a ring of rows (`assembly/layers/conv1d.ts`). */
function convolution(spec: Conv1dSpec, { arena, B, onInputs, ...context }: LayerContext): Layer {
  const { inputs: I, units: O, size, dilation } = spec;
  const L = (size - 1) * dilation + 1;
  const ringStride = L * pad(I);
  const ring: State = { at: arena.alloc(4 * B * ringStride), stride: ringStride, units: ringStride };
  const { weights, bias } = denseProduct({ ...spec, inputs: size * I }, { arena, B, onInputs, ...context });
  const out: Rows = { at: arena.alloc(4 * B * pad(O)), stride: pad(O), mask: 0, maskStride: 0 };
  const activation = activationIndex(spec.activation);
  let newest = L - 1;
  return {
    output: () => out,
    step([x], { slots, n, inputRow }) {
      newest = newest + 1 === L ? 0 : newest + 1;
      const row = ring.at + 4 * newest * pad(I);
      arena.copyRows(row, ringStride, x!.at, x!.stride, slots, onInputs ? inputRow : slots, n, I);
      arena.convStep(out.at, out.stride, ring.at, L, newest, size, dilation, slots, n, weights, bias, I, O);
      if (activation !== 0) arena.activate(activation, ALPHA[spec.activation] ?? 1, out.at, slots, n, out.stride, O);
    },
    states: () => [ring],
    get newest() {
      return newest;
    },
    set newest(place) {
      newest = place;
    },
    reset() {
      floats(arena, ring.at, B * ringStride).fill(0);
      newest = L - 1;
    },
  };
}

/** Gathers what a tick's taps look at into one row (size I): the product of `convStep`, to the bit, by `denseStep`. */
function convolutionTape(spec: Conv1dSpec, context: TapeContext): TapeLayer {
  const { inputs: I, units: O, size, dilation } = spec;
  const { arena, B, slots, from } = context;
  const { value: x, gradient: dx, constant } = from[0]!;
  const { weights, bias, transposed, learn } = denseTape({ ...spec, inputs: size * I }, context);
  const activation = activationIndex(spec.activation);
  const alpha = ALPHA[spec.activation] ?? 1;
  const sums = allocSequence(context, context.outputs[0]!);
  const [d, row, dRow] = [allocRows(context, O), allocRows(context, size * I), allocRows(context, size * I)];
  const zeros = arena.alloc(4 * row.stride);
  // the ticks before the window that the first of it look back to
  const L = (size - 1) * dilation + 1;
  const past = { ...x, at: arena.alloc(4 * (L - 1) * B * pad(I)), stride: pad(I), tick: B * pad(I), length: L - 1 };
  const taps = Array.from({ length: size }, (_, tap) => ({ back: (size - 1 - tap) * dilation, to: 4 * tap * I }));
  const gatherTaps = (t: number, n: number): void => {
    for (const { back, to } of taps) {
      const seen = t >= back ? tickOf(x, t - back) : tickOf(past, L - 1 + t - back);
      arena.copyRows(row.at + to, row.stride, seen.at, seen.stride, slots, slots, n, I);
    }
  };
  const tape = tickByTick(
    context,
    (_, y, __, n, t) => {
      gatherTaps(t, n);
      const z = tickOf(sums, t);
      arena.denseStep(z.at, z.stride, row.at, row.stride, slots, n, weights, bias, size * I, O);
      arena.copyRows(y.at, y.stride, z.at, z.stride, slots, slots, n, O);
      if (activation !== 0) arena.activate(activation, alpha, y.at, slots, n, y.stride, O);
      y.mask = 0;
    },
    ({ t, n, y, dy }) => {
      const z = tickOf(sums, t);
      const values = [dy.at, dy.stride, z.at, z.stride, y.at, y.stride] as const;
      arena.activateBack(activation, alpha, d.at, d.stride, ...values, slots, n, O);
      if (learn) {
        gatherTaps(t, n);
        learn(row.at, row.stride, d.at, d.stride, n);
      }
      if (constant) return;
      arena.product(dRow.at, dRow.stride, zeros, 0, d.at, d.stride, O, 0, 0, 0, slots, n, transposed, size * I);
      for (const { back, to } of taps) {
        if (t < back) continue;
        const seen = tickOf(dx, t - back);
        arena.combine(0, seen.at, seen.stride, dRow.at + to, dRow.stride, slots, n, I);
      }
    },
  );
  return {
    ...tape,
    reset() {
      floats(arena, past.at, past.length * past.tick).fill(0);
    },
    carry() {
      // the newest L - 1 of what was before the window and what is in it, oldest first: none is overwritten before it is read
      for (let t = 0; t < L - 1; t++) {
        const at = t + x.length - (L - 1);
        const [to, seen] = [tickOf(past, t), at >= 0 ? tickOf(x, at) : tickOf(past, L - 1 + at)];
        arena.copyRows(to.at, to.stride, seen.at, seen.stride, slots, slots, B, I);
      }
    },
    begin([ring], newest) {
      for (let t = 0; t < L - 1; t++) {
        // the oldest row stands behind the newest one, and the next tick replaces it
        const from = ((newest + t + 2) % L) * pad(I);
        for (let b = 0; b < B; b++) {
          floats(arena, past.at + 4 * (t * past.tick + b * past.stride), I).set(ring!.subarray(from, from + I));
        }
      }
    },
  };
}
