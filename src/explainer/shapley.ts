import type { Kernels } from '../kernels.ts';
import { RollingShapley, type RollingShapleyOptions } from '../methods/rollingShapley.ts';
import type { Model, ModelOptions } from '../model/graph.ts';
import type { ModelSpec } from '../model/spec.ts';
import type { ShapleyAttribution } from '../types.ts';

export interface ShapleyOptions {
  /** The most branches stepped at a tick: more give smaller standard errors. */
  branches: number;
  estimator: 'auto' | 'worlds' | 'regression';
  /** The same seed draws the same worlds. */
  seed: number;
}

/** Shapley values of whole ticks at every tick of a stateful model: a bank of its own beside that of the attribution. */
export class LiveShapley {
  /** After the last push; overwritten by the next. */
  readonly answer: ShapleyAttribution;
  readonly #bank: RollingShapley;

  /** @throws ConfigError where not one pair of worlds fits into the branches */
  constructor(
    kernels: Kernels,
    spec: ModelSpec,
    options: ShapleyOptions &
      Pick<RollingShapleyOptions, 'window' | 'target' | 'eps'> &
      Pick<ModelOptions, 'score' | 'learns'>,
  ) {
    this.#bank = new RollingShapley(kernels, spec, { ...options, players: 'ticks' });
    const { values, standardErrors, estimator, worlds, players: window } = this.#bank;
    const numbers = { filled: 0, noneOutput: Number.NaN, remainder: 0, gap: 0 };
    this.answer = { window, values, standardErrors, estimator, worlds, ...numbers };
  }

  /** Runs all of its branches. */
  get model(): Model {
    return this.#bank.model;
  }

  /** The next tick. @param x observed input (F) @param baseline what it holds where it is absent (F) */
  push(x: ArrayLike<number>, baseline: ArrayLike<number>): void {
    const bank = this.#bank;
    bank.push(x, baseline);
    this.answer.filled = bank.filled;
    this.answer.noneOutput = bank.noneOutput;
    this.answer.remainder = bank.remainder;
    this.answer.gap = bank.completenessGap;
  }

  reset(): void {
    this.#bank.reset();
  }
}
