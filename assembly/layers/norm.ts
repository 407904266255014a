// Normalization, Rescaling and LayerNormalization, on rows that `slots` names.
import { Floats, Ints } from '../memory';

/** out[s] = (x[s] - mean) / deviation for each named row s of F values. */
export function normalize(
  out: Floats,
  outStride: i32,
  x: Floats,
  xStride: i32,
  slots: Ints,
  n: i32,
  mean: Floats,
  deviation: Floats,
  F: i32,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    const out_s = out + ((<usize>(s * outStride)) << 2);
    const x_s = x + ((<usize>(s * xStride)) << 2);
    for (let f = 0; f < F; f++) {
      const at = (<usize>f) << 2;
      store<f32>(out_s + at, (load<f32>(x_s + at) - load<f32>(mean + at)) / load<f32>(deviation + at));
    }
  }
}

/** out[s] = x[s] scale + offset for each named row s of F values. */
export function rescale(
  out: Floats,
  outStride: i32,
  x: Floats,
  xStride: i32,
  slots: Ints,
  n: i32,
  scale: Floats,
  offset: Floats,
  F: i32,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    const out_s = out + ((<usize>(s * outStride)) << 2);
    const x_s = x + ((<usize>(s * xStride)) << 2);
    for (let f = 0; f < F; f++) {
      const at = (<usize>f) << 2;
      store<f32>(out_s + at, load<f32>(x_s + at) * load<f32>(scale + at) + load<f32>(offset + at));
    }
  }
}

/** out[s] = (x[s] - m) / sqrt(v + epsilon) gamma + beta, with mean m and variance v of the row's F values. */
export function layerNorm(
  out: Floats,
  outStride: i32,
  x: Floats,
  xStride: i32,
  slots: Ints,
  n: i32,
  gamma: Floats,
  beta: Floats,
  epsilon: f64,
  F: i32,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    const out_s = out + ((<usize>(s * outStride)) << 2);
    const x_s = x + ((<usize>(s * xStride)) << 2);
    let mean: f64 = 0;
    for (let f = 0; f < F; f++) mean += <f64>load<f32>(x_s + ((<usize>f) << 2));
    mean /= <f64>F;
    let variance: f64 = 0;
    for (let f = 0; f < F; f++) {
      const away = <f64>load<f32>(x_s + ((<usize>f) << 2)) - mean;
      variance += away * away;
    }
    const scale = 1.0 / Math.sqrt(variance / <f64>F + epsilon);
    for (let f = 0; f < F; f++) {
      const at = (<usize>f) << 2;
      const v = (<f64>load<f32>(x_s + at) - mean) * scale * <f64>load<f32>(gamma + at) + <f64>load<f32>(beta + at);
      store<f32>(out_s + at, <f32>v);
    }
  }
}
