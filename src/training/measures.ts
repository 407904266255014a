/** How good probabilities and quantiles are, by what arrived. */
import type { MathFunctions } from '../features/maths.ts';

/** A probability counts as no smaller than this: half the distance of the largest float32 below 1 from 1. */
const LEAST = 1 / 0x2000000;

/** Mean of -log of what the classes that arrived had been given (C outputs a tick). */
export function logLoss(math: Pick<MathFunctions, 'log'>, given: readonly number[]): number {
  return -given.reduce((sum, p) => sum + math.log(Math.max(LEAST, Math.min(1 - LEAST, p))), 0) / given.length;
}

/**
 * Area under the receiver operating characteristic: how often an event had been given more than a tick without one, ties
 * counting half (Mann & Whitney 1947).
 * @param events 0 or 1 @returns null where all or none are events
 */
export function auroc(scores: readonly number[], events: readonly number[]): number | null {
  const order = scores.map((_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let [ranks, positives] = [0, 0];
  for (let i = 0; i < order.length; ) {
    let end = i + 1;
    while (end < order.length && scores[order[end]!] === scores[order[i]!]) end++;
    const mean = (i + 1 + end) / 2;
    for (; i < end; i++) {
      if (events[order[i]!] !== 1) continue;
      ranks += mean;
      positives++;
    }
  }
  const pairs = positives * (scores.length - positives);
  return pairs === 0 ? null : (ranks - (positives * (positives + 1)) / 2) / pairs;
}

/** What was asked for, or said, and what came of it. */
export interface Calibrated {
  nominal: number;
  realised: number;
  /** Ticks that it rests on. */
  count: number;
}

/** Ten bins of equal width: the mean probability said, and how often it happened (0 or 1). Empty bins are left out. */
export function reliability(said: readonly number[], happened: readonly number[]): Calibrated[] {
  const bins = Array.from({ length: 10 }, () => ({ said: 0, happened: 0, count: 0 }));
  for (const [i, p] of said.entries()) {
    const bin = bins[Math.min(9, Math.floor(10 * p))]!;
    bin.said += p;
    bin.happened += happened[i]!;
    bin.count++;
  }
  return bins
    .filter(({ count }) => count > 0)
    .map((bin) => ({ nominal: bin.said / bin.count, realised: bin.happened / bin.count, count: bin.count }));
}

/** Mean pinball loss of a quantile (Koenker & Bassett 1978). */
export function pinball(tau: number, said: readonly number[], arrived: readonly number[]): number {
  const loss = (off: number): number => (off > 0 ? tau * off : (tau - 1) * off);
  return said.reduce((sum, q, i) => sum + loss(arrived[i]! - q), 0) / said.length;
}
