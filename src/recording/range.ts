import { type LogRecord, nanoseconds } from './records.ts';

/** The ticks of a recording: how many, and their event times, for messages. */
export class TickRange {
  count = 0;
  #last = -1;
  #earliest: bigint | null = null;
  #latest: bigint | null = null;
  #first = 0;

  update({ time, sequence }: Pick<LogRecord, 'time' | 'sequence'>): void {
    if (this.count++ === 0) this.#first = sequence;
    this.#last = sequence;
    if (this.#earliest === null || time < this.#earliest) this.#earliest = time;
    if (this.#latest === null || time > this.#latest) this.#latest = time;
  }

  /** Whether a time, in ms, lies between the earliest and the latest tick. */
  holds(time: number): boolean {
    const at = nanoseconds(time);
    return this.#earliest !== null && at >= this.#earliest && at <= this.#latest!;
  }

  toString(): string {
    if (this.#earliest === null) return 'none';
    const when = (ns: bigint) => new Date(Number(ns / 1_000_000n)).toISOString();
    return `#${this.#first} to #${this.#last}, ${when(this.#earliest)} to ${when(this.#latest!)}`;
  }
}
