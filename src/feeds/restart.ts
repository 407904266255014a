import type { Saved, Saves } from '../saved.ts';

/** Ticks in a row after which numbers that were passed long ago are new ones. */
const ENOUGH = 3;

/** Notices that a stream's numbers begin anew: three in a row that were passed, each at a later time than all before. */
export class Restart implements Saves {
  #newest = Number.NEGATIVE_INFINITY;
  #row = 0;

  /** A tick with the next number, or one beyond. @param time its event time, ms */
  onward(time: number): void {
    this.#newest = Math.max(this.#newest, time);
    this.#row = 0;
  }

  /** A tick with a number that was passed. @returns whether the numbers have begun anew */
  passed(time: number): boolean {
    // what is only said again, or late, is no later than what was heard before
    if (!(time > this.#newest)) return false;
    this.#newest = time;
    if (++this.#row < ENOUGH) return false;
    this.#row = 0;
    return true;
  }

  save(): Saved {
    return { newest: this.#newest, row: this.#row };
  }

  load(saved: Saved): void {
    const { newest, row } = saved as { newest: number; row: number };
    this.#newest = newest;
    this.#row = row;
  }
}
