// GRU: one step of n branches at once.
//
//   z, r = sigmoid(z_z), sigmoid(z_r)      h' = z h + (1 - z) n
//   reset after:  n = tanh(b_n + x W_n + r (c_n + h U_n))      reset before:  n = tanh(b_n + x W_n + (r h) U_n)
//
// Weights are packed by blocks of four units: block j, row k (k < I: input k; then hidden unit k - I): [z z z z | r r r r | n n n n]
// Sums start in rows of [z z z z | r r r r | n n n n | m m m m], where m is the recurrent part of n: it begins at c_n.

import { activation4, gate1 } from '../activation';
import { Floats, Ints, pad } from '../memory';

/**
 * One step, the reset gate after the product. hNext, h (B, pad(H)); z (*, 4 pad(H)), zRow (n), x, I, weights and rows as in
 * `lstmStep`. Tile: 2 branches x 4 sums, eight accumulators.
 */
export function gruStep(
  hNext: Floats,
  h: Floats,
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
  recurrentKind: i32,
  kind: i32,
): void {
  const blocks = pad(H) >> 2;
  const blockBytes = <usize>rows * 48;
  const hBytes = <usize>(pad(H) << 2);
  const zBytes = <usize>(blocks << 6);
  const xBytes = <usize>(xStride << 2);
  for (let j = 0; j < blocks; j++) {
    const w = weights + <usize>j * blockBytes;
    const unit = (<usize>j) << 4;
    const block = (<usize>j) << 6;
    for (let b = 0; b < n; b += 2) {
      const slotA = <usize>load<i32>(slots + ((<usize>b) << 2));
      const rowA = <usize>load<i32>(zRow + ((<usize>b) << 2));
      // an odd last branch is its own partner: the same work twice, the same bytes
      const second = b + 1 < n ? b + 1 : b;
      const slotB = <usize>load<i32>(slots + ((<usize>second) << 2));
      const rowB = <usize>load<i32>(zRow + ((<usize>second) << 2));
      gruTile2(
        hNext + slotA * hBytes + unit,
        hNext + slotB * hBytes + unit,
        z + rowA * zBytes + block,
        z + rowB * zBytes + block,
        x + slotA * xBytes,
        x + slotB * xBytes,
        I,
        h + slotA * hBytes,
        h + slotB * hBytes,
        unit,
        H,
        w,
        recurrentKind,
        kind,
      );
    }
  }
}

function gruTile2(
  outA: Floats,
  outB: Floats,
  startA: Floats,
  startB: Floats,
  xA: Floats,
  xB: Floats,
  I: i32,
  hA: Floats,
  hB: Floats,
  unit: usize,
  H: i32,
  w: Floats,
  recurrentKind: i32,
  kind: i32,
): void {
  if (ASC_FEATURE_SIMD) {
    let zA = v128.load(startA, 0),
      rA = v128.load(startA, 16),
      nA = v128.load(startA, 32),
      mA = v128.load(startA, 48);
    let zB = v128.load(startB, 0),
      rB = v128.load(startB, 16),
      nB = v128.load(startB, 32),
      mB = v128.load(startB, 48);
    for (const end = xA + ((<usize>I) << 2); xA < end; xA += 4, xB += 4, w += 48) {
      const a = v128.load_splat<f32>(xA),
        b = v128.load_splat<f32>(xB);
      const wz = v128.load(w, 0),
        wr = v128.load(w, 16),
        wn = v128.load(w, 32);
      zA = f32x4.add(zA, f32x4.mul(a, wz));
      zB = f32x4.add(zB, f32x4.mul(b, wz));
      rA = f32x4.add(rA, f32x4.mul(a, wr));
      rB = f32x4.add(rB, f32x4.mul(b, wr));
      nA = f32x4.add(nA, f32x4.mul(a, wn));
      nB = f32x4.add(nB, f32x4.mul(b, wn));
    }
    let rowA = hA,
      rowB = hB;
    for (const end = hA + ((<usize>H) << 2); rowA < end; rowA += 4, rowB += 4, w += 48) {
      const a = v128.load_splat<f32>(rowA),
        b = v128.load_splat<f32>(rowB);
      const wz = v128.load(w, 0),
        wr = v128.load(w, 16),
        wn = v128.load(w, 32);
      zA = f32x4.add(zA, f32x4.mul(a, wz));
      zB = f32x4.add(zB, f32x4.mul(b, wz));
      rA = f32x4.add(rA, f32x4.mul(a, wr));
      rB = f32x4.add(rB, f32x4.mul(b, wr));
      mA = f32x4.add(mA, f32x4.mul(a, wn));
      mB = f32x4.add(mB, f32x4.mul(b, wn));
    }
    finish4(outA, hA + unit, zA, rA, nA, mA, recurrentKind, kind);
    finish4(outB, hB + unit, zB, rB, nB, mB, recurrentKind, kind);
  } else {
    gruTile1(outA, startA, xA, I, hA, unit, H, w, recurrentKind, kind);
    gruTile1(outB, startB, xB, I, hB, unit, H, w, recurrentKind, kind);
  }
}

