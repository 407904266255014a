// GRU on a tape: what a step keeps, and the step back. Letters as in `../layers/gru.ts`, rows of sums [z z z z | r r r r | n n n n |
// m m m m]: m is the recurrent part of n where the reset gate comes after the product, else zero and that part is in n.
//
//   h = z h_before + (1 - z) n      n = act(a_n + r m)
//   da_n = dh (1 - z) act'   da_z = dh (h_before - n) gate'   da_r = da_n m gate'   dm = da_n r   dh_before = dh z + ..
import { activation4, gate1 } from '../activation';
import { Floats, Ints, pad } from '../memory';
import { slope1, slope4 } from './activation';

/** The end of a step: gates (B, 4 pad(H)) z, r, n, m from their sums (which may be the same place), h (B, pad(H)) from before. */
export function gruKeep(
  h: Floats,
  before: Floats,
  gates: Floats,
  sums: Floats,
  slots: Ints,
  n: i32,
  H: i32,
  recurrentKind: i32,
  kind: i32,
): void {
  const blocks = pad(H) >> 2;
  for (let b = 0; b < n; b++) {
    const row = load<i32>(slots + ((<usize>b) << 2)) * blocks;
    for (let j = row; j < row + blocks; j++) {
      const unit = (<usize>j) << 4;
      const sums_j = sums + ((<usize>j) << 6);
      const gates_j = gates + ((<usize>j) << 6);
      if (ASC_FEATURE_SIMD) {
        const z = activation4(recurrentKind, v128.load(sums_j, 0));
        const r = activation4(recurrentKind, v128.load(sums_j, 16));
        const m = v128.load(sums_j, 48);
        const c = activation4(kind, f32x4.add(v128.load(sums_j, 32), f32x4.mul(r, m)));
        v128.store(gates_j, z, 0);
        v128.store(gates_j, r, 16);
        v128.store(gates_j, c, 32);
        v128.store(gates_j, m, 48);
        const keep = f32x4.mul(z, v128.load(before + unit));
        v128.store(h + unit, f32x4.add(keep, f32x4.mul(f32x4.sub(f32x4.splat(1), z), c)));
      } else {
        for (let lane: usize = 0; lane < 16; lane += 4) {
          const z = gate1(recurrentKind, load<f32>(sums_j + lane, 0));
          const r = gate1(recurrentKind, load<f32>(sums_j + lane, 16));
          const m = load<f32>(sums_j + lane, 48);
          const c = gate1(kind, load<f32>(sums_j + lane, 32) + r * m);
          store<f32>(gates_j + lane, z, 0);
          store<f32>(gates_j + lane, r, 16);
          store<f32>(gates_j + lane, c, 32);
          store<f32>(gates_j + lane, m, 48);
          store<f32>(h + unit + lane, z * load<f32>(before + unit + lane) + (1 - z) * c);
        }
      }
    }
  }
}

/**
 * One step back: dz (B, 4 pad(H)), the gradient of the sums, from dh (B, pad(H)), of which it leaves what passes by them, dh z.
 * What `gruKeep` was given and gave: before, gates, sums.
 */
