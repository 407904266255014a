import type { Worlds } from './worlds.ts';

/**
 * The worlds estimator: what a player adds in a world is the output with it less the output without it, one of which is the
 * world and the other its flip. The value is the mean over worlds, the standard error the deviation of the pairs' means over
 * the root of their number: by stratified rates a little more than the error is. Of a single pair it is half the difference of
 * its two worlds.
 * @param effect of each slot: the output of its world less its own; 0 for a flip that is settled or not yet begun
 * @param values (P), in the order of the ring @param errors (P)
 */
export function meanOfFlips(worlds: Worlds, effect: Float32Array, values: Float64Array, errors: Float64Array): void {
  const { pairs, count: P, present } = worlds;
  values.fill(0);
  errors.fill(0);
  for (let j = 0; j < pairs; j++) {
    const first = worlds.slot(2 * j) + 1;
    const mirror = worlds.slot(2 * j + 1) + 1;
    for (let q = 0; q < P; q++) {
      const sign = present[j * P + q] ? 0.5 : -0.5;
      const a = sign * effect[first + q]!;
      const b = -sign * effect[mirror + q]!;
      // Welford's mean and sum of squared deviations
      const gap = a + b - values[q]!;
      values[q]! += gap / (j + 1);
      errors[q]! += gap * (a + b - values[q]!);
      if (pairs === 1) errors[q] = (a - b) * (a - b);
    }
  }
  const scale = pairs === 1 ? 1 : 1 / ((pairs - 1) * pairs);
  for (let q = 0; q < P; q++) errors[q] = Math.sqrt(errors[q]! * scale);
}
