import { ConfigError, DataError, invalid } from '../../errors.ts';
import type { Fed, Stream } from '../../offline/feed.ts';

/** A row that a model can answer for, and the ticks up to it. */
export interface Answerable {
  index: number;
  key: string;
  /** The stream from its first tick to this row. */
  ticks(): Fed[];
}

/**
 * The rows that a model can answer for, in DATA's order: all that feed it, in windowed mode those with T ticks.
 * @param file its name, for the message
 * @throws DataError where there are none
 */
export function answerable(streams: Stream[], window: number | null, file: string): Answerable[] {
  const longest = streams.reduce((most, { ticks }) => Math.max(most, ticks.length), 0);
  if (longest < (window ?? 1)) {
    const expected = `at least ${window ?? 1}${window === null ? '' : ', the length of a windowed run'}`;
    throw new DataError(invalid(file, `${longest} rows that feed the model`, expected));
  }
  return streams
    .flatMap(({ key, ticks }) =>
      ticks
        .map(({ row }, t) => ({ index: row.index, key, ticks: () => ticks.slice(0, t + 1) }))
        .slice((window ?? 1) - 1),
    )
    .sort((a, b) => a.index - b.index);
}

/**
 * The rows that `--at` names.
 * @param at `last`, `all`, or row numbers with commas between them
 * @throws ConfigError for a row that the model cannot answer for
 */
export function chooseRows(at: string, rows: Answerable[]): Answerable[] {
  const range = `a row that feeds the model, from ${rows[0]!.index} to ${rows.at(-1)!.index}`;
  if (at === 'all') return rows;
  if (at === 'last') return rows.slice(-1);
  const byIndex = new Map(rows.map((row) => [row.index, row]));
  return at.split(',').map((text) => {
    const row = /^\s*\d+\s*$/.test(text) ? byIndex.get(Number(text)) : undefined;
    if (!row) throw new ConfigError(invalid('--at', text, `last, all, or ${range}`));
    return row;
  });
}
