/**
 * A game: players are present or hold their baseline, and the model says what a coalition of them is worth. Coalitions are
 * worlds, and are run with the oldest players' choices first, so that they share their past as a tree.
 */
import type { Answer, Options, Question, Run } from './method.ts';
import { occlude } from './occlude.ts';
import { type Players, playerAnswer } from './players.ts';
import { flat, openWorlds, type RunWorlds } from './worlds.ts';

/** Coalitions of a game's active players, numbers from 0. */
export interface Coalitions {
  count: number;
  /** Whether the a-th active player is present in coalition c. */
  has: (c: number, a: number) => boolean;
  /** True where their order is that of their oldest players already. */
  ordered?: boolean;
}

export interface Game {
  readonly question: Question;
  readonly players: Players;
  /** Numbers of the players that can change anything, the one with the oldest cell first; others are worth nothing. */
  readonly active: readonly number[];
  /** Branch-ticks (of a black box: windows) so far. */
  evaluations: number;
  /** What coalitions are worth to each target: (count, targets). */
  play(coalitions: Coalitions, run?: Run): Promise<Float32Array>;
}

/** What a method found: numbers of all players for each target, and what all and none of them are worth. */
export interface Worth {
  /** A list (M) for each target. */
  values: Float64Array[];
  standardErrors?: Float64Array[];
  /** One number for each target. */
  all: Float64Array;
  none: Float64Array;
  /** Branch-ticks; of a black box, windows. */
  evaluations: number;
}

/** @param players a cell whose player is -1 is present in every coalition */
export function openGame(question: Question, players: Players, worlds: RunWorlds = openWorlds(question)): Game {
  const { targets } = question;
  const active = activePlayers(question, players);
  const leaveOut = occluder(question, players, active);
  const game: Game = {
    question,
    players,
    active,
    evaluations: 0,
    async play({ count, has, ordered = false }, run) {
      const order = ordered ? null : oldestFirst(count, active.length, has);
      const write = (n: number, window: Float32Array): void => leaveOut(order ? order[n]! : n, has, window);
      const { values, outputs: O, evaluations } = await worlds({ count, write, keep: targets }, run);
      game.evaluations += evaluations;
      if (!order) return values;
      const inOrder = new Float32Array(values.length);
      order.forEach((c, n) => {
        for (let i = 0; i < O; i++) inOrder[c * O + i] = values[n * O + i]!;
      });
      return inOrder;
    },
  };
  return game;
}

/** Writes the baseline into the cells of the players that a coalition has not. */
function occluder(question: Question, { of }: Players, active: readonly number[]) {
  const cells = active.map((): number[] => []);
  const place = new Map(active.map((player, a) => [player, cells[a]!]));
  of.forEach((player, at) => {
    place.get(player)?.push(at);
  });
  const rows = flat(question.baselines.rows, question.spec.inputs);
  const absent = question.baselines.last ? new Uint8Array(of.length) : null;
  return (c: number, has: Coalitions['has'], window: Float32Array): void => {
    absent?.fill(0);
    for (let a = 0; a < cells.length; a++) {
      if (has(c, a)) continue;
      const its = cells[a]!;
      if (absent) for (let i = 0; i < its.length; i++) absent[its[i]!] = 1;
      else for (let i = 0; i < its.length; i++) window[its[i]!] = rows[its[i]!]!;
    }
    if (absent) occlude(question, absent, window);
  };
}

/**
 * The players one of whose cells differs from its baseline, the one with the oldest such cell first. Where the baseline is the
 * value before, it may differ from world to world, and all that have cells count.
 */
function activePlayers({ ticks, baselines, spec: { inputs: F } }: Question, { of }: Players): number[] {
  const active = new Set<number>();
  of.forEach((player, at) => {
    const [k, f] = [Math.floor(at / F), at % F];
    if (player >= 0 && (baselines.last || ticks[k]![f] !== baselines.rows[k]![f])) active.add(player);
  });
  return [...active];
}

/** Oldest players that the order of coalitions looks at, and coalitions that it can tell apart: 53 bits in all. */
const ORDERED_BY = 32;
const APART = 1 << 21;

/** Numbers of coalitions so that those which agree on the oldest players stand side by side. */
function oldestFirst(count: number, M: number, has: Coalitions['has']): Float64Array {
  const keys = Float64Array.from({ length: count }, (_, c) => {
    let key = 0;
    for (let a = 0; a < Math.min(M, ORDERED_BY); a++) key = 2 * key + (has(c, a) ? 1 : 0);
    return key * APART + c;
  });
  return keys.sort().map((key) => key % APART);
}

/** The answer for each target of a game whose values promise to add up. */
export function gameAnswers({ question, players }: Game, worth: Worth, options?: Options): Answer[] {
  return question.targets.map((_, i) => {
    const answer = playerAnswer(players, question.spec.inputs, worth.values[i]!, worth.standardErrors?.[i] ?? null);
    const sum = answer.players!.reduce((total, { value }) => total + value, 0);
    return {
      ...answer,
      completenessGap: sum - (worth.all[i]! - worth.none[i]!),
      evaluations: worth.evaluations,
      ...(options ? { options } : {}),
    };
  });
}
