// Normalization, Rescaling and LayerNormalization back, on rows that `slots` names. What they make is added to dx.
import { Floats, Ints } from '../memory';

/** dx[s] += dy[s] slope for each named row s of F values. */
export function affineBack(
  dx: Floats,
  dxStride: i32,
  dy: Floats,
  dyStride: i32,
  slots: Ints,
  n: i32,
  slope: Floats,
  F: i32,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    const dx_s = dx + ((<usize>(s * dxStride)) << 2);
    const dy_s = dy + ((<usize>(s * dyStride)) << 2);
    for (let f = 0; f < F; f++) {
      const at = (<usize>f) << 2;
      store<f32>(dx_s + at, load<f32>(dx_s + at) + load<f32>(dy_s + at) * load<f32>(slope + at));
    }
  }
}

/**
 * LayerNormalization: with r = (x - m) scale, scale = 1 / sqrt(v + epsilon), and g = dy gamma,
 * dx[s] += scale (g - mean of g - r mean of (g r)). Where dGamma and dBeta (F) are not 0: dGamma += dy r, dBeta += dy.
 */
export function layerNormBack(
  dx: Floats,
  dxStride: i32,
  dy: Floats,
  dyStride: i32,
  x: Floats,
  xStride: i32,
  slots: Ints,
  n: i32,
  gamma: Floats,
  epsilon: f64,
  F: i32,
  dGamma: Floats,
  dBeta: Floats,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    const dx_s = dx + ((<usize>(s * dxStride)) << 2);
    const dy_s = dy + ((<usize>(s * dyStride)) << 2);
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
    let ofG: f64 = 0;
    let ofGr: f64 = 0;
    for (let f = 0; f < F; f++) {
      const at = (<usize>f) << 2;
      const g = <f64>load<f32>(dy_s + at) * <f64>load<f32>(gamma + at);
      ofG += g;
      ofGr += g * (<f64>load<f32>(x_s + at) - mean) * scale;
    }
    ofG /= <f64>F;
    ofGr /= <f64>F;
    for (let f = 0; f < F; f++) {
      const at = (<usize>f) << 2;
      const d = <f64>load<f32>(dy_s + at);
      const g = d * <f64>load<f32>(gamma + at);
      const r = (<f64>load<f32>(x_s + at) - mean) * scale;
      if (dGamma) {
        store<f32>(dGamma + at, <f32>(<f64>load<f32>(dGamma + at) + d * r));
        store<f32>(dBeta + at, load<f32>(dBeta + at) + <f32>d);
      }
      store<f32>(dx_s + at, <f32>(<f64>load<f32>(dx_s + at) + scale * (g - ofG - r * ofGr)));
    }
  }
}
