/**
 * Lag bands, live: nested windows of one feature held at its baseline until now, after WinIT (Leung et al. 2023).
 *
 *     D_n[f] = y_t - y_t(feature f at ticks t - n .. t held at its baseline)
 *
 * The cell of tick t - n gets D_n - D_(n-1): what reaching one tick further back adds. `change` is the same with y_t - y_(t-1)
 * in the place of y_t.
 *
 * Branch (r, f) forks from branch 0 just before tick r and has been given f at the baseline of that moment ever since, so that
 * now it is the world in which f was held over the last t - r + 1 ticks. Nothing is re-run: band x F branches, one batched step
 * a tick. Ring of slots: branch (r, f) lives in slot 1 + (r mod band) F + f, with an input row of the same number.
 */
import type { Model } from '../model/graph.ts';

export interface LagBandOptions {
  /** Ticks held at most. */
  band: number;
  /** Which output is explained. */
  target: number;
}

/** Branches and distinct inputs that a band of this many ticks and features needs. */
export function lagBandSize(band: number, features: number): { branches: number; inputRows: number } {
  const size = 1 + band * features;
  return { branches: size, inputRows: size };
}

export class LagBand {
  readonly band: number;
  /** Cells (band, F) of the output and of its change, oldest tick first; rows before the first tick are 0. */
  readonly values: Float32Array;
  readonly change: Float32Array;
  /** For each cell (band, F) the largest absolute value it had for any of the outputs that saw it, up to now. */
  readonly scores: Float32Array;
  /** Ticks in the band so far, at most `band`. */
  filled = 0;
  /** Branches stepped so far, branch 0 included. */
  evaluations = 0;

  readonly #model: Model;
  readonly #target: number;
  /** What each branch's feature is held at (band F), and D (band, F) by slot of this tick and of the one before. */
  readonly #held: Float32Array;
  #effects: Float32Array;
  #before: Float32Array;
  /** Largest values by slot (band, F). */
  readonly #largest: Float32Array;
  #ticks = 0;

  /** @param model with room for `lagBandSize` branches; it belongs to the bank from now on */
  constructor(model: Model, { band, target }: LagBandOptions) {
    const size = band * model.inputs;
    this.band = band;
    this.#model = model;
    this.#target = target;
    [this.values, this.change, this.scores, this.#held, this.#effects, this.#before, this.#largest] = Array.from(
      { length: 7 },
      () => new Float32Array(size),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
  }

  /** The next tick. @param x observed input (F) @param baseline what its features are held at from here on (F) */
  push(x: ArrayLike<number>, baseline: ArrayLike<number>): void {
    const model = this.#model;
    const { slots, inputRow, input, inputStride, inputs: F } = model;
    const place = this.#ticks % this.band;
    model.fork(0, 1 + place * F, F);
    for (let f = 0; f < F; f++) this.#held[place * F + f] = baseline[f]!;
    this.filled = Math.min(this.filled + 1, this.band);
    // what is not filled yet has no branch; ring places 0 .. filled - 1 always have
    const n = 1 + this.filled * F;
    for (let b = 0; b < n; b++) {
      slots[b] = b;
      inputRow[b] = b;
      input.set(x, b * inputStride);
      if (b > 0) input[b * inputStride + ((b - 1) % F)] = this.#held[b - 1]!;
    }
    model.step(n, n);
    model.difference(n, this.#target);
    this.#ticks++;
    this.evaluations += n;
    this.#collect();
  }

  /** Empties the band and sets the state to zero. */
  reset(): void {
    this.#model.reset();
    for (const values of [this.values, this.change, this.scores, this.#effects, this.#before, this.#largest])
      values.fill(0);
    this.#ticks = 0;
    this.filled = 0;
    this.evaluations = 0;
  }

  #collect(): void {
    const { effect, inputs: F } = this.#model;
    const band = this.band;
    [this.#effects, this.#before] = [this.#before, this.#effects];
    const D = this.#effects;
    for (let i = 0; i < this.filled * F; i++) D[i] = effect[1 + i]!;
    const newest = (this.#ticks - 1) % band;
    for (let n = 0; n < this.filled; n++) {
      const at = ((newest - n + band) % band) * F;
      const nearer = ((newest - n + 1 + band) % band) * F;
      const row = (band - 1 - n) * F;
      for (let f = 0; f < F; f++) {
        const value = n === 0 ? D[at + f]! : D[at + f]! - D[nearer + f]!;
        // the tick before, the same branches were one tick younger; the newest one was not there
        const was = n === 0 ? 0 : n === 1 ? this.#before[at + f]! : this.#before[at + f]! - this.#before[nearer + f]!;
        this.values[row + f] = value;
        this.change[row + f] = value - was;
        const largest = n === 0 ? Math.abs(value) : Math.max(this.#largest[at + f]!, Math.abs(value));
        this.#largest[at + f] = largest;
        this.scores[row + f] = largest;
      }
    }
  }
}
