/** How far two attributions of one prediction agree: what the page says beside two methods. */

export interface Agreement {
  /** Spearman's rank correlation, signed, over the union of each one's largest; NaN where all of one are alike. */
  rho: number;
  /** How many were ranked: the union of each one's `RANKED` largest. */
  ranked: number;
  /** Of each one's `TOP` largest, how many both have, out of how many. */
  shared: number;
  top: number;
  /** Of those ranked, how many have the same sign. */
  sameSign: number;
}

const RANKED = 20;
const TOP = 10;

/**
 * Compares two lists of numbers, place by place. "Largest" is by size, without the sign; zeros are never among them.
 * @param a one method's cells, or whole ticks, or features @param b the other's, in the same order
 */
export function agreement(a: ArrayLike<number>, b: ArrayLike<number>): Agreement {
  const [orderA, orderB] = [largest(a), largest(b)];
  const union = [...new Set([...orderA.slice(0, RANKED), ...orderB.slice(0, RANKED)])];
  const top = Math.max(Math.min(TOP, orderA.length), Math.min(TOP, orderB.length));
  const topB = new Set(orderB.slice(0, TOP));
  return {
    rho: spearman(
      union.map((at) => a[at]!),
      union.map((at) => b[at]!),
    ),
    ranked: union.length,
    shared: orderA.slice(0, TOP).filter((at) => topB.has(at)).length,
    top,
    sameSign: union.filter((at) => Math.sign(a[at]!) === Math.sign(b[at]!)).length,
  };
}

/** Spearman's rank correlation: Pearson's of the ranks, equals sharing their mean rank. NaN under two, or where all are alike. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (x.length + 1) / 2;
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    xy += (x[i]! - mean) * (y[i]! - mean);
    xx += (x[i]! - mean) ** 2;
    yy += (y[i]! - mean) ** 2;
  }
  return xy / Math.sqrt(xx * yy);
}

/** The place of the number of largest size; -1 where all are zero. */
export function leader(sums: ArrayLike<number>): number {
  return largest(sums)[0] ?? -1;
}

/** Places by falling size, equals as they stand; those of zero left out. */
function largest(values: ArrayLike<number>): number[] {
  return Array.from({ length: values.length }, (_, at) => at)
    .filter((at) => Math.abs(values[at]!) > 0)
    .sort((p, q) => Math.abs(values[q]!) - Math.abs(values[p]!));
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, at) => at).sort((p, q) => values[p]! - values[q]!);
  const given = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to++;
    for (let i = from; i <= to; i++) given[order[i]!] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return given;
}
