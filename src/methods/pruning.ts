/** TimeSHAP's pruning: how much of an output is owed to all that came before a tick. */
import { openGame } from './game.ts';
import type { Question, Run } from './method.ts';
import { parsePlayers } from './players.ts';
import type { RunWorlds } from './worlds.ts';

/**
 * Shapley value of one of two players.
 * @param alone what it is worth alone @param other what the other one is worth alone
 */
export function shareOfTwo(none: number, alone: number, other: number, all: number): number {
  return (alone - none + (all - other)) / 2;
}

/**
 * For each target the shares (K + 1): entry k is what the k oldest ticks of the window are owed in the game of two players that
 * they and the later ticks play.
 */
export async function pruneCurve(
  question: Question,
  worlds: RunWorlds,
  run?: Run,
): Promise<{ shares: Float64Array[]; evaluations: number }> {
  const K = question.ticks.length;
  const O = question.targets.length;
  const game = openGame(question, parsePlayers('ticks', K, question.spec.inputs), worlds);
  // coalition 2 k is that of the k oldest ticks, 2 k + 1 that of the others
  const has = (c: number, a: number): boolean => game.active[a]! < c >> 1 === (c & 1) < 1;
  const v = await game.play({ count: 2 * K, has }, run);
  const shares = question.targets.map((_, i) => {
    const worth = (c: number): number => v[c * O + i]!;
    const [none, all] = [worth(0), worth(1)];
    return Float64Array.from({ length: K + 1 }, (_, k) =>
      k < K ? shareOfTwo(none, worth(2 * k), worth(2 * k + 1), all) : all - none,
    );
  });
  return { shares, evaluations: game.evaluations };
}

/**
 * How many of the oldest ticks become one player: as many as can be owed no more than the tolerance, the newest never.
 * @param shares (K + 1) as `pruneCurve` gives them
 */
export function prunedTicks(shares: Float64Array, tolerance: number): number {
  let k = shares.length - 2;
  while (k > 0 && Math.abs(shares[k]!) > tolerance) k--;
  return k;
}
