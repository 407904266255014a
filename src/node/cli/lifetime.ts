import { DONE, Ended, FAILED, INTERRUPTED, note } from './run.ts';

/** Longest that a stop may take, ms. */
const STOP_MS = 10_000;

/**
 * A signal that aborts when `seconds` are over or the process is asked to stop (SIGINT, SIGTERM); its reason is an
 * `Ended`, for what had not begun by then. Asked a second time, the process ends at once.
 */
export function lifetime(seconds?: number): AbortSignal {
  const life = new AbortController();
  const ask = () => {
    if (life.signal.aborted) process.exit(FAILED);
    life.abort(new Ended('stopped before the feed sent anything', DONE));
  };
  process.on('SIGINT', ask).on('SIGTERM', ask);
  if (seconds !== undefined) {
    const over = () => life.abort(new Ended(`the feed sent nothing within ${seconds} s`, FAILED));
    setTimeout(over, seconds * 1000).unref();
  }
  return life.signal;
}

/**
 * A signal that aborts when the process is asked to stop (SIGINT, SIGTERM), for work that keeps what it has by then. Asked a
 * second time, the process ends at once.
 * @param first is called before it aborts
 */
export function interruption(first: () => void): AbortSignal {
  const stop = new AbortController();
  const ask = () => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    first();
    stop.abort();
  };
  process.on('SIGINT', ask).on('SIGTERM', ask);
  return stop.signal;
}

/**
 * Runs until `life` is over or `done` resolves, then stops. A stop that takes longer than ten seconds ends the process.
 * @param stop finishes what is going on
 */
export async function live(life: AbortSignal, stop: () => Promise<void>, done?: Promise<unknown>): Promise<void> {
  await new Promise<void>((resolve) => {
    if (life.aborted) resolve();
    life.addEventListener('abort', () => resolve());
    done?.then(() => resolve());
  });
  const late = setTimeout(() => {
    note('whytick: stopping took too long');
    process.exit(FAILED);
  }, STOP_MS);
  await stop();
  clearTimeout(late);
}
