// Product: out = start + a A + b B on the rows that `slots` names. The tape's forward sums of gates (start: the bias, a: the
// inputs, b: the hidden units) and its way back (a: a gradient, A: transposed weights).
//
// A and B stand below each other and are packed by blocks of sixteen columns, what is left of pad(O) by blocks of four:
// a block of 16, row k: [w[k][16j] .. w[k][16j+15]]. Every sum starts at its start, then takes a, then b, in index order:
// the bytes of a row depend on nothing else. Tiles: 2 rows x 16 columns and 4 rows x 4 columns.
import { Floats, Ints, pad } from './memory';

/** Rows of `a` that stay in the first-level cache while the blocks of weights pass by. */
const GROUP: i32 = 32;

/**
 * out (B, outStride), start (B, startStride; 0: one row for all), a (B, aStride) of P values, b (B, bStride) of Q values,
 * weights: packed (P + Q, O). start may be out itself: then the product is added to it.
 */
export function product(
  out: Floats,
  outStride: i32,
  start: Floats,
  startStride: i32,
  a: Floats,
  aStride: i32,
  P: i32,
  b: Floats,
  bStride: i32,
  Q: i32,
  slots: Ints,
  n: i32,
  weights: Floats,
  O: i32,
): void {
  const columns = pad(O);
  const outBytes = <usize>(outStride << 2);
  const startBytes = <usize>(startStride << 2);
  const aBytes = <usize>(aStride << 2);
  const bBytes = <usize>(bStride << 2);
  for (let from = 0; from < n; from += GROUP) {
    const to = min(from + GROUP, n);
    let w = weights;
    let column: usize = 0;
    for (let o = 0; o < columns; ) {
      const wide = columns - o >= 16;
      const together = wide ? 2 : 4;
      let i = from;
      for (; i + together <= to; i += together) {
        const at = slots + ((<usize>i) << 2);
        const r = <usize>load<i32>(at, 0),
          s = <usize>load<i32>(at, 4);
        const outR = out + r * outBytes + column,
          outS = out + s * outBytes + column;
        const startR = start + r * startBytes + column,
          startS = start + s * startBytes + column;
        const aR = a + r * aBytes,
          aS = a + s * aBytes;
        const bR = b + r * bBytes,
          bS = b + s * bBytes;
        if (wide) {
          tile2x16(outR, outS, startR, startS, aR, aS, P, bR, bS, Q, w);
        } else {
          const t = <usize>load<i32>(at, 8),
            u = <usize>load<i32>(at, 12);
          const outT = out + t * outBytes + column,
            outU = out + u * outBytes + column;
          const startT = start + t * startBytes + column,
            startU = start + u * startBytes + column;
          const aT = a + t * aBytes,
            aU = a + u * aBytes;
          const bT = b + t * bBytes,
            bU = b + u * bBytes;
          tile4x4(outR, outS, outT, outU, startR, startS, startT, startU, aR, aS, aT, aU, P, bR, bS, bT, bU, Q, w);
        }
      }
      for (; i < to; i++) {
        const s = <usize>load<i32>(slots + ((<usize>i) << 2));
        const out_s = out + s * outBytes + column;
        const start_s = start + s * startBytes + column;
        if (wide) tile1x16(out_s, start_s, a + s * aBytes, P, b + s * bBytes, Q, w);
        else tile1x4(out_s, start_s, a + s * aBytes, P, b + s * bBytes, Q, w);
      }
      const width = wide ? 16 : 4;
      o += width;
      column += <usize>(width << 2);
      w += (<usize>((P + Q) * width)) << 2;
    }
  }
}

// Two rows, sixteen columns: eight accumulators, all that a 128-bit machine keeps in registers.
function tile2x16(
  outR: Floats,
  outS: Floats,
  startR: Floats,
  startS: Floats,
  aR: Floats,
  aS: Floats,
  P: i32,
  bR: Floats,
  bS: Floats,
  Q: i32,
  w: Floats,
): void {
  if (ASC_FEATURE_SIMD) {
    let r0 = v128.load(startR, 0),
      r1 = v128.load(startR, 16),
      r2 = v128.load(startR, 32),
      r3 = v128.load(startR, 48);
    let s0 = v128.load(startS, 0),
      s1 = v128.load(startS, 16),
      s2 = v128.load(startS, 32),
      s3 = v128.load(startS, 48);
    let rowR = aR,
      rowS = aS,
      end = aR + ((<usize>P) << 2);
    for (let part = 0; part < 2; part++) {
      for (; rowR < end; rowR += 4, rowS += 4, w += 64) {
        const r = v128.load_splat<f32>(rowR),
          s = v128.load_splat<f32>(rowS);
        const w0 = v128.load(w, 0),
          w1 = v128.load(w, 16),
          w2 = v128.load(w, 32),
          w3 = v128.load(w, 48);
        r0 = f32x4.add(r0, f32x4.mul(r, w0));
        s0 = f32x4.add(s0, f32x4.mul(s, w0));
        r1 = f32x4.add(r1, f32x4.mul(r, w1));
        s1 = f32x4.add(s1, f32x4.mul(s, w1));
        r2 = f32x4.add(r2, f32x4.mul(r, w2));
        s2 = f32x4.add(s2, f32x4.mul(s, w2));
        r3 = f32x4.add(r3, f32x4.mul(r, w3));
        s3 = f32x4.add(s3, f32x4.mul(s, w3));
      }
      rowR = bR;
      rowS = bS;
      end = bR + ((<usize>Q) << 2);
    }
    v128.store(outR, r0, 0);
    v128.store(outR, r1, 16);
    v128.store(outR, r2, 32);
    v128.store(outR, r3, 48);
    v128.store(outS, s0, 0);
    v128.store(outS, s1, 16);
    v128.store(outS, s2, 32);
    v128.store(outS, s3, 48);
  } else {
    scalar(outR, startR, aR, P, bR, Q, w, 64);
    scalar(outS, startS, aS, P, bS, Q, w, 64);
  }
}

