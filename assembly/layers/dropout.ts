// Dropout in training (Srivastava et al. 2014), inverted: what stays is scaled up. Whether a value stays is a hash of its place and
// of the step's key, so that the way back draws the same without a mask being kept.
import { Floats, Ints } from '../memory';

/**
 * out[s] = x[s] scale where a value stays, else 0; with `add` it is added to out, as the way back does. W values a row; row s
 * is number `first` + s of the layer's. A value stays where its hash is `threshold` or more.
 */
export function dropout(
  out: Floats,
  outStride: i32,
  x: Floats,
  xStride: i32,
  slots: Ints,
  n: i32,
  W: i32,
  first: i32,
  key: u32,
  threshold: u32,
  scale: f32,
  add: bool,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    const out_s = out + ((<usize>(s * outStride)) << 2);
    const x_s = x + ((<usize>(s * xStride)) << 2);
    for (let w = 0; w < W; w++) {
      const at = (<usize>w) << 2;
      const stays = mix(mix(<u32>((first + s) * W + w)) ^ key) >= threshold;
      const value: f32 = stays ? load<f32>(x_s + at) * scale : 0;
      store<f32>(out_s + at, add ? load<f32>(out_s + at) + value : value);
    }
  }
}

// The finaliser of MurmurHash3, over a Weyl sequence.
function mix(x: u32): u32 {
  let z = x + 0x9e3779b9;
  z = (z ^ (z >>> 16)) * 0x85ebca6b;
  z = (z ^ (z >>> 13)) * 0xc2b2ae35;
  return z ^ (z >>> 16);
}
