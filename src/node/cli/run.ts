import { ConfigError, DataError, ModelError } from '../../errors.ts';
import type { FeedStatus } from '../../types.ts';
import { jsonText } from '../jsonText.ts';

/** Exit codes: done; failed while running; the call, a config, a model or a data file is invalid. */
export const DONE = 0;
export const FAILED = 1;
export const INVALID = 2;
/** A second Ctrl-C, as shells count it: 128 and the number of SIGINT. */
export const INTERRUPTED = 130;

/** The command was over before it could do anything. */
export class Ended extends Error {
  override name = 'Ended';
  readonly code: number;

  /** @param code the exit code */
  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/**
 * Says what went wrong, on stderr, and gives the exit code for it. The stack and the causes are shown only if asked for.
 * @param verbose by default, whether `--verbose` was among the arguments
 */
export function fail(error: unknown, verbose: boolean = process.argv.includes('--verbose')): number {
  if (verbose) console.error(error);
  else console.error(`whytick: ${error instanceof Error ? error.message : String(error)}`);
  if (error instanceof Ended) return error.code;
  return isInvalid(error) ? INVALID : FAILED;
}

function isInvalid(error: unknown): boolean {
  return error instanceof ConfigError || error instanceof ModelError || error instanceof DataError;
}

/**
 * Wraps the action of a command: what it throws is said by `fail` and becomes the exit code. The process ends by
 * itself, so that stdout is flushed.
 *
 * ```ts
 * new Command('info').argument('<file>').action(run(async (file: string) => { ... }));
 * ```
 */
export function run<A extends unknown[]>(action: (...args: A) => void | Promise<void>): (...args: A) => Promise<void> {
  return async (...args) => {
    try {
      await action(...args);
    } catch (error) {
      process.exitCode = fail(error);
    }
  };
}

/** Prints one JSON document on a line of its own. */
export function print(value: unknown): void {
  process.stdout.write(`${jsonText(value)}\n`);
}

/** Prints text as it is, with a line end. */
export function printText(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A remark for the person at the terminal; stdout stays clean. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** What a feed says of itself, as a remark. */
export function noteFeed({ state, reason, missing }: FeedStatus): void {
  note(['feed', state, reason && `(${reason})`, missing && `${missing} ticks missing`].filter(Boolean).join(' '));
}
