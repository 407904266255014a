// Embedding of tokens, and the mask that padding leaves.
import { Floats, Ints } from '../memory';

/** out[s] = table[token x[s]] for each named row; where `mask` is not 0, mask[s] = token is not 0. table (V, E). */
export function embed(
  out: Floats,
  outStride: i32,
  mask: Ints,
  x: Floats,
  xStride: i32,
  slots: Ints,
  n: i32,
  table: Floats,
  E: i32,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    const token = <i32>load<f32>(x + ((<usize>(s * xStride)) << 2));
    memory.copy(out + ((<usize>(s * outStride)) << 2), table + ((<usize>(token * E)) << 2), (<usize>E) << 2);
    if (mask) store<i32>(mask + ((<usize>s) << 2), token != 0 ? 1 : 0);
  }
}
