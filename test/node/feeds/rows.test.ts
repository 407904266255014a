import { expect, it } from 'vitest';
import { LONGEST, type RowFormat, RowReader } from '../../../src/node/feeds/rows.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const texts = (rows: Uint8Array[]): string[] => rows.map((row) => new TextDecoder().decode(row));

/** What comes of a text in pieces of so many bytes. */
function read(format: RowFormat, text: string, size: number, header: string[] | null = null): [string[], RowReader] {
  const [reader, all] = [new RowReader(format, header), bytes(text)];
  const rows: Uint8Array[] = [];
  for (let at = 0; at < all.length; at += size) rows.push(...reader.push(all.subarray(at, at + size)));
  rows.push(...reader.end());
  return [texts(rows), reader];
}

const CSV = '\ufefftime,name,x\r\n1,"a, ""b""\nc",2\r\n\r\n2,\u00fcml\u00e4ut,3.5\n3,short\n4,last,9';

it.each([1, 2, 3, 7, 1000])('CSV in pieces of %d bytes: quotes, line ends, marks, letters of several bytes', (size) => {
  const [rows, { dropped }] = read('csv', CSV, size);
  expect(rows.map((row) => JSON.parse(row))).toEqual([
    { time: '1', name: 'a, "b"\nc', x: '2' },
    { time: '2', name: '\u00fcml\u00e4ut', x: '3.5' },
    { time: '3', name: 'short' },
    { time: '4', name: 'last', x: '9' },
  ]);
  expect(dropped).toBe(0);
});

it.each([1, 5, 1000])('NDJSON in pieces of %d bytes, as it is', (size) => {
  expect(read('ndjson', '{"a": 1}\r\n\n{"b":"\u00e9"}\n{"c"', size)[0]).toEqual(['{"a": 1}', '{"b":"\u00e9"}', '{"c"']);
});

it('a row without end is left out, and what comes after its end is not', () => {
  const long = 'x'.repeat(LONGEST + 10);
  const [rows, { dropped }] = read('ndjson', `{"a":1}\n${long}\n{"b":2}\n`, 1 << 16);
  expect([rows, dropped]).toEqual([['{"a":1}', '{"b":2}'], 1]);
});

it('knows its columns where it is told them', () => {
  expect(read('csv', '5,6\n', 100, ['a', 'b'])[0]).toEqual(['{"a":"5","b":"6"}']);
});
