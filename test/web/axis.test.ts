import { describe, expect, it } from 'vitest';
import { timeLabels } from '../../web/axis.ts';
import { Series } from '../../web/series.ts';
import { geometryOf } from '../../web/snapshot.ts';
import { tick } from './ticks.ts';

function at(times: number[]): Series {
  const series = new Series(4, 2);
  for (const [i, time] of times.entries()) series.push(tick(i, { time }));
  return series;
}

describe('timeLabels', () => {
  it('labels months of daily ticks, with the year once', () => {
    const days = Array.from({ length: 110 }, (_, i) => Date.UTC(2008, 10, 15) + i * 86_400_000);
    const labels = timeLabels(at(days), 0, 110, 400);
    expect(labels.map((l) => l.text)).toEqual(['Dec 2008', 'Jan 2009', 'Feb', 'Mar']);
    expect(new Date(days[labels[1]!.at]!).toISOString().slice(0, 10)).toBe('2009-01-01');
  });

  it('takes a finer or coarser period as room allows, and years in a long history', () => {
    const seconds = Array.from({ length: 60 }, (_, i) => Date.UTC(2020, 0, 1, 9, 59, 40) + i * 1000);
    expect(timeLabels(at(seconds), 0, 60, 300).map((l) => l.text)).toEqual([
      '09:59:45',
      '10:00:00',
      '10:00:15',
      '10:00:30',
    ]);
    const months = Array.from({ length: 240 }, (_, i) => Date.UTC(2000, i, 1));
    expect(timeLabels(at(months), 0, 240, 800).map((l) => l.text)).toEqual([
      '2002',
      '2004',
      '2006',
      '2008',
      '2010',
      '2012',
      '2014',
      '2016',
      '2018',
    ]);
    expect(timeLabels(at([5, 5, 5]), -3, 3, 800)).toEqual([]);
  });
});

describe('geometryOf', () => {
  it('has the design’s gutters and columns of whole device pixels', () => {
    const g = geometryOf(980, 1);
    expect([g.left, g.pitch, g.count]).toEqual([58, 6, 132]);
    expect(g.width - g.now).toBeGreaterThanOrEqual(126);
    expect((geometryOf(701, 1.5).pitch * 1.5) % 1).toBe(0);
    expect(geometryOf(5000, 1).count).toBeLessThanOrEqual(512);
    expect(geometryOf(0, 1).count).toBe(1);
  });
});
