import type { Saved, Saves } from '../saved.ts';
import type { DriftEvent } from '../types.ts';
import type { Detector, DetectorOptions } from './detector.ts';
import { createDetector } from './index.ts';
import { Standardise } from './standardise.ts';

/** One value of a watched signal, and where it belongs. NaN: the signal has no value at this tick. */
export interface Signal {
  value: number;
  index: number;
  time: number;
}

export interface WatchOptions {
  /** Name that its events carry. */
  name: string;
  /** Signal path that its events carry: `residual`, `input.<feature>`. */
  on: string;
  /** In units of the signal's own expanding deviation, from that many values on; null: as it comes. */
  standardise?: { from: number } | null;
  detector: string;
  options?: DetectorOptions;
}

/**
 * One signal under one detector: standardises the value, updates the detector, and says what it saw.
 *
 * ```ts
 * const watch = new Watch({ name: 'level', on: 'input.x', detector: 'page-hinkley', options: { threshold: 5 } });
 * for (let i = 0; i < 100; i++) {
 *   const event = watch.update({ value: i < 50 ? 0 : 1, index: i, time: i * 1000 });
 *   if (event) console.log(event.index, event.direction); // 55 up
 * }
 * ```
 */
export class Watch implements Saves {
  readonly #options: WatchOptions;
  readonly #detector: Detector;
  readonly #standardise: Standardise | null;
  #sigma = Number.NaN;

  /** @throws ConfigError for an unknown detector or option */
  constructor(options: WatchOptions) {
    this.#options = options;
    this.#detector = createDetector(options.detector, options.options);
    this.#standardise = options.standardise ? new Standardise(options.standardise) : null;
  }

  /** What the detector was last given; NaN while there was nothing to give. */
  get sigma(): number {
    return this.#sigma;
  }

  /** The detector's statistic as a share of its threshold; NaN while there was nothing to give. */
  get share(): number {
    return Number.isNaN(this.#sigma) ? Number.NaN : this.#detector.statistic / this.#detector.threshold;
  }

  /** The next value of the signal; a value that is not finite never reaches the detector. */
  update({ value, index, time }: Signal): DriftEvent | null {
    this.#sigma = Number.NaN;
    if (!Number.isFinite(value)) return null;
    const x = this.#standardise ? this.#standardise.update(value) : value;
    if (!Number.isFinite(x)) return null;
    this.#sigma = x;
    if (!this.#detector.update(x)) return null;
    const { name, on, detector } = this.#options;
    const { direction, statistic, threshold } = this.#detector;
    return { rule: name, detector, on, direction: direction!, statistic, threshold, value: x, index, time };
  }

  save(): Saved {
    return { detector: this.#detector.save(), standardise: this.#standardise?.save() ?? null, sigma: this.#sigma };
  }

  load(saved: Saved): void {
    const { detector, standardise, sigma } = saved as { detector: Saved; standardise: Saved; sigma: number };
    this.#detector.load(detector);
    this.#standardise?.load(standardise);
    this.#sigma = sigma;
  }

  reset(): void {
    this.#detector.reset();
    this.#standardise?.reset();
    this.#sigma = Number.NaN;
  }
}
