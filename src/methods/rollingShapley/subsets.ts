import type { Model } from '../../model/graph.ts';

/**
 * Features as players, exactly: a branch for every subset, for ever. Slot s lacks the features whose bits s has: 0 is the world
 * as observed, 2^F - 1 the one in which every feature is absent.
 */
export class Subsets {
  readonly none: number;
  readonly branches: number;
  readonly rows: number;
  readonly #model: Model;
  readonly #F: number;
  /** 1 / (F C(F - 1, n)): what the effect of a feature weighs where n of the others are absent. */
  readonly #weights: Float64Array;

  constructor(model: Model) {
    this.#model = model;
    const F = model.inputs;
    this.#F = F;
    this.branches = 1 << F;
    this.rows = this.branches;
    this.none = this.branches - 1;
    this.#weights = new Float64Array(F);
    let weight = 1 / F;
    for (let n = 0; n < F; n++) {
      this.#weights[n] = weight;
      weight *= (n + 1) / (F - 1 - n);
    }
  }

  /** From the observed input and the baseline, in rows 0 and 1, to the row of every subset. */
  prepare(): void {
    const { input, inputStride, baseline, slots, inputRow } = this.#model;
    const F = this.#F;
    for (let f = 0; f < F; f++) baseline[f] = input[inputStride + f]!;
    for (let s = 0; s < this.branches; s++) {
      for (let f = 0; f < F; f++) input[s * inputStride + f] = s & (1 << f) ? baseline[f]! : input[f]!;
      slots[s] = s;
      inputRow[s] = s;
    }
  }

  /**
   * Shapley's sum over subsets, of differences, so that a feature that changes nothing is worth exactly 0.
   * @param effect of each slot: the output as observed less its own
   */
  values(effect: Float32Array, values: Float64Array): void {
    values.fill(0);
    for (let s = 0; s < this.branches; s++) {
      const weight = this.#weights[bitsOf(s)]!;
      for (let f = 0; f < this.#F; f++) {
        const bit = 1 << f;
        if (!(s & bit)) values[f]! += weight * (effect[s | bit]! - effect[s]!);
      }
    }
  }
}

function bitsOf(s: number): number {
  let bits = 0;
  for (let rest = s; rest; rest &= rest - 1) bits++;
  return bits;
}
