import type { Restore } from './transform.ts';

/** The last n values, in a ring. */
export class Recent {
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

  save(): Restore {
    const [count, values] = [this.count, this.values.slice()];
    return () => {
      this.count = count;
      this.values.set(values);
    };
  }
}
