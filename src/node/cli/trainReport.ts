import type { Report } from '../../training/index.ts';
import { short, table } from './table.ts';
import { ENDED } from './trainEnding.ts';

/** The report as `--json` gives it: what a contract fixes, and more. */
export function reportJson(
  model: string,
  what: { target: string; horizon: number; features: string[] },
  { rows, epochs, best, stopped, kind, loss, test, classes, quantiles, season, calibration, warnings }: Report,
  elapsedMs: number,
): object {
  return {
    ...{ model, ...what, rows, epochs, test: { ...test, ...classes }, elapsedMs },
    ...{ kind, loss, best, stopped, season, quantiles, calibration, warnings },
  };
}

/** The report for a terminal. */
export function reportText(out: string, report: Report, elapsedMs: number): string {
  const { rows, epochs, best, stopped, test, classes, quantiles, season } = report;
  const lines = classes ? probabilities(classes) : [];
  const value = (name: string, figure: number | null, say: (figure: number) => string): void => {
    if (figure !== null) lines.push([name, say(figure)]);
  };
  if (!classes) {
    value('error (RMSE)', test.rmse, short);
    value('mean absolute error', test.mae, short);
  }
  value('less squared error than "as now"', test.skillVsPersistence, percent);
  value('than "as now" and the usual change', test.skillVsDrift, percent);
  if (season) value(`than ${season.ticks} ticks earlier (${FOUND[season.by]})`, test.skillVsSeasonal, percent);
  value('than a ridge regression on the same ticks', test.skillVsLinear, percent);
  value('held by the adaptive 90 % interval', test.intervalCoverage, percent);
  const each = (quantiles ?? []).map(({ output, pinball, skill, tau, below }) => [
    ...[output, short(pinball), skill === null ? '' : percent(skill), percent(tau), percent(below)],
  ]);
  const header = ['', 'pinball loss', 'less than a fixed quantile', 'asked below', 'arrived below'];
  return [
    `${out}: ${rows.train} ticks learnt from, ${rows.validation} to choose by, ${rows.test} to measure on`,
    `epoch ${best} of ${epochs.length} kept (${ENDED[stopped]}), ${(elapsedMs / 1000).toFixed(1)} s`,
    '',
    table(['on the test part', ''], lines, '<>'),
    ...(quantiles ? ['', table(header, each, '<>>>>')] : []),
    '',
    `whytick explain DATA --model ${out}   why it says what it says`,
  ].join('\n');
}

const FOUND = {
  asked: '--season',
  day: 'a day',
  week: 'a week',
  year: 'a year',
  autocorrelation: 'by autocorrelation',
};

function probabilities(classes: NonNullable<Report['classes']>): string[][] {
  const { logLoss, logLossOfBaseRate, brier, accuracy, accuracyOfMostFrequent, auroc, baseRate } = classes;
  return [
    ['log loss', short(logLoss)],
    ['of the base rate', short(logLossOfBaseRate)],
    ['Brier score', short(brier)],
    ['likeliest class right', percent(accuracy)],
    ['most frequent class right', percent(accuracyOfMostFrequent)],
    ...(auroc === null
      ? [['share of the most frequent class in training', percent(baseRate)]]
      : [
          ['area under the ROC curve', short(auroc)],
          ['base rate in training', percent(baseRate)],
        ]),
    ['less squared error than the base rate', skill(classes.skillVsBaseRate)],
    ['than the usual share given now', skill(classes.skillVsTransition)],
  ];
}

function skill(share: number | null): string {
  return share === null ? 'none' : percent(share);
}

function percent(share: number): string {
  return `${short(100 * share)} %`;
}
