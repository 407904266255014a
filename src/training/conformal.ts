/**
 * Intervals that hold: adaptive conformal inference (Gibbs & Candès 2021). The width is a quantile of the latest absolute
 * errors; after each one that was missed it is taken further out, after each that was met a little less far, so that over time
 * the share of misses is what was asked for, whatever the stream does.
 */
import { ConfigError, invalid } from '../errors.ts';

export interface ConformalOptions {
  /** Share of values that the interval should hold. */
  coverage: number;
  /** How far the level moves after each value. */
  rate: number;
  /** Latest errors whose quantile is taken. */
  recent: number;
}

export interface ConformalState {
  /** The level of misses that is asked for now. */
  level: number;
  /** The latest absolute errors, oldest first. */
  errors: number[];
}

export class Conformal {
  readonly #options: ConformalOptions;
  readonly #errors: number[];
  #level: number;

  /** @throws ConfigError for options out of range */
  constructor({ coverage = 0.9, rate = 0.05, recent = 250 }: Partial<ConformalOptions> = {}, state?: ConformalState) {
    if (!(coverage > 0 && coverage < 1))
      throw new ConfigError(invalid('coverage', coverage, 'a share above 0 and below 1'));
    if (!(rate >= 0 && rate < 1)) throw new ConfigError(invalid('rate', rate, 'from 0 to below 1'));
    if (!(Number.isInteger(recent) && recent >= 1)) throw new ConfigError(invalid('recent', recent, '1 or more'));
    this.#options = { coverage, rate, recent };
    this.#errors = [...(state?.errors ?? [])];
    this.#level = state?.level ?? 1 - coverage;
  }

  /** Half the width of the interval now; Infinity where the level asks for all, or no error is known yet. */
  get halfWidth(): number {
    const n = this.#errors.length;
    // the quantile with the correction for a finite sample: of n errors the ceil((n + 1)(1 - level))-th
    const rank = Math.ceil((n + 1) * (1 - this.#level));
    if (n === 0 || rank > n) return Number.POSITIVE_INFINITY;
    if (rank < 1) return 0;
    return Float64Array.from(this.#errors).sort()[rank - 1]!;
  }

  /** What arrived was so far from what had been said. @returns whether the interval had held it */
  update(error: number): boolean {
    const held = Math.abs(error) <= this.halfWidth;
    const { coverage, rate, recent } = this.#options;
    this.#level += rate * (1 - coverage - (held ? 0 : 1));
    this.#errors.push(Math.abs(error));
    if (this.#errors.length > recent) this.#errors.shift();
    return held;
  }

  /** Plain data, from which another goes on. */
  get state(): ConformalState {
    return { level: this.#level, errors: [...this.#errors] };
  }
}
