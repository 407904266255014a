import { Random } from '../random.ts';
import { type Game, gameAnswers, openGame } from './game.ts';
import type { Method, Run } from './method.ts';
import { notNegative, text, whole } from './options.ts';
import { parsePlayers } from './players.ts';
import { Moments } from './sampleMean.ts';

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
  const moments = Array.from({ length: O }, () => new Moments(game.players.count));
  const added = new Float64Array(game.players.count);
  let taken = 0;
  const ends = await game.play({ count: 2, has: (c) => c === 1 });
  const all = Float64Array.from(ends.subarray(O));
  const none = Float64Array.from(ends.subarray(0, O));
  const each = 2 * Math.max(1, M - 1);
  const some = Math.ceil(LOOK_EVERY / each);
  while (taken < pairs && !(tolerance > 0 && taken > 1 && within(moments, tolerance))) {
    const now = Math.min(some, pairs - taken);
    const [done, total] = [taken * each, pairs * each];
    const orders = Array.from({ length: now }, () => permutation(M, random));
    const told = { ...run, progress: (at: number) => run.progress?.(done + at, total) };
    const v = await game.play(walks(orders, M), told);
    orders.forEach((order, p) => {
      for (let i = 0; i < O; i++) {
        added.fill(0);
        for (const walk of [2 * p, 2 * p + 1]) {
          let before = none[i]!;
          for (let step = 0; step < M; step++) {
            const after = step < M - 1 ? v[(walk * (M - 1) + step) * O + i]! : all[i]!;
            added[game.active[order[walk & 1 ? M - 1 - step : step]!]!]! += (after - before) / 2;
            before = after;
          }
        }
        moments[i]!.add(added);
      }
    });
    taken += now;
  }
  return {
    values: moments.map(({ mean }) => mean),
    standardErrors: moments.map((own) => own.standardErrors()),
    pairs: taken,
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

/** Whether, for every target, the largest standard error is at most this part of the largest value. */
function within(moments: readonly Moments[], tolerance: number): boolean {
  const largest = (list: Float64Array): number => list.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return moments.every((own) => largest(own.standardErrors()) <= tolerance * largest(own.mean));
}
