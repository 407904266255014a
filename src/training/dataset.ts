/** Rows of a file as something to learn from: the very expressions that a live stream is fed through, cut by time alone. */
import { ConfigError, DataError, invalid } from '../errors.ts';
import { compileColumns, type MathFunctions } from '../features/index.ts';

/** A row of data, as `src/node/data.ts` gives it. */
export interface Row {
  /** Row of the file, from 0. */
  index: number;
  time: number;
  key: string;
  values: Record<string, number>;
}

export interface DatasetOptions {
  /** Expressions that feed the model, and the one that it should say `horizon` ticks ahead. */
  columns: readonly string[];
  target: string;
  horizon: number;
  /** Shares of training, validation and test. */
  split: readonly [number, number, number];
  /** Whether the rows have real times. */
  timed: boolean;
}

export type Part = 'train' | 'validation' | 'test';

/** One key's ticks, in order. */
export interface Stretch {
  key: string;
  /** Its place in the series: ticks from `from` to before `to`. */
  from: number;
  to: number;
  /** Where validation and test begin, in the series. */
  validation: number;
  test: number;
}

export interface Dataset {
  /** Inputs (T, F), and what should be said at each tick: the target `horizon` ticks later (T); NaN where there is none. */
  values: Float32Array;
  targets: Float64Array;
  /** The target as it is at each tick (T); NaN where it has no value. */
  now: Float64Array;
  inputs: number;
  rows: readonly Row[];
  stretches: readonly Stretch[];
  /** Training mean and variance of the inputs (F); mean and deviation of what should be said. */
  mean: Float32Array;
  variance: Float32Array;
  target: { mean: number; deviation: number };
  /** Rows that were not fed, by reason. */
  dropped: ReadonlyMap<string, number>;
  warnings: readonly string[];
}

/** A correlation at which a feature is taken for the target in disguise. */
const LEAK = 0.999;

/**
 * Evaluates the expressions row by row, a stream a key; rows for which a feature has no value are left out, as they are when a
 * model is served. Each key is cut by time into training, validation and test; what is said at the last ticks of a part, which
 * looks into the next one, is left out of it. Scalers see the training part alone.
 * @throws ConfigError for an expression that cannot be read or a split that is none; DataError for times that go back, constant
 *   columns, and too few rows, naming column and row
 */
export function makeDataset(rows: readonly Row[], options: DatasetOptions, maths: MathFunctions): Dataset {
  const { columns, target, horizon, split, timed } = options;
  checkSplit(split);
  const F = columns.length;
  const streams = new Map<string, { rows: Row[]; values: number[]; now: number[] }>();
  const compiled = new Map<
    string,
    { features: ReturnType<typeof compileColumns>; target: ReturnType<typeof compileColumns> }
  >();
  const last = new Map<string, Row>();
  const dropped = new Map<string, number>();
  for (const row of rows) {
    const before = last.get(row.key);
    if (timed && before && row.time <= before.time)
      throw new DataError(
        invalid(`row ${row.index} time`, row.time, `a time after ${before.time}, that of row ${before.index}`),
      );
    last.set(row.key, row);
    let expressions = compiled.get(row.key);
    if (!expressions) {
      expressions = { features: compileColumns(columns, maths), target: compileColumns([target], maths) };
      compiled.set(row.key, expressions);
      streams.set(row.key, { rows: [], values: [], now: [] });
    }
    const time = timed ? row.time : null;
    const y = expressions.target.push(row.values, time)?.[0] ?? Number.NaN;
    const x = expressions.features.push(row.values, time);
    const reason = expressions.features.reason;
    if (!x && reason) dropped.set(reason, (dropped.get(reason) ?? 0) + 1);
    if (!x) continue;
    const stream = streams.get(row.key)!;
    stream.rows.push(row);
    stream.now.push(y);
    for (const value of x) stream.values.push(value);
  }
  const all = [...streams.values()];
  const values = Float32Array.from(all.flatMap((stream) => stream.values));
  const now = Float64Array.from(all.flatMap((stream) => stream.now));
  const kept = all.flatMap((stream) => stream.rows);
  const targets = new Float64Array(now.length).fill(Number.NaN);
  const stretches: Stretch[] = [];
  let from = 0;
  for (const [key, stream] of streams) {
    const n = stream.rows.length;
    const to = from + n;
    for (let t = from; t + horizon < to; t++) targets[t] = now[t + horizon]!;
    const validation = from + Math.floor(n * split[0]);
    const test = from + Math.floor(n * (split[0] + split[1]));
    stretches.push({ key, from, to, validation, test });
    from = to;
  }
  const scales = measure(values, targets, F, columns, target, stretches, horizon);
  return {
    ...{ values, targets, now, inputs: F, rows: kept, stretches, ...scales, dropped },
    warnings: leaks(values, targets, F, columns, target, stretches, horizon),
  };
}

