/** The clock of the machine, for live sessions. */
import type { Timers } from '../clock.ts';

let offset = Date.now() - performance.now();

/** Milliseconds since 1970 UTC, finer than `Date.now()`; follows the system's clock when that is set. */
export function wallMs(): number {
  const wall = Date.now();
  let now = performance.now() + offset;
  if (Math.abs(wall - now) > 2) {
    offset += wall - now;
    now = wall;
  }
  return now;
}

/** The same in nanoseconds, as the engine's stamps are. */
export function wallNs(): bigint {
  return BigInt(Math.floor(wallMs() * 1000)) * 1000n;
}

/** Timers in real time; they do not keep the process alive. */
export const wallTimers: Timers = {
  after(seconds, fire) {
    const timer = setTimeout(fire, seconds * 1000).unref();
    return () => clearTimeout(timer);
  },
};
