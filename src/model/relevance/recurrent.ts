/**
 * Relevance back through time. Gates are given nothing: of c = f c_before + i g the state before and the candidate are, of the
 * candidate's sum its inputs and hidden units (Arras et al. 2017). By the same principle of h = z h_before + (1 - z) n and of n's
 * sum, r being a factor of what it multiplies.
 */
import type { Sequence } from '../layers/layer.ts';
import type { Steps } from '../layers/taped.ts';
import type { GruSpec, LstmSpec, RnnSpec } from '../spec.ts';
import type { Laid } from '../tape.ts';
import { addProduct, handDown, shares } from './sums.ts';

/** One step: what went into it, and its gates by unit. */
interface Step {
  x: Float32Array;
  h: Float32Array;
  c: Float32Array;
  /** o act(c), of which a projection makes h. */
  raw: Float32Array;
  gate(place: number, unit: number): number;
}

/** Relevance of the state behind a step; in the end of that before it. */
interface Relevant {
  h: Float64Array;
  c: Float64Array;
}

type Back<S> = (layer: S, step: Step, R: Relevant, into: Float32Array, epsilon: number) => void;

/** @returns a rule that gives back what the state before the first step is given */
export function throughTime<S extends LstmSpec | GruSpec | RnnSpec>(back: Back<S>) {
  return ({ layer, tape, taken }: Laid, heap: Float32Array, epsilon: number): number => {
    const spec = layer as S;
    const [{ value: x, gradient: into }] = taken as [Laid['taken'][number]];
    const [all, lastH, lastC] = tape.outputs;
    const R: Relevant = {
      h: Float64Array.from(row(heap, lastH!.gradient, 0)),
      c: lastC ? Float64Array.from(row(heap, lastC.gradient, 0)) : new Float64Array(),
    };
    const masks = new Int32Array(heap.buffer);
    for (const t of tape.steps!.ran.toReversed()) {
      const seen = x.mask === 0 || masks[x.mask / 4 + t] !== 0;
      if (spec.sequences && (seen || !spec.zeroMasked)) {
        for (const [k, r] of row(heap, all!.gradient, t).entries()) R.h[k]! += r;
      }
      // the state of a tick that is not seen is that of the one before
      if (!seen) continue;
      const step = { x: row(heap, x, t), ...held(heap, tape.steps!, t, R.h.length, spec.units) };
      back(spec, step, R, row(heap, into, t), epsilon);
    }
    return R.h.reduce((a, b) => a + b, 0) + R.c.reduce((a, b) => a + b, 0);
  };
}

export const lstmBack: Back<LstmSpec> = (layer, { x, h, c, raw, gate }, R, into, epsilon) => {
  const { units: H, kernel, recurrent, bias, projection } = layer;
  const P = h.length;
  // h = o act(c): all of it to c
  if (projection) {
    const z = new Float64Array(P);
    const weights = { values: projection, stride: P, from: 0 };
    addProduct(z, raw, weights);
    handDown(R.c, raw, weights, shares(R.h, z, epsilon));
  } else {
    for (const [u, r] of R.h.entries()) R.c[u]! += r;
  }
  const kept = R.c.map((_, u) => gate(1, u) * c[u]!);
  const added = R.c.map((_, u) => gate(0, u) * gate(2, u));
  const share = shares(
    R.c,
    kept.map((v, u) => v + added[u]!),
    epsilon,
  );
  R.c = kept.map((v, u) => v * share[u]!);
  const ofX = { values: kernel, stride: 4 * H, from: 2 * H };
  const ofH = { ...ofX, values: recurrent };
  const sum = Float64Array.from(bias.subarray(2 * H, 3 * H));
  addProduct(sum, x, ofX);
  addProduct(sum, h, ofH);
  const down = shares(
    added.map((v, u) => v * share[u]!),
    sum,
    epsilon,
  );
  handDown(into, x, ofX, down);
  R.h = new Float64Array(P);
  handDown(R.h, h, ofH, down);
};

export const gruBack: Back<GruSpec> = (layer, { x, h, gate }, R, into, epsilon) => {
  const { units: H, kernel, recurrent, bias, resetAfter } = layer;
  const reset = Float64Array.from(h, (_, u) => gate(1, u));
  const kept = R.h.map((_, u) => gate(0, u) * h[u]!);
  const added = R.h.map((_, u) => (1 - gate(0, u)) * gate(2, u));
  const share = shares(
    R.h,
    kept.map((v, u) => v + added[u]!),
    epsilon,
  );
  const ofX = { values: kernel, stride: 3 * H, from: 2 * H };
  const ofH = { ...ofX, values: recurrent };
  const signal = resetAfter ? h : h.map((v, k) => v * reset[k]!);
  // n's sum: its inputs, and its hidden units times r
  const hidden = resetAfter ? Float64Array.from(bias.subarray(5 * H)) : new Float64Array(H);
  addProduct(hidden, signal, ofH);
  const sum = Float64Array.from(bias.subarray(2 * H, 3 * H));
  addProduct(sum, x, ofX);
  const factor = resetAfter ? reset : reset.map(() => 1);
  for (const u of sum.keys()) sum[u]! += factor[u]! * hidden[u]!;
  const down = shares(
    added.map((v, u) => v * share[u]!),
    sum,
    epsilon,
  );
  handDown(into, x, ofX, down);
  R.h = kept.map((v, u) => v * share[u]!);
  handDown(
    R.h,
    signal,
    ofH,
    down.map((v, u) => v * factor[u]!),
  );
};

export const rnnBack: Back<RnnSpec> = ({ units: H, kernel, recurrent, bias }, { x, h }, R, into, epsilon) => {
  const ofX = { values: kernel, stride: H, from: 0 };
  const ofH = { ...ofX, values: recurrent };
  const sum = Float64Array.from(bias);
  addProduct(sum, x, ofX);
  addProduct(sum, h, ofH);
  const down = shares(R.h, sum, epsilon);
  handDown(into, x, ofX, down);
  R.h = new Float64Array(H);
  handDown(R.h, h, ofH, down);
};

/** Row t of the first window. */
export function row(heap: Float32Array, { at, tick, width }: Sequence, t: number): Float32Array {
  return heap.subarray(at / 4 + t * tick, at / 4 + t * tick + width);
}

/** @param P width of h @param H units */
function held(heap: Float32Array, steps: Steps, t: number, P: number, H: number): Omit<Step, 'x'> {
  const { gates, raw, before, cBefore } = steps.at(t);
  const values = (at: number, length: number): Float32Array => heap.subarray(at / 4, at / 4 + length);
  return {
    h: values(before, P),
    c: values(cBefore, H),
    raw: values(raw, H),
    // blocks of four units, gate by gate
    gate: (place, unit) => heap[gates / 4 + (unit >> 2) * 16 + place * 4 + (unit & 3)]!,
  };
}
