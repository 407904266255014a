/** Players of TimeSHAP's levels: the N oldest ticks are one, the first; the others are ticks, features or cells. */
import type { Players } from './players.ts';

export function eventPlayers(K: number, F: number, N: number): Players {
  // one pruned tick is a tick
  const first = Math.max(0, N - 1);
  const of = Int32Array.from({ length: K * F }, (_, at) => Math.max(0, Math.floor(at / F) - first));
  const segments = Array.from({ length: K - first }, (_, m) => [m > 0 ? m + first : 0, m + first] as const);
  return first === 0
    ? { kind: 'ticks', count: K, of, segments: null }
    : { kind: 'segments', count: K - first, of, segments };
}

export function featurePlayers(K: number, F: number, N: number): Players {
  const before = N > 0 ? 1 : 0;
  const of = Int32Array.from({ length: K * F }, (_, at) => (at < N * F ? 0 : before + (at % F)));
  return { kind: N > 0 ? 'groups' : 'features', count: before + F, of, segments: null };
}

/**
 * The cells of some ticks and features are a player each, tick by tick; then, as far as there are any, the other features of
 * each of these ticks, the other ticks of each of these features, and all other cells.
 * @param ticks from N on, oldest first @param features in order
 */
export function cellPlayers(
  K: number,
  F: number,
  N: number,
  ticks: readonly number[],
  features: readonly number[],
): Players {
  const kinds = [
    [ticks.length, features.length],
    [features.length < F ? ticks.length : 0, 1],
    [ticks.length < K - N ? features.length : 0, 1],
  ] as const;
  const firsts = [N > 0 ? 1 : 0];
  for (const [a, b] of kinds) firsts.push(firsts.at(-1)! + a * b);
  const of = Int32Array.from({ length: K * F }, (_, at) => {
    const [k, f] = [Math.floor(at / F), at % F];
    const [tick, feature] = [ticks.indexOf(k), features.indexOf(f)];
    if (k < N) return 0;
    if (tick >= 0 && feature >= 0) return firsts[0]! + tick * features.length + feature;
    if (tick >= 0) return firsts[1]! + tick;
    return feature >= 0 ? firsts[2]! + feature : firsts[3]!;
  });
  return { kind: 'groups', count: Math.max(...of) + 1, of, segments: null };
}
