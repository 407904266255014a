import type { Question } from './method.ts';

/** Writes the baseline into one cell of a window (K, F). Of several cells the older one goes first. */
export function occludeCell({ baselines, spec: { inputs: F } }: Question, at: number, window: Float32Array): void {
  const { rows, last } = baselines;
  const f = at % F;
  // the value before, in this very world: a run of occluded ticks holds what came before it
  if (last) window[at] = at < F ? last[f]! : window[at - F]!;
  else window[at] = rows[(at - f) / F]![f]!;
}

/**
 * Writes the baseline into the cells of a window that are absent.
 * @param absent one a cell (K, F): 1 for those that are occluded
 * @param window (K, F), holding what was observed
 */
export function occlude(question: Question, absent: Uint8Array, window: Float32Array): void {
  for (let at = 0; at < absent.length; at++) if (absent[at]) occludeCell(question, at, window);
}
