/** How much of an attribution rests on values that were held, because their tick had none. */
import { compileColumns, type MathFunctions } from '../features/index.ts';
import type { Saved, Saves } from '../saved.ts';
import type { Tick } from '../types.ts';

/** Which features of the last K ticks read a column that was held. */
export class Held implements Saves {
  /** Raw columns of each feature (F). */
  readonly #columns: readonly (readonly string[])[];
  /** Ring of rows (K, F): 1 where the feature rests on a held value. */
  readonly #flags: Uint8Array;
  readonly #window: number;
  #newest = -1;
  #count = 0;

  constructor(expressions: readonly string[], window: number, maths: MathFunctions) {
    this.#columns = expressions.map((expression) => compileColumns([expression], maths).columns());
    this.#window = window;
    this.#flags = new Uint8Array(window * expressions.length);
  }

  /** The next tick that feeds the model. */
  push({ held }: Tick): void {
    const F = this.#columns.length;
    const row = (++this.#newest % this.#window) * F;
    for (let f = 0; f < F; f++) {
      const now = held?.some((name) => this.#columns[f]!.includes(name)) ? 1 : 0;
      this.#count += now - this.#flags[row + f]!;
      this.#flags[row + f] = now;
    }
  }

  /** The share of the sum of absolute cells (K, F), oldest tick first, that such values have; 0 where all cells are 0. */
  shareOf(values: Float32Array): number {
    if (this.#count === 0) return 0;
    const F = this.#columns.length;
    let [held, all] = [0, 0];
    for (let k = 0; k < this.#window; k++) {
      const row = ((this.#newest + 1 + k) % this.#window) * F;
      for (let f = 0; f < F; f++) {
        const size = Math.abs(values[k * F + f]!);
        all += size;
        if (this.#flags[row + f]) held += size;
      }
    }
    return all > 0 ? held / all : 0;
  }

  /** The last tick again, as it is now. */
  amend(tick: Tick): void {
    this.#newest--;
    this.push(tick);
  }

  save(): Saved {
    return { flags: this.#flags.slice(), newest: this.#newest, count: this.#count };
  }

  load(saved: Saved): void {
    const { flags, newest, count } = saved as { flags: Uint8Array; newest: number; count: number };
    this.#flags.set(flags);
    this.#newest = newest;
    this.#count = count;
  }

  reset(): void {
    this.#flags.fill(0);
    this.#newest = -1;
    this.#count = 0;
  }
}
