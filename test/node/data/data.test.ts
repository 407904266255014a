import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, DataError } from '../../../src/errors.ts';
import { type DataOptions, readData } from '../../../src/node/data.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whytick-data-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Reads a file of this text. */
function read(text: string | Uint8Array, options: DataOptions = {}, name = 'a.csv') {
  const path = join(folder, name);
  writeFileSync(path, text);
  return readData(path, options);
}

describe('CSV', () => {
  it('gives rows of numbers by column, with the time found by its name', async () => {
    const data = await read('Date,open,close,note\n2020-01-01,1,2.5,x\n2020-01-02,-3e2,.5,y\n');
    expect(data).toMatchObject({ file: 'a.csv', columns: ['open', 'close'], time: 'Date', key: null });
    expect(data.rows).toEqual([
      { index: 0, time: 1577836800000, key: '', values: { open: 1, close: 2.5 } },
      { index: 1, time: 1577923200000, key: '', values: { open: -300, close: 0.5 } },
    ]);
  });

  it('numbers the rows where there is no time', async () => {
    const data = await read('a\n5\n6\n');
    expect(data.time).toBeNull();
    expect(data.rows.map(({ time }) => time)).toEqual([0, 1]);
  });

  it('reads a byte order mark, CRLF, quotes and empty lines', async () => {
    const data = await read('\ufeff"a, b",c\r\n"1",2\r\n\r\n3,4\r\n');
    expect(data.columns).toEqual(['a, b', 'c']);
    expect(data.rows.map(({ values }) => Object.values(values))).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('takes empty cells and the words for them as missing', async () => {
    const data = await read('a,b\n1,1\n,NaN\nNA,null\n-inf,3\n');
    expect(data.columns).toEqual(['a', 'b']);
    expect(data.rows.map(({ values }) => values.a)).toEqual([1, Number.NaN, Number.NaN, Number.NaN]);
  });

  it('tells streams apart by the key column, which feeds nothing', async () => {
    const data = await read('ts,symbol,x\n1,7,1\n2,8,2\n', { key: 'symbol' });
    expect(data.columns).toEqual(['x']);
    expect(data.rows.map(({ key }) => key)).toEqual(['7', '8']);
  });

  it('takes the time column that is named, before one that is found', async () => {
    const data = await read('time,at,x\n1,1577836800,5\n', { time: 'at' });
    expect(data.rows[0]!.time).toBe(1577836800000);
    expect(data.columns).toEqual(['time', 'x']);
  });

  it.each([
    ['seconds', '1577836800', 1577836800000],
    ['fractions of seconds', '1577836800.25', 1577836800250],
    ['milliseconds', '1577836800000', 1577836800000],
    ['microseconds', '1577836800000000', 1577836800000],
    ['nanoseconds', '1577836800000000000', 1577836800000],
    ['a date', '2020-01-01', 1577836800000],
    ['a date with slashes', '2020/1/1', 1577836800000],
    ['a date and time without a zone', '2020-01-01 00:00', 1577836800000],
    ['UTC', '2020-01-01T00:00:00.500Z', 1577836800500],
    ['another zone', '2020-01-01T02:30:00+02:30', 1577836800000],
    ['a time before 1970', '1969-12-31', -86400000],
  ])('reads a time in %s', async (_, text, time) => {
    expect((await read(`time,x\n${text},1\n`)).rows[0]!.time).toBe(time);
  });

  it('reads a whole column of times in one unit', async () => {
    const data = await read('time,x\n0,1\n86400000,2\n1577836800000,3\n');
    expect(data.rows.map(({ time }) => time)).toEqual([0, 86400000, 1577836800000]);
  });

  it.each<[string, string, DataOptions, RegExp]>([
    ['nothing', '', {}, /^invalid a\.csv: 'an empty file' \(expected a header row/],
    ['a header alone', 'a,b\n', {}, /^invalid a\.csv: 'no rows'/],
    ['a row that is too short', 'a,b\n1,2\n3\n', {}, /^invalid a\.csv line 3: /],
    ['an open quote', 'a,b\n1,"2\n', {}, /^invalid a\.csv line \d: /],
    [
      'two columns of a name',
      'a,a\n1,2\n',
      {},
      /^invalid a\.csv line 1, column 2: 'a' \(expected a name for every column/,
    ],
    ['a column without a name', 'a,\n1,2\n', {}, /^invalid a\.csv line 1, column 2: ''/],
    [
      'a time that is none',
      'time,x\n2020-01-01,1\nyesterday,2\n',
      {},
      /^invalid a\.csv line 3, column 'time': 'yesterday' \(expected a time/,
    ],
    ['a day that is none', 'date,x\n2021-02-29,1\n', {}, /line 2, column 'date': '2021-02-29'/],
    ['a missing time', 'date,x\n,1\n', {}, /line 2, column 'date': ''/],
  ])('refuses %s', async (_, text, options, message) => {
    await expect(read(text, options)).rejects.toThrow(DataError);
    await expect(read(text, options)).rejects.toThrow(message);
  });

  it.each<[DataOptions, RegExp]>([
    [{ time: 'when' }, /^invalid --time: 'when' \(expected a column of a\.csv: a, b\)/],
    [{ key: 'who' }, /^invalid --key: 'who'/],
  ])('refuses a column that is not there: %o', async (options, message) => {
    await expect(read('a,b\n1,2\n', options)).rejects.toThrow(ConfigError);
    await expect(read('a,b\n1,2\n', options)).rejects.toThrow(message);
  });

  it('names the cell that keeps a column from being used', async () => {
    const data = await read('a,b,c\n1,2,\n3,"a\nb",\n5,x,\n');
    expect(() => data.require(['a'])).not.toThrow();
    expect(() => data.require(['b'])).toThrow(DataError);
    expect(() => data.require(['b'])).toThrow(/^invalid a\.csv line 4, column 'b': 'a\\x0ab' \(expected a number\)/);
    expect(() => data.require(['c'])).toThrow(/^invalid a\.csv column 'c': 'empty cells'/);
    expect(() => data.require(['d'])).toThrow(ConfigError);
    expect(() => data.require(['d'])).toThrow(
      /^invalid column: 'd' \(expected one of a\.csv's columns of numbers: a\)/,
    );
  });

  it('does not take hexadecimal or dates for numbers', async () => {
    expect((await read('a,b,c\n0x10,1-2,1\n')).columns).toEqual(['c']);
  });
});

describe('NDJSON', () => {
  it('gives the columns in order of appearance, missing where a line has none', async () => {
    const text = '{"ts": 1577836800, "a": 1, "n": {"x": 1}}\n\n{"ts": 1577836801, "b": "2.5", "a": null}\n';
    const data = await read(text, {}, 'a.ndjson');
    expect(data.columns).toEqual(['a', 'b']);
    expect(data.rows.map(({ index, time, values }) => [index, time, values.a, values.b])).toEqual([
      [0, 1577836800000, 1, Number.NaN],
      [1, 1577836801000, Number.NaN, 2.5],
    ]);
  });

  it('is recognised by its first character, whatever the file is called', async () => {
    expect((await read(' {"a": 1}\n', {}, 'a.txt')).columns).toEqual(['a']);
  });

  it.each([
    ['broken JSON', '{"a": 1}\n{"a": \n', /^invalid a\.ndjson line 2: '\{"a": ' \(expected a JSON object\)/],
    ['a list', '{"a": 1}\n\n[1]\n', /^invalid a\.ndjson line 3: '\[1\]'/],
  ])('refuses %s', async (_, text, message) => {
    await expect(read(text, {}, 'a.ndjson')).rejects.toThrow(DataError);
    await expect(read(text, {}, 'a.ndjson')).rejects.toThrow(message);
  });
});

describe('Parquet', () => {
  const golden = (name: string) => fileURLToPath(new URL(`../../golden/parquet/${name}.parquet`, import.meta.url));

  it.each(['snappy', 'gzip'])('reads what pyarrow wrote with %s', async (name) => {
    const data = await readData(golden(name));
    expect(data).toMatchObject({ time: 'time', columns: ['count', 'x', 'small'] });
    expect(data.rows.map(({ time }) => time)).toEqual([0, 1, 2, 3, 4].map((hour) => 1577836800000 + hour * 3600000));
    expect(data.rows.map(({ values }) => [values.count, values.x, values.small])).toEqual([
      [1, 0.5, 1.5],
      [2, -1.25, 2.5],
      [Number.NaN, 3e8, 3.5],
      [4, Number.NaN, 4.5],
      [5, 1e-3, 5.5],
    ]);
    expect((await readData(golden(name), { key: 'name' })).rows.map(({ key }) => key)).toEqual([
      'a',
      'b',
      'a',
      'b',
      'a',
    ]);
  });

  it('says so where it cannot decompress', async () => {
    await expect(readData(golden('zstd'))).rejects.toThrow(
      /^invalid zstd\.parquet: .*ZSTD.*\(expected a Parquet file \(uncompressed, Snappy, gzip or Brotli/,
    );
  });

  it('refuses a file that is cut off', async () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('PAR1'), 1, 2, 3, 4, 5, 6, 7, 8]);
    await expect(read(bytes, {}, 'a.parquet')).rejects.toThrow(DataError);
    await expect(read(bytes, {}, 'a.parquet')).rejects.toThrow(/^invalid a\.parquet: .*\(expected a Parquet file/);
  });
});

describe('readData', () => {
  it('names a file that is not there', async () => {
    await expect(readData(join(folder, 'none.csv'))).rejects.toThrow(
      /^invalid DATA: '.*none\.csv' \(expected a file that can be read: there is none/,
    );
  });
});
