import { describe, expect, it } from 'vitest';
import * as format from '../../web/format.ts';

const midnight = Date.UTC(2008, 9, 15);
const moment = Date.UTC(2008, 9, 15, 14, 31, 7, 250);

describe('times', () => {
  it('write days without a clock, moments with one, in UTC', () => {
    expect([format.shortTime(midnight), format.shortTime(moment)]).toEqual(['15 Oct', '14:31:07']);
    expect([format.longTime(midnight), format.longTime(moment)]).toEqual([
      'Wed 15 Oct 2008',
      'Wed 15 Oct 2008, 14:31:07',
    ]);
  });

  it('name a past tick as near as it is', () => {
    expect(format.ofTime(Date.UTC(2008, 9, 13), midnight)).toBe('of 13 Oct');
    expect(format.ofTime(Date.UTC(2007, 11, 31), midnight)).toBe('of 31 Dec 2007');
    expect(format.ofTime(moment - 60_000, moment)).toBe('of 14:30:07');
    expect(format.ofTime(moment - 2 * format.DAY, moment)).toBe('of 13 Oct, 14:31:07');
  });

  it('name the tick by the feed’s own word', () => {
    expect(['1 tick = 1 trading day', '1 tick = an hour', null, 'odd'].map(format.tickName)).toEqual([
      'trading day',
      'hour',
      'tick',
      'tick',
    ]);
  });
});

describe('spans and sizes', () => {
  it('write ages, spans and sizes', () => {
    expect([format.age(42_900), format.age(3_850_000), format.age(-5)]).toEqual(['0:42', '1:04:10', '0:00']);
    expect([42_000, 360_000, 3_840_000, 180_000_000].map(format.span)).toEqual([
      '42\u202fs',
      '6\u202fmin',
      '1\u202fh 04\u202fmin',
      '2\u202fd 2\u202fh',
    ]);
    expect([38, 1234, 7000].map(format.brief)).toEqual(['38\u202fms', '1.2\u202fs', '7\u202fs']);
    expect([0, 999, 2_600_000, 999_960, 1.5e9].map(format.bytes)).toEqual([
      '0\u202fB',
      '999\u202fB',
      '2.6\u202fMB',
      '1.0\u202fMB',
      '1.5\u202fGB',
    ]);
    expect([format.ticks(1), format.ticks(4118)]).toEqual(['1 tick', '4\u202f118 ticks']);
  });
});
