// Outer: dW += [a b]^T d and dBias += 1^T d over the rows that `slots` names: the gradients of the weights of `product` and of
// the bias that it starts at, from the rows that went in and the gradients d of what came out.
//
// dW is laid out as `product` takes weights: a's rows, then b's, by blocks of sixteen columns, what is left of pad(O) by
// blocks of four. Every sum goes on from what stands there, row after row in the order of `slots`: how many rows a call is
// given makes no difference to its bytes. Tiles: 2 rows of dW x 16 columns and 4 x 4.
import { Floats, Ints, pad } from '../memory';

/** Rows that are laid out anew together: a's and b's column by column, d's block by block, so that tiles read on and on. */
const GROUP: i32 = 64;
const COLUMN: usize = 256;

/**
 * dW: packed (P + Q, O), dBias (pad(O)), a (B, aStride) of P values, b (B, bStride) of Q values, d (B, dStride).
 * work: 64 (P + Q + 16) floats.
 */
export function outer(
  dW: Floats,
  dBias: Floats,
  a: Floats,
  aStride: i32,
  P: i32,
  b: Floats,
  bStride: i32,
  Q: i32,
  d: Floats,
  dStride: i32,
  slots: Ints,
  n: i32,
  O: i32,
  work: Floats,
): void {
  const columns = pad(O);
  const rows = P + Q;
  const block = work + <usize>rows * COLUMN;
  for (let from = 0; from < n; from += GROUP) {
    const count = min(GROUP, n - from);
    const named = slots + ((<usize>from) << 2);
    columnByColumn(work, a, aStride, P, named, count);
    columnByColumn(work + <usize>P * COLUMN, b, bStride, Q, named, count);
    let w = dW;
    for (let o = 0; o < columns; ) {
      const width = columns - o >= 16 ? 16 : 4;
      const bytes = <usize>(width << 2);
      copyBlock(block, d + ((<usize>o) << 2), dStride, bytes, named, count);
      addRows(dBias + ((<usize>o) << 2), block, bytes, count);
      let x = work;
      let k = 0;
      if (width == 16) {
        for (; k + 2 <= rows; k += 2, x += 2 * COLUMN, w += 128) tile2x16(w, x, block, count);
        if (k < rows) tile1x16(w, x, block, count);
        w += (<usize>(rows - k)) << 6;
      } else {
        for (; k + 4 <= rows; k += 4, x += 4 * COLUMN, w += 64) tile4x4(w, x, block, count);
        for (; k < rows; k++, x += COLUMN, w += 16) tile1x4(w, x, block, count);
      }
      o += width;
    }
  }
}

function columnByColumn(to: Floats, from: Floats, stride: i32, width: i32, slots: Ints, count: i32): void {
  for (let i = 0; i < count; i++) {
    let row = from + ((<usize>(load<i32>(slots + ((<usize>i) << 2)) * stride)) << 2);
    let at = to + ((<usize>i) << 2);
    for (let k = 0; k < width; k++, row += 4, at += COLUMN) store<f32>(at, load<f32>(row));
  }
}

function copyBlock(to: Floats, from: Floats, stride: i32, bytes: usize, slots: Ints, count: i32): void {
  for (let i = 0; i < count; i++, to += bytes) {
    const row = from + ((<usize>(load<i32>(slots + ((<usize>i) << 2)) * stride)) << 2);
    for (let at: usize = 0; at < bytes; at += 16) {
      store<u64>(to + at, load<u64>(row + at));
      store<u64>(to + at, load<u64>(row + at, 8), 8);
    }
  }
}

// to (bytes) += each row of a block.
function addRows(to: Floats, block: Floats, bytes: usize, count: i32): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    let row = block + at;
    if (ASC_FEATURE_SIMD) {
      let sum = v128.load(to + at);
      for (let i = 0; i < count; i++, row += bytes) sum = f32x4.add(sum, v128.load(row));
      v128.store(to + at, sum);
    } else {
      for (let lane: usize = 0; lane < 16; lane += 4) {
        let sum = load<f32>(to + at + lane);
        let from = row + lane;
        for (let i = 0; i < count; i++, from += bytes) sum += load<f32>(from);
        store<f32>(to + at + lane, sum);
      }
    }
  }
}

