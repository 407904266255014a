/** Options of methods, read with their names. */
import { ConfigError, invalid } from '../errors.ts';
import type { Options } from './method.ts';

/** @throws ConfigError for anything but a whole number from `least` to `most` */
export function whole(options: Options, name: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = options[name];
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  throw new ConfigError(invalid(`--option ${name}`, value, `a whole number ${range}`));
}

/** @throws ConfigError for anything but a number from 0 on */
export function notNegative(options: Options, name: string): number {
  const value = options[name];
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value;
  throw new ConfigError(invalid(`--option ${name}`, value, 'a number from 0 on'));
}

/** @throws ConfigError for anything but one of these texts */
export function oneOf<T extends string>(options: Options, name: string, texts: readonly T[]): T {
  const value = options[name];
  const found = texts.find((text) => text === value);
  if (found === undefined) throw new ConfigError(invalid(`--option ${name}`, value, texts.join(', ')));
  return found;
}

/** @throws ConfigError for more players than a method can take; `more` says which are counted, and what would do instead */
export function fewEnough(M: number, most: number, more: string): void {
  if (M > most) throw new ConfigError(invalid('--option players', M, `at most ${most} players${more}`));
}

/** An option that is a text. @throws ConfigError for anything else */
export function text(options: Options, name: string): string {
  const value = options[name];
  if (typeof value !== 'string') throw new ConfigError(invalid(`--option ${name}`, value, 'a text'));
  return value;
}
