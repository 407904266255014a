import type { Saved, Saves } from '../saved.ts';

/** The last n values, in a ring. */
export class Recent implements Saves {
  readonly values: Float64Array;
  /** Values so far. */
  count = 0;

  constructor(n: number) {
    this.values = new Float64Array(n);
  }

  get full(): boolean {
    return this.count >= this.values.length;
  }

  /** Takes the next value. @returns the one that leaves, NaN while there is room */
  push(x: number): number {
    const place = this.count % this.values.length;
    const left = this.full ? this.values[place]! : Number.NaN;
    this.values[place] = x;
    this.count++;
    return left;
  }

  reset(): void {
    this.count = 0;
  }

  save(): Saved {
    return { count: this.count, values: this.values.slice() };
  }

  load(saved: Saved): void {
    const { count, values } = saved as { count: number; values: Float64Array };
    this.count = count;
    this.values.set(values);
  }
}
