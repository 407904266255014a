import { ConfigError, invalid } from '../errors.ts';
import type { Detector, DetectorOptions } from './detector.ts';
import { PageHinkley } from './pageHinkley.ts';

export type { Detector, DetectorOptions, Direction } from './detector.ts';
export { PageHinkley, type PageHinkleyOptions } from './pageHinkley.ts';
export { Standardise } from './standardise.ts';

/** Every detector by its name. To add one: a file beside this one, and a line here. */
export const detectors: Record<string, (options?: DetectorOptions) => Detector> = {
  'page-hinkley': (options) => new PageHinkley(options),
};

/**
 * A new detector by name.
 * @throws ConfigError for an unknown name, an unknown option or a value outside its range
 */
export function createDetector(name: string, options: DetectorOptions = {}): Detector {
  const create = Object.hasOwn(detectors, name) ? detectors[name] : undefined;
  if (!create) throw new ConfigError(invalid('detector', name, Object.keys(detectors).join(', ')));
  return create(options);
}
