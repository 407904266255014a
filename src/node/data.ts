import { basename, extname } from 'node:path';
import { ConfigError, DataError, invalid } from '../errors.ts';
import { csv } from './data/csv.ts';
import { mcap } from './data/mcap.ts';
import { ndjson } from './data/ndjson.ts';
import { parquet } from './data/parquet.ts';
import type { Cell, DataReader, Table } from './data/reader.ts';
import { numeric, TIME_NAME, timeReader } from './data/time.ts';
import { readNamedFile, readStdin } from './files.ts';

export type { Cell, DataReader, Table } from './data/reader.ts';

/** Kinds of data files, by content first, then by ending; what neither tells is CSV. */
export const readers: DataReader[] = [csv, mcap, ndjson, parquet];

/** One row of a data file. */
export interface DataRow {
  /** Row of the file, from 0. */
  index: number;
  /** Event time in ms since 1970 UTC; the row's index where the file has no time column. */
  time: number;
  /** Which stream; `''` without a key column. */
  key: string;
  /** The numeric columns; NaN where the cell is empty. */
  values: Record<string, number>;
}

/** A data file, read. */
export interface Data {
  file: string;
  /** Columns of numbers in file order, without the time and the key column. */
  columns: string[];
  /** Names of the time column and of the key column, or null. */
  time: string | null;
  key: string | null;
  rows: DataRow[];
  /** Why other columns are no columns of numbers, each naming the first cell. */
  leftOut: string[];
  /**
   * Makes sure that these columns can be used.
   * @throws ConfigError for a column that the file has not, DataError naming the cell of one that is not numeric
   */
  require(columns: readonly string[]): void;
}

export interface DataOptions {
  /** The time column; without it, the first one named time, timestamp, date, datetime or ts. */
  time?: string | undefined;
  /** The column that tells streams apart. */
  key?: string | undefined;
}

/**
 * Reads a `.csv`, `.ndjson`, `.parquet` or `.mcap` file, or CSV or NDJSON from stdin.
 * @param path the file, or `-`
 * @param what how the command calls it, for the message
 * @throws ConfigError where the file cannot be read or a named column is not in it, DataError naming file, line and
 *   column for what is wrong inside
 */
export async function readData(path: string, options: DataOptions = {}, what = 'DATA'): Promise<Data> {
  const bytes = path === '-' ? await readStdin() : await readNamedFile(path, what, true);
  const file = path === '-' ? 'stdin' : basename(path);
  const head = bytes.subarray(0, 256);
  const ending = extname(path).toLowerCase();
  const reader = readers.find((r) => r.recognises(head)) ?? readers.find((r) => r.endings.includes(ending)) ?? csv;
  return interpret(await reader.read(bytes, file), file, options);
}

/** Finds out what the columns of a table are for. */
export function interpret(table: Table, file: string, options: DataOptions = {}): Data {
  const { columns, rows: cells } = table;
  if (cells.length === 0) throw new DataError(invalid(file, 'no rows', 'at least one row of values'));
  const timeAt =
    options.time === undefined ? columns.findIndex((name) => TIME_NAME.test(name)) : at(options.time, '--time');
  const keyAt = options.key === undefined ? -1 : at(options.key, '--key');
  const bad = new Map<string, string>();
  const used = columns
    .map((name, c) => ({ name, c }))
    .filter(({ name, c }) => c !== timeAt && c !== keyAt && isNumeric(name, c));
  const times = timeAt < 0 ? null : readTimes(timeAt);
  const rows = cells.map((row, index): DataRow => {
    const values: Record<string, number> = {};
    for (const { name, c } of used) values[name] = numeric(row[c]!);
    return { index, time: times ? times[index]! : index, key: keyAt < 0 ? '' : String(row[keyAt] ?? ''), values };
  });
  const numbers = used.map(({ name }) => name);

  return {
    file,
    columns: numbers,
    time: columns[timeAt] ?? null,
    key: columns[keyAt] ?? null,
    rows,
    leftOut: [...bad.values()],
    require(names) {
      for (const name of names) {
        if (numbers.includes(name)) continue;
        const message = bad.get(name);
        if (message) throw new DataError(message);
        throw new ConfigError(invalid('column', name, `one of ${file}'s columns of numbers: ${numbers.join(', ')}`));
      }
    },
  };

  function at(name: string, option: string): number {
    const c = columns.indexOf(name);
    if (c < 0) throw new ConfigError(invalid(option, name, `a column of ${file}: ${columns.join(', ')}`));
    return c;
  }

  /** Whether every cell is a number or empty, and one is a number; else remembers the first that is not. */
  function isNumeric(name: string, c: number): boolean {
    let some = false;
    for (let r = 0; r < cells.length; r++) {
      const cell = cells[r]![c]!;
      if (!Number.isNaN(numeric(cell))) some = true;
      else if (!isMissing(cell)) {
        bad.set(name, invalid(`${file} ${table.place(r)}, column '${name}'`, cell, 'a number'));
        return false;
      }
    }
    if (!some) bad.set(name, invalid(`${file} column '${name}'`, 'empty cells', 'numbers'));
    return some;
  }

  function readTimes(c: number): number[] {
    const read = timeReader(cells.map((row) => row[c]!));
    return cells.map((row, r) => {
      const time = read(row[c]!);
      if (Number.isFinite(time)) return time;
      const expected = 'a time: a number since 1970, or a date such as 2020-04-17 or 2020-04-17T16:30:00Z';
      throw new DataError(invalid(`${file} ${table.place(r)}, column '${columns[c]}'`, row[c], expected));
    });
  }
}

const MISSING = /^(|na|n\/a|nan|null|none|[+-]?inf(inity)?)$/i;

/** Empty, one of the usual words for it, or not finite: no value, and no mistake. */
function isMissing(cell: Cell): boolean {
  if (typeof cell === 'number') return true;
  return cell === null || (typeof cell === 'string' && MISSING.test(cell.trim()));
}
