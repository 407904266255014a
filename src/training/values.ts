/** How well the intervals around values hold, and how good quantiles are. */
import { Conformal } from '../conformal.ts';
import { pinball } from './measures.ts';
import type { Judged } from './report.ts';
import type { Trial } from './trial.ts';

/** Shares at which the calibration of values is measured. */
const NOMINAL = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95];

/** Values, with an interval that adapts to the errors so far. */
export function scoreValues(trial: Trial): Judged {
  const { test, validation } = trial;
  const said = adaptive(trial);
  const errors = validation.map((t) => Math.abs(trial.error(t))).sort((a, b) => a - b);
  const calibration = NOMINAL.map((nominal) => {
    const width = errors[Math.min(errors.length, Math.ceil((errors.length + 1) * nominal)) - 1]!;
    const held = test.filter((t) => Math.abs(trial.error(t)) <= width).length;
    return { nominal, realised: held / test.length, count: test.length };
  });
  return { said, calibration, intervalCoverage: coverage(said), errors: errorsOf(trial), warnings: [] };
}

/** Quantiles, each by its pinball loss and by what arrived below it. The adaptive interval is that around the middle one. */
export function scoreQuantiles(trial: Trial): Judged {
  const { goal, dataset, test } = trial;
  const arrived = test.map((t) => dataset.targets[t]!);
  const training = trial.train.map((t) => dataset.targets[t]!).sort((a, b) => a - b);
  const quantiles = goal.taus.map((tau, o) => {
    const given = test.map((t) => trial.model(t)[o]!);
    const usual = training[Math.ceil(training.length * tau) - 1]!;
    const loss = pinball(tau, given, arrived);
    const skill = 1 - loss / pinball(tau, new Array(test.length).fill(usual), arrived);
    return {
      ...{ tau, output: goal.outputs[o]!, pinball: loss },
      skill: Number.isFinite(skill) ? skill : null,
      below: arrived.filter((y, i) => y < given[i]!).length / test.length,
    };
  });
  const crossed = test.filter((t) => goal.taus.some((_, o) => trial.model(t)[o]! < trial.model(t)[o - 1]!)).length;
  const said = test.map((t) => {
    const all = trial.model(t);
    const ends = { low: all[0]!, high: all[goal.taus.length - 1]! };
    return { time: trial.timeOf(t), said: trial.central(t), arrived: dataset.targets[t]!, ...ends };
  });
  return {
    ...{ said, quantiles, intervalCoverage: coverage(adaptive(trial)), errors: errorsOf(trial) },
    calibration: quantiles.map(({ tau, below }) => ({ nominal: tau, realised: below, count: test.length })),
    warnings: crossed > 0 ? [`quantiles cross at ${crossed} of ${test.length} ticks of the test part`] : [],
  };
}

/** What was said with the interval that held at the time, which learns from the validation part on. */
function adaptive(trial: Trial): Judged['said'] {
  const conformal = new Conformal();
  const { validation, horizon } = trial;
  const settled = [...validation, ...trial.test];
  return settled.flatMap((t, i) => {
    // an error is known so many ticks later
    if (i >= horizon) conformal.update(trial.error(settled[i - horizon]!));
    if (i < validation.length) return [];
    const { below, above } = conformal.reach;
    const said = trial.central(t);
    const ends = { low: said - below, high: said + above };
    return { time: trial.timeOf(t), said, arrived: trial.dataset.targets[t]!, ...ends };
  });
}

/** Over the validation part, oldest first. */
function errorsOf(trial: Trial): Float32Array {
  return Float32Array.from(trial.validation, (t) => trial.error(t));
}

function coverage(said: Judged['said']): number {
  return said.filter(({ arrived, low, high }) => low <= arrived && arrived <= high).length / said.length;
}
