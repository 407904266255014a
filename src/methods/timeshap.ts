import { type Game, gameAnswers, openGame, type Worth } from './game.ts';
import { estimate, MOST_COALITIONS } from './kernelShap.ts';
import type { Answer, Method, Question, Run } from './method.ts';
import { notNegative, oneOf, whole } from './options.ts';
import type { Players } from './players.ts';
import { pruneCurve, prunedTicks } from './pruning.ts';
import { enumerate, MOST_PLAYERS } from './shapley.ts';
import { cellPlayers, eventPlayers, featurePlayers } from './timeshapPlayers.ts';
import { openWorlds, type RunWorlds } from './worlds.ts';

const LEVELS = ['event', 'feature', 'cell'] as const;

/** TimeSHAP: old ticks that matter little are one player; the others are ticks, features or cells. */
export const timeshap: Method = {
  name: 'timeshap',
  summary: 'Shapley values of ticks, features or the strongest cells; old ticks that matter little are one player',
  about: {
    family: 'Shapley',
    question: 'How far back does the output reach, and which ticks, features or cells since then moved it?',
    cost: 'about K^2 branch-ticks to prune, then at most `coalitions` worlds a level',
    baselines: 'all',
    caveat:
      'the pruned ticks stay below the tolerance together, not one by one; where 2^M exceeds `coalitions`, values are estimates',
    source: 'Bento et al. 2021',
  },
  options: {
    level: 'event',
    tolerance: 0.025,
    coalitions: 32_000,
    topEvents: 3,
    topFeatures: 2,
    prune: Number.NaN,
  },
  supports: () => true,
  async explain(question, options, run) {
    const settings = {
      level: oneOf(options, 'level', LEVELS),
      coalitions: whole(options, 'coalitions', 2, MOST_COALITIONS),
      topEvents: whole(options, 'topEvents', 1),
      topFeatures: whole(options, 'topFeatures', 1),
    };
    const tolerance = notNegative(options, 'tolerance');
    const byTolerance = Number.isNaN(options.prune);
    const fixed = byTolerance ? 0 : whole(options, 'prune', 0, question.ticks.length - 1);
    const worlds = openWorlds(question);
    const curve = byTolerance ? await pruneCurve(question, worlds, run) : null;
    const pruned = question.targets.map((_, i) => (curve ? prunedTicks(curve.shares[i]!, tolerance) : fixed));
    const answers: Answer[] = [];
    // outputs that reach equally far back are answered in one pass
    for (const N of new Set(pruned)) {
      const its = pruned.flatMap((n, i) => (n === N ? [i] : []));
      const asked = { ...question, targets: its.map((i) => question.targets[i]!) };
      const found = await atLevel(asked, { ...settings, N, worlds, run });
      found.forEach((answer, j) => {
        const evaluations = answer.evaluations + (curve?.evaluations ?? 0);
        answers[its[j]!] = { ...answer, evaluations, options: { ...options, prune: N } };
      });
    }
    return answers;
  },
};

interface Settings {
  level: (typeof LEVELS)[number];
  coalitions: number;
  topEvents: number;
  topFeatures: number;
  /** Pruned ticks. */
  N: number;
  worlds: RunWorlds;
  run: Run | undefined;
}

async function atLevel(question: Question, settings: Settings): Promise<Answer[]> {
  const { level, N } = settings;
  const [K, F] = [question.ticks.length, question.spec.inputs];
  const play = (players: Players, targets = question.targets) => solved({ ...question, targets }, players, settings);
  if (level === 'event') return answersOf(await play(eventPlayers(K, F, N)));
  const features = await play(featurePlayers(K, F, N));
  if (level === 'feature') {
    return answersOf(features).map((answer, i) => {
      return { ...answer, byFeature: Float32Array.from(features.worth.values[i]!.subarray(N > 0 ? 1 : 0)) };
    });
  }
  const events = await play(eventPlayers(K, F, N));
  const before = features.worth.evaluations + events.worth.evaluations;
  const answers: Answer[] = [];
  for (const [i, target] of question.targets.entries()) {
    const [first] = N > 0 ? [1] : [0];
    const ticks = strongest(events.worth.values[i]!.subarray(first), settings.topEvents).map((k) => N + k);
    const its = strongest(features.worth.values[i]!.subarray(first), settings.topFeatures);
    const [answer] = answersOf(await play(cellPlayers(K, F, N, ticks, its), [target]));
    answers.push({ ...answer!, evaluations: answer!.evaluations + before });
  }
  return answers;
}

interface Solved {
  game: Game;
  worth: Worth;
}

/** All coalitions where they are no more than may be asked about, else as many as that. */
async function solved(question: Question, players: Players, { coalitions, worlds, run }: Settings): Promise<Solved> {
  const game = openGame(question, players, worlds);
  const M = game.active.length;
  const all = M <= MOST_PLAYERS && 1 << M <= coalitions;
  return { game, worth: all ? await enumerate(game, run) : await estimate(game, coalitions, question.seed, run) };
}

function answersOf({ game, worth }: Solved): Answer[] {
  return gameAnswers(game, worth);
}

/** Places of the largest |values|, in the order of the list; of equals the last one. */
function strongest(values: Float64Array, count: number): number[] {
  return Array.from(values.keys())
    .sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!) || b - a)
    .slice(0, count)
    .sort((a, b) => a - b);
}
