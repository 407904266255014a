/**
 * Worlds. A world has a rate p for ever, and draws for every player that begins whether it is present, with probability p; an
 * absent player holds its baseline. Rates are stratified over (0, 1), and worlds come in mirror pairs: the second one has the
 * rate 1 - p, and every player that its first one has not.
 *
 * Flips. From each world as many branches part as there are players: in each of them that player's presence is the other way
 * round, as long as its generation lasts; from then on it is given what its world is given.
 *
 * Slots: 0 the world as observed, 1 the one in which nobody ever is present, and world w at 2 + w (P + 1) with its flips behind
 * it in the order of the ring, or at 2 + w where there are no flips.
 */
import type { Model } from '../../model/graph.ts';
import { Draws } from '../draws.ts';
import type { Generations } from './plan.ts';

export interface WorldsOptions {
  /** M / 2. */
  pairs: number;
  generations: Generations;
  flips: boolean;
  seed: number;
}

/** Input rows that M worlds need: where presence differs from feature to feature, every world has its own. */
export function rowsNeeded(worlds: number, { each }: Generations, flips: boolean): number {
  return each === 1 ? 2 : 2 + worlds * (flips ? 1 + each : 1);
}

export class Worlds {
  /** Slot of the branch in which every player is absent. */
  readonly none = 1;
  readonly pairs: number;
  /** P, players in the ring. */
  readonly count: number;
  /** p of the first world of each pair. */
  readonly rates: Float64Array;
  /** Whether the first world of each pair has each player (pairs, P). */
  readonly present: Uint8Array;
  /** Branches and input rows of the next step. */
  branches = 0;
  readonly rows: number;

  readonly #model: Model;
  readonly #generations: Generations;
  readonly #flips: boolean;
  readonly #draws: Draws;
  /** Branches of a world, itself included. */
  readonly #per: number;
  /** Flips that are stepped, by slot. */
  readonly #alive: Uint8Array;
  /** Place in the ring of the newest generation's first player. */
  #newest = 0;

  constructor(model: Model, { pairs, generations, flips, seed }: WorldsOptions) {
    this.#model = model;
    this.#generations = generations;
    this.#flips = flips;
    this.#draws = new Draws(seed, pairs);
    this.pairs = pairs;
    this.count = generations.count * generations.each;
    this.rows = rowsNeeded(2 * pairs, generations, flips);
    this.rates = Float64Array.from({ length: pairs }, (_, j) => (j + this.#draws.ofWorld(j)) / (2 * pairs));
    this.present = new Uint8Array(pairs * this.count);
    this.#per = flips ? 1 + this.count : 1;
    this.#alive = new Uint8Array(model.slots.length);
    for (let w = 0; flips && w < 2 * pairs; w++) model.base.fill(this.slot(w), this.slot(w), this.slot(w + 1));
  }

  /** Where world w is; pair j is the worlds 2j and 2j + 1. */
  slot(w: number): number {
    return 2 + w * this.#per;
  }

  /** A generation begins, whose first player takes this place in the ring. */
  begin(place: number, generation: number): void {
    const { each } = this.#generations;
    this.#newest = place;
    for (let j = 0; j < this.pairs; j++) {
      for (let g = 0; g < each; g++)
        this.present[j * this.count + place + g] = this.#draws.uniform(j, generation, g) < this.rates[j]! ? 1 : 0;
    }
    if (!this.#flips) return;
    for (let w = 0; w < 2 * this.pairs; w++) {
      const first = this.slot(w) + 1 + place;
      this.#model.fork(this.slot(w), first, each);
      this.#alive.fill(1, first, first + each);
    }
  }

  /** Says which branches the next step has, and what each is given. Input rows 0 and 1 are the observed one and its baseline. */
  prepare(): void {
    const { slots, inputRow } = this.#model;
    const { each } = this.#generations;
    const newest = this.#newest;
    const P = this.count;
    const alive = this.#alive;
    slots[0] = 0;
    inputRow[0] = 0;
    slots[1] = this.none;
    inputRow[1] = 1;
    let n = 2;
    for (let w = 0; w < 2 * this.pairs; w++) {
      const world = this.slot(w);
      const has = this.#has(w, newest);
      const row = each === 1 ? 1 - has : this.#writeRows(w);
      slots[n] = world;
      inputRow[n++] = row;
      for (let q = 0; this.#flips && q < P; q++) {
        if (!alive[world + 1 + q]) continue;
        const g = q - newest;
        slots[n] = world + 1 + q;
        inputRow[n++] = g < 0 || g >= each ? row : each === 1 ? has : row + 1 + g;
      }
    }
    this.branches = n;
  }

  /**
   * Lets go of flips whose whole state is within eps of their world's; a generation that may go on keeps its own.
   * @returns how many
   */
  settle(eps: number): number {
    if (!this.#flips) return 0;
    const { slots } = this.#model;
    const far = this.#model.settle(this.branches, eps);
    let settled = 0;
    for (let b = 2; b < this.branches; b++) {
      const q = ((slots[b]! - 2) % this.#per) - 1;
      const g = q - this.#newest;
      if (far[b] || q < 0 || (g >= 0 && g < this.#generations.each)) continue;
      this.#alive[slots[b]!] = 0;
      settled++;
    }
    return settled;
  }

  reset(): void {
    this.#alive.fill(0);
    this.present.fill(0);
  }

  #has(w: number, q: number): number {
    const first = this.present[(w >> 1) * this.count + q]!;
    return w & 1 ? 1 - first : first;
  }

  /** What world w is given, and behind it what each of its newest flips is given. @returns the row of the world */
  #writeRows(w: number): number {
    const { input, inputStride } = this.#model;
    const F = this.#generations.each;
    const row = 2 + w * (this.#flips ? 1 + F : 1);
    const at = row * inputStride;
    for (let f = 0; f < F; f++) input[at + f] = input[(1 - this.#has(w, this.#newest + f)) * inputStride + f]!;
    for (let g = 0; this.#flips && g < F; g++) {
      const flipped = at + (1 + g) * inputStride;
      input.copyWithin(flipped, at, at + F);
      input[flipped + g] = input[this.#has(w, this.#newest + g) * inputStride + g]!;
    }
    return row;
  }
}
