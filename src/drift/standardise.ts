/**
 * A signal in units of its own spread so far: `(x - mean) / deviation`, both over every value up to and including `x`
 * (population deviation; Welford's running sums). Nothing from the future enters.
 *
 * ```ts
 * const standardise = new Standardise({ from: 3 });
 * console.log([1, 2, 3, 6].map((x) => standardise.update(x))); // [NaN, NaN, 1.2247..., 1.6035...]
 * ```
 *
 * B. P. Welford, "Note on a method for calculating corrected sums of squares and products", Technometrics 4 (1962).
 */
export class Standardise {
  readonly #from: number;
  #n = 0;
  #mean = 0;
  #squares = 0;

  /** @param options.from how many values must have been seen, this one included, before there is an answer */
  constructor({ from }: { from: number }) {
    this.#from = from;
  }

  /** The value in deviations from the mean; NaN before `from` values, and while all values were the same. */
  update(x: number): number {
    this.#n++;
    const before = x - this.#mean;
    this.#mean += before / this.#n;
    this.#squares += before * (x - this.#mean);
    if (this.#n < this.#from || this.#squares === 0) return Number.NaN;
    return (x - this.#mean) / Math.sqrt(this.#squares / this.#n);
  }

  reset(): void {
    this.#n = 0;
    this.#mean = 0;
    this.#squares = 0;
  }
}
