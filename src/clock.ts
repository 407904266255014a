/**
 * The engine's one clock. It moves only when told to, so that a replay sees every timer at the same place among the
 * inputs as the live run did.
 *
 * Stamps are nanoseconds since 1970 UTC. An input's stamp is `max(previous + 1 ns, wall clock)`: strictly increasing.
 */

/** What a timer's owner needs of a clock: the engine's, a test's, or one of an RxJS scheduler. */
export interface Timers {
  /** Calls `fire` once, `seconds` from now. @returns a function that cancels it */
  after(seconds: number, fire: () => void): () => void;
}

/** A timer without what it does. */
export interface SavedTimer {
  readonly [name: string]: bigint | number;
  due: bigint;
  order: number;
}

interface Timer {
  due: bigint;
  order: number;
  fire: () => void;
}

/**
 * Virtual time with timers.
 *
 * ```ts
 * const clock = new Clock();
 * clock.after(2, () => console.log('due at', clock.now));
 * clock.advanceTo(5_000_000_000n); // due at 2000000000n
 * ```
 */
export class Clock implements Timers {
  #now: bigint;
  #last: bigint;
  #created = 0;
  /** Sorted by due time, then by creation. */
  readonly #timers: Timer[] = [];

  constructor(start = 0n) {
    this.#now = start;
    this.#last = start;
  }

  /** Stamp of the input being handled or, while a timer fires, the time it was due. */
  get now(): bigint {
    return this.#now;
  }

  /** When the next timer is due, or null. */
  get nextDue(): bigint | null {
    return this.#timers[0]?.due ?? null;
  }

  /** The stamp of an input that arrives now: `max(previous + 1 ns, wall)`. Does not move the clock. */
  stamp(wall: bigint): bigint {
    return wall > this.#last ? wall : this.#last + 1n;
  }

  after(seconds: number, fire: () => void): () => void {
    return this.#set({ due: this.#now + BigInt(Math.round(seconds * 1e9)), order: this.#created++, fire });
  }

  #set(timer: Timer): () => void {
    let at = this.#timers.length;
    const { due, order } = timer;
    for (; at > 0; at--) {
      const before = this.#timers[at - 1]!;
      if (before.due < due || (before.due === due && before.order < order)) break;
    }
    this.#timers.splice(at, 0, timer);
    return () => {
      const found = this.#timers.indexOf(timer);
      if (found >= 0) this.#timers.splice(found, 1);
    };
  }

  /** No timers, at this time. */
  reset(now: bigint): void {
    this.#now = now;
    this.#last = now;
    this.#timers.splice(0);
  }

  /** When a timer is due, and its place among those that are due together; null where there is none of this function. */
  timer(fire: () => void): SavedTimer | null {
    const found = this.#timers.find((timer) => timer.fire === fire);
    return found ? { due: found.due, order: found.order } : null;
  }

  /** Sets a timer as it was when it was saved. */
  resume({ due, order }: SavedTimer, fire: () => void): () => void {
    this.#created = Math.max(this.#created, order + 1);
    return this.#set({ due, order, fire });
  }

  /**
   * Moves to `stamp` and fires, on the way, every timer due at or before it: in order of due time, then of creation,
   * each with `now` at its due time. Timers that they create are among them. A stamp of the past changes nothing.
   */
  advanceTo(stamp: bigint): void {
    if (stamp <= this.#last) return;
    for (let next = this.#timers[0]; next && next.due <= stamp; next = this.#timers[0]) {
      this.#timers.shift();
      if (next.due > this.#now) this.#now = next.due;
      next.fire();
    }
    this.#now = stamp;
    this.#last = stamp;
  }
}
