import type { Question } from './method.ts';

/**
 * Writes the baseline into the cells of a window that are absent.
 * @param absent one a cell (K, F): 1 for those that are occluded
 * @param window (K, F), holding what was observed
 */
export function occlude({ baselines, spec: { inputs: F } }: Question, absent: Uint8Array, window: Float32Array): void {
  const { rows, last } = baselines;
  for (let at = 0; at < absent.length; at++) {
    if (!absent[at]) continue;
    const f = at % F;
    // the value before, in this very world: a run of occluded ticks holds what came before it
    if (last) window[at] = at < F ? last[f]! : window[at - F]!;
    else window[at] = rows[(at - f) / F]![f]!;
  }
}
