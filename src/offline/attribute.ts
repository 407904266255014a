import type { Kernels } from '../kernels.ts';
import { findMethod, type Options, type Question, type Run } from '../methods/index.ts';
import type { ModelSpec } from '../model/spec.ts';
import type { BaselineChoice } from './baseline.ts';
import { explainAll, type WindowExplanation } from './explain.ts';
import { chooseMode, type Fed } from './feed.ts';

export interface AttributeOptions {
  /** Name of a method; `methods` lists all. */
  method: string;
  /** Options of the method; what is left out has its default. */
  options?: Options;
  /** K: ticks explained of a stream, at most; T of a windowed run. Default 64, or what the model fixes. */
  window?: number;
  mode?: 'stateful' | 'windowed';
  /** Default zero, or the reservoir where the method draws. */
  baseline?: BaselineChoice;
  /** Number or name of an output, `argmax`, or numbers of several, which are explained in one pass; default the first. */
  target?: string | readonly number[];
  score?: 'raw' | 'probability' | 'logit';
  seed?: number;
  /** Windows to draw from (each K x F) in place of the stream's own. */
  background?: Question['background'];
}

/**
 * Attributions of a model's output after the last of some ticks.
 *
 * ```ts
 * const [a] = await attribute(kernels, model, rows, { method: 'integrated-gradients', baseline: 'mean' });
 * a.values; // Float32Array (K, F), oldest tick first
 * ```
 *
 * @param rows the stream from its first tick on, F inputs each, in the model's units
 * @returns one explanation a target
 * @throws ConfigError for an unknown method, options or a baseline that do not fit, or too few ticks
 */
export function attribute(
  kernels: Kernels,
  spec: ModelSpec,
  rows: readonly ArrayLike<number>[],
  { method: name, options = {}, window, mode, baseline, target = '0', score = 'raw', ...more }: AttributeOptions,
  run?: Run,
): Promise<WindowExplanation[]> {
  const method = findMethod(name);
  const ticks = rows.map(
    (x, index): Fed => ({ row: { index, time: index, key: '', values: {} }, x: Float32Array.from(x) }),
  );
  return explainAll(
    kernels,
    spec,
    ticks,
    {
      ...chooseMode(spec, mode, window, [{ key: '', ticks }]),
      method,
      methodOptions: { ...method.options, ...options },
      ticks: window ?? 64,
      baseline: baseline ?? (method.draws ? 'reservoir' : 'zero'),
      target,
      score,
      ...more,
    },
    run,
  );
}
