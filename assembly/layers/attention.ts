// Attention of n branches over their whole windows, one head at a time. Sums are taken in float64.
//
//   w[t] = softmax over t of score(q, k[t])      context = sum of w[t] v[t]
//
// A sequence is a pointer, floats from one branch to the next, floats from one tick to the next.
import { Floats, Ints } from '../memory';

/**
 * Scores of one query of one branch against all T keys, to `scores` (T, f64).
 * vector 0: scale q.k; else sum of vector[d] tanh(scale (q[d] + k[d])), over D values.
 */
function score(scores: usize, q: Floats, k: Floats, kTick: i32, T: i32, D: i32, scale: f64, vector: Floats): void {
  for (let t = 0; t < T; t++) {
    const k_t = k + ((<usize>(t * kTick)) << 2);
    let sum: f64 = 0;
    for (let d = 0; d < D; d++) {
      const at = (<usize>d) << 2;
      const a = <f64>load<f32>(q + at);
      const b = <f64>load<f32>(k_t + at);
      sum += vector ? <f64>load<f32>(vector + at) * Math.tanh(scale * (a + b)) : a * b;
    }
    store<f64>(scores + ((<usize>t) << 3), vector ? sum : sum * scale);
  }
}

/**
 * Weights of query i of one branch to `scores` (T, f64). Masks of that branch (may be 0), 0 where a tick is padding: qMask a
 * query that sees nothing, kMask and vMask keys that are not seen. causal: a query sees no later key. A query that sees nothing
 * attends to all alike, as Keras in float32 does.
 * @returns how many keys it sees
 */
export function weigh(
  scores: usize,
  i: i32,
  q: Floats,
  k: Floats,
  kTick: i32,
  T: i32,
  D: i32,
  scale: f64,
  vector: Floats,
  qMask: Ints,
  kMask: Ints,
  vMask: Ints,
  causal: bool,
): i32 {
  score(scores, q, k, kTick, T, D, scale, vector);
  const query = qMask == 0 || load<i32>(qMask + ((<usize>i) << 2)) != 0;
  let seen = 0;
  for (let t = 0; t < T; t++) {
    const key = kMask == 0 || load<i32>(kMask + ((<usize>t) << 2)) != 0;
    const value = vMask == 0 || load<i32>(vMask + ((<usize>t) << 2)) != 0;
    if (query && key && value && !(causal && t > i)) seen++;
    else store<f64>(scores + ((<usize>t) << 3), -Infinity);
  }
  if (seen == 0) memory.fill(scores, 0, (<usize>T) << 3);
  softmax(scores, T);
  return seen;
}

/**
 * context (B, contextStride; Q queries contextTick apart) of q, k, v; D and E values a tick of query and value.
 * Masks (B, stride; may be 0) and causal as in `weigh`. scores (T, f64) is room to work. weights: where branch 0's (Q, T) go.
 */
export function attend(
  context: Floats,
  contextStride: i32,
  contextTick: i32,
  q: Floats,
  qStride: i32,
  qTick: i32,
  Q: i32,
  k: Floats,
  kStride: i32,
  kTick: i32,
  v: Floats,
  vStride: i32,
  vTick: i32,
  T: i32,
  D: i32,
  E: i32,
  scale: f64,
  vector: Floats,
  qMask: Ints,
  qMaskStride: i32,
  kMask: Ints,
  kMaskStride: i32,
  vMask: Ints,
  vMaskStride: i32,
  causal: bool,
  scores: usize,
  weights: Floats,
  slots: Ints,
  n: i32,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    const k_s = k + ((<usize>(s * kStride)) << 2);
    const v_s = v + ((<usize>(s * vStride)) << 2);
    const qMask_s = qMask ? qMask + ((<usize>(s * qMaskStride)) << 2) : 0;
    const kMask_s = kMask ? kMask + ((<usize>(s * kMaskStride)) << 2) : 0;
    const vMask_s = vMask ? vMask + ((<usize>(s * vMaskStride)) << 2) : 0;
    for (let i = 0; i < Q; i++) {
      const q_i = q + ((<usize>(s * qStride + i * qTick)) << 2);
      weigh(scores, i, q_i, k_s, kTick, T, D, scale, vector, qMask_s, kMask_s, vMask_s, causal);
      const out = context + ((<usize>(s * contextStride + i * contextTick)) << 2);
      for (let e = 0; e < E; e++) {
        let sum: f64 = 0;
        for (let t = 0; t < T; t++)
          sum += load<f64>(scores + ((<usize>t) << 3)) * <f64>load<f32>(v_s + ((<usize>(t * vTick + e)) << 2));
        store<f32>(out + ((<usize>e) << 2), <f32>sum);
      }
      if (s == 0) {
        for (let t = 0; t < T; t++)
          store<f32>(weights + ((<usize>(i * T + t)) << 2), <f32>load<f64>(scores + ((<usize>t) << 3)));
      }
    }
  }
}

function softmax(scores: usize, T: i32): void {
  let largest = load<f64>(scores);
  for (let t = 1; t < T; t++) largest = max(largest, load<f64>(scores + ((<usize>t) << 3)));
  let sum: f64 = 0;
  for (let t = 0; t < T; t++) {
    const at = scores + ((<usize>t) << 3);
    const e = Math.exp(load<f64>(at) - largest);
    store<f64>(at, e);
    sum += e;
  }
  for (let t = 0; t < T; t++) {
    const at = scores + ((<usize>t) << 3);
    store<f64>(at, load<f64>(at) / sum);
  }
}
