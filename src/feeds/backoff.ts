/** How long to wait before the next attempt: full jitter under a ceiling that doubles with every failure. */

export interface BackoffOptions {
  /** Ceiling of the first wait, ms. */
  from?: number;
  /** Highest ceiling, ms. */
  to?: number;
  /** Uniform in [0, 1). */
  random: () => number;
}

/**
 * Full jitter (a wait drawn from all of [0, ceiling)) spreads the clients of a server that comes back better than a wait
 * with a fixed part: see "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export class Backoff {
  readonly #from: number;
  readonly #to: number;
  readonly #random: () => number;
  #ceiling: number;
  #attempt = 0;

  constructor({ from = 500, to = 30_000, random }: BackoffOptions) {
    this.#from = from;
    this.#to = to;
    this.#random = random;
    this.#ceiling = from;
  }

  /** Failures since the last reset. */
  get attempt(): number {
    return this.#attempt;
  }

  /** Counts a failure and draws the wait after it, ms. */
  next(): number {
    const wait = this.#random() * this.#ceiling;
    this.#ceiling = Math.min(this.#to, this.#ceiling * 2);
    this.#attempt++;
    return wait;
  }

  reset(): void {
    this.#ceiling = this.#from;
    this.#attempt = 0;
  }
}
