// LSTM: one step of n branches at once.
//
//   i, f, o = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o)    g = tanh(z_g)    z = b + x W + h U
//   c' = f c + i g                                         h' = o tanh(c')
//
// Weights are packed by blocks of four units, so that one row of a block feeds the four gates of four units of a branch:
//
//   block j (units 4j .. 4j+3), row k (k < I: input k; then hidden unit k - I, of P):   [i i i i | f f f f | g g g g | o o o o]
//   weights  (pad(H)/4, I + P, 16)      bias and pre-activations z  (pad(H)/4, 16)
//
// The tile is 2 branches x 4 gates: eight accumulators, all that a 128-bit machine keeps in registers. Every sum starts
// at its bias, then takes the inputs in index order, then the hidden units: the bytes of a branch depend on nothing else.

import { sigmoid1, sigmoid4, tanh1, tanh4 } from '../math';
import { Floats, Ints, pad } from '../memory';

/** Branches whose hidden rows stay in the first-level cache while the blocks of weights pass by. */
const GROUP: i32 = 32;

/**
 * One step of the n branches that `slots` names.
 * hNext, c (B, pad(H)): new hidden state, cell state in place; h (B, hStride): the old hidden state, of which P units feed
 * the gates (P = H without a projection). z (*, 4 pad(H)) and zRow (n): where each branch's sums start (`inputShare`'s rows,
 * or the bias alone). x (B, xStride), I: inputs that differ from branch to branch (I = 0 when they are in z already).
 * weights: packed, from the first row that is still to be added.
 * rows: I + P of the packed block, whose first rows may be done already.
 */
export function lstmStep(
  hNext: Floats,
  h: Floats,
  hStride: i32,
  P: i32,
  c: Floats,
  slots: Ints,
  n: i32,
  z: Floats,
  zRow: Ints,
  x: Floats,
  xStride: i32,
  I: i32,
  weights: Floats,
  rows: i32,
  H: i32,
): void {
  const blocks = pad(H) >> 2;
  const blockBytes = <usize>(rows << 6);
  const nextBytes = <usize>(pad(H) << 2);
  const hBytes = <usize>(hStride << 2);
  const zBytes = <usize>(blocks << 6);
  const xBytes = <usize>(xStride << 2);
  for (let from = 0; from < n; from += GROUP) {
    const to = min(from + GROUP, n);
    for (let j = 0; j < blocks; j++) {
      const w = weights + <usize>j * blockBytes;
      const unit = (<usize>j) << 4;
      const block = (<usize>j) << 6;
      let b = from;
      for (; b + 1 < to; b += 2) {
        const slotA = <usize>load<i32>(slots + ((<usize>b) << 2));
        const slotB = <usize>load<i32>(slots + ((<usize>b) << 2), 4);
        const rowA = <usize>load<i32>(zRow + ((<usize>b) << 2));
        const rowB = <usize>load<i32>(zRow + ((<usize>b) << 2), 4);
        lstmTile2(
          hNext + slotA * nextBytes + unit,
          hNext + slotB * nextBytes + unit,
          c + slotA * nextBytes + unit,
          c + slotB * nextBytes + unit,
          z + rowA * zBytes + block,
          z + rowB * zBytes + block,
          x + slotA * xBytes,
          x + slotB * xBytes,
          I,
          h + slotA * hBytes,
          h + slotB * hBytes,
          P,
          w,
        );
      }
      if (b < to) {
        const slot = <usize>load<i32>(slots + ((<usize>b) << 2));
        const row = <usize>load<i32>(zRow + ((<usize>b) << 2));
        lstmTile1(
          hNext + slot * nextBytes + unit,
          c + slot * nextBytes + unit,
          z + row * zBytes + block,
          x + slot * xBytes,
          I,
          h + slot * hBytes,
          P,
          w,
        );
      }
    }
  }
}

