import type { Saved, Saves } from '../saved.ts';

/**
 * A signal in units of its own spread so far: `(x - mean) / deviation`, both over every value before `x` (population
 * deviation; Welford's running sums). The past alone is the yardstick, so an outlier does not dampen itself.
 *
 * ```ts
 * const standardise = new Standardise({ from: 2 });
 * console.log([2, 4, 9].map((x) => standardise.update(x))); // [NaN, NaN, 6]
 * ```
 *
 * B. P. Welford, "Note on a method for calculating corrected sums of squares and products", Technometrics 4 (1962).
 */
export class Standardise implements Saves {
  readonly #from: number;
  #n = 0;
  #mean = 0;
  #squares = 0;

  /** @param options.from how many values must have come before there is an answer */
  constructor({ from }: { from: number }) {
    this.#from = from;
  }

  /** The value in deviations from the mean; NaN while fewer than `from` came before it, or all of them were the same. */
  update(x: number): number {
    const before = x - this.#mean;
    const ready = this.#n >= this.#from && this.#squares > 0;
    const answer = ready ? before / Math.sqrt(this.#squares / this.#n) : Number.NaN;
    this.#n++;
    this.#mean += before / this.#n;
    this.#squares += before * (x - this.#mean);
    return answer;
  }

  save(): Saved {
    return { n: this.#n, mean: this.#mean, squares: this.#squares };
  }

  load(saved: Saved): void {
    const { n, mean, squares } = saved as Record<'n' | 'mean' | 'squares', number>;
    this.#n = n;
    this.#mean = mean;
    this.#squares = squares;
  }

  reset(): void {
    this.#n = 0;
    this.#mean = 0;
    this.#squares = 0;
  }
}
