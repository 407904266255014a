/**
 * The regression estimator: worlds alone, no flips. In half the difference of a mirror pair's outputs all that is even in
 * presence is gone; what is left is fitted by weighted least squares:
 *
 *     (y_j - y'_j) / 2 = sum_q a_q (z_jq - p_j) + b (p_j - 1/2) + c (p_j - 1/2)^3        w_j = 1 / (p_j (1 - p_j)), at most 30
 *
 * The last two terms are the odd part of a cubic along the diagonal, where all players are present with the same probability;
 * its even part cancels. Given p, the expectation of w (z - p)^2 is 1 and presences are independent, so a_q tends to the integral
 * over p of what q adds, its Shapley value. Presence of a player never changes, so of the system only the rows of players that
 * begin are computed anew.
 *
 * Standard errors are those of leaving out groups of mirror pairs, to first order (the infinitesimal jackknife), times
 * J / (J - n), which gives back what n unknowns take from the residuals of J pairs.
 */
import { factorise, substitute } from '../../cholesky.ts';
import type { Worlds } from './worlds.ts';

/** Unknowns beside the players' values: the trend along the diagonal. */
export const TREND = 2;
const MOST_WEIGHT = 30;
const MOST_GROUPS = 16;
/** A part of the diagonal so small that it only matters where worlds do not tell two players apart. */
const TINY = 1e-9;

export class Regression {
  readonly #worlds: Worlds;
  /** Pairs, group by group: of every rate each group has as many. */
  readonly #pairs: Int32Array;
  readonly #groups: number;
  /** w of each pair, in the order of `#pairs`. */
  readonly #weights: Float64Array;
  /** w times what each unknown is multiplied by in each pair (n, J), trend first; zeros where a player has done nothing. */
  readonly #columns: Float64Array;
  /** One of them without w. */
  readonly #plain: Float64Array;
  /** sum over pairs of w times two columns (n, n), and which of its rows are to be computed anew. */
  readonly #moments: Float64Array;
  readonly #stale: Uint8Array;
  /** Whether the player at each place has changed an input. */
  readonly #joined: Uint8Array;
  readonly #factor: Float64Array;
  readonly #residual: Float64Array;
  readonly #solution: Float64Array;
  /** By how much a group moves each unknown. */
  readonly #influence: Float64Array;

