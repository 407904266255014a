/**
 * Intervals that hold: adaptive conformal inference (Gibbs & Candès 2021) on either side. A side ends at a quantile of the
 * latest errors; after each value beyond it the quantile is taken a little further out, after each within a little less far, so
 * that over time the share of misses is what was asked for, whatever the stream does.
 *
 * Errors (arrived - predicted) are measured in units of their own usual size, an average that forgets, so that a stream that
 * calms down has narrow intervals again; and each side has its own quantile, as errors of prices lean to one side.
 */
import { ConfigError, invalid } from './errors.ts';
import type { Saved, Saves } from './saved.ts';

export interface ConformalOptions {
  /** Share of values that the interval should hold. */
  coverage: number;
  /** How far a side's level moves after each value. */
  rate: number;
  /** Latest errors whose quantiles are taken. */
  recent: number;
  /** How much of the usual size stays after each error. */
  decay: number;
}

/** How far an interval goes below and above a prediction. */
export interface Reach {
  below: number;
  above: number;
}

export class Conformal implements Saves {
  readonly #options: ConformalOptions;
  /** Share that should lie beyond a side; and what is asked for now on either, so that it does. */
  readonly #share: number;
  #below: number;
  #above: number;
  /** Errors in usual sizes: a ring in their order, and the same ones sorted. */
  readonly #ring: Float64Array;
  readonly #sorted: Float64Array;
  #count = 0;
  /** The usual size of an error; NaN before the first. */
  #size = Number.NaN;
  readonly #reach: Reach = { below: Number.NaN, above: Number.NaN };

  /** @throws ConfigError for options out of range */
  constructor({ coverage = 0.9, rate = 0.005, recent = 500, decay = 0.94 }: Partial<ConformalOptions> = {}) {
    if (!(coverage > 0 && coverage < 1))
      throw new ConfigError(invalid('coverage', coverage, 'a share above 0 and below 1'));
    if (!(rate >= 0 && rate < 1)) throw new ConfigError(invalid('rate', rate, 'from 0 to below 1'));
    if (!(decay >= 0 && decay < 1)) throw new ConfigError(invalid('decay', decay, 'from 0 to below 1'));
    this.#options = { coverage, rate, recent, decay };
    this.#share = (1 - coverage) / 2;
    const least = Math.ceil(1 / this.#share - 1);
    if (!(Number.isInteger(recent) && recent >= least))
      throw new ConfigError(invalid('recent', recent, `${least} or more, for ${coverage}`));
    this.#below = this.#share;
    this.#above = this.#share;
    this.#ring = new Float64Array(recent);
    this.#sorted = new Float64Array(recent);
  }

  /**
   * How far the next interval goes; NaN while too few errors are known for its quantiles, of 90 % fewer than 20. Where more is
   * asked for than was ever seen, the furthest error. Overwritten by `update`.
   */
  get reach(): Readonly<Reach> {
    return this.#reach;
  }

  /** What arrived was so far above what had been predicted. @throws RangeError for what is no number */
  update(error: number): void {
    if (!Number.isFinite(error)) throw new RangeError(`an error of ${error}`);
    const { rate, decay } = this.#options;
    const { below, above } = this.#reach;
    if (!Number.isNaN(above)) {
      this.#below += rate * (this.#share - (error < -below ? 1 : 0));
      this.#above += rate * (this.#share - (error > above ? 1 : 0));
    }
    const size = Number.isNaN(this.#size) ? Math.abs(error) : this.#size;
    this.#keep(size > 0 ? error / size : Math.sign(error));
    this.#size = decay * size + (1 - decay) * Math.abs(error);
    const n = Math.min(this.#count, this.#ring.length);
    if (Math.floor((n + 1) * this.#share) < 1) return;
    this.#reach.above = this.#size * this.#sorted[n - rank(n, this.#above)]!;
    this.#reach.below = -this.#size * this.#sorted[rank(n, this.#below) - 1]!;
  }

  /** As before the first error. */
  reset(): void {
    this.#count = 0;
    this.#size = Number.NaN;
    this.#below = this.#share;
    this.#above = this.#share;
    this.#reach.below = Number.NaN;
    this.#reach.above = Number.NaN;
  }

  save(): Saved {
    const n = Math.min(this.#count, this.#ring.length);
    const { below, above } = this.#reach;
    return {
      ...{ count: this.#count, size: this.#size, levels: [this.#below, this.#above], reach: [below, above] },
      ring: this.#ring.slice(0, n),
    };
  }

  load(saved: Saved): void {
    const { count, size, levels, reach, ring } = saved as {
      count: number;
      size: number;
      levels: [number, number];
      reach: [number, number];
      ring: Float64Array;
    };
    this.#count = count;
    this.#size = size;
    [this.#below, this.#above] = levels;
    [this.#reach.below, this.#reach.above] = reach;
    this.#ring.set(ring);
    this.#sorted.set(ring.slice().sort());
  }

  /** Takes an error into the sorted ones, and the oldest out. */
  #keep(error: number): void {
    const [ring, sorted] = [this.#ring, this.#sorted];
    const place = this.#count % ring.length;
    let n = Math.min(this.#count, ring.length);
    if (n === ring.length) {
      const out = lowerBound(sorted, n, ring[place]!);
      sorted.copyWithin(out, out + 1, n);
      n--;
    }
    const at = lowerBound(sorted, n, error);
    sorted.copyWithin(at + 1, at, n);
    sorted[at] = error;
    ring[place] = error;
    this.#count++;
  }
}

/** The how-manieth error from the outside has this share beyond it: of n errors the floor((n + 1) share)-th. */
function rank(n: number, share: number): number {
  return Math.min(n, Math.max(1, Math.floor((n + 1) * share)));
}

/** The first of the n sorted values that is not below this one. */
function lowerBound(sorted: Float64Array, n: number, value: number): number {
  let [low, high] = [0, n];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
