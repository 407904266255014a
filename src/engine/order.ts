import { Restart } from '../feeds/restart.ts';
import type { Saved, Saves } from '../saved.ts';
import type { Tick } from '../types.ts';

/** Where a tick stands in its stream: to be taken (after `missing` lost ones; null: nobody knows how many), or to be dropped. */
export type Place = { take: true; missing: number | null } | { take: false; why: 'late' | 'duplicate' };

/**
 * Keeps one stream in order. Dropped are: an id that is among the latest ones; a sequence number seen or passed; an event time
 * before the last one; and, where the feed neither names nor numbers anything, a tick with the time and the values of the last
 * one. A jump of the number is a gap.
 */
export class Order implements Saves {
  #last: Tick | null = null;
  #seq: number | null = null;
  readonly #ids = new Set<string>();
  readonly #window: number;
  readonly #reorders: boolean;
  readonly #restart: Restart | null;

  /**
   * @param window ids that are remembered
   * @param reorders ticks may come in any order: of numbers only those that came before are refused, of times none
   * @param dense numbers outlive connections: what is missing after one is known
   */
  constructor(window = 1024, reorders = false, dense = false) {
    this.#window = window;
    this.#reorders = reorders;
    this.#restart = dense ? new Restart() : null;
  }

  check(tick: Tick): Place {
    const last = this.#last;
    if (tick.id !== undefined && this.#known(tick.id)) return { take: false, why: 'duplicate' };
    if (this.#reorders) return this.#anywhere(tick);
    const anew = this.#begins(tick);
    if (!anew && tick.seq !== null && this.#seq !== null && tick.seq <= this.#seq) {
      return { take: false, why: tick.seq === this.#seq ? 'duplicate' : 'late' };
    }
    if (last && tick.time < last.time) return { take: false, why: 'late' };
    if (last && tick.id === undefined && tick.time === last.time && repeats(tick, last))
      return { take: false, why: 'duplicate' };
    const missing = tick.seq !== null && this.#seq !== null ? tick.seq - this.#seq - 1 : 0;
    this.#last = tick;
    if (tick.seq !== null) this.#seq = tick.seq;
    return { take: true, missing: anew ? null : missing };
  }

  /** A connection began: numbers that are its own begin anew, its times may not go back. */
  reconnected(): void {
    if (!this.#restart) this.#seq = null;
  }

  save(): Saved {
    const restart = this.#restart?.save() ?? null;
    return { last: this.#last && JSON.stringify(this.#last), seq: this.#seq, ids: [...this.#ids], restart };
  }

  load(saved: Saved): void {
    const { last, seq, ids, restart } = saved as {
      last: string | null;
      seq: number | null;
      ids: string[];
      restart: Saved;
    };
    this.#last = last === null ? null : (JSON.parse(last) as Tick);
    this.#seq = seq;
    this.#ids.clear();
    for (const id of ids) this.#ids.add(id);
    this.#restart?.load(restart);
  }

  reset(): void {
    this.#last = null;
    this.#seq = null;
    this.#ids.clear();
  }

  #anywhere(tick: Tick): Place {
    const { seq, id } = tick;
    if (seq === null) return { take: true, missing: 0 };
    if (id === undefined && this.#known(String(seq))) return { take: false, why: 'duplicate' };
    if (this.#begins(tick)) {
      this.#seq = seq;
      return { take: true, missing: null };
    }
    const missing = this.#seq === null ? 0 : Math.max(0, seq - this.#seq - 1);
    this.#seq = Math.max(seq, this.#seq ?? seq);
    return { take: true, missing };
  }

  /** Whether the numbers of a dense stream begin anew with this tick. */
  #begins({ seq, time }: Tick): boolean {
    if (!this.#restart || seq === null) return false;
    if (this.#seq !== null && seq <= this.#seq) return this.#restart.passed(time);
    this.#restart.onward(time);
    return false;
  }

  /** Whether an id was there before; it is from now on. The oldest is forgotten. */
  #known(id: string): boolean {
    if (this.#ids.has(id)) return true;
    if (this.#ids.size >= this.#window) this.#ids.delete(this.#ids.values().next().value!);
    this.#ids.add(id);
    return false;
  }
}

/** Same number, if there is one, and same values. */
function repeats(tick: Tick, last: Tick): boolean {
  if (tick.seq !== last.seq) return false;
  return Object.entries(tick.values).every(([column, value]) => last.values[column] === value);
}
