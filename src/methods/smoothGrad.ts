import { normal, Random } from '../random.ts';
import { Gradients } from './gradients.ts';
import type { Answer, Method, Question } from './method.ts';
import { notNegative, whole } from './options.ts';
import { gradientSupport } from './saliency.ts';
import { Moments } from './sampleMean.ts';
import { flat } from './worlds.ts';

/** The gradient averaged over noisy windows. */
export const smoothGrad: Method = {
  name: 'smooth-grad',
  summary: 'the gradient averaged over windows with noise on every value',
  about: {
    family: 'gradient',
    question: 'Which way would the output go, on average around here, if this value moved a little?',
    cost: 'samples runs and runs back',
    baselines: 'none',
    caveat: 'the noise ignores that neighbouring values belong together',
    source: 'Smilkov et al. 2017',
  },
  options: { samples: 32, sigma: 0.1 },
  supports: gradientSupport,
  async explain(question, options, run): Promise<Answer[]> {
    const samples = whole(options, 'samples', 2);
    const sigma = notNegative(options, 'sigma');
    const F = question.spec.inputs;
    const x = flat(question.ticks, F);
    const scale = deviations(question).map((deviation) => deviation * sigma);
    const random = new Random(question.seed);
    const tape = new Gradients(question, samples);
    const means = question.targets.map(() => new Moments(x.length));
    const write = (_: number, window: Float32Array): void => {
      for (let at = 0; at < x.length; at++)
        window[at] = x[at]! + scale[at % F]! * normal(random, question.kernels.math);
    };
    await tape.at(
      samples,
      question.targets,
      write,
      (_, __, gradients) => {
        for (const [j, slopes] of gradients.entries()) means[j]!.add(slopes);
      },
      run,
    );
    return means.map((m) => ({ ...m.answer(), evaluations: tape.evaluations }));
  },
};

/** Population deviation of each feature (F) over what is known of the stream. */
function deviations({ history, spec: { inputs: F } }: Question): number[] {
  return Array.from({ length: F }, (_, f) => {
    const mean = history.reduce((sum, x) => sum + x[f]!, 0) / history.length;
    return Math.sqrt(history.reduce((sum, x) => sum + (x[f]! - mean) * (x[f]! - mean), 0) / history.length);
  });
}
