import { describe, expect, it } from 'vitest';
import { decimalsFor, difference, figure, signed, withUnit } from '../src/numbers.ts';

describe('numbers', () => {
  it('writes U+2212, narrow no-break spaces, and no minus before zero', () => {
    expect(figure(-1234.56, 1)).toBe('\u22121\u202f234.6');
    expect(figure(1_000_000, 0)).toBe('1\u202f000\u202f000');
    expect(figure(-0.04, 1)).toBe('0.0');
    expect(figure(Number.NaN, 1)).toBe('\u2013');
    expect(withUnit(figure(9.6, 1), '%')).toBe('9.6\u202f%');
  });

  it('signs differences, zero excepted, and calls those of percentages points', () => {
    expect([signed(1.55, 1), signed(-0.47, 1), signed(0.04, 1)]).toEqual(['+1.6', '\u22120.5', '0.0']);
    expect(difference('0.7', '%')).toBe('0.7 points');
    expect(difference('0.7', '°C')).toBe('0.7\u202f°C');
    expect(difference('0.7', '')).toBe('0.7');
  });

  it('takes two significant digits of the spread', () => {
    expect([0.36, 1.66, 2.9, 27, 0.004].map((spread) => decimalsFor(spread))).toEqual([2, 1, 1, 0, 4]);
  });

  it('holds the decimals until the spread has clearly left their range', () => {
    expect(decimalsFor(0.95, 1)).toBe(1);
    expect(decimalsFor(0.7, 1)).toBe(2);
    expect(decimalsFor(1.2, 2)).toBe(2);
    expect(decimalsFor(1.6, 2)).toBe(1);
    expect(decimalsFor(Number.NaN, 3)).toBe(3);
    expect(decimalsFor(0)).toBe(2);
  });
});
