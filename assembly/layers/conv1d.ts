// Causal convolution: out = b + sum over taps of x[t - distance] W[tap], n branches at once.
//
// A branch keeps its last L = (size - 1) dilation + 1 inputs in a ring of rows; all rings turn together.
// Weights are packed by blocks of four outputs: block j, row (tap, input): [w w w w], oldest tap first.
import { Floats, Ints, pad } from '../memory';

/**
 * out (B, outStride), ring (B, L, pad(I)) with the newest input in row `newest`, weights (pad(O)/4, size I, 4), bias (pad(O)).
 * Sums start at the bias, oldest tap first, inputs in index order.
 */
export function convStep(
  out: Floats,
  outStride: i32,
  ring: Floats,
  L: i32,
  newest: i32,
  size: i32,
  dilation: i32,
  slots: Ints,
  n: i32,
  weights: Floats,
  bias: Floats,
  I: i32,
  O: i32,
): void {
  const blocks = pad(O) >> 2;
  const width = pad(I);
  for (let j = 0; j < blocks; j++) {
    const w_j = weights + ((<usize>(j * size * I)) << 4);
    for (let b = 0; b < n; b++) {
      const slot = load<i32>(slots + ((<usize>b) << 2));
      const out_b = out + ((<usize>(slot * outStride + j * 4)) << 2);
      const ring_b = ring + ((<usize>(slot * L * width)) << 2);
      if (ASC_FEATURE_SIMD) {
        let sum = v128.load(bias + ((<usize>j) << 4));
        let w = w_j;
        for (let tap = 0; tap < size; tap++) {
          let x = ring_b + tapAt(tap, size, dilation, newest, L, width);
          for (const end = x + ((<usize>I) << 2); x < end; x += 4, w += 16)
            sum = f32x4.add(sum, f32x4.mul(v128.load_splat<f32>(x), v128.load(w)));
        }
        v128.store(out_b, sum);
      } else {
        for (let lane: usize = 0; lane < 16; lane += 4) {
          let sum = load<f32>(bias + ((<usize>j) << 4) + lane);
          let w = w_j + lane;
          for (let tap = 0; tap < size; tap++) {
            let x = ring_b + tapAt(tap, size, dilation, newest, L, width);
            for (const end = x + ((<usize>I) << 2); x < end; x += 4, w += 16) sum += load<f32>(x) * load<f32>(w);
          }
          store<f32>(out_b + lane, sum);
        }
      }
    }
  }
}

// Bytes from the ring's beginning to the row that a tap looks at.
function tapAt(tap: i32, size: i32, dilation: i32, newest: i32, L: i32, width: i32): usize {
  let row = newest - (size - 1 - tap) * dilation;
  if (row < 0) row += L;
  return (<usize>(row * width)) << 2;
}