/** Last ticks at which something is said in a part: what is looked at began `before` ticks earlier in the same key. */
export function ticksOf(
  { stretches, targets }: Pick<Dataset, 'stretches' | 'targets'>,
  part: Part,
  horizon: number,
  before = 0,
): number[] {
  return stretches.flatMap(({ from, to, validation, test }) => {
    const [first, end] = { train: [from, validation], validation: [validation, test], test: [test, to] }[part] as [
      number,
      number,
    ];
    const ticks: number[] = [];
    for (let t = Math.max(first, from + before); t + horizon < end; t++) if (Number.isFinite(targets[t])) ticks.push(t);
    return ticks;
  });
}

function checkSplit(split: readonly number[]): void {
  const fits =
    split.length === 3 && split.every((share) => share > 0) && Math.abs(split[0]! + split[1]! + split[2]! - 1) < 1e-9;
  if (!fits)
    throw new ConfigError(invalid('--split', split.join(','), 'three shares above 0 that make 1, such as .7,.15,.15'));
}

/** Moments of the training part. @throws DataError for a column without variance */
function measure(
  values: Float32Array,
  targets: Float64Array,
  F: number,
  columns: readonly string[],
  target: string,
  stretches: readonly Stretch[],
  horizon: number,
): Pick<Dataset, 'mean' | 'variance' | 'target'> {
  const ticks = ticksOf({ stretches, targets }, 'train', horizon);
  if (ticks.length < 2) throw new DataError(invalid('DATA', `${ticks.length} rows to learn from`, 'more rows'));
  const moments = (name: string, read: (t: number) => number): { mean: number; variance: number } => {
    let [mean, squares] = [0, 0];
    ticks.forEach((t, i) => {
      const off = read(t) - mean;
      mean += off / (i + 1);
      squares += off * (read(t) - mean);
    });
    const variance = squares / ticks.length;
    if (!(variance > 1e-24 * Math.max(1, mean * mean)))
      throw new DataError(invalid(`column ${name}`, mean, 'values that differ: it is constant over the training part'));
    return { mean, variance };
  };
  const inputs = columns.map((name, f) => moments(name, (t) => values[t * F + f]!));
  const y = moments(target, (t) => targets[t]!);
  return {
    mean: Float32Array.from(inputs, ({ mean }) => mean),
    variance: Float32Array.from(inputs, ({ variance }) => variance),
    target: { mean: y.mean, deviation: Math.sqrt(y.variance) },
  };
}

/** Features that are, to all appearance, what should be said. */
function leaks(
  values: Float32Array,
  targets: Float64Array,
  F: number,
  columns: readonly string[],
  target: string,
  stretches: readonly Stretch[],
  horizon: number,
): string[] {
  const ticks = ticksOf({ stretches, targets }, 'train', horizon);
  const n = ticks.length;
  const mean = (read: (t: number) => number): number => ticks.reduce((sum, t) => sum + read(t), 0) / n;
  const y = mean((t) => targets[t]!);
  return columns.flatMap((name, f) => {
    const x = mean((t) => values[t * F + f]!);
    let [xx, yy, xy] = [0, 0, 0];
    for (const t of ticks) {
      const [a, b] = [values[t * F + f]! - x, targets[t]! - y];
      xx += a * a;
      yy += b * b;
      xy += a * b;
    }
    const correlation = xy / Math.sqrt(xx * yy);
    if (!(Math.abs(correlation) > LEAK)) return [];
    return [
      `${name} correlates to ${correlation.toFixed(5)} with ${target} ${horizon} ticks later: is it the target in disguise?`,
    ];
  });
}
