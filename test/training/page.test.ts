import { expect, it } from 'vitest';
import { band, chart, escapeText, line, number } from '../../src/training/charts.ts';
import type { Report } from '../../src/training/fitModel.ts';
import { type PageFacts, reportPage } from '../../src/training/page.ts';

const report: Report = {
  rows: { train: 1006, validation: 218, test: 3 },
  epochs: [
    { loss: 1, validationLoss: 0.5 },
    { loss: 0.5, validationLoss: 0.25 },
  ],
  best: 2,
  stopped: 'epochs',
  step: 6,
  test: {
    rmse: 1.2345,
    mae: 1,
    skillVsPersistence: 0.25,
    skillVsDrift: 0.2,
    skillVsLinear: -0.125,
    intervalCoverage: 2 / 3,
  },
  warnings: ['leak correlates <to> 1'],
  said: [
    { time: Date.parse('2020-01-01'), said: 1, arrived: 2, halfWidth: Number.POSITIVE_INFINITY },
    { time: Date.parse('2020-01-02'), said: 3, arrived: 2, halfWidth: 2 },
    { time: Date.parse('2020-01-03'), said: 2, arrived: 4, halfWidth: 1 },
  ],
  calibration: [{ nominal: 0.9, realised: 0.8 }],
};
const facts: PageFacts = {
  model: '<img src=x onerror=alert(1)>',
  data: 'a&b.csv',
  target: 'x',
  horizon: 2,
  features: ['x', '`y"z`'],
  layers: 'lstm:8',
  timed: true,
};

it('says whether the model is any good, in words', () => {
  const page = reportPage(report, facts);
  expect(page).toContain('25 % less squared error than “as now”');
  expect(page).toContain('error 1.23 (RMSE), 1 (mean absolute)');
  expect(page).toContain('1\u202f006 to learn from');
  expect(page).toContain('x, 2 ticks ahead');
  expect(page).toContain('aria-label="as now 25 %, as now and the usual change 20 %, ridge regression −13 %"');
  expect(page).toContain('2020-01-01');
  expect(page).not.toMatch(/NaN|Infinity|undefined/);
  const worse = { ...report, test: { ...report.test, skillVsPersistence: -0.1 } };
  expect(reportPage(worse, facts)).toContain('<h2 class="bad">It does not beat “as now”</h2>');
});

it('needs nothing from elsewhere, and takes no text for more than text', () => {
  const page = reportPage(report, facts);
  expect(page).not.toMatch(/https?:|<script|<img|url\(|@import/);
  expect(page).toContain('&#60;img src=x');
  expect(page).toContain('leak correlates &#60;to&#62; 1');
  expect(escapeText(`<a b='c' d="e">&`)).toBe('&#60;a b=&#39;c&#39; d=&#34;e&#34;&#62;&#38;');
});

it('draws lines that stop where there is no number, and bands where both ends are known', () => {
  const same = (v: number): number => v;
  expect(line('said', [1, 2, Number.NaN, 4], same, same)).toBe('<path class="said" d="M0 1L1 2M3 4"/>');
  expect(band([Number.NaN, 1, 2], [5, 6, 7], same, same)).toBe('<path class="band" d="M1 6L2 7L2 2L1 1Z"/>');
  expect(band([Number.NaN], [1], same, same)).toBe('');
  expect(number(1234567)).toBe('1\u202f234\u202f567');
});

it.each([
  [
    [0, 30],
    ['0', '10', '20', '30'],
  ],
  [
    [0.4, 0.6],
    ['0.4', '0.45', '0.5', '0.55', '0.6'],
  ],
  [
    [7, 7],
    ['4', '5', '6', '7', '8', '9', '10'],
  ],
])('labels %j with round numbers', (values, labels) => {
  const svg = chart({ what: 'x', width: 100, height: 80, count: 2, values, labels: [], draw: () => '' });
  expect(Array.from(svg.matchAll(/end">([^<]*)</g), ([, text]) => text)).toEqual(labels);
  expect(svg).not.toMatch(/NaN|Infinity/);
});
