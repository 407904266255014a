import { ALPHA, activationIndex } from '../activations.ts';
import { text, whole } from '../formats/fields.ts';
import { TICKS } from '../shape.ts';
import type { Conv1dSpec } from '../spec.ts';
import { denseProduct } from './dense.ts';
import { floats, type Layer, type LayerContext, type LayerKind, pad, type Rows, type State } from './layer.ts';
import { checkActivation, only, sequence } from './shapes.ts';

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
    },
  };
}
