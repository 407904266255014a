/** How good a model is on the ticks that it has not seen, beside forecasts that need no network. */
import type { MathFunctions } from '../features/maths.ts';
import { drift, persistence, ridge } from './baselines.ts';
import { scoreClasses } from './classes.ts';
import type { Goal } from './goal.ts';
import type { Calibrated } from './measures.ts';
import { findSeason, type Season, seasonal } from './season.ts';
import type { Trained } from './trainer.ts';
import { Trial, type Tried } from './trial.ts';
import { scoreQuantiles, scoreValues } from './values.ts';

export interface Report {
  kind: Goal['kind'];
  loss: Goal['loss']['kind'];
  rows: { train: number; validation: number; test: number };
  epochs: { loss: number; validationLoss: number | null }[];
  /** The epoch whose weights were kept, why training ended, and at which step. */
  best: number;
  stopped: Trained['stopped'];
  step: number;
  test: Scores;
  /** Of events and classes. */
  classes: ClassScores | null;
  /** One a quantile. */
  quantiles: QuantileScore[] | null;
  /** What one season is, if there is one. */
  season: Season | null;
  warnings: string[];
  /**
   * The test part, tick by tick: what was said (a value, an event's probability, the likeliest class, the middle quantile), what
   * arrived then, and between what it should have lain: the adaptive interval, or the outer quantiles; NaN: not known yet.
   */
  said: SaidThen[];
  /** Errors over the validation part, oldest first: what a live interval begins with. None of events and classes. */
  errors: Float32Array;
  /**
   * Asked for and held: of values the share within the quantile of the validation part's absolute errors; of events and
   * classes the probability said and how often it happened, in ten bins; of quantiles the share that arrived below.
   */
  calibration: Calibrated[];
}

/**
 * Skill is 1 - MSE / MSE of the other, on the ticks where the other says something; of an event its value is 1 or 0, of classes
 * the squares are summed over them (Brier 1950). Errors are in the target's units. Null: it means nothing here.
 */
export interface Scores {
  rmse: number | null;
  mae: number | null;
  skillVsPersistence: number | null;
  /** "As now" and the usual change. */
  skillVsDrift: number | null;
  /** The value one season earlier. */
  skillVsSeasonal: number | null;
  skillVsLinear: number | null;
  /** Of the adaptive interval that should hold 90 %. */
  intervalCoverage: number | null;
}

export interface ClassScores {
  /** Mean of -log of the probability given to what arrived, by the model and by the training part's shares. */
  logLoss: number;
  logLossOfBaseRate: number;
  /** Mean squared error of the probabilities, summed over several classes. */
  brier: number;
  brierOfBaseRate: number;
  /** How often the likeliest class arrived, and the training part's most frequent one. */
  accuracy: number;
  accuracyOfMostFrequent: number;
  /** Of an event; null for classes. */
  auroc: number | null;
  /** Share of the event, or of the most frequent class, over the training part. */
  baseRate: number;
  skillVsBaseRate: number | null;
  /** The training part's shares after the class that holds now. */
  skillVsTransition: number | null;
}

export interface QuantileScore {
  tau: number;
  output: string;
  pinball: number;
  /** 1 - pinball loss / that of the training part's own quantile. */
  skill: number | null;
  /** Share of arrivals below. */
  below: number;
}

export interface SaidThen {
  time: number;
  said: number;
  arrived: number;
  low: number;
  high: number;
  /** Of classes, each one's. */
  probabilities?: readonly number[];
}

/** What each kind of target adds. */
export type Judged = Pick<Report, 'said' | 'errors' | 'calibration'> & {
  intervalCoverage: number | null;
  classes?: ClassScores;
  quantiles?: QuantileScore[];
  warnings: string[];
};

/**
 * @param season ticks, where somebody knows; `timed`: whether the rows have times by which one may be found
 * @returns all of a report but how training went
 */
export function measure(
  math: Pick<MathFunctions, 'log'>,
  tried: Tried & { target: string; season: number | null; timed: boolean },
): Omit<Report, 'epochs' | 'best' | 'stopped' | 'step'> {
  const trial = new Trial(tried);
  const { dataset, goal, target, horizon } = tried;
  const season = findSeason(dataset, tried.timed, horizon, tried.season, (said) => trial.errorInTraining(said));
  const {
    intervalCoverage,
    classes = null,
    quantiles = null,
    said,
    errors,
    calibration,
    warnings,
  } = judge(math, trial);
  const isClass = classes !== null;
  const skillVsPersistence = trial.skill(persistence(dataset, target));
  if (!isClass && !(skillVsPersistence! > 0))
    warnings.push('The model does not beat persistence on the test part: "as now" is the better forecast.');
  return {
    kind: goal.kind,
    loss: goal.loss.kind,
    rows: { train: trial.train.length, validation: trial.validation.length, test: trial.test.length },
    test: {
      rmse: goal.kind === 'classes' ? null : Math.sqrt(trial.squaredError),
      mae: goal.kind === 'classes' ? null : trial.absoluteError,
      skillVsPersistence,
      skillVsDrift: isClass ? null : trial.skill(drift(dataset, target, horizon)),
      skillVsSeasonal: season && trial.skill(seasonal(dataset, horizon, season.ticks)),
      skillVsLinear: trial.skillVsFitted(ridge(dataset, horizon, tried.window)),
      intervalCoverage,
    },
    ...{ classes, quantiles, season, said, errors, calibration },
    warnings: [...dataset.warnings, ...warnings],
  };
}

function judge(math: Pick<MathFunctions, 'log'>, trial: Trial): Judged {
  const { kind } = trial.goal;
  if (kind === 'event' || kind === 'classes') return scoreClasses(math, trial);
  return kind === 'quantiles' ? scoreQuantiles(trial) : scoreValues(trial);
}
