import { type Game, gameAnswers, openGame } from './game.ts';
import type { Method, Run } from './method.ts';
import { notNegative, text, whole } from './options.ts';
import { parsePlayers } from './players.ts';
import { Random } from './random.ts';

/** Worlds between two looks at the tolerance, about: a batch. */
const LOOK_EVERY = 1024;

/** Shapley values by permutations: players come one after the other, and each is given what it adds. */
export const shapleySampling: Method = {
  name: 'shapley-sampling',
  summary: 'what each player adds to the output, over random orders in which the players come, with standard errors',
  about: {
    family: 'Shapley',
    question:
      'How is what the model says beyond its baseline shared out fairly among hundreds of cells, and how sure is that?',
    cost: '`samples` times M worlds, which share their past',
    baselines: 'all',
    caveat: 'an estimate with the standard errors that it states: they halve with four times the samples',
    source: 'Castro et al. 2009; Mitchell et al. 2022 (antithetic permutations)',
  },
  options: { players: 'cells', samples: 200, tolerance: 0 },
  supports: () => true,
  async explain(question, options, run) {
    const players = parsePlayers(text(options, 'players'), question.ticks.length, question.spec.inputs);
    const tolerance = notNegative(options, 'tolerance');
    const pairs = Math.ceil(whole(options, 'samples', 4) / 2);
    const game = openGame(question, players);
    const sampled = await sample(game, pairs, tolerance, new Random(question.seed), run);
    return gameAnswers(game, sampled, { ...options, samples: 2 * sampled.pairs });
  },
};

/**
 * Walks from nobody to everybody along pairs of permutations, each with its reverse. What a player adds in the two is averaged:
 * one observation a pair, from whose spread the standard error is taken. The steps of a walk add up to what all are worth.
 * @param pairs at most; fewer where the largest standard error has come down to `tolerance` times the largest value
 */
async function sample(game: Game, pairs: number, tolerance: number, random: Random, run: Run = {}) {
  const O = game.question.targets.length;
  const M = game.active.length;
  const tally = new Tally(O, game.players.count);
  const ends = await game.play({ count: 2, has: (c) => c === 1 });
  const all = Float64Array.from(ends.subarray(O));
  const none = Float64Array.from(ends.subarray(0, O));
  const each = 2 * Math.max(1, M - 1);
  const some = Math.ceil(LOOK_EVERY / each);
  while (tally.count < pairs && !(tolerance > 0 && tally.count > 1 && tally.within(tolerance))) {
    const now = Math.min(some, pairs - tally.count);
    const [done, total] = [tally.count * each, pairs * each];
    const orders = Array.from({ length: now }, () => permutation(M, random));
    const within = { ...run, progress: (at: number) => run.progress?.(done + at, total) };
    const v = await game.play(walks(orders, M), within);
    orders.forEach((order, p) => {
      tally.count++;
      for (let i = 0; i < O; i++) {
        const added = new Float64Array(M);
        for (const walk of [2 * p, 2 * p + 1]) {
          let before = none[i]!;
          for (let step = 0; step < M; step++) {
            const after = step < M - 1 ? v[(walk * (M - 1) + step) * O + i]! : all[i]!;
            added[order[walk & 1 ? M - 1 - step : step]!]! += (after - before) / 2;
            before = after;
          }
        }
        game.active.forEach((player, a) => {
          tally.add(i, player, added[a]!);
        });
      }
    });
  }
  return {
    values: tally.means,
    standardErrors: tally.standardErrors(),
    pairs: tally.count,
    all,
    none,
    evaluations: game.evaluations,
  };
}

function permutation(M: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: M }, (_, a) => a);
  random.shuffle(order);
  return order;
}

/** Two walks a permutation, there and back: after each step but the last, those who have come. */
function walks(orders: readonly Int32Array[], M: number) {
  const ranks = orders.map((order) => {
    const rank = new Int32Array(M);
    order.forEach((player, step) => {
      rank[player] = step;
    });
    return rank;
  });
  const has = (c: number, a: number): boolean => {
    const [walk, step] = [Math.floor(c / (M - 1)), c % (M - 1)];
    const rank = ranks[walk >> 1]![a]!;
    return (walk & 1 ? M - 1 - rank : rank) <= step;
  };
  return { count: 2 * orders.length * Math.max(0, M - 1), has };
}

/** Mean and spread of what has been observed of each player, for each target (Welford 1962). */
class Tally {
  count = 0;
  readonly means: Float64Array[];
  readonly #spreads: Float64Array[];

  constructor(targets: number, players: number) {
    this.means = Array.from({ length: targets }, () => new Float64Array(players));
    this.#spreads = Array.from({ length: targets }, () => new Float64Array(players));
  }

  /** The next observation of one player; `count` is its number, from 1. */
  add(target: number, player: number, value: number): void {
    const means = this.means[target]!;
    const off = value - means[player]!;
    means[player]! += off / this.count;
    this.#spreads[target]![player]! += off * (value - means[player]!);
  }

  standardErrors(): Float64Array[] {
    const n = this.count;
    return this.#spreads.map((spreads) => spreads.map((spread) => Math.sqrt(spread / (n * (n - 1)))));
  }

  /** Whether, for every target, the largest standard error is at most this part of the largest value. */
  within(tolerance: number): boolean {
    const largest = (list: Float64Array): number => list.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return this.standardErrors().every((errors, i) => largest(errors) <= tolerance * largest(this.means[i]!));
  }
}
