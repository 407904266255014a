import { solve } from '../cholesky.ts';
import { ConfigError, invalid } from '../errors.ts';
import { Random } from '../random.ts';
import { drawCoalitions } from './coalitions.ts';
import { type Game, gameAnswers, openGame, type Worth } from './game.ts';
import { firstMoments, MOST_UNKNOWNS, secondMoments } from './linear.ts';
import type { Method, Run } from './method.ts';
import { fewEnough, text, whole } from './options.ts';
import { fitSegments, parsePlayers, SEGMENTS } from './players.ts';

/** Coalitions of one game, at most. */
export const MOST_COALITIONS = 1 << 20;

/** KernelSHAP: Shapley values as the weighted least squares of what coalitions are worth. */
export const kernelShap: Method = {
  name: 'kernel-shap',
  summary: 'Shapley values from a part of the coalitions: the smallest and largest ones all, the others drawn',
  about: {
    family: 'Shapley',
    question:
      'How is what the model says beyond its baseline shared out fairly, where there are too many players to try all coalitions?',
    cost: 'at most `coalitions` worlds, 2M + 2048 by default',
    baselines: 'all',
    caveat: 'an estimate unless all 2^M - 2 coalitions fit: another seed shows how far it moves',
    source: 'Lundberg & Lee 2017; the shap package, without its l1 regularisation',
  },
  options: { players: SEGMENTS, coalitions: Number.NaN },
  supports: () => true,
  async explain(question, options, run) {
    const K = question.ticks.length;
    const who = fitSegments(text(options, 'players'), K);
    const players = parsePlayers(who, K, question.spec.inputs);
    const asked = Number.isNaN(options.coalitions) ? 2 * players.count + 2048 : options.coalitions!;
    const resolved = { ...options, players: who, coalitions: asked };
    const coalitions = whole(resolved, 'coalitions', 2, MOST_COALITIONS);
    const game = openGame(question, players);
    return gameAnswers(game, await estimate(game, coalitions, question.seed, run), resolved);
  },
};

/**
 * Shapley values of a game from at most `budget` coalitions beside none and all of its players.
 * @throws ConfigError where they are too few to tell the players apart, or for more than 4,096 players
 */
export async function estimate(game: Game, budget: number, seed: number, run?: Run): Promise<Worth> {
  const O = game.question.targets.length;
  const M = game.active.length;
  fewEnough(M, MOST_UNKNOWNS, ' that differ from their baseline; for more, --method shapley-sampling');
  const drawn = drawCoalitions(M, budget, new Random(seed));
  const n = drawn.weights.length;
  // coalition n is that of nobody, n + 1 that of all
  const has = (c: number, a: number): boolean => (c < n ? drawn.rows[c * M + a] === 1 : c > n);
  const v = await game.play({ count: n + 2, has }, run);
  const all = Float64Array.from(v.subarray((n + 1) * O));
  const none = Float64Array.from(v.subarray(n * O, (n + 1) * O));
  const moments = secondMoments(drawn);
  const values = Array.from({ length: O }, (_, i) => {
    const worth = firstMoments(drawn, (c) => v[c * O + i]! - none[i]!);
    const phi = sharesOf(moments, worth, all[i]! - none[i]!);
    if (!phi) {
      const expected = `more: these do not tell ${M} players apart`;
      throw new ConfigError(invalid('--option coalitions', budget, expected));
    }
    const values = new Float64Array(game.players.count);
    game.active.forEach((player, a) => {
      values[player] = phi[a]!;
    });
    return values;
  });
  return { values, all, none, evaluations: game.evaluations };
}

/**
 * The shares phi (M) with the least sum of w (v(S) - v(nobody) - sum of phi in S)^2 whose sum is what all are worth. The last
 * share is what the others leave, which leaves M - 1 unknowns.
 * @param A sum w z z^T @param b sum w z (v(S) - v(nobody)) @param total v(all) - v(nobody)
 * @returns null where the coalitions do not tell the players apart
 */
function sharesOf(A: Float64Array, b: Float64Array, total: number): Float64Array | null {
  const M = b.length;
  if (M === 0) return b;
  const last = M - 1;
  const at = (i: number, j: number): number => A[i * M + j]!;
  const reduced = new Float64Array(last * last);
  for (let i = 0; i < last; i++) {
    for (let j = 0; j < last; j++) reduced[i * last + j] = at(i, j) - at(i, last) - at(last, j) + at(last, last);
  }
  const right = Float64Array.from(
    { length: last },
    (_, i) => b[i]! - b[last]! - total * (at(i, last) - at(last, last)),
  );
  const others = solve(reduced, right);
  return others && Float64Array.of(...others, total - others.reduce((sum, share) => sum + share, 0));
}
