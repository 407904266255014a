// What is done to branches as a whole: fork, spread, difference, settle. States are rows of `stride` floats, one a slot.
import { Floats, Ints } from './memory';

/** Fork: rows `to`, `to` + 1 .. `to` + count - 1 begin as copies of row `from`. */
export function fork(state: Floats, stride: i32, from: i32, to: i32, count: i32): void {
  const bytes = <usize>(stride << 2);
  for (let g = 0; g < count; g++) memory.copy(state + <usize>(to + g) * bytes, state + <usize>from * bytes, bytes);
}

/**
 * Spread: row 0 of x, as observed, to the rows of the forks. Row 1 + f has feature f at its baseline (a cell), row F + 1 all
 * of them (an event). x (F + 2, stride), baseline (F).
 */
export function spread(x: Floats, stride: i32, baseline: Floats, F: i32): void {
  const bytes = <usize>(stride << 2);
  for (let f = 0; f < F; f++) {
    const x_f = x + <usize>(f + 1) * bytes;
    memory.copy(x_f, x, bytes);
    store<f32>(x_f + ((<usize>f) << 2), load<f32>(baseline + ((<usize>f) << 2)));
  }
  memory.copy(x + <usize>(F + 1) * bytes, baseline, (<usize>F) << 2);
}

/**
 * Difference: effect[s] = out[r][target] - out[s][target], r = base[s], for each branch s that `slots` names.
 * out (B, stride), effect and base (B).
 */
export function difference(
  effect: Floats,
  out: Floats,
  stride: i32,
  slots: Ints,
  base: Ints,
  n: i32,
  target: i32,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    const r = load<i32>(base + ((<usize>s) << 2));
    const observed = load<f32>(out + ((<usize>(r * stride + target)) << 2));
    store<f32>(effect + ((<usize>s) << 2), observed - load<f32>(out + ((<usize>(s * stride + target)) << 2)));
  }
}

/**
 * Settle: keeps in far[b] = 1 the branches whose state in this array is more than eps away from that of their base anywhere,
 * leaves the others as they are. Call it for every state array of every layer on a zeroed `far` (n): those still 0 have
 * converged.
 */
export function settle(far: Ints, state: Floats, stride: i32, H: i32, slots: Ints, base: Ints, n: i32, eps: f32): void {
  for (let b = 0; b < n; b++) {
    if (load<i32>(far + ((<usize>b) << 2))) continue;
    const s = load<i32>(slots + ((<usize>b) << 2));
    const row = state + ((<usize>(s * stride)) << 2);
    const baseRow = state + ((<usize>(load<i32>(base + ((<usize>s) << 2)) * stride)) << 2);
    for (let k = 0; k < H; k++) {
      const at = (<usize>k) << 2;
      if (!(abs(load<f32>(row + at) - load<f32>(baseRow + at)) <= eps)) {
        store<i32>(far + ((<usize>b) << 2), 1);
        break;
      }
    }
  }
}
