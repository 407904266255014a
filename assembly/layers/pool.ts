// Pooling over a whole window.
import { Floats, Ints } from '../memory';

/** Pooling over the T ticks of x (B, stride; `tick` apart): their mean (of those that `mask` does not leave out) or maximum. */
export function pool(
  out: Floats,
  outStride: i32,
  x: Floats,
  stride: i32,
  tick: i32,
  T: i32,
  W: i32,
  largest: bool,
  mask: Ints,
  maskStride: i32,
  slots: Ints,
  n: i32,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    const x_s = x + ((<usize>(s * stride)) << 2);
    const mask_s = mask + ((<usize>(s * maskStride)) << 2);
    for (let w = 0; w < W; w++) {
      let sum: f64 = 0;
      let top = load<f32>(x_s + ((<usize>w) << 2));
      let count = 0;
      for (let t = 0; t < T; t++) {
        const value = load<f32>(x_s + ((<usize>(t * tick + w)) << 2));
        top = max(top, value);
        if (mask && load<i32>(mask_s + ((<usize>t) << 2)) == 0) continue;
        sum += <f64>value;
        count++;
      }
      // where every tick is padding there is no mean: 0
      const mean = <f32>(count == 0 ? 0 : sum / <f64>count);
      store<f32>(out + ((<usize>(s * outStride + w)) << 2), largest ? top : mean);
    }
  }
}
