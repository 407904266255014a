import { Model } from '../model/graph.ts';
import { whyWindowed } from '../model/wiring.ts';
import { Gradients } from './gradients.ts';
import { between } from './integratedGradients.ts';
import type { Answer, Method, Question } from './method.ts';
import { whole } from './options.ts';
import { quadrature } from './quadrature.ts';
import { gradientSupport } from './saliency.ts';
import { flat } from './worlds.ts';

/** Integrated gradients of the newest tick alone, as tint has it; with the tunnel, of every tick when it was the newest. */
export const temporalIntegratedGradients: Method = {
  name: 'temporal-integrated-gradients',
  summary: 'integrated gradients of the newest tick, at every tick of the window in turn',
  about: {
    family: 'gradient',
    question: 'How did what each tick brought move the output of its own moment?',
    cost: 'steps branches, one step and one back, a tick',
    baselines: 'all',
    caveat: 'blind to whatever acts with a delay',
    source: 'tint (TemporalIntegratedGradients)',
  },
  options: { steps: 50, tunnel: true },
  supports: gradientSupport,
  async explain(question, options, run = {}): Promise<Answer[]> {
    const rule = quadrature('gauss-legendre', whole(options, 'steps', 1), question.kernels.math);
    const [K, F] = [question.ticks.length, question.spec.inputs];
    const values = question.targets.map(() => new Float32Array(K * F));
    let evaluations = 0;
    for (const { k, at } of moments(question, options.tunnel === true ? 0 : K - 1)) {
      const x = question.ticks[k]!;
      const b = question.baselines.rows[k]!;
      const head = flat(at.ticks.slice(0, -1), F);
      const tape = new Gradients(at, rule.points.length);
      const write = (i: number, window: Float32Array): void => {
        window.set(head);
        for (let f = 0; f < F; f++) window[head.length + f] = between(b[f]!, x[f]!, rule.points[i]!);
      };
      const sums = question.targets.map(() => new Float64Array(F));
      await tape.at(rule.points.length, question.targets, write, (i, _, gradients) => {
        gradients.forEach((slopes, j) => {
          for (let f = 0; f < F; f++) sums[j]![f]! += rule.weights[i]! * slopes[head.length + f]!;
        });
      });
      sums.forEach((means, j) => {
        for (let f = 0; f < F; f++) values[j]![k * F + f] = means[f]! * (x[f]! - b[f]!);
      });
      evaluations += tape.evaluations;
      run.signal?.throwIfAborted();
      run.progress?.(k + 1, K);
    }
    return values.map((cells) => ({ values: cells, evaluations }));
  },
};

/** For each tick the question that ends with it: of one tick and the state before it, or of the window up to it. */
function* moments(question: Question, from: number): Generator<{ k: number; at: Question }> {
  const { kernels, spec, score, start, before, ticks } = question;
  if (whyWindowed(spec) !== null) {
    for (let k = from; k < ticks.length; k++) yield { k, at: { ...question, ticks: ticks.slice(0, k + 1) } };
    return;
  }
  const model = new Model(kernels, spec, { score });
  if (start) model.restore(start);
  for (const x of before) model.stepOne(x);
  for (const [k, x] of ticks.entries()) {
    if (k >= from) yield { k, at: { ...question, start: model.snapshot(), before: [], ticks: [x] } };
    model.stepOne(x);
  }
}
