/**
 * How each kind of layer hands relevance back: in sums by the epsilon rule, where the bias keeps its part. In float64, on what a
 * tape of one window holds.
 */
import type { DenseSpec, LayerSpec, MergeSpec } from '../spec.ts';
import type { Laid } from '../tape.ts';
import { gruBack, lstmBack, rnnBack, row, throughTime } from './recurrent.ts';
import { addProduct, handDown, shares } from './sums.ts';

/** Adds to the relevance of what comes in. @returns what a state before the window is given */
export type Rule = (laid: Laid, heap: Float32Array, epsilon: number) => number;

/** The kinds that have a rule. */
export const rules: Readonly<Partial<Record<LayerSpec['kind'], Rule>>> = {
  // one value in, one value out: all of it, whatever the slope; what a mean or an offset adds is not given away
  activation: passesOn,
  'batch-normalization': passesOn,
  normalization: passesOn,
  rescaling: passesOn,
  // values that only change places go back the way that gradients go
  concatenate: goesBack,
  dropout: goesBack,
  flatten: goesBack,
  last: goesBack,
  masking: goesBack,
  repeat: goesBack,
  reshape: goesBack,

  dense(laid, heap, epsilon) {
    const { kernel, bias, units: O } = laid.layer as DenseSpec;
    const weights = { values: kernel, stride: O, from: 0 };
    eachRow(laid, heap, (R, [x], [into]) => {
      const z = Float64Array.from(bias);
      addProduct(z, x!, weights);
      handDown(into!, x!, weights, shares(R, z, epsilon));
    });
    return 0;
  },

  // the value of add, subtract or average is a sum of its inputs, each with a factor
  merge(laid, heap, epsilon) {
    const { operation } = laid.layer as MergeSpec;
    const count = laid.taken.length;
    const factor = (i: number): number =>
      operation === 'average' ? 1 / count : operation === 'subtract' && i > 0 ? -1 : 1;
    eachRow(laid, heap, (R, inputs, intos) => {
      const z = new Float64Array(R.length);
      for (const [i, x] of inputs.entries()) for (const k of z.keys()) z[k]! += factor(i) * x[k]!;
      const share = shares(R, z, epsilon);
      for (const [i, x] of inputs.entries()) for (const k of z.keys()) intos[i]![k]! += factor(i) * x[k]! * share[k]!;
    });
    return 0;
  },

  gru: throughTime(gruBack),
  lstm: throughTime(lstmBack),
  rnn: throughTime(rnnBack),
};

function passesOn(laid: Laid, heap: Float32Array): number {
  // what does nothing gives its input itself
  if (laid.tape.outputs[0] === laid.taken[0]) return 0;
  eachRow(laid, heap, (R, _, [into]) => {
    for (const [k, r] of R.entries()) into![k]! += r;
  });
  return 0;
}

function goesBack({ tape }: Laid): number {
  tape.backward(1);
  return 0;
}

/** Every tick of a layer that works tick by tick: relevance of what went out, what came in, and its relevance. */
function eachRow(
  { tape, taken }: Laid,
  heap: Float32Array,
  hand: (R: Float32Array, inputs: Float32Array[], intos: Float32Array[]) => void,
): void {
  const { gradient } = tape.outputs[0]!;
  for (let t = 0; t < gradient.length; t++) {
    const rows = (of: 'value' | 'gradient'): Float32Array[] => taken.map((one) => row(heap, one[of], t));
    hand(row(heap, gradient, t), rows('value'), rows('gradient'));
  }
}
