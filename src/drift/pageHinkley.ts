import type { Saved } from '../saved.ts';
import { checkOptions, type Detector, type DetectorOptions, type Direction, finite } from './detector.ts';

/** River's names and defaults. `threshold` is in units of the signal: standardise it first. */
export interface PageHinkleyOptions {
  /** Values seen before the first test. */
  min_instances?: number;
  /** Change of the mean that is still tolerated. */
  delta?: number;
  /** The statistic must exceed it. */
  threshold?: number;
  /** Forgetting factor of the two cumulative sums (the mean forgets nothing). */
  alpha?: number;
  /** Which changes of the mean count. */
  mode?: 'up' | 'down' | 'both';
}

const DEFAULTS = { min_instances: 30, delta: 0.005, threshold: 50, alpha: 0.9999, mode: 'both' };

const number = (value: unknown) => typeof value === 'number' && Number.isFinite(value);
const positive = (value: unknown) => number(value) && (value as number) > 0;

/**
 * Page-Hinkley test: has the mean of the stream moved?
 *
 * Keeps the running mean and two faded sums of deviations from it, one leaning down by `delta` to find rises, one
 * leaning up to find falls. The statistic is the rise of the first above its minimum, or the fall of the second below
 * its maximum, whichever is more. Exactly River's two-sided version, whose maximum starts at -1.
 *
 * E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954), 100-115.
 *
 * ```ts
 * const detector = new PageHinkley({ threshold: 5 });
 * const steps = [...new Array(50).fill(0), ...new Array(50).fill(1)];
 * console.log(steps.findIndex((x) => detector.update(x)), detector.direction); // 55 up
 * ```
 */
export class PageHinkley implements Detector {
  readonly threshold: number;
  readonly #minInstances: number;
  readonly #delta: number;
  readonly #alpha: number;
  readonly #watches: { up: boolean; down: boolean };
  #n = 0;
  #mean = 0;
  #rise = 0;
  #fall = 0;
  #lowest = Number.POSITIVE_INFINITY;
  #highest = -1;
  #statistic = 0;
  #direction: Direction | null = null;

  /** @throws ConfigError for an unknown option, or a value outside its range */
  constructor(options: PageHinkleyOptions = {}) {
    const { min_instances, delta, threshold, alpha, mode } = checkOptions(
      'page-hinkley',
      DEFAULTS,
      options as DetectorOptions,
      {
        min_instances: [(n) => Number.isInteger(n) && (n as number) >= 1, 'a whole number from 1 on'],
        delta: [number, 'a number'],
        threshold: [positive, 'a number above 0'],
        alpha: [(a) => positive(a) && (a as number) <= 1, 'a number above 0, at most 1'],
        mode: [(m) => m === 'up' || m === 'down' || m === 'both', 'up, down or both'],
      },
    );
    this.threshold = threshold;
    this.#minInstances = min_instances;
    this.#delta = delta;
    this.#alpha = alpha;
    this.#watches = { up: mode !== 'down', down: mode !== 'up' };
  }

  get direction(): Direction | null {
    return this.#direction;
  }

  get statistic(): number {
    return this.#statistic;
  }

  update(x: number): boolean {
    finite(x);
    if (this.#direction !== null) this.reset();
    this.#n++;
    this.#mean += (x - this.#mean) / this.#n;
    const deviation = x - this.#mean;
    this.#rise = this.#alpha * this.#rise + deviation - this.#delta;
    this.#fall = this.#alpha * this.#fall + deviation + this.#delta;
    this.#lowest = Math.min(this.#lowest, this.#rise);
    this.#highest = Math.max(this.#highest, this.#fall);
    const up = this.#watches.up ? this.#rise - this.#lowest : 0;
    const down = this.#watches.down ? this.#highest - this.#fall : 0;
    this.#statistic = Math.max(up, down);
    if (this.#n < this.#minInstances || !(this.#statistic > this.threshold)) return false;
    this.#direction = up >= down ? 'up' : 'down';
    return true;
  }

  save(): Saved {
    const sums = [this.#n, this.#mean, this.#rise, this.#fall, this.#lowest, this.#highest, this.#statistic];
    return { sums, direction: this.#direction };
  }

  load(saved: Saved): void {
    const { sums, direction } = saved as { sums: number[]; direction: Direction | null };
    const [n, mean, rise, fall, lowest, highest, statistic] = sums as [number, ...number[]] & { length: 7 };
    this.#n = n;
    this.#mean = mean!;
    this.#rise = rise!;
    this.#fall = fall!;
    this.#lowest = lowest!;
    this.#highest = highest!;
    this.#statistic = statistic!;
    this.#direction = direction;
  }

  reset(): void {
    this.#n = 0;
    this.#mean = 0;
    this.#rise = 0;
    this.#fall = 0;
    this.#lowest = Number.POSITIVE_INFINITY;
    this.#highest = -1;
    this.#statistic = 0;
    this.#direction = null;
  }
}
