// Embedding back: a token's row of the table is given what its outputs are given. To the token itself nothing passes.
import { Floats, Ints } from '../memory';

/** dTable[token x[s]] += dy[s] for each named row. dTable (V, E). */
export function embedBack(
  dTable: Floats,
  dy: Floats,
  dyStride: i32,
  x: Floats,
  xStride: i32,
  slots: Ints,
  n: i32,
  E: i32,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    const row = dTable + ((<usize>(<i32>load<f32>(x + ((<usize>(s * xStride)) << 2)) * E)) << 2);
    const dy_s = dy + ((<usize>(s * dyStride)) << 2);
    for (let e = 0; e < E; e++) {
      const at = (<usize>e) << 2;
      store<f32>(row + at, load<f32>(row + at) + load<f32>(dy_s + at));
    }
  }
}
