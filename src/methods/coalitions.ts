/** Which coalitions KernelSHAP asks about, and what each of them weighs. */

import type { Random } from '../random.ts';
import type { Binary } from './linear.ts';

/**
 * Coalitions of M players, neither none nor all of them, and weights that add up to 1. All coalitions of s players weigh
 * (M - 1) / (s (M - s)) together. A size is taken with its complement, M - s, smallest first, and whole as long as the budget
 * covers its share; of what is left, coalitions are drawn with their complements, and one drawn again weighs more.
 * @param budget coalitions, at most
 */
export function drawCoalitions(M: number, budget: number, random: Random): Binary {
  const found: Found = { rows: [], weights: [] };
  const largest = Math.floor(M / 2);
  const shares = Float64Array.from({ length: largest + 1 }, (_, s) => (s > 0 ? shareOf(M, s) : 0));
  const total = sumFrom(shares, 1);
  let left = M <= 30 ? Math.min(budget, (1 << M) - 2) : budget;
  let s = 1;
  for (; s <= largest; s++) {
    const coalitions = 2 * pairsOf(M, s);
    if (!((left * shares[s]!) / sumFrom(shares, s) >= coalitions * (1 - 1e-8))) break;
    addAll(found, M, s, shares[s]! / total / coalitions);
    left -= coalitions;
  }
  if (s <= largest) addDrawn(found, M, shares, s, left, random, sumFrom(shares, s) / total);
  const rows = new Uint8Array(found.rows.length * M);
  found.rows.forEach((row, n) => {
    rows.set(row, n * M);
  });
  return { M, rows, weights: Float64Array.from(found.weights) };
}

interface Found {
  rows: Uint8Array[];
  weights: number[];
}

/** Weight of all coalitions of s or of M - s players. */
function shareOf(M: number, s: number): number {
  return ((2 * s === M ? 1 : 2) * (M - 1)) / (s * (M - s));
}

/** Coalitions of s players that are not each other's complements. */
function pairsOf(M: number, s: number): number {
  let binomial = 1;
  for (let i = 1; i <= s; i++) binomial = (binomial * (M - s + i)) / i;
  return 2 * s === M ? binomial / 2 : binomial;
}

function sumFrom(shares: Float64Array, s: number): number {
  return shares.subarray(s).reduce((sum, share) => sum + share, 0);
}

/** A coalition and its complement. */
function addPair({ rows, weights }: Found, row: Uint8Array, weight: number): void {
  rows.push(
    row,
    row.map((present) => 1 - present),
  );
  weights.push(weight, weight);
}

/** All coalitions of s players with their complements; of half the players those with player 0, whose complements are the rest. */
function addAll(found: Found, M: number, s: number, weight: number): void {
  const members = Int32Array.from({ length: s }, (_, i) => i);
  for (;;) {
    const row = new Uint8Array(M);
    for (const member of members) row[member] = 1;
    addPair(found, row, weight);
    // the next one in the order of a dictionary
    let i = s - 1;
    while (i >= 0 && members[i] === M - s + i) i--;
    if (i < 0 || (i === 0 && 2 * s === M)) return;
    members[i]!++;
    for (i++; i < s; i++) members[i] = members[i - 1]! + 1;
  }
}

/** Draws, at most, for each coalition that is wanted: those seen before only gain weight. */
const PATIENCE = 4;

/** Coalitions of `smallest` players or more, drawn in proportion to the shares of their sizes; together they weigh `weight`. */
function addDrawn(
  found: Found,
  M: number,
  shares: Float64Array,
  smallest: number,
  wanted: number,
  random: Random,
  weight: number,
): void {
  const total = sumFrom(shares, smallest);
  const seen = new Map<string, number>();
  const pool = Int32Array.from({ length: M }, (_, a) => a);
  const first = found.rows.length;
  let draws = 0;
  for (let left = wanted; left >= 2 && draws < PATIENCE * wanted; draws++) {
    let s = smallest;
    for (let u = random.uniform() * total; s < shares.length - 1 && u >= shares[s]!; s++) u -= shares[s]!;
    random.shuffle(pool, s);
    const row = new Uint8Array(M);
    for (let i = 0; i < s; i++) row[pool[i]!] = 1;
    // of half the players a coalition and its complement are one pair
    if (2 * s === M && !row[0]) for (let a = 0; a < M; a++) row[a] = 1 - row[a]!;
    const key = String.fromCharCode(...row);
    const known = seen.get(key);
    if (known === undefined) {
      seen.set(key, found.rows.length);
      addPair(found, row, 1);
      left -= 2;
    } else {
      found.weights[known]!++;
      found.weights[known + 1]!++;
    }
  }
  for (let n = first; n < found.rows.length; n++) found.weights[n]! *= weight / (2 * draws);
}
