/** What is wrong with rows before anything is learnt from them, said so that the row or the column can be found. */
import { DataError, invalid } from '../errors.ts';
import type { Row } from '../offline/feed.ts';
import type { Dataset, DatasetOptions } from './dataset.ts';
import { piecesOf, SEGMENT } from './lanes.ts';
import { cutAt, ticksOf } from './series.ts';

/** @throws DataError for a time that does not come after the one before it in its key, naming both rows */
export function checkTimes(rows: readonly Row[]): void {
  const last = new Map<string, Row>();
  for (const row of rows) {
    const before = last.get(row.key);
    if (before && row.time <= before.time)
      throw new DataError(
        invalid(`row ${row.index} time`, row.time, `a time after ${before.time}, that of row ${before.index}`),
      );
    last.set(row.key, row);
  }
}

/** @throws DataError for a column without any value */
export function checkColumns(rows: readonly Row[], raw: readonly string[]): void {
  if (rows.length === 0) throw new DataError(invalid('DATA', 'no rows', 'rows to learn from'));
  for (const name of raw) {
    if (rows.some(({ values }) => Number.isFinite(values[name]))) continue;
    const where = `no value in rows ${rows[0]!.index} to ${rows.at(-1)!.index}`;
    throw new DataError(invalid(`column ${name}`, where, 'numbers'));
  }
}

/**
 * Makes sure that there is something to learn from, to choose by and to measure on.
 * @returns what to say about keys that are too short for that, while others are not
 * @throws DataError where all are, with how many rows there are and how many would do
 */
export function checkLength(
  { series, targets, dropped }: Pick<Dataset, 'series' | 'targets' | 'dropped'>,
  split: DatasetOptions['split'],
  horizon: number,
  window: number | null,
): string[] {
  const least = leastRows(split, horizon, window);
  const short = series.filter(({ from, to }) => to - from < least);
  if (short.length < series.length) {
    checkTargets({ series, targets }, horizon, window);
    return short.map(
      ({ key, from, to }) => `key ${key}: ${to - from} rows that feed the model are too few, ${least} are needed`,
    );
  }
  const most = series.reduce((rows, { from, to }) => Math.max(rows, to - from), 0);
  const of =
    window === null
      ? `a state that runs on (${SEGMENT} ticks a part)`
      : `windows of ${window} ${window === 1 ? 'tick' : 'ticks'}`;
  const each = series.length > 1 ? ' in one key' : '';
  const expected = `at least ${least}${each}: ${of} and what comes ${horizon} later, in training, validation and test`;
  const [reason] = [...dropped].sort(([, a], [, b]) => b - a)[0] ?? [];
  const others = [...dropped.values()].reduce((sum, count) => sum + count, 0);
  const why = reason === undefined ? '' : `; ${others} rows do not feed it: ${reason}`;
  const rows = most === 1 ? '1 row that feeds' : `${most} rows that feed`;
  throw new DataError(invalid('DATA', `${rows} the model`, expected + why));
}

/** @throws DataError where a part has nothing that could be said in it, or no state can run on between what could */
function checkTargets(cut: Pick<Dataset, 'series' | 'targets'>, horizon: number, window: number | null): void {
  for (const part of ['train', 'validation', 'test'] as const) {
    const name = part === 'train' ? 'training' : part;
    if (ticksOf(cut, part, horizon, (window ?? 1) - 1).length === 0)
      throw new DataError(invalid('--target', 'no value', `some in the ${name} part`));
    if (window !== null || part === 'test' || piecesOf(cut, part, horizon).length > 0) continue;
    const expected = `values at ${SEGMENT} ticks in a row of the ${name} part, through which a state runs on: or --window`;
    throw new DataError(invalid('--target', 'gaps', expected));
  }
}

/** Rows of a key from which each part has something that is said: in windows, or in segments through which states run. */
function leastRows(split: DatasetOptions['split'], horizon: number, window: number | null): number {
  const need = window === null ? [SEGMENT, SEGMENT, 1] : [Math.max(2, window), 1, 1];
  const fits = (n: number): boolean => {
    const [a, b] = cutAt(n, split);
    return a - horizon >= need[0]! && b - a - horizon >= need[1]! && n - b - horizon >= need[2]!;
  };
  // a part is cut within one row of its share
  let n = Math.floor(Math.max(...split.map((share, i) => (need[i]! + horizon - 1) / share)));
  while (!fits(n)) n++;
  return n;
}

/**
 * Columns that have no value for longer than a window is: nothing is fed meanwhile, and what comes after follows what came
 * before at once, in a window and in a state alike, as it does when a model is served.
 */
export function gaps(rows: readonly Row[], raw: readonly string[], window: number | null): string[] {
  const least = window ?? SEGMENT;
  return raw.flatMap((name) => {
    const open = new Map<string, { first: Row; length: number }>();
    const runs: { first: Row; length: number }[] = [];
    for (const row of rows) {
      const run = open.get(row.key);
      if (Number.isFinite(row.values[name])) open.delete(row.key);
      else if (run) run.length++;
      else {
        const begun = { first: row, length: 1 };
        open.set(row.key, begun);
        runs.push(begun);
      }
    }
    const long = runs.filter(({ length }) => length > least);
    if (long.length === 0) return [];
    const { first, length } = long.reduce((most, run) => (run.length > most.length ? run : most));
    const more = long.length > 1 ? `, the longest of ${long.length} such gaps` : '';
    const key = first.key === '' ? '' : ` of key ${first.key}`;
    return [
      `column ${name} has no value in ${length} rows from row ${first.index}${key} on${more}: they are not fed, and windows and states go across them, as they do when a model is served`,
    ];
  });
}
