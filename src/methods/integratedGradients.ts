import { baselineWindow, Gradients } from './gradients.ts';
import type { Answer, Method, Question, Run } from './method.ts';
import { whole } from './options.ts';
import { quadrature, type Rule } from './quadrature.ts';
import { gradientSupport } from './saliency.ts';
import { flat } from './worlds.ts';

/** Gradients along the straight way from the baseline to what was observed. */
export const integratedGradients: Method = {
  name: 'integrated-gradients',
  summary: 'the gradient averaged on the way from the baseline, times that way',
  about: {
    family: 'gradient',
    question: 'How does the difference from the baseline’s output part among all values?',
    cost: 'steps runs and runs back',
    baselines: 'all',
    caveat: 'the way leads through windows that the stream never shows',
    source: 'Sundararajan et al. 2017; Captum',
  },
  options: { steps: 64, rule: 'gauss-legendre' },
  supports: gradientSupport,
  explain(question, options, run) {
    const steps = whole(options, 'steps', 1);
    return alongThePath(question, quadrature(String(options.rule), steps, question.kernels.math), run);
  },
};

/** Integrated gradients (K, F) of each target, and how far their sum is from what it should be. */
export async function alongThePath(question: Question, { points, weights }: Rule, run?: Run): Promise<Answer[]> {
  const { targets } = question;
  const x = flat(question.ticks, question.spec.inputs);
  const b = baselineWindow(question);
  const n = points.length;
  const tape = new Gradients(question, n + 2);
  const sums = targets.map(() => new Float64Array(x.length));
  const ends: Float32Array[] = [];
  // the last two points are the ends of the way: for their outputs alone
  const write = (i: number, window: Float32Array): void => {
    const alpha = i < n ? points[i]! : i - n;
    for (let at = 0; at < x.length; at++) window[at] = between(b[at]!, x[at]!, alpha);
  };
  await tape.at(
    n + 2,
    targets,
    write,
    (i, outputs, gradients) => {
      if (i >= n) {
        ends.push(outputs.slice());
        return;
      }
      gradients.forEach((slopes, j) => {
        for (let at = 0; at < x.length; at++) sums[j]![at]! += weights[i]! * slopes[at]!;
      });
    },
    run,
  );
  return targets.map((target, j) => {
    const values = Float32Array.from(sums[j]!, (mean, at) => mean * (x[at]! - b[at]!));
    const [baselineOutput, output] = [ends[0]![target]!, ends[1]![target]!];
    const completenessGap = values.reduce((sum, value) => sum + value, 0) - (output - baselineOutput);
    return { values, output, baselineOutput, completenessGap, evaluations: tape.evaluations };
  });
}

/** The point at alpha of the way from b to x; both ends are exact. */
export function between(b: number, x: number, alpha: number): number {
  return alpha === 1 ? x : b + alpha * (x - b);
}
