/** Layers that attend, on a tape: one head after the other forward and back, projections as Dense layers of their own. */
import type { DenseSpec, MultiHeadAttentionSpec } from '../spec.ts';
import { dense } from './dense.ts';
import { floats, type Sequence, tickOf } from './layer.ts';
import { allocTaped, type TapeContext, type Taped, type TapeLayer } from './taped.ts';

/** How a query and a key make a score: `attend`'s scale and pointer to its vector (D; 0: a dot product), and their gradients. */
export interface Scoring {
  scale(): number;
  vector: number;
  /** 0 where nobody asks. */
  dScale: number;
  dVector: number;
}

interface Heads extends Scoring {
  query: Taped;
  key: Taped;
  value: Taped;
  context: Taped;
  heads: number;
  /** D and E, values a head. */
  keyWidth: number;
  valueWidth: number;
  causal: boolean;
  /** Whether masks of query and key hide anything, not that of the value alone. */
  allMasks: boolean;
}

/** Heads side by side in their rows (`assembly/layers/attention.ts`, `assembly/backward/attention.ts`). */
function attends({ arena, slots }: TapeContext, heads: Heads): Pick<TapeLayer, 'forward' | 'backward'> {
  const { keyWidth: D, valueWidth: E, vector, dScale, dVector, causal, allMasks } = heads;
  const [q, k, v, context] = [heads.query, heads.key, heads.value, heads.context];
  const [Q, T] = [q.value.length, k.value.length];
  const scores = arena.alloc(16 * T);
  const weights = arena.alloc(4 * Q * T);
  const hides = ({ mask }: Sequence): number => (allMasks ? mask : 0);
  return {
    forward(n) {
      const [out, a, b, c] = [context.value, q.value, k.value, v.value];
      for (let h = 0; h < heads.heads; h++) {
        const [toKey, toValue] = [4 * h * D, 4 * h * E];
        arena.attend(
          ...[out.at + toValue, out.stride, out.tick, a.at + toKey, a.stride, a.tick, Q],
          ...[b.at + toKey, b.stride, b.tick, c.at + toValue, c.stride, c.tick, T, D, E, heads.scale(), vector],
          ...[hides(a), a.maskStride, hides(b), b.maskStride, c.mask, c.maskStride, causal, scores, weights, slots, n],
        );
      }
    },
    backward(n) {
      const [out, a, b, c] = [context.gradient, q.value, k.value, v.value];
      for (let h = 0; h < heads.heads; h++) {
        const [toKey, toValue] = [4 * h * D, 4 * h * E];
        arena.attendBack(
          ...[out.at + toValue, out.stride, out.tick],
          ...[a.at + toKey, q.gradient.at + toKey, a.stride, a.tick, Q],
          ...[b.at + toKey, k.gradient.at + toKey, b.stride, b.tick],
          ...[c.at + toValue, v.gradient.at + toValue, c.stride, c.tick, T, D, E, heads.scale(), vector],
          ...[hides(a), a.maskStride, hides(b), b.maskStride, c.mask, c.maskStride, causal, scores],
          ...[dScale, dVector, slots, n],
        );
      }
    },
  };
}

/** Attention of Keras' plain layers: query, value and key as they come. */
export function oneHeadTape(context: TapeContext, scoring: Scoring, causal: boolean): TapeLayer {
  const { arena, from, outputs, slots } = context;
  const [query, value, key] = from as [Taped, Taped, Taped?];
  const out = allocTaped(context, outputs[0]!);
  const [q, { width: E }] = [query.value, out.value];
  const sizes = { heads: 1, keyWidth: q.width, valueWidth: E, ...scoring, causal, allMasks: false };
  const head = attends(context, { query, key: key ?? value, value, context: out, ...sizes });
  // a masked query attends like any other, and its row is zeros
  const zeros = (of: Sequence, n: number): void => {
    for (let t = 0; q.mask && t < q.length; t++) {
      const { mask, maskStride } = tickOf(q, t);
      const row = tickOf(of, t);
      arena.zeroMasked(row.at, row.stride, mask, maskStride, slots, n, E);
    }
  };
  return {
    outputs: [out],
    forward(n) {
      head.forward(n);
      zeros(out.value, n);
      out.value.mask = q.mask;
      out.value.maskStride = q.maskStride;
    },
    backward(n) {
      zeros(out.gradient, n);
      head.backward(n);
    },
  };
}

/** Many heads between projections. */
export function manyHeadsTape(spec: MultiHeadAttentionSpec, context: TapeContext): TapeLayer {
  const { heads, keyWidth: D, valueWidth: E, units, causal } = spec;
  const { arena } = context;
  const [q, v, k = v] = context.from as [Taped, Taped, Taped?];
  const project = (from: Taped, kernel: Float32Array, bias: Float32Array, O: number): TapeLayer => {
    const { length, width } = from.value;
    const layer: DenseSpec = { kind: 'dense', name: '', inputs: width, units: O, activation: 'linear', kernel, bias };
    return dense.tape!(layer, { ...context, from: [from], inputs: [[length, width]], outputs: [[length, O]] });
  };
  const query = project(q, spec.query, spec.queryBias, heads * D);
  const key = project(k, spec.key, spec.keyBias, heads * D);
  const value = project(v, spec.value, spec.valueBias, heads * E);
  const joined = allocTaped(context, [q.value.length, heads * E]);
  const result = project(joined, spec.output, spec.outputBias, units);
  const inner = [query.outputs[0]!, key.outputs[0]!, value.outputs[0]!, joined] as const;
  const works = attends(context, {
    ...{ query: inner[0], key: inner[1], value: inner[2], context: joined },
    ...{ heads, keyWidth: D, valueWidth: E, causal, allMasks: true },
    ...{ scale: () => 1 / Math.sqrt(D), vector: 0, dScale: 0, dVector: 0 },
  });
  const layers = [query, key, value, works, result];
  return {
    outputs: result.outputs,
    forward(n) {
      joined.value.mask = q.value.mask;
      joined.value.maskStride = q.value.maskStride;
      for (const layer of layers) layer.forward(n);
    },
    backward(n) {
      for (const { gradient } of inner) floats(arena, gradient.at, gradient.length * gradient.tick).fill(0);
      for (const layer of layers.toReversed()) layer.backward(n);
    },
  };
}
