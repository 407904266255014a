// Copying rows of f32: from inputs to branches, between layers, from one layout to another.
import { Floats, Ints } from './memory';

/** to[slots[b]] = from[rows[b]]: `width` floats each, rows `stride` floats apart. */
export function copyRows(
  to: Floats,
  toStride: i32,
  from: Floats,
  fromStride: i32,
  slots: Ints,
  rows: Ints,
  n: i32,
  width: i32,
): void {
  const bytes = (<usize>width) << 2;
  for (let b = 0; b < n; b++) {
    const at = (<usize>b) << 2;
    const to_b = to + ((<usize>(load<i32>(slots + at) * toStride)) << 2);
    memory.copy(to_b, from + ((<usize>(load<i32>(rows + at) * fromStride)) << 2), bytes);
  }
}

/** Lays `count` values of each named branch out anew: from rows of fromWidth, fromTick apart, to rows of toWidth, toTick apart. */
export function relayout(
  to: Floats,
  toStride: i32,
  toTick: i32,
  toWidth: i32,
  from: Floats,
  fromStride: i32,
  fromTick: i32,
  fromWidth: i32,
  count: i32,
  slots: Ints,
  n: i32,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    for (let i = 0; i < count; i++) {
      const at = to + ((<usize>(s * toStride + (i / toWidth) * toTick + (i % toWidth))) << 2);
      store<f32>(at, load<f32>(from + ((<usize>(s * fromStride + (i / fromWidth) * fromTick + (i % fromWidth))) << 2)));
    }
  }
}

/** to[s] = to[s] op x[s], value by value. op: 0 add, 1 subtract, 2 multiply, 3 add for an average, 4 maximum, 5 minimum. */
export function combine(
  op: i32,
  to: Floats,
  toStride: i32,
  x: Floats,
  xStride: i32,
  slots: Ints,
  n: i32,
  W: i32,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    const to_s = to + ((<usize>(s * toStride)) << 2);
    const x_s = x + ((<usize>(s * xStride)) << 2);
    for (let w = 0; w < W; w++) {
      const at = (<usize>w) << 2;
      store<f32>(to_s + at, combined(op, load<f32>(to_s + at), load<f32>(x_s + at)));
    }
  }
}

/**
 * The same for rows of which some are masked (B, maskStride; mask may be 0), as Keras multiplies and compares: masked rows
 * take no part. seen (B): whether a row took part before; it is kept.
 */
export function combineSeen(
  op: i32,
  to: Floats,
  toStride: i32,
  seen: Ints,
  x: Floats,
  xStride: i32,
  mask: Ints,
  maskStride: i32,
  slots: Ints,
  n: i32,
  W: i32,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    if (mask && load<i32>(mask + ((<usize>(s * maskStride)) << 2)) == 0) continue;
    const before = load<i32>(seen + ((<usize>s) << 2));
    store<i32>(seen + ((<usize>s) << 2), 1);
    const to_s = to + ((<usize>(s * toStride)) << 2);
    const x_s = x + ((<usize>(s * xStride)) << 2);
    for (let w = 0; w < W; w++) {
      const at = (<usize>w) << 2;
      const value = load<f32>(x_s + at);
      store<f32>(to_s + at, before ? combined(op, load<f32>(to_s + at), value) : value);
    }
  }
}

function combined(op: i32, a: f32, b: f32): f32 {
  return op == 1 ? a - b : op == 2 ? a * b : op == 4 ? max<f32>(a, b) : op == 5 ? min<f32>(a, b) : a + b;
}

/** x[s] / divisor, value by value. */
export function divide(x: Floats, stride: i32, divisor: f32, slots: Ints, n: i32, W: i32): void {
  for (let b = 0; b < n; b++) {
    const x_s = x + ((<usize>(load<i32>(slots + ((<usize>b) << 2)) * stride)) << 2);
    for (let w = 0; w < W; w++) {
      const at = x_s + ((<usize>w) << 2);
      store<f32>(at, load<f32>(at) / divisor);
    }
  }
}
