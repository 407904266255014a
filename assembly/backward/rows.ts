// Layers that lay out, pool or merge rows, back. What they make is added to dx.
import { Floats, Ints } from '../memory';

/** Back from `relayout`: dx (of rows of xWidth, xTick apart) += dy (of rows of yWidth, yTick apart), `count` values a branch. */
export function relayoutBack(
  dx: Floats,
  xStride: i32,
  xTick: i32,
  xWidth: i32,
  dy: Floats,
  yStride: i32,
  yTick: i32,
  yWidth: i32,
  count: i32,
  slots: Ints,
  n: i32,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    for (let i = 0; i < count; i++) {
      const at = dx + ((<usize>(s * xStride + (i / xWidth) * xTick + (i % xWidth))) << 2);
      const from = dy + ((<usize>(s * yStride + (i / yWidth) * yTick + (i % yWidth))) << 2);
      store<f32>(at, load<f32>(at) + load<f32>(from));
    }
  }
}

/** Back from `pool`: a mean's gradient to all ticks alike that took part, a maximum's to the first tick that has it. */
export function poolBack(
  dx: Floats,
  dxStride: i32,
  dxTick: i32,
  dy: Floats,
  dyStride: i32,
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
    let count = 0;
    for (let t = 0; t < T; t++) if (mask == 0 || load<i32>(mask_s + ((<usize>t) << 2))) count++;
    for (let w = 0; w < W; w++) {
      const d = load<f32>(dy + ((<usize>(s * dyStride + w)) << 2));
      const dx_w = dx + ((<usize>(s * dxStride + w)) << 2);
      let first = 0;
      if (largest) {
        let top = load<f32>(x_s + ((<usize>w) << 2));
        for (let t = 1; t < T; t++) {
          const value = load<f32>(x_s + ((<usize>(t * tick + w)) << 2));
          if (value > top) {
            top = value;
            first = t;
          }
        }
        add(dx_w + ((<usize>(first * dxTick)) << 2), d);
        continue;
      }
      for (let t = 0; t < T; t++) {
        if (mask && load<i32>(mask_s + ((<usize>t) << 2)) == 0) continue;
        add(dx_w + ((<usize>(t * dxTick)) << 2), d / <f32>count);
      }
    }
  }
}

// A merge's inputs: six i32 each.
const X: usize = 0;
const X_STRIDE: usize = 4;
const MASK: usize = 8;
const MASK_STRIDE: usize = 12;
const DX: usize = 16;
const DX_STRIDE: usize = 20;
const INPUT: usize = 24;

/**
 * Back from a product (op 2), maximum (4) or minimum (5) of `count` inputs that `inputs` lists: pointer and stride of x, of its
 * mask (0: none), of dx. Of equal values the first gives the maximum. Where no input is seen a product is zero, a maximum the
 * first input's value.
 */
export function mergeBack(
  op: i32,
  dy: Floats,
  dyStride: i32,
  inputs: Ints,
  count: i32,
  slots: Ints,
  n: i32,
  W: i32,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    for (let w = 0; w < W; w++) {
      const d = load<f32>(dy + ((<usize>(s * dyStride + w)) << 2));
      if (op == 2) {
        for (let i = 0; i < count; i++) {
          if (!isSeen(inputs, i, s)) continue;
          let others = d;
          for (let j = 0; j < count; j++) if (j != i && isSeen(inputs, j, s)) others *= valueOf(inputs, j, s, w);
          addTo(inputs, i, s, w, others);
        }
        continue;
      }
      let chosen = -1;
      for (let i = 0; i < count; i++) {
        if (!isSeen(inputs, i, s)) continue;
        if (chosen < 0) {
          chosen = i;
          continue;
        }
        const value = valueOf(inputs, i, s, w);
        const best = valueOf(inputs, chosen, s, w);
        if (op == 4 ? value > best : value < best) chosen = i;
      }
      addTo(inputs, max(chosen, 0), s, w, d);
    }
  }
}

function isSeen(inputs: Ints, i: i32, s: i32): bool {
  const input = inputs + <usize>i * INPUT;
  const mask = <usize>load<u32>(input, MASK);
  return mask == 0 || load<i32>(mask + ((<usize>(s * load<i32>(input, MASK_STRIDE))) << 2)) != 0;
}

function valueOf(inputs: Ints, i: i32, s: i32, w: i32): f32 {
  const input = inputs + <usize>i * INPUT;
  return load<f32>(<usize>load<u32>(input, X) + ((<usize>(s * load<i32>(input, X_STRIDE) + w)) << 2));
}

function addTo(inputs: Ints, i: i32, s: i32, w: i32, value: f32): void {
  const input = inputs + <usize>i * INPUT;
  add(<usize>load<u32>(input, DX) + ((<usize>(s * load<i32>(input, DX_STRIDE) + w)) << 2), value);
}

function add(at: Floats, value: f32): void {
  store<f32>(at, load<f32>(at) + value);
}
