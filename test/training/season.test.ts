import { describe, expect, it } from 'vitest';
import { findSeason, highestPeak, seasonal } from '../../src/training/season.ts';
import { random } from '../kernels.ts';

const HOUR = 3_600_000;
const waves = (n: number, period: number): Float64Array =>
  Float64Array.from({ length: n }, (_, t) => Math.sin((2 * Math.PI * t) / period));
const noise = (n: number): Float64Array => Float64Array.from({ length: n }, random(4));

function of(now: Float64Array, step: number) {
  const n = now.length;
  const rows = Array.from({ length: n }, (_, index) => ({ index, time: index * step, key: '', values: {} }));
  const validation = Math.floor(0.7 * n);
  return { now, rows, series: [{ key: '', from: 0, to: n, validation, test: validation }] };
}

/** Mean squared error of saying the next value. */
const errorOf =
  (now: Float64Array) =>
  (forecast: (t: number) => number): number => {
    const squares = Array.from(now.slice(1, 200), (y, t) => (forecast(t) - y) ** 2).filter(Number.isFinite);
    return squares.reduce((sum, square) => sum + square, 0) / squares.length;
  };
const find = (now: Float64Array, step: number | null, asked: number | null = null) =>
  findSeason(of(now, step ?? 1), step !== null, 1, asked, errorOf(now));

describe('a season', () => {
  it('of hourly values is a day where they repeat themselves daily', () => {
    expect(find(waves(300, 24), HOUR)).toEqual({ ticks: 24, by: 'day' });
  });

  it('is counted in ticks: of a market five days are a week, also after a month without any', () => {
    const now = waves(300, 5);
    const weekdays = of(now, 1);
    const day = (t: number): number => 7 * Math.floor(t / 5) + (t % 5) + (t < 100 ? 0 : 28);
    const rows = weekdays.rows.map((row, t) => ({ ...row, time: 24 * HOUR * day(t) }));
    expect(findSeason({ ...weekdays, rows }, true, 1, null, errorOf(now))).toEqual({ ticks: 5, by: 'week' });
  });

  it('without times, or none of the calendar, is a peak of the autocorrelation', () => {
    expect(find(waves(300, 24), null)).toEqual({ ticks: 24, by: 'autocorrelation' });
    expect(find(waves(300, 15), HOUR)).toEqual({ ticks: 15, by: 'autocorrelation' });
  });

  it('is what somebody asks for, if it fits twice into the training part', () => {
    expect(find(waves(300, 24), HOUR, 48)).toEqual({ ticks: 48, by: 'asked' });
    expect(() => find(waves(300, 24), HOUR, 106)).toThrow(
      'invalid --season: 106 (expected at most 105 ticks: it fits twice into the training part)',
    );
  });

  it('is none where nothing fits: hourly noise of less than two days, a straight line', () => {
    expect(find(noise(60), HOUR)).toBeNull();
    expect(highestPeak(Float64Array.from({ length: 60 }, (_, t) => t % 2))).toBe(2);
    expect(highestPeak(new Float64Array(60))).toBeNull();
  });
});

it('the value one season before what is said, or as many seasons as it takes', () => {
  const now = Float64Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const series = [
    { key: 'a', from: 0, to: 6, validation: 4, test: 5 },
    { key: 'b', from: 6, to: 10, validation: 8, test: 9 },
  ];
  const said = (horizon: number, season: number) => {
    const forecast = seasonal({ now, series }, horizon, season);
    return Array.from(now, (_, t) => forecast(t));
  };
  const none = Number.NaN;
  // what comes at t + 1, three ticks before that
  expect(said(1, 3)).toEqual([none, none, 0, 1, 2, 3, none, none, 6, 7]);
  // what comes at t + 4 is known three ticks before now at the latest: two seasons
  expect(said(4, 3)).toEqual([none, none, 0, 1, 2, 3, none, none, 6, 7]);
  expect(said(3, 3)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