export function gruBack(
  dz: Floats,
  dh: Floats,
  before: Floats,
  gates: Floats,
  sums: Floats,
  slots: Ints,
  n: i32,
  H: i32,
  recurrentKind: i32,
  kind: i32,
): void {
  const blocks = pad(H) >> 2;
  for (let b = 0; b < n; b++) {
    const row = load<i32>(slots + ((<usize>b) << 2)) * blocks;
    for (let j = row; j < row + blocks; j++) {
      const unit = (<usize>j) << 4;
      const block = (<usize>j) << 6;
      const sums_j = sums + block;
      const gates_j = gates + block;
      const dz_j = dz + block;
      if (ASC_FEATURE_SIMD) {
        const z = v128.load(gates_j, 0),
          r = v128.load(gates_j, 16),
          c = v128.load(gates_j, 32),
          m = v128.load(gates_j, 48);
        const d_h = v128.load(dh + unit);
        const sum = f32x4.add(v128.load(sums_j, 32), f32x4.mul(r, m));
        const d_n = f32x4.mul(f32x4.mul(d_h, f32x4.sub(f32x4.splat(1), z)), slope4(kind, sum, c));
        const d_z = f32x4.mul(d_h, f32x4.sub(v128.load(before + unit), c));
        v128.store(dz_j, f32x4.mul(d_z, slope4(recurrentKind, v128.load(sums_j, 0), z)), 0);
        v128.store(dz_j, f32x4.mul(f32x4.mul(d_n, m), slope4(recurrentKind, v128.load(sums_j, 16), r)), 16);
        v128.store(dz_j, d_n, 32);
        v128.store(dz_j, f32x4.mul(d_n, r), 48);
        v128.store(dh + unit, f32x4.mul(d_h, z));
      } else {
        for (let lane: usize = 0; lane < 16; lane += 4) {
          const z = load<f32>(gates_j + lane, 0),
            r = load<f32>(gates_j + lane, 16),
            c = load<f32>(gates_j + lane, 32),
            m = load<f32>(gates_j + lane, 48);
          const d_h = load<f32>(dh + unit + lane);
          const d_n = d_h * (1 - z) * slope1(kind, load<f32>(sums_j + lane, 32) + r * m, c);
          const d_z = d_h * (load<f32>(before + unit + lane) - c);
          store<f32>(dz_j + lane, d_z * slope1(recurrentKind, load<f32>(sums_j + lane, 0), z), 0);
          store<f32>(dz_j + lane, d_n * m * slope1(recurrentKind, load<f32>(sums_j + lane, 16), r), 16);
          store<f32>(dz_j + lane, d_n, 32);
          store<f32>(dz_j + lane, d_n * r, 48);
          store<f32>(dh + unit + lane, d_h * z);
        }
      }
    }
  }
}

/** Where the reset gate comes before the product: rh = gate(r) before, (B, pad(H)), from the sums (B, 4 pad(H)). */
export function gruReset(
  rh: Floats,
  before: Floats,
  sums: Floats,
  slots: Ints,
  n: i32,
  H: i32,
  recurrentKind: i32,
): void {
  const units = pad(H);
  for (let b = 0; b < n; b++) {
    const row = load<i32>(slots + ((<usize>b) << 2)) * units;
    for (let unit = row; unit < row + units; unit++) {
      const at = (<usize>unit) << 2;
      store<f32>(rh + at, gate1(recurrentKind, load<f32>(sums + ofReset(unit))) * load<f32>(before + at));
    }
  }
}

/** And back, after `gruBack`: from drh (B, pad(H)) the reset gate's part of dz, and what is added to dh. */
export function gruResetBack(
  dz: Floats,
  dh: Floats,
  drh: Floats,
  before: Floats,
  gates: Floats,
  sums: Floats,
  slots: Ints,
  n: i32,
  H: i32,
  recurrentKind: i32,
): void {
  const units = pad(H);
  for (let b = 0; b < n; b++) {
    const row = load<i32>(slots + ((<usize>b) << 2)) * units;
    for (let unit = row; unit < row + units; unit++) {
      const at = (<usize>unit) << 2;
      const gate = ofReset(unit);
      const r = load<f32>(gates + gate);
      const d = load<f32>(drh + at);
      store<f32>(dz + gate, d * load<f32>(before + at) * slope1(recurrentKind, load<f32>(sums + gate), r));
      store<f32>(dh + at, load<f32>(dh + at) + d * r);
    }
  }
}

// Bytes to the reset gate of a unit in rows of blocks of sixteen; units are counted on from row to row.
function ofReset(unit: i32): usize {
  return (<usize>((unit >> 2) * 16 + 4 + (unit & 3))) << 2;
}
