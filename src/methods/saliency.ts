import { whyNoGradient } from '../model/tape.ts';
import { Gradients } from './gradients.ts';
import type { Answer, Method, Question } from './method.ts';
import { flat } from './worlds.ts';

/** The gradient itself. */
export const saliency: Method = {
  name: 'saliency',
  summary: 'the gradient of the output by each value',
  about: {
    family: 'gradient',
    question: 'Which way, and how steeply, would the output go if this value moved a little?',
    cost: 'one run and one run back',
    baselines: 'none',
    caveat: 'a slope at one point: it says nothing of steps, and vanishes where a gate is closed',
    source: 'Simonyan et al. 2014',
  },
  options: { absolute: false },
  supports: gradientSupport,
  async explain(question, { absolute }): Promise<Answer[]> {
    const { gradients, evaluations } = await gradientHere(question);
    return gradients.map((slopes) => ({
      values: absolute ? slopes.map(Math.abs) : slopes,
      evaluations,
    }));
  },
};

/** The gradient times what it is the gradient of. */
export const inputXGradient: Method = {
  name: 'input-x-gradient',
  summary: 'each value times the gradient of the output by it',
  about: {
    family: 'gradient',
    question: 'What does each value contribute, were the model as straight as it is here?',
    cost: 'one run and one run back',
    baselines: 'none (zero is implied)',
    caveat: 'the first term of a series: exact for linear models alone',
    source: 'Shrikumar et al. 2016',
  },
  options: {},
  supports: gradientSupport,
  async explain(question): Promise<Answer[]> {
    const { gradients, evaluations } = await gradientHere(question);
    const x = flat(question.ticks, question.spec.inputs);
    return gradients.map((slopes) => ({
      values: slopes.map((slope, at) => slope * x[at]!),
      evaluations,
    }));
  },
};

/** True, or why no gradient reaches the inputs. */
export function gradientSupport(...[spec]: Parameters<Method['supports']>): true | string {
  const reason = whyNoGradient(spec);
  return reason === null || `no gradient reaches its inputs: ${reason}`;
}

/** d output / d cell (K, F) for each target, at the window as observed. */
async function gradientHere(question: Question): Promise<{ gradients: Float32Array[]; evaluations: number }> {
  const tape = new Gradients(question, 1);
  const x = flat(question.ticks, question.spec.inputs);
  let found: Float32Array[] = [];
  await tape.at(
    1,
    question.targets,
    (_, window) => window.set(x),
    (_, __, gradients) => {
      found = gradients.map((values) => values.slice());
    },
  );
  return { gradients: found, evaluations: tape.evaluations };
}
