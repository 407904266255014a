import { describe, expect, it } from 'vitest';
import { chooseColumns, chooseMode, feed } from '../../src/offline/feed.ts';
import { modelOf } from '../models.ts';

const row = (index: number, key: string, values: Record<string, number>) => ({
  index,
  time: index * 86_400_000,
  key,
  values,
});

describe('feed', () => {
  it('leaves out rows without a value, keeps streams apart and counts what was missing', () => {
    const rows = [
      row(0, 'a', { x: 1 }),
      row(1, 'b', { x: 10 }),
      row(2, 'a', { x: 4 }),
      row(3, 'a', { x: Number.NaN }),
      row(4, 'b', { x: 11 }),
      row(5, 'a', { x: 5 }),
    ];
    const { streams, dropped } = feed(rows, ['diff(x)', 'x'], true, Math);
    expect(streams.map(({ key, ticks }) => [key, ticks.map(({ row, x }) => [row.index, ...x])])).toEqual([
      [
        'a',
        [
          [2, 3, 4],
          [5, 1, 5],
        ],
      ],
      ['b', [[4, 1, 11]]],
    ]);
    expect([...dropped]).toEqual([["no number in column 'x'", 1]]);
  });

  it('refuses the calendar where there is no time', () => {
    expect(() => feed([row(0, '', {})], ['sin(dayOfYear)'], false, Math)).toThrow(
      /expected a time column in DATA: name it with --time/,
    );
  });
});

describe('chooseColumns', () => {
  const spec = { ...modelOf(2, 1, []), features: ['x', 'log(y)'] };

  it('takes what is asked for, else the model’s own, else all columns of numbers', () => {
    expect(chooseColumns(spec, ['a', 'b'], ['x', 'y', 'z'])).toEqual(['a', 'b']);
    expect(chooseColumns(spec, null, ['x', 'y', 'z'])).toEqual(['x', 'log(y)']);
    expect(chooseColumns({ ...spec, features: null }, null, ['x', 'wind speed'])).toEqual(['x', '`wind speed`']);
  });

  it('refuses a count that does not fit', () => {
    expect(() => chooseColumns(spec, ['a'], [])).toThrow(
      /^invalid --columns: '1 \(a\)' \(expected 2, one for each input of test\)/,
    );
    expect(() => chooseColumns({ ...spec, features: null }, null, ['a', 'b', 'c'])).toThrow(
      /choose them with --columns/,
    );
    expect(() =>
      chooseColumns({ ...spec, features: null }, null, ['a'], ["invalid b.csv line 2, column 'b': 'x'"]),
    ).toThrow("choose them with --columns); invalid b.csv line 2, column 'b': 'x'");
  });
});

describe('chooseMode', () => {
  const spec = modelOf(1, 1, []);

  it('takes the file’s mode and length unless told otherwise', () => {
    expect(chooseMode(spec, undefined, 9)).toEqual({ mode: 'stateful', window: null });
    expect(chooseMode(spec, 'windowed', 9)).toEqual({ mode: 'windowed', window: 9 });
    const fixed = { ...spec, mode: 'windowed' as const, window: 20 };
    expect(chooseMode(fixed, undefined, undefined)).toEqual({ mode: 'windowed', window: 20 });
    expect(chooseMode(fixed, undefined, 5)).toEqual({ mode: 'windowed', window: 5 });
    expect(chooseMode(fixed, 'stateful', undefined)).toEqual({ mode: 'stateful', window: null });
    expect(() => chooseMode(spec, 'windowed', undefined)).toThrow(
      /^invalid --window: nothing \(expected a number of ticks: test fixes none\)/,
    );
  });

  it('takes short streams of one length for one window each, where nothing else says T', () => {
    const stream = (length: number) => ({
      key: '',
      ticks: Array.from({ length }, (_, index) => ({
        row: { index, time: 0, key: '', values: {} },
        x: new Float32Array(1),
      })),
    });
    const streams = [stream(12), stream(12)];
    expect(chooseMode(spec, 'windowed', undefined, streams)).toEqual({ mode: 'windowed', window: 12 });
    expect(chooseMode(spec, 'windowed', 5, streams)).toEqual({ mode: 'windowed', window: 5 });
    for (const others of [[stream(12), stream(11)], [stream(1001)], [stream(0)]])
      expect(() => chooseMode(spec, 'windowed', undefined, others)).toThrow(/--window: nothing/);
  });
});
