import { note } from './run.ts';

/** Longest that a stop may take, ms. */
const STOP_MS = 10_000;

/**
 * Runs until `seconds` are over, `done` resolves or the process is asked to stop (SIGINT, SIGTERM), then stops. A second
 * signal, or a stop that takes longer than ten seconds, ends the process at once.
 * @param stop finishes what is going on
 */
export async function live(
  seconds: number | undefined,
  stop: () => Promise<void>,
  done?: Promise<unknown>,
): Promise<void> {
  await new Promise<void>((resolve) => {
    let asked = false;
    const ask = () => {
      if (asked) process.exit(1);
      asked = true;
      resolve();
    };
    process.on('SIGINT', ask).on('SIGTERM', ask);
    if (seconds !== undefined) setTimeout(resolve, seconds * 1000);
    done?.then(() => resolve());
  });
  const late = setTimeout(() => {
    note('whytick: stopping took too long');
    process.exit(1);
  }, STOP_MS);
  await stop();
  clearTimeout(late);
}
