/** The report of a training run as one page that needs nothing else: no scripts, no fonts, nothing from elsewhere. */
import { escapeText, number } from './charts.ts';
import { STYLE } from './pageStyle.ts';
import { calibration, classStrips, events, forecasts, learning, percent, skills } from './panels.ts';
import type { Report } from './report.ts';

export interface PageFacts {
  model: string;
  data: string;
  target: string;
  horizon: number;
  features: readonly string[];
  layers: string;
  /** Whether the rows have real times. */
  timed: boolean;
}

/** @returns a whole HTML document */
export function reportPage(report: Report, facts: PageFacts): string {
  const { rows, warnings, season } = report;
  const { beats, words } = verdict(report);
  const made: [string, string][] = [
    ['Data', facts.data],
    ['Target', `${facts.target}, ${ticks(facts.horizon)} ahead`],
    ['Features', facts.features.join(', ')],
    ['Layers', facts.layers],
    ['Season', season ? `${ticks(season.ticks)}, ${FOUND[season.by]}` : 'none that fits twice into the training part'],
    [
      'Ticks',
      `${number(rows.train)} to learn from, ${number(rows.validation)} to choose by, ${number(rows.test)} to measure on`,
    ],
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>${escapeText(facts.model)}: training report</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${escapeText(facts.model)}</h1><p>training report</p></header>
<main>
<section class="verdict"><h2 class="${beats ? 'good' : 'bad'}">${words}</h2>
<p>on ${number(rows.test)} ticks that it has not seen; ${escapeText(errors(report, facts))}.</p>
${warnings.map((warning) => `<p class="bad">${escapeText(warning)}</p>`).join('\n')}</section>
<section><h2>What was said, and what came</h2>${said(report, facts)}</section>
${scores(report)}<div class="pair">
<section><h2>Against simpler forecasts</h2><p class="key">share of squared error less</p>${skills(report)}</section>
<section><h2>Learning</h2><p class="key"><span class="arrived">validation</span> <span class="said">training</span> kept: epoch ${report.best} of ${report.epochs.length}</p>${learning(report)}</section>
<section><h2>${report.classes ? 'Reliability' : 'Calibration'}</h2><p class="key">${CALIBRATED[report.kind]}</p>${calibration(report)}</section>
</div>
<section><h2>Made of</h2><dl>${made.map(([name, value]) => `<dt>${name}</dt><dd>${escapeText(value)}</dd>`).join('')}</dl></section>
</main>
</body>
</html>
`;
}

const FOUND = {
  asked: 'as asked for',
  day: 'a day',
  week: 'a week',
  year: 'a year',
  autocorrelation: 'by the autocorrelation of the target',
};

const CALIBRATED = {
  value: 'share within an interval: asked and held',
  quantiles: 'share below a quantile: asked and arrived',
  event: 'probability said, and how often it happened; the larger, the more ticks',
  classes: 'probability of the likeliest class, and how often it arrived; the larger, the more ticks',
};

/** Whether the model is worth having, against the hardest of what must be beaten. */
function verdict({ test, classes, quantiles }: Report): { beats: boolean; words: string } {
  if (quantiles) {
    const mean = quantiles.reduce((sum, { skill }) => sum + (skill ?? 0), 0) / quantiles.length;
    const words = `${percent(mean)} less quantile loss than fixed quantiles`;
    return mean > 0 ? { beats: true, words } : { beats: false, words: 'It does not beat fixed quantiles' };
  }
  const others: [string, number][] = classes
    ? [
        ['the base rate', classes.skillVsBaseRate ?? 0],
        ['the usual share given now', classes.skillVsTransition ?? 0],
      ]
    : [['“as now”', test.skillVsPersistence ?? 0]];
  const [name, skill] = others.reduce((least, one) => (one[1] < least[1] ? one : least));
  if (skill > 0) return { beats: true, words: `${percent(skill)} less squared error than ${name}` };
  return { beats: false, words: `It does not beat ${name}` };
}

function errors({ test, classes }: Report, { target }: PageFacts): string {
  if (!classes)
    return `error ${short(test.rmse)} (RMSE), ${short(test.mae)} (mean absolute), in the units of ${target}`;
  const right = `the likeliest class arrived at ${percent(classes.accuracy)} of them, the most frequent one at ${percent(classes.accuracyOfMostFrequent)}`;
  return classes.auroc === null ? right : `${right}; area under the ROC curve ${short(classes.auroc)}`;
}

function said(report: Report, facts: PageFacts): string {
  const { classes, test, quantiles } = report;
  if (report.kind === 'event' && classes)
    return `<p class="key"><span class="said">probability said before</span> <span class="arrived">above: it happened; below: it did not</span> <span class="band">dotted: its share of the training part, ${percent(classes.baseRate)}</span></p>
<div class="wide">${events(report, facts)}</div>`;
  if (classes)
    return `<p class="key"><span class="said">the stronger, the likelier said before</span> <span class="arrived">marked: it arrived</span></p>
<div class="wide">${classStrips(report, facts)}</div>`;
  const band = quantiles
    ? `<span class="band">between the quantiles ${quantiles[0]!.tau} and ${quantiles.at(-1)!.tau}</span>`
    : `<span class="band">90 % interval, held ${percent(test.intervalCoverage ?? 0)}</span>`;
  return `<p class="key"><span class="arrived">arrived</span> <span class="said">said before</span> ${band}</p>
<div class="wide">${forecasts(report, facts)}</div>`;
}

/** Figures that only some kinds of targets have. */
function scores({ classes, quantiles }: Report): string {
  if (quantiles) {
    const rows = quantiles.map(({ output, tau, pinball, skill, below }) => [
      ...[output, short(pinball), percent(skill ?? 0), percent(tau), percent(below)],
    ]);
    return section(
      'Quantiles',
      ['', 'pinball loss', 'less than a fixed quantile', 'asked below', 'arrived below'],
      rows,
    );
  }
  if (!classes) return '';
  return section(
    'Probabilities',
    ['', 'model', 'base rate'],
    [
      ['log loss', short(classes.logLoss), short(classes.logLossOfBaseRate)],
      ['Brier score', short(classes.brier), short(classes.brierOfBaseRate)],
      ['likeliest class right', percent(classes.accuracy), percent(classes.accuracyOfMostFrequent)],
      ...(classes.auroc === null ? [] : [['area under the ROC curve', short(classes.auroc), '0.5']]),
    ],
  );
}

function section(title: string, header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeText(cell)}</${tag}>`).join('')}</tr>`;
  const body = rows.map((cells) => line(cells, 'td')).join('');
  return `<section><h2>${title}</h2><div class="wide"><table>${line(header, 'th')}${body}</table></div></section>\n`;
}

function ticks(n: number): string {
  return `${n} ${n === 1 ? 'tick' : 'ticks'}`;
}

function short(value: number | null): string {
  return value === null ? 'none' : String(Number(value.toPrecision(3)));
}
