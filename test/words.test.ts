import { describe, expect, it } from 'vitest';
import { largestCells, type Quantity, sentence, type Told } from '../src/words.ts';

const DAY = 86_400_000;
const newest = Date.UTC(2008, 9, 15);
const percent = (name: string, label: string, decimals = 1): Quantity => ({
  name,
  label,
  unit: '%',
  scale: 100,
  decimals,
});
const features = [
  percent('logReturn(close)', 'Return'),
  percent('log(high/low)', 'Range'),
  percent('logReturn(volume)', 'Volume'),
];
const K = 8;

/** The demo model at 15 Oct 2008, as the design page publishes it: effects in points, values in %. */
function told(
  cells: [back: number, feature: number, value: number, effect: number][],
  prediction = 8.17,
  decimals = 1,
): Told {
  const effects = new Float64Array(K * 3);
  const inputs = new Float64Array(K * 3).fill(0.001);
  for (const [back, feature, value, effect] of cells) {
    effects[(K - 1 - back) * 3 + feature] = effect / 100;
    inputs[(K - 1 - back) * 3 + feature] = value / 100;
  }
  return {
    cells: effects,
    inputs,
    times: Float64Array.from({ length: K }, (_, k) => newest - (K - 1 - k) * DAY),
    features,
    target: percent('log(high/low)', 'Daily range', decimals),
    prediction: prediction / 100,
    newest: 'that just arrived',
    of: (time) => `of ${new Date(time).getUTCDate()} Oct`,
  };
}

const words = (text: string) => text.replaceAll('\u202f', ' ');

describe('sentence', () => {
  it('says the design page’s sentences 1 and 2 with its figures', () => {
    const { plain } = sentence(
      told([
        [0, 0, -9.5, 1.55],
        [2, 0, 11.0, -0.672],
        [6, 0, -7.9, 0.668],
        [0, 1, 9.6, 0.36],
      ]),
    );
    expect(words(plain)).toBe(
      'Without the −9.5 % return that just arrived, the model would say 6.6 % instead of 8.2 %. ' +
        'The +11.0 % return of 13 Oct lowers it by 0.7 points; the −7.9 % of 9 Oct raises it by 0.7.',
    );
  });

  it('shows a difference that equals the difference of the two figures shown', () => {
    // 8.24 - 6.65 = 1.59, but what is shown is 8.2 and 6.7 (6.65 rounds up): +1.5, not +1.6.
    const { parts } = sentence(told([[0, 0, -9.5, 1.585]], 8.24));
    expect(parts.filter((p) => p.tone === 'value' || p.tone === 'predicted').map((p) => words(p.text))).toEqual([
      '−9.5 % return',
      '6.7 %',
      '8.2 %',
    ]);
    expect(parts.find((p) => p.mark)).toEqual({ text: '+1.5', tone: 'raises', mark: true });
  });

  it('names no cell under 5 % of the largest, and at most three', () => {
    expect(
      sentence(
        told([
          [0, 0, -9.5, 2.1],
          [1, 0, 1, 0.1],
        ]),
      ).plain,
    ).not.toContain('it by');
    const four = sentence(
      told([
        [0, 0, 1, 2],
        [1, 0, 1, 1],
        [2, 0, 1, 0.9],
        [3, 0, 1, 0.8],
      ]),
    ).plain;
    expect(four.match(/it by/g)).toHaveLength(2);
  });

  it('names the feature again only when it is another one', () => {
    const { plain } = sentence(
      told([
        [0, 0, -9.5, 1.5],
        [1, 1, 4, 0.8],
        [2, 0, 2, -0.6],
      ]),
    );
    expect(words(plain)).toContain(
      'The 4.0 % range of 14 Oct raises it by 0.8 points; the +2.0 % return of 13 Oct lowers it by 0.6.',
    );
  });

  it('says that no single value does when none moves a shown digit', () => {
    expect(
      sentence(
        told([
          [0, 0, 1, 0.02],
          [3, 1, 1, -0.01],
        ]),
      ).plain,
    ).toBe('No single value moves the prediction by more than 0.1 points.');
    expect(sentence(told([[0, 0, 1, 0.004]], 0.62, 2)).plain).toBe(
      'No single value moves the prediction by more than 0.01 points.',
    );
    expect(sentence(told([])).plain).toBe('No value in the window moves the prediction.');
  });

  it('counts ticks where a time is no longer known, and leaves out a value that is not', () => {
    const t = told([[3, 0, 2, 1.5]]);
    const inputs = Float64Array.from(t.inputs);
    inputs[(K - 1 - 3) * 3] = Number.NaN;
    const times = Float64Array.from(t.times).fill(Number.NaN);
    expect(sentence({ ...t, inputs, times }).plain).toMatch(/^Without the return 3 ticks back, /);
  });

  it('keeps units that are not percentages, and the sign of a target whose scale is negative', () => {
    const t = told([[1, 1, 3, 2]]);
    const target = { name: 'y', label: 'Y', unit: '°C', scale: -100, decimals: 1 };
    const two = sentence({
      ...t,
      target,
      prediction: -0.3,
      cells: Float64Array.from(t.cells, (v, i) => v + (i === 0 ? 0.01 : 0)),
    });
    expect(words(two.plain)).toMatch(/would say 32\.0 °C instead of 30\.0 °C\. The .* lowers it by 1\.0 °C\.$/);
    expect(two.parts.find((p) => p.mark)).toMatchObject({ text: '−2.0', tone: 'lowers' });
  });
});

describe('largestCells', () => {
  it('orders by size, keeps signs, skips zero and NaN', () => {
    expect(largestCells([0, -3, 2, Number.NaN, 5, 1], 2, 3, 0)).toEqual([
      { row: 2, feature: 0, effect: 5 },
      { row: 0, feature: 1, effect: -3 },
      { row: 1, feature: 0, effect: 2 },
    ]);
    expect(largestCells([10, 0.4, 0.6], 3, 3, 0.05).map((c) => c.effect)).toEqual([10, 0.6]);
  });
});
