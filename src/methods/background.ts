import { Random } from '../random.ts';
import type { Question } from './method.ts';

export interface Background {
  /** Windows of K ticks (each F). */
  windows: readonly (readonly Float32Array[])[];
  notes: readonly string[];
}

/**
 * Windows to draw from: those given, else a uniform sample of the windows of K ticks that the stream has shown before the one
 * explained (a reservoir, Vitter 1985). Where it has shown none yet, single ticks of it, each held over a whole window.
 * @param size how many are kept at most
 */
export function reservoir(question: Question, size: number): Background {
  if (question.background) return { windows: question.background, notes: [] };
  const { history, ticks, seed } = question;
  const K = ticks.length;
  const random = new Random(seed);
  if (history.length > K) {
    const ends = sample(history.length - K, size, random);
    return { windows: ends.map((i) => history.slice(i, i + K)), notes: [] };
  }
  const rows = sample(history.length, size, random);
  return {
    windows: rows.map((i) => ticks.map(() => history[i]!)),
    notes: [
      `The stream has shown no window of ${K} ticks before this one: single ticks of it are drawn, held over the window.`,
    ],
  };
}

/** Of 0 .. n - 1 `size` at random, or all: algorithm R. */
function sample(n: number, size: number, random: Random): number[] {
  const kept: number[] = [];
  for (let i = 0; i < n; i++) {
    if (kept.length < size) kept.push(i);
    else {
      const place = random.below(i + 1);
      if (place < size) kept[place] = i;
    }
  }
  return kept;
}
