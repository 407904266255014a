import type { Answer, Method } from './method.ts';
import { occludeCell } from './occlude.ts';
import { cellsOf, parsePlayers, playerAnswer } from './players.ts';
import { runWorlds } from './worlds.ts';

/** Groups of cells, one after the other, as in Captum's FeatureAblation: every cell of a group gets the group's number. */
export const ablation: Method = {
  name: 'ablation',
  summary: 'each group of cells replaced by its baseline',
  about: {
    family: 'perturbation',
    question: 'What would the model say now, had this group of values not been there?',
    cost: 'one branch a group, from its first tick on',
    baselines: 'all',
    caveat: 'groups that do the same work hide each other: each alone changes nothing',
    source: 'Captum',
  },
  options: { players: 'cells' },
  supports: () => true,
  async explain(question, options, run): Promise<Answer[]> {
    const [K, F] = [question.ticks.length, question.spec.inputs];
    const players = parsePlayers(String(options.players), K, F);
    const cells = cellsOf(players);
    const write = (n: number, window: Float32Array): void => {
      if (n > 0) for (const at of cells[n - 1]!) occludeCell(question, at, window);
    };
    const { values, outputs, evaluations } = await runWorlds(question, { count: 1 + players.count, write }, run);
    return question.targets.map((target) => {
      const effects = Float32Array.from(
        { length: players.count },
        (_, player) => values[target]! - values[(player + 1) * outputs + target]!,
      );
      const { players: _, ...fields } = playerAnswer(players, F, effects);
      return { ...fields, values: Float32Array.from(players.of, (player) => effects[player]!), evaluations };
    });
  },
};
