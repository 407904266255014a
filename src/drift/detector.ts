import { ConfigError, DataError, invalid } from '../errors.ts';
import type { Saves } from '../saved.ts';

/** Which way a detected change went. */
export type Direction = 'up' | 'down';

/**
 * A change detector takes one number at a time and keeps a bounded state: options in the constructor, O(1) `update`.
 * After a detection the next `update` begins with a fresh state, as River's detectors do.
 */
export interface Detector extends Saves {
  /**
   * Takes the next value.
   * @returns true if this value made the detector see a change
   * @throws DataError when the value is not finite: one NaN would blind most detectors for good
   */
  update(x: number): boolean;
  /** Where the last detection went; null while none stands. */
  readonly direction: Direction | null;
  /** What is compared with `threshold`: as of the last update. */
  readonly statistic: number;
  readonly threshold: number;
  /** Forgets everything but the options. */
  reset(): void;
}

/** The options of a detector as a config file gives them. */
export type DetectorOptions = Record<string, number | string | boolean>;

/** @throws DataError when `x` is NaN or infinite */
export function finite(x: number): number {
  if (!Number.isFinite(x)) throw new DataError(invalid('value for a detector', x, 'a finite number'));
  return x;
}

/**
 * Options over their defaults, each checked.
 * @param rules for each option the test it must pass and the words for what was expected
 * @throws ConfigError for an unknown option or a value that its rule refuses
 */
export function checkOptions<T extends DetectorOptions>(
  detector: string,
  defaults: T,
  given: DetectorOptions,
  rules: { [K in keyof T]: [(value: unknown) => boolean, string] },
): T {
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule) throw new ConfigError(invalid(`${detector} option`, name, Object.keys(rules).join(', ')));
    if (!rule[0](value)) throw new ConfigError(invalid(`${detector}.${name}`, value, rule[1]));
  }
  return { ...defaults, ...given };
}
