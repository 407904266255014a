/** How good the probabilities of an event, or of classes, are. */
import type { MathFunctions } from '../features/maths.ts';
import { shares, transitions } from './baselines.ts';
import { auroc, logLoss, reliability } from './measures.ts';
import type { ClassScores, Judged } from './report.ts';
import type { Trial } from './trial.ts';

export function scoreClasses(math: Pick<MathFunctions, 'log'>, trial: Trial): Judged {
  const { goal, dataset, train, test } = trial;
  const isEvent = goal.kind === 'event';
  const C = isEvent ? 2 : goal.outputs.length;
  /** An event is the second of two classes; its model says that one's probability alone. */
  const asSaid = (all: readonly number[]): readonly number[] => (isEvent ? [all[1]!] : all);
  const given = test.map((t) => (isEvent ? [1 - trial.central(t), trial.central(t)] : Array.from(trial.model(t))));
  const arrived = test.map((t) => dataset.targets[t]!);
  const likeliest = given.map(most);
  const hits = likeliest.map((c, i) => Number(c === arrived[i]));
  const usual = shares(dataset, train, C);
  const after = transitions(dataset, train, C);
  const classes: ClassScores = {
    logLoss: logLoss(
      math,
      given.map((p, i) => p[arrived[i]!]!),
    ),
    logLossOfBaseRate: logLoss(
      math,
      arrived.map((y) => usual[y]!),
    ),
    brier: trial.squaredError,
    brierOfBaseRate: trial.squaredErrorOf(() => asSaid(usual)),
    accuracy: mean(hits),
    accuracyOfMostFrequent: mean(arrived.map((y) => Number(y === most(usual)))),
    auroc: isEvent
      ? auroc(
          given.map((p) => p[1]!),
          arrived,
        )
      : null,
    baseRate: isEvent ? usual[1]! : Math.max(...usual),
    skillVsBaseRate: trial.skillVs(() => asSaid(usual)),
    skillVsTransition: trial.skillVs((t) => asSaid(after(t))),
  };
  const warnings = usual.flatMap((share, c) => (share > 0 ? [] : [`class ${c} never arrives in the training part`]));
  if (!(classes.skillVsBaseRate! > 0))
    warnings.push('The model does not beat the base rate on the test part: a fixed share is the better forecast.');
  else if (!(classes.skillVsTransition! > 0))
    warnings.push(
      'The model does not beat the usual share given now on the test part: how often a class followed on the one that holds.',
    );
  return {
    ...{ classes, warnings, intervalCoverage: null, errors: new Float32Array() },
    said: test.map((t, i) => ({
      time: trial.timeOf(t),
      said: isEvent ? given[i]![1]! : likeliest[i]!,
      arrived: arrived[i]!,
      ...{ low: Number.NaN, high: Number.NaN },
      ...(isEvent ? {} : { probabilities: given[i]! }),
    })),
    calibration: isEvent
      ? reliability(
          given.map((p) => p[1]!),
          arrived,
        )
      : reliability(
          given.map((p) => Math.max(...p)),
          hits,
        ),
  };
}

function most(all: readonly number[]): number {
  return all.indexOf(Math.max(...all));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
