/** Weights of recurrent layers, from ONNX' layout to ours. */

/** Of all directions D: w (D, G H, I), r (D, G H, H), b (D, 2 G H), row-major. */
export interface Gates {
  /** Where each of our gates stands among ONNX' G. */
  order: readonly number[];
  /** H and I. */
  units: number;
  inputs: number;
  w: Float32Array;
  r: Float32Array;
  b: Float32Array | null;
}

/** (G H, K) of one direction to (K, G H), gates in our order. */
export function kernel({ order, units: H }: Gates, from: Float32Array, direction: number, K: number): Float32Array {
  const rows = order.length * H;
  const out = new Float32Array(K * rows);
  order.forEach((gate, g) => {
    const first = (direction * rows + gate * H) * K;
    transpose(out, g * H, rows, from.subarray(first, first + H * K), H, K);
  });
  return out;
}

/** The input's and the recurrent bias: summed (G H), or apart (2, G H). */
export function biases({ order, units: H, b }: Gates, direction: number, sum: boolean): Float32Array {
  const rows = order.length * H;
  const out = new Float32Array(sum ? rows : 2 * rows);
  if (!b) return out;
  order.forEach((gate, g) => {
    const first = 2 * direction * rows + gate * H;
    for (let u = 0; u < H; u++) {
      const [input, recurrent] = [b[first + u]!, b[first + rows + u]!];
      out[g * H + u] = sum ? input + recurrent : input;
      if (!sum) out[rows + g * H + u] = recurrent;
    }
  });
  return out;
}

/** Columns read at once, so that both sides stay in the cache. */
const TILE = 16;

/** (R, C) into columns `at` .. `at` + R - 1 of rows of `stride`. */
function transpose(out: Float32Array, at: number, stride: number, from: Float32Array, R: number, C: number): void {
  for (let c0 = 0; c0 < C; c0 += TILE) {
    const end = Math.min(C, c0 + TILE);
    for (let r = 0; r < R; r++) {
      for (let c = c0; c < end; c++) out[c * stride + at + r] = from[r * C + c]!;
    }
  }
}
