import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportFile } from '../../src/node/exportFile.ts';
import { decodeAttribution } from '../../src/recording/index.ts';
import { type Row, tableOf } from '../../src/recording/table.ts';
import { busyRecording, open, read } from '../recording/memory.ts';
import { whytick } from './cli/whytick.ts';

const folder = mkdtempSync(join(tmpdir(), 'whytick-'));
const path = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

let bytes: Uint8Array;
let n = 0;
beforeAll(async () => {
  bytes = await busyRecording();
  writeFileSync(path('busy.mcap'), bytes);
});

async function exported(topic: string, ending: string): Promise<{ file: string; rows: Row[]; count: number }> {
  const table = await tableOf(await open(bytes), topic);
  const file = path(`${n++}.${ending}`);
  const count = await exportFile(table, file);
  const rows: Row[] = [];
  for await (const some of table.rows()) rows.push(...some);
  return { file, rows, count };
}

async function duck(file: string): Promise<Record<string, unknown>[]> {
  const connection = await (await DuckDBInstance.create()).connect();
  const found = await connection.runAndReadAll(`select * from '${file}'`);
  connection.closeSync();
  return found.getRowObjectsJS();
}

/** Rows whose columns are all there: a table has no holes. */
const whole = (rows: readonly Row[]): Row[] => {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return rows.map((row) => Object.fromEntries(names.map((name) => [name, row[name] ?? null])));
};

describe.each(['tick', 'prediction', 'attribution', 'shapley', 'drift', 'feed/message', 'feed/status'])(
  '%s',
  (topic) => {
    it('has the same values in Parquet for hyparquet and DuckDB, and in NDJSON', async () => {
      const { file, rows, count } = await exported(topic, 'parquet');
      expect(count).toBe(rows.length);
      expect(count).toBeGreaterThan(0);
      const buffer = new Uint8Array(readFileSync(file)).buffer;
      expect(await parquetReadObjects({ file: buffer })).toEqual(whole(rows));
      expect(await duck(file)).toEqual(whole(rows));
      const { file: lines } = await exported(topic, 'ndjson');
      const text = readFileSync(lines, 'utf8').trimEnd().split('\n');
      expect(text.map((line) => JSON.parse(line))).toEqual(JSON.parse(JSON.stringify(rows)));
    });

    it('has them in CSV for DuckDB', async () => {
      const { file, rows } = await exported(topic, 'csv');
      const text = (value: unknown): string => (value === null || value === '' ? '' : String(value));
      const found = await duck(file);
      expect(found).toHaveLength(rows.length);
      const first = whole(rows)[0]!;
      expect(Object.keys(found[0]!)).toEqual(Object.keys(first));
      for (const name of ['received', 'sequence'])
        expect(found.map((row) => Number(row[name]))).toEqual(rows.map((row) => row[name]));
      expect(readFileSync(file, 'utf8').startsWith(`${Object.keys(first).map(text).join(',')}\r\n`)).toBe(true);
    });
  },
);

it('an attribution is a row for each cell and each whole tick', async () => {
  const { records } = await read(bytes);
  const last = records.findLast(({ topic }) => topic === 'attribution')!;
  const { values, events, window, features } = decodeAttribution(last.data);
  const { rows } = await exported('attribution', 'ndjson');
  const newest = rows.slice(-window * (features + 1));
  const cells = newest.filter(({ feature }) => feature !== null);
  expect(cells.map(({ value }) => value)).toEqual([...values]);
  expect(newest.filter(({ feature }) => feature === null).map(({ value }) => value)).toEqual([...events]);
  expect(cells.slice(-features).map(({ ticksBefore, feature }) => [ticksBefore, feature])).toEqual([
    [0, 'x'],
    [0, 'diff(y)'],
  ]);
});

it('text that a spreadsheet would take for a formula is none, and quotes are doubled', async () => {
  const file = path('formula.csv');
  const rows: Row[] = [
    { a: '=1+1', b: 'say "x", y' },
    { a: -1, b: null },
  ];
  const table = {
    columns: [
      { name: 'a', type: 'text' as const },
      { name: 'b', type: 'text' as const },
    ],
    rows: async function* () {
      yield rows;
    },
  };
  expect(await exportFile(table, file)).toBe(2);
  expect(readFileSync(file, 'utf8')).toBe('a,b\r\n\'=1+1,"say ""x"", y"\r\n-1,\r\n');
  await expect(exportFile(table, file)).rejects.toThrow(/^invalid --to: .*expected the name of a new file/);
  await expect(exportFile(table, path('x.xls'))).rejects.toThrow(
    /expected a file that ends in .parquet, .csv, .ndjson/,
  );
});

it('whytick export says what it wrote, and what is wrong', async () => {
  const run = (...args: string[]) => whytick(['export', path('busy.mcap'), ...args]);
  const done = await run('--to', path('done.csv'), '--json');
  expect(JSON.parse(done.stdout)).toMatchObject({
    channel: 'tick',
    columns: expect.arrayContaining(['time', 'x', 'y']),
  });
  for (const [args, message] of [
    [['--to', path('done.csv')], /expected the name of a new file/],
    [['--to', path('other.csv'), '--channel', 'ticks'], /invalid --channel: 'ticks' \(expected feed\/message, /],
    [['--to', path('no/such.csv')], /expected a file that can be written/],
  ] as const) {
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  }
});
