import { describe, expect, it } from 'vitest';
import type { Row } from '../../src/offline/feed.ts';
import { drift, meanSquare, persistence, ridge } from '../../src/training/baselines.ts';
import { type DatasetOptions, makeDataset } from '../../src/training/dataset.ts';
import { cutAt, ticksOf } from '../../src/training/series.ts';
import { random } from '../kernels.ts';

const rowsOf = (xs: readonly number[], key = ''): Row[] =>
  xs.map((x, index) => ({ index, time: 1000 * index, key, values: { x, z: (index * 7) % 5 } }));
const options: DatasetOptions = { columns: ['x'], target: 'x', horizon: 1, split: [0.5, 0.25, 0.25], timed: true };
const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

it('a part has as many ticks as its share, also where the share is a little less in binary', () => {
  // 700 x .7 = 489.99999999999994
  expect(cutAt(700, [0.7, 0.15, 0.15])).toEqual([490, 595]);
  expect(cutAt(1461, [0.7, 0.15, 0.15])).toEqual([1022, 1241]);
});

describe('a dataset', () => {
  it('cuts by time; what looks into the next part is left out', () => {
    const dataset = makeDataset(rowsOf(count(12)), { ...options, horizon: 2 }, Math);
    expect([...dataset.targets]).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, Number.NaN, Number.NaN]);
    // 0 to 5, 6 to 8, 9 to 11
    expect(ticksOf(dataset, 'train', 2)).toEqual([0, 1, 2, 3]);
    expect(ticksOf(dataset, 'validation', 2)).toEqual([6]);
    expect(ticksOf(dataset, 'test', 2)).toEqual([9]);
    // windows of three ticks
    expect(ticksOf(dataset, 'train', 2, 2)).toEqual([2, 3]);
    expect(dataset.mean[0]).toBe(1.5);
    expect(dataset.variance[0]).toBe(1.25);
    expect(dataset.target).toEqual({ mean: 3.5, deviation: Math.sqrt(1.25) });
  });

  it('keeps keys apart, and rows that feed nothing out', () => {
    const rows = [...rowsOf([1, 3, 6, 10, 15, 21, 28, 36], 'a'), ...rowsOf([9, 7, 8, 5, 6, 3, 4, 1], 'b')];
    const dataset = makeDataset(rows, { ...options, columns: ['diff(x)'], target: 'diff(x)' }, Math);
    expect([...dataset.values]).toEqual([2, 3, 4, 5, 6, 7, 8, -2, 1, -3, 1, -3, 1, -3]);
    expect(dataset.series.map(({ key, from, to }) => [key, from, to])).toEqual([
      ['a', 0, 7],
      ['b', 7, 14],
    ]);
    expect(dataset.targets[6]).toBeNaN();
    expect(ticksOf(dataset, 'train', 1)).toEqual([0, 1, 7, 8]);
    const gap = rowsOf([1, 2, Number.NaN, 4, 5, 7, 8, 9, 11]);
    const holed = makeDataset(gap, options, Math);
    expect([...holed.values]).toEqual([1, 2, 4, 5, 7, 8, 9, 11]);
    expect([...holed.dropped]).toEqual([["no number in column 'x'", 1]]);
  });

  it('warns of a feature that is the target in disguise', () => {
    const xs = count(40).map((i) => (i * 13) % 17);
    const rows = rowsOf(xs).map((row, i) => ({ ...row, values: { ...row.values, leak: 3 * (xs[i + 1] ?? 0) + 1 } }));
    const dataset = makeDataset(rows, { ...options, columns: ['x', 'leak'] }, Math);
    expect(dataset.warnings).toEqual(['leak correlates to 1.00000 with x 1 tick later: is it the target in disguise?']);
    // that sees further than the horizon, too
    const further = rows.map((row, i) => ({ ...row, values: { x: xs[i]!, later: -xs[i + 4]! || 0 } }));
    expect(makeDataset(further, { ...options, columns: ['x', 'later'] }, Math).warnings).toEqual([
      'later correlates to -1.00000 with x 4 ticks later: is it the target in disguise?',
    ]);
    // of an event: what will have come parts the ticks before it from others
    const ys = count(40).map(random(8));
    const change = ys.map((x, i) => ({ x, next: (ys[i + 1] ?? 0) - x }));
    const future = rows.map((row, i) => ({ ...row, values: change[i]! }));
    const up = { ...options, columns: ['x', 'next'], target: 'diff(x) > 0' };
    expect(makeDataset(future, up, Math).warnings).toEqual([
      'next correlates in rank to 1.00000 with diff(x) > 0 1 tick later: is it the target in disguise?',
    ]);
    // a slow series is nearly its own future, and no leak
    expect(makeDataset(rowsOf(count(4000)), options, Math).warnings).toEqual([]);
  });

  const timed = (...times: number[]): Row[] =>
    rowsOf(count(times.length)).map((row, i) => ({ ...row, time: times[i]! }));
  const keyed = [...rowsOf(count(20), 'a'), ...rowsOf(count(6), 'b')];
  const need = (rows: number, many: string, why = '') =>
    `invalid DATA: '${rows === 1 ? '1 row that feeds' : `${rows} rows that feed`} the model' (expected at least ${many}, in training, validation and test${why})`;

  it.each<[string, Row[], Partial<DatasetOptions>, string]>([
    [
      'a constant column',
      rowsOf(new Array(12).fill(4)),
      {},
      'invalid column x: 4 (expected values that differ: it is constant over the training part)',
    ],
    [
      'a constant target',
      rowsOf(count(12)),
      { target: 'x > 50' },
      "invalid --target: 'x > 50' (expected values that differ: it is 0 throughout the training part)",
    ],
    [
      'an empty column',
      rowsOf(new Array(12).fill(Number.NaN)),
      {},
      "invalid column x: 'no value in rows 0 to 11' (expected numbers)",
    ],
    ['no rows', [], {}, "invalid DATA: 'no rows' (expected rows to learn from)"],
    ['times that go back', timed(0, 5, 3), {}, 'invalid row 2 time: 3 (expected a time after 5, that of row 1)'],
    ['a time twice', timed(0, 5, 5), {}, 'invalid row 2 time: 5 (expected a time after 5, that of row 1)'],
    ['too few rows', rowsOf([1, 2]), {}, need(2, '7: windows of 1 tick and what comes 1 later')],
    [
      'less than a window',
      rowsOf(count(30)),
      { window: 24 },
      need(30, '50: windows of 24 ticks and what comes 1 later'),
    ],
    [
      'less than a state needs',
      rowsOf(count(100)),
      { window: null, horizon: 2 },
      need(100, '135: a state that runs on (32 ticks a part) and what comes 2 later'),
    ],
    [
      'too few rows of every key',
      keyed,
      { window: 12 },
      need(20, '26 in one key: windows of 12 ticks and what comes 1 later'),
    ],
    [
      'values beyond float32',
      rowsOf(count(12).map((i) => i && 1e31)),
      {},
      need(
        1,
        '7: windows of 1 tick and what comes 1 later',
        '; 11 rows do not feed it: x at 1e+31 is too large for a model',
      ),
    ],
    [
      'a target that ends before the test part',
      rowsOf(count(12)).map((row) => ({
        ...row,
        values: { x: row.index, y: row.index < 8 ? row.index % 3 : Number.NaN },
      })),
      { target: 'y' },
      "invalid --target: 'no value' (expected some in the test part)",
    ],
    [
      'a target with gaps, for a state that runs on',
      rowsOf(count(300)).map((row) => ({
        ...row,
        values: { x: row.index, y: row.index % 30 ? row.index % 7 : Number.NaN },
      })),
      { target: 'y', window: null },
      "invalid --target: 'gaps' (expected values at 32 ticks in a row of the training part, through which a state runs on: or --window)",
    ],
    [
      'a target of the calendar without times',
      rowsOf(count(12)),
      { target: 'sin(dayOfYear)', timed: false },
      "invalid --target: 'sin(dayOfYear)' (expected a time column in DATA: name it with --time)",
    ],
    [
      'a split',
      rowsOf(count(9)),
      { split: [0.5, 0.5, 0.5] },
      "invalid --split: '0.5,0.5,0.5' (expected three shares above 0 that make 1, such as .7,.15,.15)",
    ],
  ])('refuses %s', (_, rows, more, message) => {
    expect(() => makeDataset(rows, { ...options, ...more }, Math)).toThrow(expect.objectContaining({ message }));
  });

  it('says which keys are too short, and learns from the others', () => {
    const { warnings } = makeDataset(keyed, { ...options, window: 4 }, Math);
    expect(warnings).toEqual(['key b: 6 rows that feed the model are too few, 10 are needed']);
  });

  it('says where a column has no value for longer than a window, and goes on without those rows', () => {
    const xs = count(60).map((i) =>
      (i >= 7 && i < 12) || (i >= 20 && i < 23) || i === 40 ? Number.NaN : (i * 13) % 17,
    );
    const gapped = makeDataset(rowsOf(xs), { ...options, window: 2 }, Math);
    expect(gapped.warnings).toEqual([
      'column x has no value in 5 rows from row 7 on, the longest of 2 such gaps: they are not fed, and windows and states go across them, as they do when a model is served',
    ]);
    expect(gapped.rows).toHaveLength(51);
    expect(makeDataset(rowsOf(xs), { ...options, window: 5 }, Math).warnings).toEqual([]);
  });

  it('leaves out rows beyond float32', () => {
    const xs = count(40).map((i) => (i === 30 ? 1e39 : (i * 13) % 17));
    const { dropped, rows } = makeDataset(rowsOf(xs), options, Math);
    expect(rows).toHaveLength(39);
    expect([...dropped]).toEqual([['x at 1e+39 is too large for a model', 1]]);
  });
});

