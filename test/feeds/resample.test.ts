import { describe, expect, it } from 'vitest';
import { type ResampleConfig, Resampler, resampleSchema } from '../../src/feeds/resample.ts';
import type { Tick } from '../../src/types.ts';

const bars = {
  open: 'first(p)',
  high: 'max(p)',
  low: 'min(p)',
  close: 'last(p)',
  sum: 'sum(v)',
  mean: 'mean(v)',
  n: 'count(p)',
};
const config = (more: Partial<Record<keyof ResampleConfig, unknown>> = {}): ResampleConfig =>
  resampleSchema.parse({ every: '10s', bars, ...more });
const tick = (seconds: number, p: number, v = 1, more: Partial<Tick> = {}): Tick => ({
  ...{ key: 'k', time: 1000 * seconds, seq: null, values: { p, v } },
  ...more,
});
const make = (more: Parameters<typeof config>[0] = {}): Resampler => new Resampler(config(more), ['p', 'v']);

describe('bars of ticks', () => {
  it('have what was first, last, largest and so on of all of their ticks', () => {
    const resampler = make();
    for (const one of [tick(0, 5, 1), tick(3, 9, 2), tick(9.999, 7, 6)]) expect(resampler.push(one).bars).toEqual([]);
    const { bars: closed, late } = resampler.push(tick(10, 8));
    expect(closed).toEqual([
      { key: 'k', time: 0, seq: null, values: { open: 5, high: 9, low: 5, close: 7, sum: 9, mean: 3, n: 3 } },
    ]);
    expect(late).toBe(false);
  });

  it('close once the newest time is so much beyond their end as another tick may be late; in any order within that', () => {
    const resampler = make({ lateness: '5s' });
    const times = [1, 11, 4, 14.999, 9];
    for (const t of times) expect(resampler.push(tick(t, t)).bars).toEqual([]);
    const [bar] = resampler.push(tick(15, 15)).bars;
    expect(bar!.values).toMatchObject({ open: 1, close: 9, n: 3 });
  });

  it('in which nothing came are empty: nothing, or what the last one had, marked as held', () => {
    const masked = make();
    masked.push(tick(5, 1));
    expect(masked.push(tick(35, 2)).bars.map(({ time, values, empty }) => [time, values.close, empty])).toEqual([
      [0, 1, undefined],
      [10_000, undefined, true],
      [20_000, undefined, true],
    ]);
    const held = make({ empty: 'hold' });
    held.push(tick(5, 1));
    const [, second] = held.push(tick(25, 2)).bars;
    expect(second).toMatchObject({ time: 10_000, values: { close: 1, n: 1 }, empty: true, held: Object.keys(bars) });
  });

  it('a hole of more than a thousand is one, and is not listed', () => {
    const resampler = make();
    resampler.push(tick(0, 1));
    const { bars: closed, hole } = resampler.push(tick(100_000, 2));
    expect([closed.length, hole]).toEqual([1, true]);
    expect(resampler.push(tick(100_010, 3)).bars.map(({ time }) => time)).toEqual([100_000_000]);
  });

  it('that are closed take nothing any more, or are said again with a mark', () => {
    const drop = make();
    for (const t of [5, 12]) drop.push(tick(t, t));
    expect(drop.push(tick(7, 7))).toEqual({ bars: [], late: true, hole: false });
    const revise = make({ late: 'revise' });
    for (const t of [5, 12]) revise.push(tick(t, t));
    expect(revise.push(tick(7, 99)).bars).toMatchObject([
      { time: 0, revised: true, values: { close: 99, high: 99, n: 2 } },
    ]);
    expect(revise.push(tick(22, 1)).bars).toMatchObject([{ time: 10_000, values: { n: 1 } }]);
    // one that is further back is not kept
    expect(revise.push(tick(8, 7))).toEqual({ bars: [], late: true, hole: false });
  });

  it('lie where the anchor says', () => {
    const resampler = make({ anchor: '3s' });
    resampler.push(tick(12, 1));
    expect(resampler.push(tick(13, 2)).bars.map(({ time }) => time)).toEqual([3000]);
  });

  it('close by themselves when they are told that nothing came', () => {
    const resampler = make();
    resampler.push(tick(5, 1));
    expect(resampler.waits).toBe(true);
    expect(resampler.flush('k').bars).toMatchObject([{ time: 0, values: { n: 1 } }]);
    expect(resampler.waits).toBe(false);
    expect(resampler.flush('k').bars).toEqual([]);
    expect(resampler.push(tick(6, 1)).late).toBe(true);
  });

  it('say which of their values were held, and whether they are warm-up', () => {
    const resampler = make();
    resampler.push(tick(1, 1, 1, { held: ['v'], history: true }));
    const [bar] = resampler.push(tick(11, 1)).bars;
    expect(bar).toMatchObject({ held: ['sum', 'mean'], history: true });
  });

  it('are the last value of every column where nothing else is said', () => {
    const resampler = new Resampler(resampleSchema.parse({ every: 1 }), ['a b', 'c(d)']);
    expect(resampler.columns).toEqual(['a b', 'c(d)']);
    resampler.push({ key: '', time: 0, seq: null, values: { 'a b': 1, 'c(d)': 2 } });
    const [bar] = resampler.push({ key: '', time: 1000, seq: null, values: { 'a b': 3, 'c(d)': 4 } }).bars;
    expect(bar!.values).toEqual({ 'a b': 1, 'c(d)': 2 });
  });
});

it.each([
  [{ every: '10 weeks' }, 'a duration such as 250ms'],
  [{ every: 0 }, 'at least 1ms'],
  [{ every: '1s', bars: { x: 'median(p)' } }, 'one of first(column)'],
])('%j is refused', (value, message) => {
  expect(() => resampleSchema.parse(value)).toThrow(message);
});

it('a config that was read can be read again: recordings hold it so', () => {
  const once = config({ every: '7ms', lateness: '1m', anchor: 2 });
  expect(once).toMatchObject({ every: 0.007, lateness: 60, anchor: 2 });
  expect(resampleSchema.parse(once)).toEqual(once);
  expect(new Resampler(once, ['p', 'v']).patience).toBe(60_007);
});

it('a bar of a column that is none is refused', () => {
  expect(() => new Resampler(config(), ['p'])).toThrow(
    "invalid mapping.resample.bars.sum: 'sum(v)' (expected one of the columns p)",
  );
});