// Two branches, four units: eight accumulators.
function lstmTile2(
  hNextA: Floats,
  hNextB: Floats,
  cA: Floats,
  cB: Floats,
  zA: Floats,
  zB: Floats,
  xA: Floats,
  xB: Floats,
  I: i32,
  hA: Floats,
  hB: Floats,
  P: i32,
  w: Floats,
): void {
  if (ASC_FEATURE_SIMD) {
    let iA = v128.load(zA, 0),
      fA = v128.load(zA, 16),
      gA = v128.load(zA, 32),
      oA = v128.load(zA, 48);
    let iB = v128.load(zB, 0),
      fB = v128.load(zB, 16),
      gB = v128.load(zB, 32),
      oB = v128.load(zB, 48);
    // first the inputs, then the hidden units: their rows of the packed weights follow each other
    let rowA = xA,
      rowB = xB,
      end = xA + ((<usize>I) << 2);
    for (let part = 0; part < 2; part++) {
      for (; rowA < end; rowA += 4, rowB += 4, w += 64) {
        const a = v128.load_splat<f32>(rowA),
          b = v128.load_splat<f32>(rowB);
        const wi = v128.load(w, 0),
          wf = v128.load(w, 16),
          wg = v128.load(w, 32),
          wo = v128.load(w, 48);
        iA = f32x4.add(iA, f32x4.mul(a, wi));
        iB = f32x4.add(iB, f32x4.mul(b, wi));
        fA = f32x4.add(fA, f32x4.mul(a, wf));
        fB = f32x4.add(fB, f32x4.mul(b, wf));
        gA = f32x4.add(gA, f32x4.mul(a, wg));
        gB = f32x4.add(gB, f32x4.mul(b, wg));
        oA = f32x4.add(oA, f32x4.mul(a, wo));
        oB = f32x4.add(oB, f32x4.mul(b, wo));
      }
      rowA = hA;
      rowB = hB;
      end = hA + ((<usize>P) << 2);
    }
    const nextA = f32x4.add(f32x4.mul(sigmoid4(fA), v128.load(cA)), f32x4.mul(sigmoid4(iA), tanh4(gA)));
    const nextB = f32x4.add(f32x4.mul(sigmoid4(fB), v128.load(cB)), f32x4.mul(sigmoid4(iB), tanh4(gB)));
    v128.store(cA, nextA);
    v128.store(cB, nextB);
    v128.store(hNextA, f32x4.mul(sigmoid4(oA), tanh4(nextA)));
    v128.store(hNextB, f32x4.mul(sigmoid4(oB), tanh4(nextB)));
  } else {
    for (let unit: usize = 0; unit < 16; unit += 4) {
      let iA = load<f32>(zA + unit),
        fA = load<f32>(zA + unit, 16),
        gA = load<f32>(zA + unit, 32),
        oA = load<f32>(zA + unit, 48);
      let iB = load<f32>(zB + unit),
        fB = load<f32>(zB + unit, 16),
        gB = load<f32>(zB + unit, 32),
        oB = load<f32>(zB + unit, 48);
      let p = w + unit;
      let rowA = xA,
        rowB = xB,
        end = xA + ((<usize>I) << 2);
      for (let part = 0; part < 2; part++) {
        for (; rowA < end; rowA += 4, rowB += 4, p += 64) {
          const a = load<f32>(rowA),
            b = load<f32>(rowB);
          const wi = load<f32>(p),
            wf = load<f32>(p, 16),
            wg = load<f32>(p, 32),
            wo = load<f32>(p, 48);
          iA += a * wi;
          iB += b * wi;
          fA += a * wf;
          fB += b * wf;
          gA += a * wg;
          gB += b * wg;
          oA += a * wo;
          oB += b * wo;
        }
        rowA = hA;
        rowB = hB;
        end = hA + ((<usize>P) << 2);
      }
      finish(hNextA + unit, cA + unit, iA, fA, gA, oA);
      finish(hNextB + unit, cB + unit, iB, fB, gB, oB);
    }
  }
}

// One branch, four units: what is left when n is odd.
function lstmTile1(hNext: Floats, c: Floats, z: Floats, x: Floats, I: i32, h: Floats, P: i32, w: Floats): void {
  if (ASC_FEATURE_SIMD) {
    let zi = v128.load(z, 0),
      zf = v128.load(z, 16),
      zg = v128.load(z, 32),
      zo = v128.load(z, 48);
    let row = x,
      end = x + ((<usize>I) << 2);
    for (let part = 0; part < 2; part++) {
      for (; row < end; row += 4, w += 64) {
        const a = v128.load_splat<f32>(row);
        zi = f32x4.add(zi, f32x4.mul(a, v128.load(w, 0)));
        zf = f32x4.add(zf, f32x4.mul(a, v128.load(w, 16)));
        zg = f32x4.add(zg, f32x4.mul(a, v128.load(w, 32)));
        zo = f32x4.add(zo, f32x4.mul(a, v128.load(w, 48)));
      }
      row = h;
      end = h + ((<usize>P) << 2);
    }
    const next = f32x4.add(f32x4.mul(sigmoid4(zf), v128.load(c)), f32x4.mul(sigmoid4(zi), tanh4(zg)));
    v128.store(c, next);
    v128.store(hNext, f32x4.mul(sigmoid4(zo), tanh4(next)));
  } else {
    for (let unit: usize = 0; unit < 16; unit += 4) {
      let zi = load<f32>(z + unit),
        zf = load<f32>(z + unit, 16),
        zg = load<f32>(z + unit, 32),
        zo = load<f32>(z + unit, 48);
      let p = w + unit;
      let row = x,
        end = x + ((<usize>I) << 2);
      for (let part = 0; part < 2; part++) {
        for (; row < end; row += 4, p += 64) {
          const a = load<f32>(row);
          zi += a * load<f32>(p);
          zf += a * load<f32>(p, 16);
          zg += a * load<f32>(p, 32);
          zo += a * load<f32>(p, 48);
        }
        row = h;
        end = h + ((<usize>P) << 2);
      }
      finish(hNext + unit, c + unit, zi, zf, zg, zo);
    }
  }
}

function finish(hNext: Floats, c: Floats, i: f32, f: f32, g: f32, o: f32): void {
  const next = sigmoid1(f) * load<f32>(c) + sigmoid1(i) * tanh1(g);
  store<f32>(c, next);
  store<f32>(hNext, sigmoid1(o) * tanh1(next));
}
