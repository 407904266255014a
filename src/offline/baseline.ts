import { ConfigError, invalid } from '../errors.ts';
import type { Baselines } from '../methods/index.ts';
import { badToken, vocabularyOf } from '../model/layers/embedding.ts';
import type { ModelSpec } from '../model/spec.ts';
import type { Fed } from './feed.ts';

/**
 * A baseline as asked for: a rule, one vector (F), or a vector for each of the K ticks, oldest first. `reservoir`: the method
 * draws; shown is the mean of the stream so far.
 */
export type BaselineChoice =
  | 'zero'
  | 'mean'
  | 'last'
  | 'reservoir'
  | { vector: number[] }
  | { rows: number[][]; file: string };

/** What the ticks of one window hold when they are occluded. */
export interface WindowBaseline extends Baselines {
  /** As results show it: one vector, or one a tick. */
  shown: Float32Array | Float32Array[];
}

/**
 * The baseline of a window in input units.
 * @param ticks the stream from its first tick to the last of the window
 * @param first where the window begins in it
 * @throws ConfigError where a vector or a file does not fit the model or the window
 */
export function windowBaseline(
  choice: BaselineChoice,
  spec: ModelSpec,
  ticks: readonly Fed[],
  first: number,
): WindowBaseline {
  const K = ticks.length - first;
  const baseline = baselineOf(choice, spec, ticks, first, K);
  checkTokens(baseline, spec);
  return baseline;
}

function baselineOf(
  choice: BaselineChoice,
  spec: ModelSpec,
  ticks: readonly Fed[],
  first: number,
  K: number,
): WindowBaseline {
  if (choice === 'last') return lastValue(ticks, first);
  if (typeof choice === 'object' && 'rows' in choice && choice.rows.length !== 1) {
    const rows = alignedRows(choice.rows, choice.file, spec, K);
    return { rows, last: null, shown: rows };
  }
  const vector = oneVector(choice, spec, ticks);
  return { rows: Array.from({ length: K }, () => vector), last: null, shown: vector };
}

/** @throws ConfigError for what is no token, where the model takes tokens */
function checkTokens({ rows }: WindowBaseline, spec: ModelSpec): void {
  const V = vocabularyOf(spec);
  if (V === null) return;
  for (const [token] of rows) {
    const wrong = badToken(token!, V, '--baseline token');
    if (wrong) throw new ConfigError(wrong);
  }
}

function oneVector(choice: Exclude<BaselineChoice, 'last'>, spec: ModelSpec, ticks: readonly Fed[]): Float32Array {
  if (choice === 'zero') return new Float32Array(spec.inputs);
  if (choice === 'mean') return spec.mean ?? meanOf(ticks, spec.inputs);
  if (choice === 'reservoir') return meanOf(ticks, spec.inputs);
  return vectorOf(
    'vector' in choice ? choice.vector : choice.rows[0]!,
    spec,
    'vector' in choice ? '--baseline' : choice.file,
  );
}

function alignedRows(rows: number[][], file: string, spec: ModelSpec, K: number): Float32Array[] {
  if (rows.length !== K) {
    throw new ConfigError(
      invalid(`--baseline ${file}`, `${rows.length} rows`, `1 row, or ${K}: one for each tick explained`),
    );
  }
  return rows.map((row) => vectorOf(row, spec, file));
}

function vectorOf(values: readonly number[], spec: ModelSpec, path: string): Float32Array {
  if (values.length === spec.inputs && values.every(Number.isFinite)) return Float32Array.from(values);
  throw new ConfigError(invalid(path, values, `${spec.inputs} numbers, one an input of ${spec.name}`));
}

/** Alone, a tick holds the one before it; in a run of occluded ticks, all hold the one before the run's first. */
function lastValue(ticks: readonly Fed[], first: number): WindowBaseline {
  const before = (t: number) => ticks[Math.max(t - 1, 0)]!.x;
  const rows = ticks.slice(first).map((_, k) => before(first + k));
  return { rows, last: before(first), shown: rows };
}

function meanOf(ticks: readonly Fed[], F: number): Float32Array {
  const mean = new Float64Array(F);
  ticks.forEach(({ x }, t) => {
    for (let f = 0; f < F; f++) mean[f]! += (x[f]! - mean[f]!) / (t + 1);
  });
  return Float32Array.from(mean);
}
