// Masks beside rows: one i32 a row, 0 where the row is padding.
import { Floats, Ints } from './memory';

/** Zero for each named row. */
export function clearMask(mask: Ints, slots: Ints, n: i32): void {
  for (let b = 0; b < n; b++) store<i32>(mask + ((<usize>load<i32>(slots + ((<usize>b) << 2))) << 2), 0);
}

/** Masking: rows whose F values all equal `value` become zeros, and mask[s] = 0 there. */
export function maskEqual(
  out: Floats,
  outStride: i32,
  mask: Ints,
  x: Floats,
  xStride: i32,
  slots: Ints,
  n: i32,
  F: i32,
  value: f32,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    const x_s = x + ((<usize>(s * xStride)) << 2);
    let seen = 0;
    for (let f = 0; f < F; f++) if (load<f32>(x_s + ((<usize>f) << 2)) != value) seen = 1;
    const out_s = out + ((<usize>(s * outStride)) << 2);
    for (let f = 0; f < F; f++) {
      const at = (<usize>f) << 2;
      store<f32>(out_s + at, seen ? load<f32>(x_s + at) : 0);
    }
    store<i32>(mask + ((<usize>s) << 2), seen);
  }
}

/**
 * Parts branches by a mask: those that see this tick come first in `order` (and their rows in `orderRow`), the others behind.
 * rows (n): which row of the mask is a branch's own; maskOut (B): the mask a branch. Returns how many see it.
 */
export function part(
  order: Ints,
  orderRow: Ints,
  maskOut: Ints,
  slots: Ints,
  zRow: Ints,
  rows: Ints,
  n: i32,
  mask: Ints,
  maskStride: i32,
): i32 {
  let seen = 0;
  let last = n;
  for (let b = 0; b < n; b++) {
    const at = (<usize>b) << 2;
    const slot = load<i32>(slots + at);
    const here = load<i32>(mask + ((<usize>(load<i32>(rows + at) * maskStride)) << 2));
    const to = (<usize>(here ? seen++ : --last)) << 2;
    store<i32>(order + to, slot);
    store<i32>(orderRow + to, load<i32>(zRow + at));
    store<i32>(maskOut + ((<usize>slot) << 2), here);
  }
  return seen;
}

/** to[s] = a[s] or b[s]. */
export function eitherMask(to: Ints, a: Ints, aStride: i32, b: Ints, bStride: i32, slots: Ints, n: i32): void {
  for (let i = 0; i < n; i++) {
    const s = load<i32>(slots + ((<usize>i) << 2));
    const first = load<i32>(a + ((<usize>(s * aStride)) << 2));
    store<i32>(to + ((<usize>s) << 2), first | load<i32>(b + ((<usize>(s * bStride)) << 2)));
  }
}

/** Zeros to the rows whose mask is 0. */
export function zeroMasked(x: Floats, stride: i32, mask: Ints, maskStride: i32, slots: Ints, n: i32, W: i32): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    if (load<i32>(mask + ((<usize>(s * maskStride)) << 2)) == 0)
      memory.fill(x + ((<usize>(s * stride)) << 2), 0, (<usize>W) << 2);
  }
}
