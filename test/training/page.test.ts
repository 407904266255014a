import { expect, it } from 'vitest';
import { band, chart, escapeText, line, number } from '../../src/training/charts.ts';
import { type PageFacts, reportPage } from '../../src/training/page.ts';
import type { Report } from '../../src/training/report.ts';

const report: Report = {
  kind: 'value',
  loss: 'mse',
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
    skillVsSeasonal: null,
    skillVsLinear: -0.125,
    intervalCoverage: 2 / 3,
  },
  ...{ classes: null, quantiles: null, season: null },
  warnings: ['leak correlates <to> 1'],
  said: [
    {
      time: Date.parse('2020-01-01'),
      said: 1,
      arrived: 2,
      low: Number.NEGATIVE_INFINITY,
      high: Number.POSITIVE_INFINITY,
    },
    { time: Date.parse('2020-01-02'), said: 3, arrived: 2, low: 1, high: 5 },
    { time: Date.parse('2020-01-03'), said: 2, arrived: 4, low: 1, high: 3 },
  ],
  errors: new Float32Array(),
  calibration: [{ nominal: 0.9, realised: 0.8, count: 3 }],
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

const probabilities: Report = {
  ...{ ...report, kind: 'event', loss: 'binary-crossentropy', warnings: [] },
  test: { ...report.test, rmse: 0.3, mae: 0.2, skillVsDrift: null, skillVsSeasonal: 0.4, intervalCoverage: null },
  classes: {
    ...{ logLoss: 0.5, logLossOfBaseRate: 0.7, brier: 0.09, brierOfBaseRate: 0.24 },
    ...{ accuracy: 0.8, accuracyOfMostFrequent: 0.6, auroc: 0.875, baseRate: 0.4 },
    ...{ skillVsBaseRate: 0.625, skillVsTransition: 0.1 },
  },
  season: { ticks: 7, by: 'week' },
  said: [0, 1, 1].map((arrived, i) => ({ time: i, said: i / 2, arrived, low: Number.NaN, high: Number.NaN })),
  calibration: [
    { nominal: 0.04, realised: 0.5, count: 2 },
    { nominal: 0.95, realised: 1, count: 1 },
  ],
};

it('of an event: against the hardest of what must be beaten, with its reliability', () => {
  const page = reportPage(probabilities, { ...facts, target: 'x > 2', timed: false });
  expect(page).toContain('<h2 class="good">10 % less squared error than the usual share given now</h2>');
  expect(page).toContain(
    'the likeliest class arrived at 80 % of them, the most frequent one at 60 %; area under the ROC curve 0.875',
  );
  expect(page).toContain('<tr><td>log loss</td><td>0.5</td><td>0.7</td></tr>');
  expect(page).toContain(
    'aria-label="base rate 63 %, the usual share given now 10 %, as now 25 %, 7 ticks earlier 40 %, ridge regression −13 %"',
  );
  expect(page).toContain('<h2>Reliability</h2>');
  expect(page).toContain('aria-label="held of what was asked: 4.0 %: 50 %, 95 %: 100 %"');
  expect(page).toContain('<dd>7 ticks, a week</dd>');
  // two ticks above, at which it happened, and one below
  expect(page.match(/class="event" d="([^"]*)"/)![1]!.match(/M/g)).toHaveLength(2);
  expect(page.match(/class="none" d="([^"]*)"/)![1]!.match(/M/g)).toHaveLength(1);
  expect(page).not.toMatch(/NaN|Infinity|undefined|null/);
  const worse = { ...probabilities, classes: { ...probabilities.classes!, skillVsBaseRate: -0.01 } };
  expect(reportPage(worse, facts)).toContain('<h2 class="bad">It does not beat the base rate</h2>');
});

it('of classes: a strip each, the stronger the likelier', () => {
  const said = [2, 0].map((arrived, time) => ({
    ...{ time, said: 0, arrived, low: Number.NaN, high: Number.NaN },
    probabilities: [0.75, 0, 0.25],
  }));
  const classes = { ...probabilities.classes!, auroc: null };
  const page = reportPage({ ...probabilities, kind: 'classes', said, classes }, facts);
  expect(Array.from(page.matchAll(/class="cell".*?fill-opacity="([^"]*)"/g), ([, p]) => p)).toEqual([
    ...['0.25', '0.25', '0.75', '0.75'],
  ]);
  expect(page).not.toMatch(/NaN|Infinity|undefined|null|ROC/);
});

it('of quantiles: what was asked below, and what arrived there', () => {
  const quantiles = [
    { tau: 0.1, output: 'x@0.1', pinball: 0.25, skill: 0.5, below: 0.125 },
    { tau: 0.9, output: 'x@0.9', pinball: 0.5, skill: 0.1, below: 0.8 },
  ];
  const page = reportPage({ ...report, kind: 'quantiles', quantiles }, facts);
  expect(page).toContain('<h2 class="good">30 % less quantile loss than fixed quantiles</h2>');
  expect(page).toContain('<tr><td>x@0.1</td><td>0.25</td><td>50 %</td><td>10 %</td><td>13 %</td></tr>');
  expect(page).toContain('between the quantiles 0.1 and 0.9');
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
