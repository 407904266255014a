// Normalization and Rescaling: one affine map a column, on rows that `slots` names.
import { Floats, Ints } from '../memory';

/** out[s] = (x[s] - mean) / deviation for each named row s; rows of `stride` floats, the first F of them mapped. */
export function normalize(
  out: Floats,
  x: Floats,
  slots: Ints,
  n: i32,
  stride: i32,
  mean: Floats,
  deviation: Floats,
  F: i32,
): void {
  for (let b = 0; b < n; b++) {
    const row = (<usize>(load<i32>(slots + ((<usize>b) << 2)) * stride)) << 2;
    for (let f = 0; f < F; f++) {
      const at = (<usize>f) << 2;
      store<f32>(out + row + at, (load<f32>(x + row + at) - load<f32>(mean + at)) / load<f32>(deviation + at));
    }
  }
}

/** out[s] = x[s] scale + offset for each named row s. */
export function rescale(
  out: Floats,
  x: Floats,
  slots: Ints,
  n: i32,
  stride: i32,
  scale: Floats,
  offset: Floats,
  F: i32,
): void {
  for (let b = 0; b < n; b++) {
    const row = (<usize>(load<i32>(slots + ((<usize>b) << 2)) * stride)) << 2;
    for (let f = 0; f < F; f++) {
      const at = (<usize>f) << 2;
      store<f32>(out + row + at, load<f32>(x + row + at) * load<f32>(scale + at) + load<f32>(offset + at));
    }
  }
}