function gruTile1(
  out: Floats,
  start: Floats,
  x: Floats,
  I: i32,
  h: Floats,
  unit: usize,
  H: i32,
  w: Floats,
  recurrentKind: i32,
  kind: i32,
): void {
  for (let lane: usize = 0; lane < 16; lane += 4) {
    sums(start, lane, x, I, h, H, w);
    const z = gate1(recurrentKind, load<f32>(SUMS, 0));
    const r = gate1(recurrentKind, load<f32>(SUMS, 4));
    const c = gate1(kind, load<f32>(SUMS, 8) + r * load<f32>(SUMS, 12));
    store<f32>(out + lane, z * load<f32>(h + unit + lane) + (1 - z) * c);
  }
}

function finish4(out: Floats, h: Floats, zz: v128, zr: v128, zn: v128, zm: v128, recurrentKind: i32, kind: i32): void {
  const z = activation4(recurrentKind, zz);
  const r = activation4(recurrentKind, zr);
  const c = activation4(kind, f32x4.add(zn, f32x4.mul(r, zm)));
  const keep = f32x4.mul(z, v128.load(h));
  v128.store(out, f32x4.add(keep, f32x4.mul(f32x4.sub(f32x4.splat(1), z), c)));
}

// The four sums of one unit of one branch: z, r, n, m.
const SUMS: Floats = memory.data(16, 16);

function sums(start: Floats, lane: usize, x: Floats, I: i32, h: Floats, H: i32, w: Floats): void {
  let z = load<f32>(start + lane, 0),
    r = load<f32>(start + lane, 16),
    n = load<f32>(start + lane, 32),
    m = load<f32>(start + lane, 48);
  let p = w + lane;
  for (let k = 0; k < I; k++, p += 48) {
    const a = load<f32>(x + ((<usize>k) << 2));
    z += a * load<f32>(p, 0);
    r += a * load<f32>(p, 16);
    n += a * load<f32>(p, 32);
  }
  for (let k = 0; k < H; k++, p += 48) {
    const a = load<f32>(h + ((<usize>k) << 2));
    z += a * load<f32>(p, 0);
    r += a * load<f32>(p, 16);
    m += a * load<f32>(p, 32);
  }
  store<f32>(SUMS, z, 0);
  store<f32>(SUMS, r, 4);
  store<f32>(SUMS, n, 8);
  store<f32>(SUMS, m, 12);
}

/**
 * One step, the reset gate before the product (`reset_after=False`): two passes, since r h is needed of all units at once.
 * rh (B, pad(H)) is room for it; everything else as in `gruStep`. A branch at a time.
 */
