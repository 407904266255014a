/** Players: the groups of cells that are present or absent together. */
import { ConfigError, invalid } from '../errors.ts';
import type { Answer, PlayerValue } from './method.ts';

/** `groups`: any, told as a list of players alone. */
export type PlayerKind = 'cells' | 'features' | 'groups' | 'mask' | 'segments' | 'ticks';

export interface Players {
  readonly kind: PlayerKind;
  /** M. */
  readonly count: number;
  /** The player of each cell (K, F). */
  readonly of: Int32Array;
  /** First and last tick of each, where players are runs of ticks. */
  readonly segments: readonly (readonly [number, number])[] | null;
}

/**
 * Players by name: `ticks`, `features`, `cells`, `segments:M` (M runs of ticks, the first K mod M of them one longer), or
 * `mask:0,0,1;..` a number a feature, in rows oldest tick first, or one row for all ticks: equal numbers are one player.
 * @param K ticks @param F features
 * @throws ConfigError for anything else, or more segments than ticks
 */
export function parsePlayers(text: string, K: number, F: number, path = '--option players'): Players {
  const cells = (player: (k: number, f: number) => number): Int32Array =>
    Int32Array.from({ length: K * F }, (_, at) => player(Math.floor(at / F), at % F));
  if (text === 'ticks') return { kind: 'ticks', count: K, of: cells((k) => k), segments: null };
  if (text === 'features') return { kind: 'features', count: F, of: cells((_, f) => f), segments: null };
  if (text === 'cells') return { kind: 'cells', count: K * F, of: cells((k, f) => k * F + f), segments: null };
  if (text.startsWith('mask:')) return masked(text, K, F, path);
  const M = /^segments:(\d+)$/.exec(text)?.[1];
  if (M === undefined)
    throw new ConfigError(invalid(path, text, 'ticks, features, cells, segments:M or mask:0,0,1;..'));
  const segments = segmentsOf(Number(M), K, path);
  const ofTick = Int32Array.from({ length: K }, (_, k) => segments.findIndex(([, last]) => k <= last));
  return { kind: 'segments', count: segments.length, of: cells((k) => ofTick[k]!), segments };
}

/** What games over pieces of time are played with by default: eight of them, or the ticks of a shorter window. */
export const SEGMENTS = 'segments:8';

/** A choice of players, with the default cut down to a window of K ticks. */
export function fitSegments(text: string, K: number): string {
  return text === SEGMENTS && K < 8 ? `segments:${K}` : text;
}

/** M runs of K ticks, the first K mod M of them one longer. @throws ConfigError for none, or more than there are ticks */
export function segmentsOf(M: number, K: number, path: string): [number, number][] {
  if (!(M >= 1 && M <= K)) throw new ConfigError(invalid(path, `segments:${M}`, `1 to ${K} segments of ${K} ticks`));
  const [each, longer] = [Math.floor(K / M), K % M];
  return Array.from({ length: M }, (_, m) => {
    const first = m * each + Math.min(m, longer);
    return [first, first + each + (m < longer ? 1 : 0) - 1];
  });
}

function masked(text: string, K: number, F: number, path: string): Players {
  const rows = text
    .slice('mask:'.length)
    .split(';')
    .map((row) => row.split(',').map(Number));
  const fits = (rows.length === K || rows.length === 1) && rows.every((row) => row.length === F);
  if (!fits || !rows.flat().every((id) => Number.isInteger(id) && id >= 0))
    throw new ConfigError(invalid(path, text, `1 or ${K} rows of ${F} whole numbers from 0 on, rows parted by ;`));
  const ids = [...new Set(rows.flat())].sort((a, b) => a - b);
  const of = Int32Array.from({ length: K * F }, (_, at) =>
    ids.indexOf(rows[rows.length === 1 ? 0 : Math.floor(at / F)]![at % F]!),
  );
  return { kind: 'mask', count: ids.length, of, segments: null };
}

/** The cells of each player. */
export function cellsOf({ count, of }: Players): number[][] {
  const cells: number[][] = Array.from({ length: count }, () => []);
  of.forEach((player, at) => {
    cells[player]!.push(at);
  });
  return cells;
}

/** The numbers of all players in the fields that they belong to, and as a list of players. */
export function playerAnswer(
  players: Players,
  F: number,
  values: ArrayLike<number>,
  standardErrors: ArrayLike<number> | null = null,
): Pick<Answer, 'values' | 'events' | 'byFeature' | 'segments' | 'bySegment' | 'players' | 'standardError'> {
  const numbers = Float32Array.from(values);
  const field = fieldOf(players, numbers);
  const list = cellsOf(players).map((cells, player): PlayerValue => {
    const value = numbers[player]!;
    const ticks = [...new Set(cells.map((at) => Math.floor(at / F)))];
    const features = [...new Set(cells.map((at) => at % F))].sort((a, b) => a - b);
    return { ticks, features, value, ...(standardErrors ? { standardError: standardErrors[player]! } : {}) };
  });
  if (!standardErrors) return { ...field, players: list };
  const errors = Float32Array.from(standardErrors);
  const standardError = players.kind === 'mask' ? Float32Array.from(players.of, (player) => errors[player]!) : errors;
  return { ...field, players: list, standardError };
}

/** The field of an answer that numbers of players stand in, where there is one. */
function fieldOf({ kind, of, segments }: Players, numbers: Float32Array): Partial<Answer> {
  switch (kind) {
    case 'cells':
      return { values: numbers };
    case 'ticks':
      return { events: numbers };
    case 'features':
      return { byFeature: numbers };
    case 'segments':
      return { bySegment: numbers, segments: segments! };
    case 'mask':
      return { values: Float32Array.from(of, (player) => numbers[player]!) };
    case 'groups':
      return {};
  }
}
