import { Random } from '../random.ts';
import { reservoir } from './background.ts';
import { Gradients } from './gradients.ts';
import { between } from './integratedGradients.ts';
import type { Answer, Method } from './method.ts';
import { whole } from './options.ts';
import { gradientSupport } from './saliency.ts';
import { Moments } from './sampleMean.ts';
import { flat } from './worlds.ts';

/** Integrated gradients averaged over baselines that the stream has shown, a point of the way each. */
export const expectedGradients: Method = {
  name: 'expected-gradients',
  summary: 'gradients on the ways from earlier windows, each times its way; mean over draws, with its standard error',
  about: {
    family: 'gradient',
    question: 'How does the difference from what the model usually says part among all values?',
    cost: 'samples runs and runs back',
    baselines: 'the reservoir alone',
    caveat: 'sampled: read it with its standard error',
    source: 'Erion et al. 2021; SHAP (GradientExplainer)',
  },
  options: { reservoir: 100, samples: 30 },
  draws: true,
  supports: gradientSupport,
  async explain(question, options, run): Promise<Answer[]> {
    const samples = whole(options, 'samples', 2);
    const F = question.spec.inputs;
    const background = reservoir(question, whole(options, 'reservoir', 1));
    const windows = background.windows.map((rows) => flat(rows, F));
    const x = flat(question.ticks, F);
    const random = new Random(question.seed);
    const draws = Array.from({ length: samples }, () => ({
      from: windows[random.below(windows.length)]!,
      alpha: random.uniform(),
    }));
    const tape = new Gradients(question, 2 * samples + 1);
    const means = question.targets.map(() => new Moments(x.length));
    const outputs: Float32Array[] = [];
    // first the points, then the windows drawn, then the observed one: for their outputs alone
    const write = (i: number, window: Float32Array): void => {
      if (i >= samples) {
        window.set(i < 2 * samples ? draws[i - samples]!.from : x);
        return;
      }
      const { from, alpha } = draws[i]!;
      for (let at = 0; at < x.length; at++) window[at] = between(from[at]!, x[at]!, alpha);
    };
    const attribution = new Float64Array(x.length);
    await tape.at(
      2 * samples + 1,
      question.targets,
      write,
      (i, out, gradients) => {
        if (i >= samples) {
          outputs.push(out.slice());
          return;
        }
        gradients.forEach((slopes, j) => {
          for (let at = 0; at < x.length; at++) attribution[at] = slopes[at]! * (x[at]! - draws[i]!.from[at]!);
          means[j]!.add(attribution);
        });
      },
      run,
    );
    return question.targets.map((target, j) => {
      const output = outputs[samples]![target]!;
      const baselineOutput = outputs.slice(0, samples).reduce((sum, out) => sum + out[target]!, 0) / samples;
      const completenessGap = means[j]!.mean.reduce((sum, value) => sum + value, 0) - (output - baselineOutput);
      return {
        ...means[j]!.answer(),
        output,
        baselineOutput,
        completenessGap,
        notes: background.notes,
        evaluations: tape.evaluations,
      };
    });
  },
};
