/** A model on the ticks that it has not seen, and others beside it on the same ones. */
import type { Forecast } from './baselines.ts';
import type { Dataset } from './dataset.ts';
import type { Goal } from './goal.ts';
import { ticksOf } from './series.ts';

export interface Tried {
  dataset: Dataset;
  goal: Goal;
  horizon: number;
  /** Ticks that the model sees; beside a stateful one those that the linear model sees. */
  window: number;
  /** What the model says at a tick (O). */
  model: (t: number) => ArrayLike<number>;
}

/** What is compared with what arrived: a value, the probability of an event, or of each of C classes. */
type Said = (t: number) => ArrayLike<number>;

export class Trial {
  readonly goal: Goal;
  readonly dataset: Dataset;
  readonly horizon: number;
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
  /** The model's mean squared error over the test part, of classes summed over them. */
  readonly squaredError: number;
  /** What the model says (O). */
  readonly model: Said;
  readonly #own: Said;

  constructor({ dataset, goal, horizon, window, model }: Tried) {
    this.goal = goal;
    this.dataset = dataset;
    this.horizon = horizon;
    this.train = ticksOf(dataset, 'train', horizon, window - 1);
    this.validation = ticksOf(dataset, 'validation', horizon, window - 1);
    this.test = ticksOf(dataset, 'test', horizon, window - 1);
    this.model = model;
    this.#own = goal.kind === 'classes' ? model : (t) => [this.central(t)];
    this.squaredError = this.#mean(this.test, this.#own);
  }

  /** The output that stands for the target. */
  central(t: number): number {
    return this.model(t)[this.goal.central]!;
  }

  /** How far above what was said the target arrived. */
  error(t: number): number {
    return this.dataset.targets[t]! - this.central(t);
  }

  get absoluteError(): number {
    return this.test.reduce((sum, t) => sum + Math.abs(this.error(t)), 0) / this.test.length;
  }

  /** When that which is said at a tick arrives. */
  timeOf(t: number): number {
    return this.dataset.rows[t + this.horizon]!.time;
  }

  /** 1 - the model's squared error / that of a forecast, on the ticks where it says something; null where that is no number. */
  skill(forecast: Forecast): number | null {
    return this.skillVs((t) => this.#spread(forecast(t)));
  }

  /** The same of a forecast that says as much as the model does. */
  skillVs(other: Said): number | null {
    const known = this.test.filter((t) => Number.isFinite(this.#squared(other, t)));
    const skill = 1 - this.#mean(known, this.#own) / this.#mean(known, other);
    return Number.isFinite(skill) ? skill : null;
  }

  /** The same of a regression, one for each of several classes; of probabilities it says nothing beyond 0 and 1. */
  skillVsFitted(learn: (targets: Float64Array) => Forecast): number | null {
    const { targets } = this.dataset;
    const within = (y: number): number => (this.goal.kind === 'event' ? Math.max(0, Math.min(1, y)) : y);
    if (this.goal.kind !== 'classes') {
      const fitted = learn(targets);
      return this.skillVs((t) => [within(fitted(t))]);
    }
    const each = this.goal.outputs.map((_, c) => learn(targets.map((y) => (Number.isNaN(y) ? y : Number(y === c)))));
    return this.skillVs((t) => each.map((fitted) => Math.max(0, Math.min(1, fitted(t)))));
  }

  /** Mean squared error over the test part of a forecast that says as much as the model does. */
  squaredErrorOf(other: Said): number {
    return this.#mean(this.test, other);
  }

  /** Mean squared error of a forecast over the training part, where it says something. */
  errorInTraining(forecast: Forecast): number {
    const known = this.train.filter((t) => Number.isFinite(forecast(t)));
    return this.#mean(known, (t) => this.#spread(forecast(t)));
  }

  /** A value as it is compared: itself, or of classes 1 for the one and 0 for the others. */
  #spread(y: number): readonly number[] {
    if (this.goal.kind !== 'classes') return [y];
    return this.goal.outputs.map((_, c) => (Number.isNaN(y) ? y : Number(c === y)));
  }

  #squared(said: Said, t: number): number {
    const given = said(t);
    return this.#spread(this.dataset.targets[t]!).reduce((sum, y, i) => sum + (given[i]! - y) * (given[i]! - y), 0);
  }

  #mean(ticks: readonly number[], said: Said): number {
    return ticks.reduce((sum, t) => sum + this.#squared(said, t), 0) / ticks.length;
  }
}