describe('forecasts that need no network', () => {
  it('as now, with the usual change, and by a line: on a series that grows by 2', () => {
    const dataset = makeDataset(rowsOf(count(40).map((i) => 2 * i)), options, Math);
    const test = ticksOf(dataset, 'test', 1);
    expect(meanSquare(dataset, test, persistence(dataset, 'x'))).toBe(4);
    expect(meanSquare(dataset, test, drift(dataset, 'x', 1))).toBeCloseTo(0, 12);
    expect(Math.sqrt(meanSquare(dataset, test, ridge(dataset, 1, 3)(dataset.targets)))).toBeLessThan(0.05);
  });

  it('of a change "as now" is none', () => {
    const dataset = makeDataset(
      rowsOf([0, 1, 3, 6, 10, 15, 21, 28, 36]),
      { ...options, columns: ['diff(x)'], target: 'diff(x)' },
      Math,
    );
    expect(persistence(dataset, 'diff(x)')(3)).toBe(0);
    // of an event it is whether it happens now
    const up = makeDataset(rowsOf([0, 1, 3, 2, 4, 1, 5, 6, 2, 9, 8, 1]), { ...options, target: 'diff(x) > 0' }, Math);
    expect([1, 2, 3, 4].map(persistence(up, 'diff(x) > 0'))).toEqual([1, 1, 0, 1]);
  });
});
