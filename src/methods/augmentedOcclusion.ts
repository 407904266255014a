import { Random } from '../random.ts';
import { reservoir } from './background.ts';
import type { Answer, Method } from './method.ts';
import { whole } from './options.ts';
import { Moments } from './sampleMean.ts';
import { runWorlds } from './worlds.ts';

/** Occlusion by values that the stream has really shown, as in tint's AugmentedOcclusion: one window is drawn for each world. */
export const augmentedOcclusion: Method = {
  name: 'augmented-occlusion',
  summary: 'each value replaced by what earlier windows held at its place; mean over draws, with its standard error',
  about: {
    family: 'perturbation',
    question: 'What would the model say now, had this value been some other one that the stream has shown?',
    cost: 'K F samples branches',
    baselines: 'the reservoir alone',
    caveat: 'a drawn value need not fit the values around it',
    source: 'Tonekaboni et al. 2020 (AFO); tint',
  },
  options: { reservoir: 100, samples: 30 },
  draws: true,
  supports: () => true,
  async explain(question, options, run): Promise<Answer[]> {
    const samples = whole(options, 'samples', 2);
    const { windows, notes } = reservoir(question, whole(options, 'reservoir', 1));
    const [K, F] = [question.ticks.length, question.spec.inputs];
    const random = new Random(question.seed);
    const drawn = Int32Array.from({ length: K * F * samples }, () => random.below(windows.length));
    const write = (n: number, window: Float32Array): void => {
      if (n === 0) return;
      const at = Math.floor((n - 1) / samples);
      window[at] = windows[drawn[n - 1]!]![Math.floor(at / F)]![at % F]!;
    };
    const { values, outputs, evaluations } = await runWorlds(question, { count: 1 + K * F * samples, write }, run);
    return question.targets.map((target) => {
      const moments = new Moments(K * F);
      const effects = new Float64Array(K * F);
      for (let s = 0; s < samples; s++) {
        for (let at = 0; at < K * F; at++)
          effects[at] = values[target]! - values[(1 + at * samples + s) * outputs + target]!;
        moments.add(effects);
      }
      return { ...moments.answer(), notes, evaluations };
    });
  },
};
