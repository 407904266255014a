// Attention back, one head at a time: letters and layouts as in `../layers/attention.ts`. Sums are taken in float64.
//
//   dw[t] = dcontext v[t]      dv[t] += w[t] dcontext      dscore[t] = w[t] (dw[t] - sum of w dw)
import { weigh } from '../layers/attention';
import { Floats, Ints } from '../memory';

/**
 * Adds to dq, dk and dv (laid out as q, k and v) what dcontext (laid out as the context) makes of them, and where they are not 0
 * to dScale (1) and, where there is a vector, dVector (D). scores (2 T, f64) is room to work. A query that sees nothing does not
 * depend on its scores.
 */
export function attendBack(
  dcontext: Floats,
  contextStride: i32,
  contextTick: i32,
  q: Floats,
  dq: Floats,
  qStride: i32,
  qTick: i32,
  Q: i32,
  k: Floats,
  dk: Floats,
  kStride: i32,
  kTick: i32,
  v: Floats,
  dv: Floats,
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
  dScale: Floats,
  dVector: Floats,
  slots: Ints,
  n: i32,
): void {
  const slopes = scores + ((<usize>T) << 3);
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    const k_s = (<usize>(s * kStride)) << 2;
    const v_s = (<usize>(s * vStride)) << 2;
    const qMask_s = qMask ? qMask + ((<usize>(s * qMaskStride)) << 2) : 0;
    const kMask_s = kMask ? kMask + ((<usize>(s * kMaskStride)) << 2) : 0;
    const vMask_s = vMask ? vMask + ((<usize>(s * vMaskStride)) << 2) : 0;
    for (let i = 0; i < Q; i++) {
      const q_i = (<usize>(s * qStride + i * qTick)) << 2;
      const d = dcontext + ((<usize>(s * contextStride + i * contextTick)) << 2);
      const seen = weigh(scores, i, q + q_i, k + k_s, kTick, T, D, scale, vector, qMask_s, kMask_s, vMask_s, causal);
      let mean: f64 = 0;
      for (let t = 0; t < T; t++) {
        const v_t = v_s + ((<usize>(t * vTick)) << 2);
        const w = load<f64>(scores + ((<usize>t) << 3));
        let slope: f64 = 0;
        for (let e = 0; e < E; e++) {
          const at = (<usize>e) << 2;
          const d_e = <f64>load<f32>(d + at);
          slope += d_e * <f64>load<f32>(v + v_t + at);
          store<f32>(dv + v_t + at, <f32>(<f64>load<f32>(dv + v_t + at) + w * d_e));
        }
        store<f64>(slopes + ((<usize>t) << 3), slope);
        mean += w * slope;
      }
      if (seen == 0) continue;
      for (let t = 0; t < T; t++) {
        const at = (<usize>t) << 3;
        store<f64>(slopes + at, load<f64>(scores + at) * (load<f64>(slopes + at) - mean));
      }
      scoreBack(slopes, q + q_i, dq + q_i, k + k_s, dk + k_s, kTick, T, D, scale, vector, dScale, dVector);
    }
  }
}

// Back from the slopes (T) of one query's scores.
function scoreBack(
  slopes: usize,
  q: Floats,
  dq: Floats,
  k: Floats,
  dk: Floats,
  kTick: i32,
  T: i32,
  D: i32,
  scale: f64,
  vector: Floats,
  dScale: Floats,
  dVector: Floats,
): void {
  let ofScale: f64 = 0;
  for (let d = 0; d < D; d++) {
    const at = (<usize>d) << 2;
    const q_d = <f64>load<f32>(q + at);
    let sum: f64 = 0;
    let ofVector: f64 = 0;
    for (let t = 0; t < T; t++) {
      const k_d = at + ((<usize>(t * kTick)) << 2);
      const key = <f64>load<f32>(k + k_d);
      const ofScore = load<f64>(slopes + ((<usize>t) << 3));
      const slope = ofScore * scale;
      let ofKey = slope * q_d;
      if (vector) {
        const shown = Math.tanh(scale * (q_d + key));
        const v_d = <f64>load<f32>(vector + at);
        ofKey = slope * v_d * (1.0 - shown * shown);
        sum += ofKey;
        ofVector += ofScore * shown;
        ofScale += ofScore * v_d * (1.0 - shown * shown) * (q_d + key);
      } else {
        sum += slope * key;
        ofScale += ofScore * q_d * key;
      }
      store<f32>(dk + k_d, <f32>(<f64>load<f32>(dk + k_d) + ofKey));
    }
    store<f32>(dq + at, <f32>(<f64>load<f32>(dq + at) + sum));
    if (dVector) store<f32>(dVector + at, <f32>(<f64>load<f32>(dVector + at) + ofVector));
  }
  if (dScale) store<f32>(dScale, <f32>(<f64>load<f32>(dScale) + ofScale));
}
