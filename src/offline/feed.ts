/** Rows of a data file on their way into a model: one stream a key, expressions evaluated in order. */
import { ConfigError, invalid } from '../errors.ts';
import { compileColumns, type MathFunctions, quoteColumn } from '../features/index.ts';
import type { ModelSpec } from '../model/spec.ts';
import { fitsWindow, whyWindowed } from '../model/wiring.ts';

/** A row as the offline commands need it; `src/node/data.ts` gives these. */
export interface Row {
  /** Row of the file, from 0. */
  index: number;
  time: number;
  key: string;
  values: Record<string, number>;
}

/** A row that fed the model. */
export interface Fed {
  row: Row;
  /** What entered the model (F), in input units. */
  x: Float32Array;
}

/** The rows of one key, in order. */
export interface Stream {
  key: string;
  ticks: Fed[];
}

export interface FeedResult {
  /** In order of first appearance. */
  streams: Stream[];
  /** Rows that were not fed because something was missing or not finite, by reason. */
  dropped: Map<string, number>;
}

/**
 * What feeds a model: the expressions asked for, else the model's own, else all columns of numbers.
 * @param leftOut why others of DATA's columns are no columns of numbers
 * @throws ConfigError where their count does not fit the model
 */
export function chooseColumns(
  spec: ModelSpec,
  asked: string[] | null,
  numeric: readonly string[],
  leftOut: readonly string[] = [],
): string[] {
  const columns = asked ?? spec.features ?? numeric.map(quoteColumn);
  if (columns.length === spec.inputs) return columns;
  const expected = `${spec.inputs}, one for each input of ${spec.name}${asked ? '' : ': choose them with --columns'}`;
  const message = invalid('--columns', `${columns.length} (${columns.join(', ')})`, expected);
  // A cell that is no number may be what keeps a column from being counted.
  throw new ConfigError(asked || spec.features ? message : [message, ...leftOut.slice(0, 1)].join('; '));
}

/**
 * Evaluates the expressions on every row. Rows for which one of them has no value yet, or none at all, are left out.
 * @param timed whether the rows have real times; without them an expression of the calendar is an error
 * @throws ConfigError for an expression that cannot be read, or that needs a time where there is none
 */
export function feed(rows: readonly Row[], expressions: string[], timed: boolean, maths: MathFunctions): FeedResult {
  const streams = new Map<string, Stream & { columns: ReturnType<typeof compileColumns> }>();
  const dropped = new Map<string, number>();
  for (const row of rows) {
    let stream = streams.get(row.key);
    if (!stream) {
      const columns = compileColumns(expressions, maths);
      if (columns.usesTime && !timed) {
        throw new ConfigError(
          invalid('--columns', expressions.join(', '), 'a time column in DATA: name it with --time'),
        );
      }
      stream = { key: row.key, ticks: [], columns };
      streams.set(row.key, stream);
    }
    const { columns, ticks } = stream;
    const x = columns.push(row.values, timed ? row.time : null);
    if (x) ticks.push({ row, x: Float32Array.from(x) });
    else if (columns.reason) dropped.set(columns.reason, (dropped.get(columns.reason) ?? 0) + 1);
  }
  return { streams: [...streams.values()].map(({ key, ticks }) => ({ key, ticks })), dropped };
}

/** Which run of a model a question is about. */
export interface Mode {
  mode: 'stateful' | 'windowed';
  /** T of a windowed run; null in stateful mode. */
  window: number | null;
}

/** The most ticks that are taken for one window where nothing says how long it is. */
const MOST_TICKS = 1000;

/**
 * The mode asked for, else the model's own.
 * @param window what was asked for, T in windowed mode
 * @param streams the data: where neither the call nor the file says T, a short stream is one window
 * @throws ConfigError where a windowed run has no T, or a model cannot run on a stream
 */
export function chooseMode(
  spec: ModelSpec,
  mode: 'stateful' | 'windowed' | undefined,
  window: number | undefined,
  streams: readonly Stream[] = [],
): Mode {
  const why = whyWindowed(spec);
  if (why !== null && mode === 'stateful') throw new ConfigError(invalid('--mode', mode, `windowed: ${why}`));
  if (why === null && (mode ?? spec.mode) === 'stateful') return { mode: 'stateful', window: null };
  const T = window ?? spec.window ?? wholeStream(streams);
  if (T === null) throw new ConfigError(invalid('--window', undefined, `a number of ticks: ${spec.name} fixes none`));
  if (spec.window !== null && !fitsWindow(spec, T))
    throw new ConfigError(invalid('--window', T, `${spec.window}, which the model's layers are made for`));
  return { mode: 'windowed', window: T };
}

/** The length that all streams have, if it is one that a window may have. */
function wholeStream([first, ...others]: readonly Stream[]): number | null {
  const length = first?.ticks.length ?? 0;
  const fits = length > 0 && length <= MOST_TICKS && others.every(({ ticks }) => ticks.length === length);
  return fits ? length : null;
}
