// What the inputs of a tick contribute to a recurrent layer, once for all branches that are given the same input.
import { Floats, pad } from '../memory';

/**
 * z[r] = bias + x[r] W for R distinct inputs. Weights are packed by blocks of four units, G gates side by side:
 * block j, row k: [g0 g0 g0 g0 | g1 g1 g1 g1 | ..]; a block has `rows` rows, of which the first I belong to the inputs.
 * Of the Z groups of a row of z the first G take part, the others hold their bias (a GRU keeps its recurrent part apart).
 * z and bias (pad(H)/4, 4 Z), x (R, xStride).
 */
export function inputShare(
  z: Floats,
  x: Floats,
  xStride: i32,
  weights: Floats,
  bias: Floats,
  R: i32,
  I: i32,
  rows: i32,
  H: i32,
  G: i32,
  Z: i32,
): void {
  const blocks = pad(H) >> 2;
  const rowBytes = <usize>(G << 4);
  const zBytes = <usize>(Z << 4);
  for (let j = 0; j < blocks; j++) {
    const w_j = weights + <usize>j * <usize>rows * rowBytes;
    const bias_j = bias + <usize>j * zBytes;
    for (let r = 0; r < R; r++) {
      const x_r = x + ((<usize>(r * xStride)) << 2);
      const z_r = z + <usize>(r * blocks + j) * zBytes;
      for (let g = 0; g < Z; g++) {
        const at = (<usize>g) << 4;
        if (ASC_FEATURE_SIMD) {
          let sum = v128.load(bias_j + at);
          if (g < G) {
            let w = w_j + at;
            for (let k = 0; k < I; k++, w += rowBytes) {
              sum = f32x4.add(sum, f32x4.mul(v128.load_splat<f32>(x_r + ((<usize>k) << 2)), v128.load(w)));
            }
          }
          v128.store(z_r + at, sum);
        } else {
          for (let lane: usize = 0; lane < 16; lane += 4) {
            let sum = load<f32>(bias_j + at + lane);
            if (g < G) {
              let w = w_j + at + lane;
              for (let k = 0; k < I; k++, w += rowBytes) sum += load<f32>(x_r + ((<usize>k) << 2)) * load<f32>(w);
            }
            store<f32>(z_r + at + lane, sum);
          }
        }
      }
    }
  }
}
