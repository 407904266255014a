// Embedding, and the masks that padding leaves: mask (rows) of i32, 0 where a row is padding.
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
