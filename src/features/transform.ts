import { ConfigError, invalid } from '../errors.ts';
import type { Saves } from '../saved.ts';
import type { MathFunctions } from './maths.ts';

/**
 * One member of the registry in `index.ts`: a function of one argument, and constants, that an expression can call.
 * Adding one is one file beside this one and one line in the registry.
 */
export interface Transform {
  /** The name in an expression. */
  name: string;
  /** What it gives, in one sentence, for help texts and error messages. */
  summary: string;
  /** Names of the constants that follow the argument; most have none. */
  constants?: readonly string[];
  /**
   * A fresh instance for one place in one expression of one stream.
   * @throws ConfigError for a constant out of range
   */
  create(maths: MathFunctions, constants: readonly number[]): TransformState;
}

/** A running transform. It sees finite numbers only. */
export interface TransformState extends Saves {
  /**
   * The next value of the argument.
   * @returns the transform's value, null while it needs more values first; NaN or Infinity where it has none for this `x`
   */
  push(x: number): number | null;
  /** Forgets every value seen. */
  reset(): void;
}

/** Of what remembers nothing. */
export const stateless: Saves & Pick<TransformState, 'reset'> = { save: () => null, load() {}, reset() {} };

/** A transform that remembers nothing: a plain function of the tick at hand. */
export function pure(name: string, summary: string, f: (maths: MathFunctions) => (x: number) => number): Transform {
  return { name, summary, create: (maths) => ({ ...stateless, push: f(maths) }) };
}

/** A constant that counts ticks. @throws ConfigError for what is no whole number from 1 to a million */
export function ticksOf(name: string, n: number | undefined): number {
  if (n !== undefined && Number.isInteger(n) && n >= 1 && n <= MOST_TICKS) return n;
  throw new ConfigError(invalid(name, n, `a whole number of ticks from 1 to ${MOST_TICKS}`));
}

const MOST_TICKS = 1_000_000;
