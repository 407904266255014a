import type { AdditiveAttentionSpec, AttentionSpec, MultiHeadAttentionSpec } from '../../src/model/spec.ts';
import { softmax } from './activations.ts';
import { type Attention, dot, flat, plus, product, type Result, type Rows } from './values.ts';

/** Whether query q sees key t. */
type Visible = (q: number, t: number) => boolean;
type Score = (q: Float64Array, k: Float64Array) => number;

export function attention({ score, causal, scale, weight }: AttentionSpec, inputs: Rows[]): Result {
  const s = scale?.[0] ?? 1;
  const w = weight?.[0] ?? 1;
  return score === 'dot'
    ? attend(inputs, causal, (q, k) => s * dot(q, k))
    : attend(inputs, causal, (q, k) => w * plus(q, k).reduce((sum, v) => sum + Math.tanh(s * v), 0));
}

export function additiveAttention({ causal, scale }: AdditiveAttentionSpec, inputs: Rows[]): Result {
  return attend(inputs, causal, (q, k) => plus(q, k).reduce((sum, v, i) => sum + (scale?.[i] ?? 1) * Math.tanh(v), 0));
}

/** One head, of the inputs as they are: masked ticks of the value weigh nothing, masked ticks of the query give zeros. */
function attend([query, value, key = value]: Rows[], causal: boolean, score: Score): Result {
  const { scores, weights } = weigh(query!.rows, key!.rows, score, (q, t) => sees(value!, t) && (!causal || t <= q));
  const rows = weights.map((w, q) =>
    sees(query!, q) ? mix(w, value!.rows) : new Float64Array(value!.rows[0]!.length),
  );
  return { outputs: [{ rows, mask: query!.mask }], attention: { scores: [scores], weights: [weights] } };
}

export function multiHeadAttention(layer: MultiHeadAttentionSpec, [query, value, key = value]: Rows[]): Result {
  const { heads, keyWidth: D, valueWidth: E, causal } = layer;
  const visible: Visible = (q, t) => sees(query!, q) && sees(value!, t) && sees(key!, t) && (!causal || t <= q);
  const attention: Attention = { scores: [], weights: [] };
  const contexts: Float64Array[][] = [];
  for (let n = 0; n < heads; n++) {
    const q = project(query!, layer.query, layer.queryBias, n, D, heads);
    const k = project(key!, layer.key, layer.keyBias, n, D, heads);
    const v = project(value!, layer.value, layer.valueBias, n, E, heads);
    const { scores, weights } = weigh(q, k, (a, b) => dot(a, b) / Math.sqrt(D), visible);
    attention.scores.push(scores);
    attention.weights.push(weights);
    contexts.push(weights.map((w) => mix(w, v)));
  }
  const rows = query!.rows.map((_, q) => {
    const context = flat(contexts.map((head) => head[q]!));
    return plus(product(context, layer.output, layer.units), layer.outputBias);
  });
  return { outputs: [{ rows, mask: query!.mask }], attention };
}

/** One head's part of a projection, a tick each. */
function project({ rows }: Rows, kernel: Float32Array, bias: Float32Array, head: number, width: number, heads: number) {
  const from = head * width;
  return rows.map((x) => plus(product(x, kernel, width, from, heads * width), bias.subarray(from, from + width)));
}

function weigh(queries: Float64Array[], keys: Float64Array[], score: Score, visible: Visible) {
  const scores = queries.map((q) => Float64Array.from(keys, (k) => score(q, k)));
  const weights = scores.map((row, q) => {
    const seen = row.map((_, t) => (visible(q, t) ? 1 : 0));
    // Keras subtracts a large number from what is masked: where that is all, all are equal in float32
    if (!seen.includes(1)) return row.map(() => 1 / row.length);
    return softmax(row.map((v, t) => (seen[t] ? v : Number.NEGATIVE_INFINITY)));
  });
  return { scores, weights };
}

function mix(weights: Float64Array, rows: Float64Array[]): Float64Array {
  return Float64Array.from(rows[0]!, (_, k) => weights.reduce((sum, w, t) => sum + w * rows[t]![k]!, 0));
}

function sees({ mask }: Rows, t: number): boolean {
  return !mask || mask[t]!;
}
