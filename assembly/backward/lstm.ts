// LSTM on a tape: what a step keeps, and the step back. Layouts and letters as in `../layers/lstm.ts`; `product` does the sums.
//
//   c = f c_before + i g         h = o act(c)                    (from the sums of the gates, kept after their activations)
//   dc += dh o act'(c)           di = dc g   df = dc c_before    dg = dc i   do = dh act(c)
//   dz = d gate slope            dc_before = dc f                dh_before = dz U^T
import { activation4, gate1 } from '../activation';
import { Floats, Ints, pad } from '../memory';
import { slope1, slope4 } from './activation';

/**
 * The end of a step: gates (B, 4 pad(H)) from their sums (which may be the same place), c and h (B, pad(H)) from cBefore, with
 * the bits of `lstmStep` and `lstmStepAny`.
 */
export function lstmKeep(
  h: Floats,
  c: Floats,
  cBefore: Floats,
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
        const i = activation4(recurrentKind, v128.load(sums_j, 0));
        const f = activation4(recurrentKind, v128.load(sums_j, 16));
        const g = activation4(kind, v128.load(sums_j, 32));
        const o = activation4(recurrentKind, v128.load(sums_j, 48));
        v128.store(gates_j, i, 0);
        v128.store(gates_j, f, 16);
        v128.store(gates_j, g, 32);
        v128.store(gates_j, o, 48);
        const next = f32x4.add(f32x4.mul(f, v128.load(cBefore + unit)), f32x4.mul(i, g));
        v128.store(c + unit, next);
        v128.store(h + unit, f32x4.mul(o, activation4(kind, next)));
      } else {
        for (let lane: usize = 0; lane < 16; lane += 4) {
          const i = gate1(recurrentKind, load<f32>(sums_j + lane, 0));
          const f = gate1(recurrentKind, load<f32>(sums_j + lane, 16));
          const g = gate1(kind, load<f32>(sums_j + lane, 32));
          const o = gate1(recurrentKind, load<f32>(sums_j + lane, 48));
          store<f32>(gates_j + lane, i, 0);
          store<f32>(gates_j + lane, f, 16);
          store<f32>(gates_j + lane, g, 32);
          store<f32>(gates_j + lane, o, 48);
          const next = f * load<f32>(cBefore + unit + lane) + i * g;
          store<f32>(c + unit + lane, next);
          store<f32>(h + unit + lane, o * gate1(kind, next));
        }
      }
    }
  }
}

/**
 * One step back: dz (B, 4 pad(H)), the gradient of the sums, from dh (B, pad(H)) and dc (B, pad(H)), which becomes that of the
 * cell state before. What `lstmKeep` was given and gave: c, cBefore, gates, sums.
 */
export function lstmBack(
  dz: Floats,
  dc: Floats,
  dh: Floats,
  c: Floats,
  cBefore: Floats,
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
        const i = v128.load(gates_j, 0),
          f = v128.load(gates_j, 16),
          g = v128.load(gates_j, 32),
          o = v128.load(gates_j, 48);
        const cell = v128.load(c + unit);
        const shown = activation4(kind, cell);
        const d_h = v128.load(dh + unit);
        const d_c = f32x4.add(v128.load(dc + unit), f32x4.mul(f32x4.mul(d_h, o), slope4(kind, cell, shown)));
        const d_i = f32x4.mul(f32x4.mul(d_c, g), slope4(recurrentKind, v128.load(sums_j, 0), i));
        const d_f = f32x4.mul(
          f32x4.mul(d_c, v128.load(cBefore + unit)),
          slope4(recurrentKind, v128.load(sums_j, 16), f),
        );
        const d_g = f32x4.mul(f32x4.mul(d_c, i), slope4(kind, v128.load(sums_j, 32), g));
        const d_o = f32x4.mul(f32x4.mul(d_h, shown), slope4(recurrentKind, v128.load(sums_j, 48), o));
        v128.store(dz_j, d_i, 0);
        v128.store(dz_j, d_f, 16);
        v128.store(dz_j, d_g, 32);
        v128.store(dz_j, d_o, 48);
        v128.store(dc + unit, f32x4.mul(d_c, f));
      } else {
        for (let lane: usize = 0; lane < 16; lane += 4) {
          const i = load<f32>(gates_j + lane, 0),
            f = load<f32>(gates_j + lane, 16),
            g = load<f32>(gates_j + lane, 32),
            o = load<f32>(gates_j + lane, 48);
          const cell = load<f32>(c + unit + lane);
          const shown = gate1(kind, cell);
          const d_h = load<f32>(dh + unit + lane);
          const d_c = load<f32>(dc + unit + lane) + d_h * o * slope1(kind, cell, shown);
          store<f32>(dz_j + lane, d_c * g * slope1(recurrentKind, load<f32>(sums_j + lane, 0), i), 0);
          store<f32>(
            dz_j + lane,
            d_c * load<f32>(cBefore + unit + lane) * slope1(recurrentKind, load<f32>(sums_j + lane, 16), f),
            16,
          );
          store<f32>(dz_j + lane, d_c * i * slope1(kind, load<f32>(sums_j + lane, 32), g), 32);
          store<f32>(dz_j + lane, d_h * shown * slope1(recurrentKind, load<f32>(sums_j + lane, 48), o), 48);
          store<f32>(dc + unit + lane, d_c * f);
        }
      }
    }
  }
}