// Two rows of dW, sixteen columns: eight accumulators, all that a 128-bit machine keeps in registers.
function tile2x16(w: Floats, x: Floats, d: Floats, count: i32): void {
  if (ASC_FEATURE_SIMD) {
    let r0 = v128.load(w, 0),
      r1 = v128.load(w, 16),
      r2 = v128.load(w, 32),
      r3 = v128.load(w, 48);
    let s0 = v128.load(w, 64),
      s1 = v128.load(w, 80),
      s2 = v128.load(w, 96),
      s3 = v128.load(w, 112);
    for (const end = x + ((<usize>count) << 2); x < end; x += 4, d += 64) {
      const r = v128.load_splat<f32>(x),
        s = v128.load_splat<f32>(x, COLUMN);
      const d0 = v128.load(d, 0),
        d1 = v128.load(d, 16),
        d2 = v128.load(d, 32),
        d3 = v128.load(d, 48);
      r0 = f32x4.add(r0, f32x4.mul(r, d0));
      s0 = f32x4.add(s0, f32x4.mul(s, d0));
      r1 = f32x4.add(r1, f32x4.mul(r, d1));
      s1 = f32x4.add(s1, f32x4.mul(s, d1));
      r2 = f32x4.add(r2, f32x4.mul(r, d2));
      s2 = f32x4.add(s2, f32x4.mul(s, d2));
      r3 = f32x4.add(r3, f32x4.mul(r, d3));
      s3 = f32x4.add(s3, f32x4.mul(s, d3));
    }
    v128.store(w, r0, 0);
    v128.store(w, r1, 16);
    v128.store(w, r2, 32);
    v128.store(w, r3, 48);
    v128.store(w, s0, 64);
    v128.store(w, s1, 80);
    v128.store(w, s2, 96);
    v128.store(w, s3, 112);
  } else {
    scalar(w, x, d, count, 64);
    scalar(w + 64, x + COLUMN, d, count, 64);
  }
}

// One row of dW, sixteen columns.
function tile1x16(w: Floats, x: Floats, d: Floats, count: i32): void {
  if (ASC_FEATURE_SIMD) {
    let s0 = v128.load(w, 0),
      s1 = v128.load(w, 16),
      s2 = v128.load(w, 32),
      s3 = v128.load(w, 48);
    for (const end = x + ((<usize>count) << 2); x < end; x += 4, d += 64) {
      const s = v128.load_splat<f32>(x);
      s0 = f32x4.add(s0, f32x4.mul(s, v128.load(d, 0)));
      s1 = f32x4.add(s1, f32x4.mul(s, v128.load(d, 16)));
      s2 = f32x4.add(s2, f32x4.mul(s, v128.load(d, 32)));
      s3 = f32x4.add(s3, f32x4.mul(s, v128.load(d, 48)));
    }
    v128.store(w, s0, 0);
    v128.store(w, s1, 16);
    v128.store(w, s2, 32);
    v128.store(w, s3, 48);
  } else {
    scalar(w, x, d, count, 64);
  }
}

// Four rows of dW, four columns.
function tile4x4(w: Floats, x: Floats, d: Floats, count: i32): void {
  if (ASC_FEATURE_SIMD) {
    let r = v128.load(w, 0),
      s = v128.load(w, 16),
      t = v128.load(w, 32),
      u = v128.load(w, 48);
    for (const end = x + ((<usize>count) << 2); x < end; x += 4, d += 16) {
      const d_i = v128.load(d);
      r = f32x4.add(r, f32x4.mul(v128.load_splat<f32>(x), d_i));
      s = f32x4.add(s, f32x4.mul(v128.load_splat<f32>(x, COLUMN), d_i));
      t = f32x4.add(t, f32x4.mul(v128.load_splat<f32>(x, 2 * COLUMN), d_i));
      u = f32x4.add(u, f32x4.mul(v128.load_splat<f32>(x, 3 * COLUMN), d_i));
    }
    v128.store(w, r, 0);
    v128.store(w, s, 16);
    v128.store(w, t, 32);
    v128.store(w, u, 48);
  } else {
    for (let k: usize = 0; k < 4; k++) scalar(w + (k << 4), x + k * COLUMN, d, count, 16);
  }
}

// One row of dW, four columns.
function tile1x4(w: Floats, x: Floats, d: Floats, count: i32): void {
  if (ASC_FEATURE_SIMD) {
    let sum = v128.load(w);
    for (const end = x + ((<usize>count) << 2); x < end; x += 4, d += 16) {
      sum = f32x4.add(sum, f32x4.mul(v128.load_splat<f32>(x), v128.load(d)));
    }
    v128.store(w, sum);
  } else {
    scalar(w, x, d, count, 16);
  }
}

// One row of dW in a block of `bytes`, value by value.
function scalar(w: Floats, x: Floats, d: Floats, count: i32, bytes: usize): void {
  for (let lane: usize = 0; lane < bytes; lane += 4) {
    let sum = load<f32>(w + lane);
    let from = d + lane;
    for (let i = 0; i < count; i++, from += bytes) sum += load<f32>(x + ((<usize>i) << 2)) * load<f32>(from);
    store<f32>(w + lane, sum);
  }
}
