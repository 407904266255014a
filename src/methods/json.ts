import type { ExplainedOutput } from './ask.ts';
import type { Options } from './method.ts';

/** What an explanation is about, beside the answer. */
export interface Subject {
  method: string;
  mode: 'stateful' | 'windowed';
  /** Number of the tick explained, in its stream. */
  index: number;
  /** K. */
  window: number;
  features: readonly string[];
  baseline: Float32Array | readonly Float32Array[];
  elapsedMs: number;
  options: Options;
}

/**
 * An explanation as one JSON document (`whytick explain --json`). What a method does not give is null; `context`, `r2`,
 * `stateRelevance` and `notes` are there for the methods that have them.
 */
export function explanationJson(e: ExplainedOutput, about: Subject): Record<string, unknown> {
  const { window: K, features, baseline, elapsedMs, options, ...head } = about;
  const F = features.length;
  const cells = (values: Float32Array | undefined): Float32Array[] | null =>
    values ? Array.from({ length: K }, (_, k) => values.subarray(k * F, (k + 1) * F)) : null;
  const { counterfactual, standardError, context, r2, stateRelevance, notes } = e;
  const perCell =
    standardError !== undefined && e.values?.length === standardError.length && standardError.length === K * F;
  return {
    ...head,
    target: e.target,
    window: K,
    features,
    baseline,
    output: e.output,
    baselineOutput: e.baselineOutput,
    values: cells(e.values),
    events: e.events ?? null,
    byFeature: e.byFeature ?? null,
    segments: e.segments ?? null,
    bySegment: e.bySegment ?? null,
    players: e.players ?? null,
    change: cells(e.change),
    since: e.since ?? null,
    counterfactual: counterfactual ? { ...counterfactual, values: cells(counterfactual.values) } : null,
    attention: e.attention ?? null,
    completenessGap: e.completenessGap ?? null,
    standardError: perCell ? cells(standardError) : (standardError ?? null),
    evaluations: e.evaluations,
    elapsedMs,
    options: e.options ?? options,
    ...(context ? { context } : {}),
    ...(r2 === undefined ? {} : { r2 }),
    ...(stateRelevance === undefined ? {} : { stateRelevance }),
    ...(notes && notes.length > 0 ? { notes } : {}),
  };
}
