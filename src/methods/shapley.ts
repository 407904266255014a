import { type Game, gameAnswers, openGame, type Worth } from './game.ts';
import type { Method, Question, Run } from './method.ts';
import { fewEnough, text } from './options.ts';
import { fitSegments, type Players, parsePlayers, SEGMENTS } from './players.ts';

/** Players whose coalitions are all tried, at most: 2^20 worlds take seconds over segments of a small LSTM, minutes over cells. */
export const MOST_PLAYERS = 20;

/** Exact Shapley values: every coalition is tried. */
export const shapley: Method = {
  name: 'shapley',
  summary: 'what each player adds to the output, over all orders in which the players could come, exactly',
  about: {
    family: 'Shapley',
    question: 'How is what the model says beyond its baseline shared out fairly among segments, features or groups?',
    cost: '2^M worlds; over segments about 2^(M+1) K / M branch-ticks, since they share their past',
    baselines: 'all',
    caveat: 'players that are absent leave windows that the model may never have seen; M is at most 20',
    source: 'Shapley 1953; Lundberg & Lee 2017',
  },
  options: { players: SEGMENTS },
  supports: () => true,
  async explain(question, options, run) {
    const K = question.ticks.length;
    const who = fitSegments(text(options, 'players'), K);
    const game = openGame(question, parsePlayers(who, K, question.spec.inputs));
    return gameAnswers(game, await enumerate(game, run), { ...options, players: who });
  },
};

/**
 * Exact Shapley values of a game with these players, whatever groups of cells they are: one without cells is worth 0, and a
 * cell whose player is -1 is always present.
 * @throws ConfigError for more than 20 players that differ from their baseline
 */
export async function exactShapley(question: Question, players: Players, run?: Run): Promise<Worth> {
  return enumerate(openGame(question, players), run);
}

/**
 * phi_a = sum over the coalitions S without a of |S|! (M - |S| - 1)! / M! (v(S with a) - v(S)), over the active players.
 * Differences are taken before they are weighted: a player that changes nothing is worth exactly 0.
 */
export async function enumerate(game: Game, run?: Run): Promise<Worth> {
  const M = game.active.length;
  fewEnough(
    M,
    MOST_PLAYERS,
    ` that differ from their baseline, such as segments:${MOST_PLAYERS}; for more, --method shapley-sampling or kernel-shap`,
  );
  const O = game.question.targets.length;
  const count = 1 << M;
  // the oldest player is the highest bit, so that the coalitions come in the order of their past
  const bit = (a: number): number => 1 << (M - 1 - a);
  const v = await game.play({ count, has: (c, a) => (c & bit(a)) !== 0, ordered: true }, run);
  const weights = coalitionWeights(M);
  const sizes = new Uint8Array(count);
  for (let c = 1; c < count; c++) sizes[c] = sizes[c >> 1]! + (c & 1);
  const values = Array.from({ length: O }, (_, i) => {
    const phi = new Float64Array(game.players.count);
    game.active.forEach((player, a) => {
      let sum = 0;
      for (let c = 0; c < count; c++) {
        if (!(c & bit(a))) sum += weights[sizes[c]!]! * (v[(c | bit(a)) * O + i]! - v[c * O + i]!);
      }
      phi[player] = sum;
    });
    return phi;
  });
  return {
    values,
    all: Float64Array.from(v.subarray((count - 1) * O)),
    none: Float64Array.from(v.subarray(0, O)),
    evaluations: game.evaluations,
  };
}

/** s! (M - s - 1)! / M! for s = 0 .. M - 1. */
function coalitionWeights(M: number): Float64Array {
  const weights = new Float64Array(M);
  let weight = 1 / M;
  for (let s = 0; s < M; s++) {
    weights[s] = weight;
    weight *= (s + 1) / (M - 1 - s);
  }
  return weights;
}
