import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Bound, Diverging, inkOn, luminance, niceAbove, type Rgb, rgb, splits, weight } from '../../web/scale.ts';

/** Contrast ratio, WCAG 2.x: 1 to 21. */
function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const css = readFileSync(new URL('../../web/styles/tokens.css', import.meta.url), 'utf8');

/** The tokens of one rule of the style sheet, by name. */
function tokens(selector: string): Record<string, Rgb> {
  const start = css.indexOf(`${selector} {`);
  const body = css.slice(start, css.indexOf('}', start));
  return Object.fromEntries([...body.matchAll(/--(\w+): (#\w{6});/g)].map(([, name, value]) => [name, rgb(value!)]));
}

/** Ratios against bg, surface and raised as the design page's table gives them. */
const published = {
  ':root': {
    ctl: [4.1, 3.9, 3.5],
    t1: [16.3, 15.6, 13.9],
    t2: [9.4, 9.0, 8.1],
    t3: [6.1, 5.8, 5.2],
    act: [17.4, 16.6, 14.9],
    pred: [8.7, 8.3, 7.4],
    pos: [8.6, 8.2, 7.3],
    neg: [7.5, 7.2, 6.4],
    crit: [7.3, 7.0, 6.3],
    warn: [11.8, 11.2, 10.0],
    ok: [9.0, 8.6, 7.7],
  },
  ':root[data-theme="light"]': {
    ctl: [3.3, 3.6, 3.1],
    t1: [16.5, 17.8, 15.4],
    t2: [7.6, 8.2, 7.1],
    t3: [5.1, 5.5, 4.8],
    act: [16.5, 17.8, 15.4],
    pred: [6.0, 6.5, 5.6],
    pos: [5.3, 5.7, 5.0],
    neg: [5.3, 5.7, 5.0],
    crit: [5.6, 6.1, 5.3],
    warn: [5.1, 5.5, 4.8],
    ok: [5.1, 5.5, 4.8],
  },
};

describe.each(Object.entries(published))('tokens %s', (selector, table) => {
  const found = tokens(selector);
  it.each(Object.entries(table))('%s has the published contrast', (name, expected) => {
    const ratios = ['bg', 'surface', 'raised'].map((ground) => contrast(found[name]!, found[ground]!));
    for (const [i, ratio] of ratios.entries()) expect(Math.abs(ratio - expected[i]!)).toBeLessThan(0.06);
  });
});

describe('lost tokens', () => {
  it.each([
    [':root[data-state="lost"]', ':root'],
    [':root[data-state="lost"][data-theme="light"]', ':root[data-theme="light"]'],
  ])('%s stay readable', (lost, ground) => {
    for (const name of ['act', 'pred', 'pos', 'neg']) {
      expect(contrast(tokens(lost)[name]!, tokens(ground).surface!)).toBeGreaterThan(4.5);
    }
  });
});

describe('Diverging', () => {
  const scale = new Diverging('#56a8f0', '#1b222c', '#f5964f');

  it('has its ends, its middle, and clamps beyond the maximum', () => {
    expect(scale.colour(2, 2)).toEqual(rgb('#f5964f'));
    expect(scale.colour(-5, 2)).toEqual(rgb('#56a8f0'));
    expect(scale.colour(0, 2)).toEqual(rgb('#1b222c'));
    expect(scale.colour(1, 0)).toEqual(rgb('#1b222c'));
  });

  it('mixes by (|v| / max)^0.6, the same on both sides', () => {
    expect(weight(-1, 4)).toBeCloseTo(0.25 ** 0.6, 12);
    const [r] = scale.colour(1, 4);
    expect(Math.abs(r - (0x1b + (0xf5 - 0x1b) * 0.25 ** 0.6))).toBeLessThan(2);
  });

  it('writes in an ink of at least 4.58:1 on every colour', () => {
    for (const [neg, mid, pos] of [
      ['#56a8f0', '#1b222c', '#f5964f'],
      ['#1467b8', '#f0f1f2', '#a94a09'],
    ] as const) {
      const each = new Diverging(neg, mid, pos);
      for (let v = -1; v <= 1; v += 0.01) {
        const ink = each.ink(v, 1) === '#000' ? '#000000' : '#ffffff';
        expect(contrast(rgb(ink), each.colour(v, 1))).toBeGreaterThanOrEqual(4.58);
      }
    }
    expect(inkOn([255, 255, 255])).toBe('#000');
    expect(luminance([255, 255, 255])).toBeCloseTo(1, 12);
  });
});

describe('bounds and splits', () => {
  it('grow to 1, 2, 5 steps and shrink only on demand', () => {
    const bound = new Bound();
    expect([bound.take(1.2), bound.value, bound.take(0.1), bound.value, bound.take(Number.NaN)]).toEqual([
      true,
      2,
      false,
      2,
      false,
    ]);
    bound.rescale();
    expect([bound.take(0.11), bound.value]).toEqual([true, 0.2]);
    expect([niceAbove(0), niceAbove(5), niceAbove(5.1), niceAbove(1e-9)]).toEqual([1, 5, 10, 1e-9]);
  });

  it('are round and within the range', () => {
    expect(splits(0, 12, 4)).toEqual([0, 5, 10]);
    expect(splits(-5, 35, 4)).toEqual([0, 10, 20, 30]);
    expect(splits(2, 2, 4)).toEqual([2]);
  });
});
