// Simple recurrent layer: h' = act(b + x W + h U), n branches at once.
//
// Weights are packed by blocks of four units: block j, row k (k < I: input k; then hidden unit k - I): [w w w w].
import { activation4, gate1 } from '../activation';
import { Floats, Ints, pad } from '../memory';

/** hNext, h (B, pad(H)); z (*, pad(H)), zRow (n), x, I, weights and rows as in `lstmStep`. */
export function rnnStep(
  hNext: Floats,
  h: Floats,
  slots: Ints,
  n: i32,
  z: Floats,
  zRow: Ints,
  x: Floats,
  xStride: i32,
  I: i32,
  weights: Floats,
  rows: i32,
  H: i32,
  kind: i32,
): void {
  const blocks = pad(H) >> 2;
  for (let j = 0; j < blocks; j++) {
    const w = weights + ((<usize>(j * rows)) << 4);
    for (let b = 0; b < n; b++) {
      const slot = load<i32>(slots + ((<usize>b) << 2));
      const row = load<i32>(zRow + ((<usize>b) << 2));
      const at = (<usize>(slot * blocks)) << 4;
      rnnTile(
        hNext + at + ((<usize>j) << 4),
        z + ((<usize>(row * blocks + j)) << 4),
        x + ((<usize>(slot * xStride)) << 2),
        I,
        h + at,
        H,
        w,
        kind,
      );
    }
  }
}

function rnnTile(out: Floats, start: Floats, x: Floats, I: i32, h: Floats, H: i32, w: Floats, kind: i32): void {
  if (ASC_FEATURE_SIMD) {
    let sum = v128.load(start);
    for (const end = x + ((<usize>I) << 2); x < end; x += 4, w += 16)
      sum = f32x4.add(sum, f32x4.mul(v128.load_splat<f32>(x), v128.load(w)));
    for (const end = h + ((<usize>H) << 2); h < end; h += 4, w += 16)
      sum = f32x4.add(sum, f32x4.mul(v128.load_splat<f32>(h), v128.load(w)));
    v128.store(out, activation4(kind, sum));
  } else {
    for (let lane: usize = 0; lane < 16; lane += 4) {
      let sum = load<f32>(start + lane);
      let p = w + lane;
      for (let k = 0; k < I; k++, p += 16) sum += load<f32>(x + ((<usize>k) << 2)) * load<f32>(p);
      for (let k = 0; k < H; k++, p += 16) sum += load<f32>(h + ((<usize>k) << 2)) * load<f32>(p);
      store<f32>(out + lane, gate1(kind, sum));
    }
  }
}