  constructor(worlds: Worlds) {
    const { pairs: J, count: P, rates } = worlds;
    const n = TREND + P;
    this.#worlds = worlds;
    const groups = Math.min(MOST_GROUPS, J);
    this.#groups = groups;
    this.#pairs = Int32Array.from({ length: J }, (_, j) => j).sort((i, j) => (i % groups) - (j % groups) || i - j);
    this.#weights = Float64Array.from(this.#pairs, (j) => Math.min(MOST_WEIGHT, 1 / (rates[j]! * (1 - rates[j]!))));
    this.#columns = new Float64Array(n * J);
    this.#pairs.forEach((pair, j) => {
      const c = rates[pair]! - 0.5;
      this.#columns[j] = this.#weights[j]! * c;
      this.#columns[J + j] = this.#weights[j]! * c * c * c;
    });
    this.#plain = new Float64Array(J);
    this.#moments = new Float64Array(n * n);
    this.#stale = new Uint8Array(n).fill(1);
    this.#joined = new Uint8Array(P);
    this.#factor = new Float64Array(n * n);
    this.#residual = new Float64Array(J);
    this.#solution = new Float64Array(n);
    this.#influence = new Float64Array(n);
  }

  /** The player at this place of the ring is another one from now on, and has done nothing yet. */
  begin(q: number): void {
    const J = this.#pairs.length;
    this.#columns.fill(0, (TREND + q) * J, (TREND + q + 1) * J);
    this.#joined[q] = 0;
    this.#stale[TREND + q] = 1;
  }

  /** The player at this place has changed an input: it takes part. */
  join(q: number): void {
    if (this.#joined[q]) return;
    const { present, count: P, pairs: J, rates } = this.#worlds;
    for (let j = 0; j < J; j++) {
      const pair = this.#pairs[j]!;
      this.#columns[(TREND + q) * J + j] = this.#weights[j]! * (present[pair * P + q]! - rates[pair]!);
    }
    this.#joined[q] = 1;
    this.#stale[TREND + q] = 1;
  }

  reset(): void {
    for (let q = 0; q < this.#joined.length; q++) this.begin(q);
  }

  /** @param effect of each world's slot: the output as observed less its own @param values (P) @param errors (P) */
  estimate(effect: Float32Array, values: Float64Array, errors: Float64Array): void {
    const worlds = this.#worlds;
    const r = this.#residual;
    const J = r.length;
    for (let j = 0; j < J; j++) {
      const pair = this.#pairs[j]!;
      r[j] = (effect[worlds.slot(2 * pair + 1)]! - effect[worlds.slot(2 * pair)]!) / 2;
    }
    this.#refresh();
    const a = this.#solution;
    const n = a.length;
    for (let i = 0; i < n; i++) a[i] = dot(this.#columns, i * J, r, 0, J);
    substitute(this.#factor, a);
    const u = this.#influence;
    errors.fill(0);
    for (let g = 0, from = 0; g < this.#groups; g++) {
      const count = Math.ceil((J - g) / this.#groups);
      this.#subtractFit(r, from, from + count);
      for (let i = 0; i < n; i++) u[i] = dot(this.#columns, i * J + from, r, from, count);
      substitute(this.#factor, u);
      for (let q = 0; q < errors.length; q++) errors[q]! += u[TREND + q]! * u[TREND + q]!;
      from += count;
    }
    const scale = (this.#groups / (this.#groups - 1)) * (J / (J - n));
    for (let q = 0; q < errors.length; q++) {
      values[q] = a[TREND + q]!;
      errors[q] = Math.sqrt(scale * errors[q]!);
    }
  }

  /** Takes from a vector (J) what the solution makes of the pairs from .. to - 1. */
  #subtractFit(vector: Float64Array, from: number, to: number): void {
    const solution = this.#solution;
    const columns = this.#columns;
    const fit = this.#plain.fill(0, from, to);
    const J = vector.length;
    let i = 0;
    for (; i + 1 < solution.length; i += 2) {
      const a = solution[i]!;
      const b = solution[i + 1]!;
      for (let j = from; j < to; j++) fit[j]! += a * columns[i * J + j]! + b * columns[i * J + J + j]!;
    }
    if (i < solution.length) for (let j = from; j < to; j++) fit[j]! += solution[i]! * columns[i * J + j]!;
    for (let j = from; j < to; j++) vector[j]! -= fit[j]! / this.#weights[j]!;
  }

  /** Brings the moments up to date, and factorises them. */
  #refresh(): void {
    const moments = this.#moments;
    const columns = this.#columns;
    const plain = this.#plain;
    const n = this.#stale.length;
    const J = plain.length;
    for (let i = 0; i < n; i++) {
      if (!this.#stale[i]) continue;
      this.#stale[i] = 0;
      for (let j = 0; j < J; j++) plain[j] = columns[i * J + j]! / this.#weights[j]!;
      for (let k = 0; k < n; k++) {
        const sum = dot(columns, k * J, plain, 0, J);
        moments[i * n + k] = sum;
        moments[k * n + i] = sum;
      }
    }
    const factor = this.#factor;
    factor.set(moments);
    // a player that has done nothing is worth exactly 0: its row says so
    for (let i = 0; i < n; i++) factor[i * n + i] = moments[i * n + i]! * (1 + TINY) || 1;
    factorise(factor, n);
  }
}

/** Scalar product of n numbers of a from i on and of b from j on, in four sums that do not wait for each other. */
function dot(a: Float64Array, i: number, b: Float64Array, j: number, n: number): number {
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  let k = 0;
  for (; k + 3 < n; k += 4) {
    sum0 += a[i + k]! * b[j + k]!;
    sum1 += a[i + k + 1]! * b[j + k + 1]!;
    sum2 += a[i + k + 2]! * b[j + k + 2]!;
    sum3 += a[i + k + 3]! * b[j + k + 3]!;
  }
  for (; k < n; k++) sum0 += a[i + k]! * b[j + k]!;
  return sum0 + sum1 + (sum2 + sum3);
}
