/** Rows of a file as something to learn from: the very expressions that a live stream is fed through, cut by time alone. */
import { ConfigError, invalid } from '../errors.ts';
import { compileColumns, type MathFunctions } from '../features/index.ts';
import { feed, type Row } from '../offline/feed.ts';
import { checkColumns, checkLength, checkTimes, gaps } from './checks.ts';
import { leaks } from './leaks.ts';
import { type Scales, scales } from './scales.ts';
import { cutAt, type Series, ticksOf } from './series.ts';

export interface DatasetOptions {
  /** Expressions that feed the model, and the one that it should say `horizon` ticks ahead. */
  columns: readonly string[];
  target: string;
  horizon: number;
  /** Shares of training, validation and test. */
  split: readonly [number, number, number];
  /** Whether the rows have real times. */
  timed: boolean;
  /** T, ticks that the model will see, default 1; null: a state runs on. */
  window?: number | null;
}

export interface Dataset extends Scales {
  /** Inputs (T, F), and what should be said at each tick: the target `horizon` ticks later (T); NaN where there is none. */
  values: Float32Array;
  targets: Float64Array;
  /** The target as it is at each tick (T); NaN where it has no value. */
  now: Float64Array;
  inputs: number;
  rows: readonly Row[];
  series: readonly Series[];
  /** Rows that were not fed, by reason. */
  dropped: ReadonlyMap<string, number>;
  warnings: readonly string[];
}

/**
 * Evaluates the expressions row by row, a stream a key; rows for which a feature has no value are left out, as they are when a
 * model is served. Each key is cut by time into training, validation and test; what is said at the last ticks of a part, which
 * looks into the next one, is left out of it. Scalers see the training part alone.
 * @throws ConfigError for an expression that cannot be read or a split that is none; DataError for times that go back, columns
 *   that are empty or constant, and too few rows, naming column and row
 */
export function makeDataset(rows: readonly Row[], options: DatasetOptions, maths: MathFunctions): Dataset {
  const { columns, target, horizon, split, timed, window = 1 } = options;
  checkSplit(split);
  if (timed) checkTimes(rows);
  const raw = compileColumns([...columns, target], maths).columns();
  checkColumns(rows, raw);
  const { streams, dropped } = feed(rows, [...columns], timed, maths);
  const says = targetOf(rows, target, timed, maths);
  const F = columns.length;
  const fed = streams.flatMap(({ ticks }) => ticks);
  const values = new Float32Array(fed.length * F);
  const now = new Float64Array(fed.length);
  const targets = new Float64Array(fed.length).fill(Number.NaN);
  for (const [t, { row, x }] of fed.entries()) {
    values.set(x, t * F);
    now[t] = says.get(row)!;
  }
  const series: Series[] = [];
  let from = 0;
  for (const { key, ticks } of streams) {
    const n = ticks.length;
    const to = from + n;
    for (let t = from; t + horizon < to; t++) targets[t] = now[t + horizon]!;
    const [validation, test] = cutAt(n, split);
    series.push({ key, from, to, validation: from + validation, test: from + test });
    from = to;
  }
  const cut = { series, targets };
  const short = checkLength({ ...cut, dropped }, split, horizon, window);
  const ticks = ticksOf(cut, 'train', horizon);
  const read = { values, inputs: F, now, targets, columns, target };
  return {
    ...{ values, targets, now, inputs: F, rows: fed.map(({ row }) => row), series, dropped },
    ...scales(read, ticks),
    warnings: [...short, ...gaps(rows, raw, window), ...leaks({ ...read, series }, ticks, horizon)],
  };
}

/** What the target is at each row, by itself: also where a feature has no value. NaN: nothing. */
function targetOf(
  rows: readonly Row[],
  target: string,
  timed: boolean,
  maths: MathFunctions,
): ReadonlyMap<Row, number> {
  const byKey = new Map<string, ReturnType<typeof compileColumns>>();
  return new Map(
    rows.map((row) => {
      const expression = byKey.get(row.key) ?? compileColumns([target], maths);
      if (expression.usesTime && !timed)
        throw new ConfigError(invalid('--target', target, 'a time column in DATA: name it with --time'));
      byKey.set(row.key, expression);
      return [row, expression.push(row.values, timed ? row.time : null)?.[0] ?? Number.NaN];
    }),
  );
}

function checkSplit(split: readonly number[]): void {
  const fits =
    split.length === 3 && split.every((share) => share > 0) && Math.abs(split[0]! + split[1]! + split[2]! - 1) < 1e-9;
  if (!fits)
    throw new ConfigError(invalid('--split', split.join(','), 'three shares above 0 that make 1, such as .7,.15,.15'));
}
