import { expect, it } from 'vitest';
import { short, table, when } from '../../../src/node/cli/table.ts';

it('lays out columns by their widest cell', () => {
  expect(
    table(
      ['row', 'time', 'y'],
      [
        ['1', '2020', '-0.5'],
        ['10', '2021', '2'],
      ],
      '><',
    ),
  ).toBe(['row  time     y', '  1  2020  -0.5', ' 10  2021     2'].join('\n'));
});

it('lays out as many rows as there are', () => {
  const rows = Array.from({ length: 200_000 }, (_, i) => [String(i)]);
  expect(table(['row'], rows, '>').split('\n').at(-1)).toBe('199999');
});

it('shows five digits', () => {
  expect([0, -0.0123456, 123456.7, 1e-9, 22].map(short)).toEqual(['0', '-0.012346', '123460', '1e-9', '22']);
});

it('shows the clock of a time only where it has one', () => {
  expect(when(1577836800000)).toBe('2020-01-01');
  expect(when(1577836800500)).toBe('2020-01-01T00:00:00.500Z');
  expect(when(1577840400000)).toBe('2020-01-01T01:00:00Z');
  expect(when(9e15)).toBe('9000000000000000');
});
