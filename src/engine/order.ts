import type { Tick } from '../types.ts';

/** Where a tick stands in its stream: to be taken (after `missing` lost ones), or to be dropped. */
export type Place = { take: true; missing: number } | { take: false; why: 'late' | 'duplicate' };

/**
 * Keeps one stream in order. Dropped are: a sequence number seen or passed; an event time before the last one; and,
 * where the feed numbers nothing, a tick with the time and the values of the last one. A jump of the number is a gap.
 */
export class Order {
  #last: Tick | null = null;
  #seq: number | null = null;

  check(tick: Tick): Place {
    const last = this.#last;
    if (tick.seq !== null && this.#seq !== null && tick.seq <= this.#seq) {
      return { take: false, why: tick.seq === this.#seq ? 'duplicate' : 'late' };
    }
    if (last && tick.time < last.time) return { take: false, why: 'late' };
    if (last && tick.time === last.time && repeats(tick, last)) return { take: false, why: 'duplicate' };
    const missing = tick.seq !== null && this.#seq !== null ? tick.seq - this.#seq - 1 : 0;
    this.#last = tick;
    if (tick.seq !== null) this.#seq = tick.seq;
    return { take: true, missing };
  }

  /** A connection began: its numbers may begin anew, its times may not go back. */
  reconnected(): void {
    this.#seq = null;
  }

  reset(): void {
    this.#last = null;
    this.#seq = null;
  }
}

/** Same number, if there is one, and same values. */
function repeats(tick: Tick, last: Tick): boolean {
  if (tick.seq !== last.seq) return false;
  return Object.entries(tick.values).every(([column, value]) => last.values[column] === value);
}