// One row, sixteen columns: what is left when n is odd.
function tile1x16(out: Floats, start: Floats, a: Floats, P: i32, b: Floats, Q: i32, w: Floats): void {
  if (ASC_FEATURE_SIMD) {
    let s0 = v128.load(start, 0),
      s1 = v128.load(start, 16),
      s2 = v128.load(start, 32),
      s3 = v128.load(start, 48);
    let row = a,
      end = a + ((<usize>P) << 2);
    for (let part = 0; part < 2; part++) {
      for (; row < end; row += 4, w += 64) {
        const s = v128.load_splat<f32>(row);
        s0 = f32x4.add(s0, f32x4.mul(s, v128.load(w, 0)));
        s1 = f32x4.add(s1, f32x4.mul(s, v128.load(w, 16)));
        s2 = f32x4.add(s2, f32x4.mul(s, v128.load(w, 32)));
        s3 = f32x4.add(s3, f32x4.mul(s, v128.load(w, 48)));
      }
      row = b;
      end = b + ((<usize>Q) << 2);
    }
    v128.store(out, s0, 0);
    v128.store(out, s1, 16);
    v128.store(out, s2, 32);
    v128.store(out, s3, 48);
  } else {
    scalar(out, start, a, P, b, Q, w, 64);
  }
}

// Four rows, four columns: the last columns.
function tile4x4(
  outR: Floats,
  outS: Floats,
  outT: Floats,
  outU: Floats,
  startR: Floats,
  startS: Floats,
  startT: Floats,
  startU: Floats,
  aR: Floats,
  aS: Floats,
  aT: Floats,
  aU: Floats,
  P: i32,
  bR: Floats,
  bS: Floats,
  bT: Floats,
  bU: Floats,
  Q: i32,
  w: Floats,
): void {
  if (ASC_FEATURE_SIMD) {
    let r = v128.load(startR),
      s = v128.load(startS),
      t = v128.load(startT),
      u = v128.load(startU);
    let end = aR + ((<usize>P) << 2);
    for (let part = 0; part < 2; part++) {
      for (; aR < end; aR += 4, aS += 4, aT += 4, aU += 4, w += 16) {
        const w_k = v128.load(w);
        r = f32x4.add(r, f32x4.mul(v128.load_splat<f32>(aR), w_k));
        s = f32x4.add(s, f32x4.mul(v128.load_splat<f32>(aS), w_k));
        t = f32x4.add(t, f32x4.mul(v128.load_splat<f32>(aT), w_k));
        u = f32x4.add(u, f32x4.mul(v128.load_splat<f32>(aU), w_k));
      }
      aR = bR;
      aS = bS;
      aT = bT;
      aU = bU;
      end = bR + ((<usize>Q) << 2);
    }
    v128.store(outR, r);
    v128.store(outS, s);
    v128.store(outT, t);
    v128.store(outU, u);
  } else {
    scalar(outR, startR, aR, P, bR, Q, w, 16);
    scalar(outS, startS, aS, P, bS, Q, w, 16);
    scalar(outT, startT, aT, P, bT, Q, w, 16);
    scalar(outU, startU, aU, P, bU, Q, w, 16);
  }
}

// One row, four columns.
function tile1x4(out: Floats, start: Floats, a: Floats, P: i32, b: Floats, Q: i32, w: Floats): void {
  if (ASC_FEATURE_SIMD) {
    let sum = v128.load(start);
    let end = a + ((<usize>P) << 2);
    for (let part = 0; part < 2; part++) {
      for (; a < end; a += 4, w += 16) sum = f32x4.add(sum, f32x4.mul(v128.load_splat<f32>(a), v128.load(w)));
      a = b;
      end = b + ((<usize>Q) << 2);
    }
    v128.store(out, sum);
  } else {
    scalar(out, start, a, P, b, Q, w, 16);
  }
}

// One row of a block of `bytes`, value by value.
function scalar(out: Floats, start: Floats, a: Floats, P: i32, b: Floats, Q: i32, w: Floats, bytes: usize): void {
  for (let lane: usize = 0; lane < bytes; lane += 4) {
    let sum = load<f32>(start + lane);
    let p = w + lane;
    for (let k = 0; k < P; k++, p += bytes) sum += load<f32>(a + ((<usize>k) << 2)) * load<f32>(p);
    for (let k = 0; k < Q; k++, p += bytes) sum += load<f32>(b + ((<usize>k) << 2)) * load<f32>(p);
    store<f32>(out + lane, sum);
  }
}
