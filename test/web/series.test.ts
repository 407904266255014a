import { describe, expect, it } from 'vitest';
import { TickFlag } from '../../src/wire.ts';
import { coverage, KEPT, Series, skill, spreadOf } from '../../web/series.ts';
import { tick } from './ticks.ts';

function filled(n: number, K = 4, F = 2): Series {
  const series = new Series(K, F);
  for (let i = 0; i < n; i++) series.push(tick(i, {}, K, F));
  return series;
}

describe('Series', () => {
  it('gives back what was pushed, and forgets the oldest when full', () => {
    const series = filled(KEPT.figures + 10);
    expect([series.start, series.end]).toEqual([10, KEPT.figures + 10]);
    expect(series.has(9)).toBe(false);
    for (const at of [10, 4000, KEPT.figures + 9]) expect(series.time[series.slot(at)]).toBe(1000 * at);
    const last = series.end - 1;
    expect(Array.from(series.inputs(last))).toEqual([last * 10, last * 10 + 1]);
    expect(series.input(series.end - KEPT.attributions, 1)).toBe((series.end - KEPT.attributions) * 10 + 1);
    expect(series.input(series.end - KEPT.attributions - 1, 1)).toBeNaN();
    expect(series.hasAttribution(-1)).toBe(false);
  });

  it('reads events by age: the newest stands last on the wire', () => {
    const series = filled(3);
    expect(series.event(2, 0)).toBeCloseTo(2.3, 6);
    expect(series.event(2, 3)).toBeCloseTo(2.0, 6);
  });

  it('keeps the cells of the last 512 ticks, and knows which it has', () => {
    const series = filled(1000);
    const cells = (at: number) => new Float32Array(8).fill(at);
    for (const at of [400, 912, 990]) series.setCells(at, cells(at));
    expect(series.cells(400)).toBeNull();
    expect(series.cells(912)?.[0]).toBe(912);
    expect(series.explainedAt(999)).toBe(990);
    expect(series.explainedAt(989)).toBe(912);
    expect(filled(5).explainedAt(4)).toBe(-1);
  });

  it('finds the nearest tick that was explained, whether its cells are kept or not', () => {
    const series = new Series(4, 2);
    for (let i = 0; i < 1100; i++) series.push(tick(i, { flags: i % 100 === 0 ? TickFlag.explained : 0 }));
    expect([series.nearestExplained(940), series.nearestExplained(960)]).toEqual([900, 1000]);
    // tick 0 has left: the last 1,024 are kept
    expect(series.nearestExplained(10)).toBe(100);
    expect(new Series(4, 2).nearestExplained(0)).toBe(-1);
  });

  it('finds a tick by model index and time, the newest where both come twice', () => {
    const series = filled(20);
    for (let i = 0; i < 5; i++) series.push(tick(i, { flags: i === 0 ? TickFlag.reset : 0 }));
    expect(series.find(3, 3000, 0)).toBe(23);
    expect(series.find(3, 3000, 24)).toBe(-1);
    expect(series.find(7, 7000, 0)).toBe(7);
    expect(series.find(7, 1, 0)).toBe(-1);
  });
});

describe('skill', () => {
  it('compares with "same as now" on the same ticks', () => {
    // Errors of the model: 1, -1; of "same as now" (the change of what arrived): 2, 4.
    const series = new Series(4, 2);
    for (const [i, [arrived, predicted]] of [
      [1, Number.NaN],
      [3, 2],
      [7, 8],
    ].entries())
      series.push(tick(i, { arrived, predicted }));
    const found = skill(series, series.end, 1)!;
    expect(found).toMatchObject({ count: 2, model: 1, since: 1000 });
    expect(found.same).toBeCloseTo(Math.sqrt(10), 12);
    expect(found.gain).toBeCloseTo(1 - 1 / Math.sqrt(10), 12);
  });

  it('counts at most the newest, and none across a reset', () => {
    const series = filled(300);
    expect(skill(series, 300, 1)?.count).toBe(250);
    series.push(tick(0, { flags: TickFlag.reset }));
    expect(skill(series, 301, 1, 1)?.since).toBe(299_000);
    expect(skill(filled(1), 1, 1)).toBeNull();
    expect(skill(filled(10), 10, 3)?.count).toBe(7);
  });
});

describe('spreadOf', () => {
  it('is the standard deviation of the inputs kept', () => {
    const series = new Series(4, 2);
    for (const [i, value] of [2, 4, 4, 4, 5, 5, 7, 9].entries())
      series.push(tick(i, { input: Float32Array.of(value, 1) }));
    expect(spreadOf(series, 0, series.end)).toBeCloseTo(Math.sqrt(32 / 7), 12);
    expect(spreadOf(series, 0, 1)).toBeNaN();
  });
});

describe('coverage', () => {
  it('is the share of intervals that held what arrived, of those that could be settled', () => {
    const series = new Series(4, 2);
    // tick i arrives at i + .5; said for it: i - 1 to i + 1
    for (let i = 0; i < 6; i++) series.push(tick(i));
    series.push(tick(6, { predictedHigh: 6.25 }));
    series.push(tick(7, { predictedLow: Number.NaN, predictedHigh: Number.NaN }));
    series.push(tick(8, { arrived: Number.NaN }));
    expect([5, 6, 7, 8].map((at) => series.held(at))).toEqual([true, false, null, null]);
    expect(coverage(series, series.end)).toEqual({ count: 7, share: 6 / 7 });
    expect(coverage(series, series.end, 2)).toEqual({ count: 2, share: 1 / 2 });
    expect(coverage(series, 0)).toBeNull();
  });
});