export function gruStepBefore(
  hNext: Floats,
  h: Floats,
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
  recurrentKind: i32,
  kind: i32,
  rh: Floats,
): void {
  const blocks = pad(H) >> 2;
  const blockBytes = <usize>rows * 48;
  for (let b = 0; b < n; b++) {
    const slot = load<i32>(slots + ((<usize>b) << 2));
    const z_b = z + ((<usize>(load<i32>(zRow + ((<usize>b) << 2)) * blocks)) << 6);
    const x_b = x + ((<usize>(slot * xStride)) << 2);
    const h_b = h + ((<usize>(slot * blocks)) << 4);
    const rh_b = rh + ((<usize>(slot * blocks)) << 4);
    const out_b = hNext + ((<usize>(slot * blocks)) << 4);
    // z waits in the place of the result
    resetBefore(out_b, rh_b, z_b, x_b, I, h_b, weights, rows, H, recurrentKind);
    for (let unit = 0; unit < blocks << 2; unit++) {
      const at = (<usize>unit) << 2;
      const update = load<f32>(out_b + at);
      const c = candidateBefore(z_b, x_b, I, rh_b, H, weights + <usize>(unit >> 2) * blockBytes, unit, kind);
      store<f32>(out_b + at, update * load<f32>(h_b + at) + (1 - update) * c);
    }
  }
}

// The first pass of one branch: its gates z (pad(H)), and r h (pad(H)).
function resetBefore(
  update: Floats,
  rh: Floats,
  z: Floats,
  x: Floats,
  I: i32,
  h: Floats,
  weights: Floats,
  rows: i32,
  H: i32,
  recurrentKind: i32,
): void {
  for (let unit = 0; unit < pad(H); unit++) {
    const at = (<usize>unit) << 2;
    const block = <usize>(unit >> 2);
    sums(z + (block << 6), (<usize>(unit & 3)) << 2, x, I, h, H, weights + block * <usize>rows * 48);
    store<f32>(rh + at, gate1(recurrentKind, load<f32>(SUMS, 4)) * load<f32>(h + at));
    store<f32>(update + at, gate1(recurrentKind, load<f32>(SUMS, 0)));
  }
}

function candidateBefore(z: Floats, x: Floats, I: i32, rh: Floats, H: i32, w: Floats, unit: i32, kind: i32): f32 {
  const lane = (<usize>(unit & 3)) << 2;
  let sum = load<f32>(z + ((<usize>(unit >> 2)) << 6) + lane, 32);
  let p = w + lane;
  for (let k = 0; k < I; k++, p += 48) sum += load<f32>(x + ((<usize>k) << 2)) * load<f32>(p, 32);
  for (let k = 0; k < H; k++, p += 48) sum += load<f32>(rh + ((<usize>k) << 2)) * load<f32>(p, 32);
  return gate1(kind, sum);
}

/**
 * The gates of one branch at its last step, after their activations: out (3, pad(H)) in the order z, r, n.
 * h is the hidden state before that step; rh: room for its r h where the reset gate comes before the product, else 0.
 */
export function gruGates(
  out: Floats,
  z: Floats,
  x: Floats,
  I: i32,
  h: Floats,
  rh: Floats,
  weights: Floats,
  rows: i32,
  H: i32,
  recurrentKind: i32,
  kind: i32,
): void {
  const units = pad(H);
  // r h of all units first: what the last step left there is another tick's where this one was passed over
  if (rh) resetBefore(out, rh, z, x, I, h, weights, rows, H, recurrentKind);
  for (let unit = 0; unit < units; unit++) {
    const w = weights + <usize>(unit >> 2) * <usize>rows * 48;
    sums(z + ((<usize>(unit >> 2)) << 6), (<usize>(unit & 3)) << 2, x, I, h, H, w);
    const at = (<usize>unit) << 2;
    const r = gate1(recurrentKind, load<f32>(SUMS, 4));
    const after = gate1(kind, load<f32>(SUMS, 8) + r * load<f32>(SUMS, 12));
    store<f32>(out + at, gate1(recurrentKind, load<f32>(SUMS, 0)));
    store<f32>(out + at + ((<usize>units) << 2), r);
    store<f32>(out + at + ((<usize>units) << 3), rh ? candidateBefore(z, x, I, rh, H, w, unit, kind) : after);
  }
}
