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
