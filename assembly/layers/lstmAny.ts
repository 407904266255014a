// LSTM with any pair of activations, and the gates of a step for whoever asks: a branch at a time, layouts as in `lstm.ts`.

import { gate1 } from '../activation';
import { Floats, Ints, pad } from '../memory';

/**
 * One step with any pair of activations (`recurrentKind` for the gates, `kind` for candidate and cell), a branch at a time.
 * Everything else as in `lstmStep`, with whose bits it agrees for sigmoid and tanh.
 */
export function lstmStepAny(
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
  recurrentKind: i32,
  kind: i32,
): void {
  const blocks = pad(H) >> 2;
  for (let b = 0; b < n; b++) {
    const slot = load<i32>(slots + ((<usize>b) << 2));
    const row = load<i32>(zRow + ((<usize>b) << 2));
    const h_b = h + ((<usize>(slot * hStride)) << 2);
    const x_b = x + ((<usize>(slot * xStride)) << 2);
    for (let j = 0; j < blocks; j++) {
      const at = (<usize>(slot * blocks + j)) << 4;
      gates(GATES, z + ((<usize>(row * blocks + j)) << 6), x_b, I, h_b, P, weights + <usize>j * <usize>(rows << 6));
      for (let unit: usize = 0; unit < 16; unit += 4) {
        const i = gate1(recurrentKind, load<f32>(GATES + unit));
        const f = gate1(recurrentKind, load<f32>(GATES + unit, 16));
        const g = gate1(kind, load<f32>(GATES + unit, 32));
        const o = gate1(recurrentKind, load<f32>(GATES + unit, 48));
        const next = f * load<f32>(c + at + unit) + i * g;
        store<f32>(c + at + unit, next);
        store<f32>(hNext + at + unit, o * gate1(kind, next));
      }
    }
  }
}

/**
 * The gates of one branch at its last step, after their activations: out (4, pad(H)) in the order i, f, g, o.
 * h is the hidden state before that step; z, x, I, h, P, weights, rows as in `lstmStep`, of this branch alone.
 */
export function lstmGates(
  out: Floats,
  z: Floats,
  x: Floats,
  I: i32,
  h: Floats,
  P: i32,
  weights: Floats,
  rows: i32,
  H: i32,
  recurrentKind: i32,
  kind: i32,
): void {
  const blocks = pad(H) >> 2;
  for (let j = 0; j < blocks; j++) {
    gates(GATES, z + ((<usize>j) << 6), x, I, h, P, weights + <usize>j * <usize>(rows << 6));
    for (let gate = 0; gate < 4; gate++) {
      for (let unit = 0; unit < 4; unit++) {
        const sum = load<f32>(GATES + ((<usize>(gate * 4 + unit)) << 2));
        const at = (<usize>((gate * blocks + j) * 4 + unit)) << 2;
        store<f32>(out + at, gate1(gate == 2 ? kind : recurrentKind, sum));
      }
    }
  }
}

// The sums of the four gates of four units of one branch.
const GATES: Floats = memory.data(64, 16);

function gates(out: Floats, z: Floats, x: Floats, I: i32, h: Floats, P: i32, w: Floats): void {
  for (let lane: usize = 0; lane < 64; lane += 4) {
    let sum = load<f32>(z + lane);
    let p = w + lane;
    for (let k = 0; k < I; k++, p += 64) sum += load<f32>(x + ((<usize>k) << 2)) * load<f32>(p);
    for (let k = 0; k < P; k++, p += 64) sum += load<f32>(h + ((<usize>k) << 2)) * load<f32>(p);
    store<f32>(out + lane, sum);
  }
}
