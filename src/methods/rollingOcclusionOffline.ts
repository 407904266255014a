import { Model } from '../model/graph.ts';
import type { Answer, Method, Question } from './method.ts';
import { notNegative } from './options.ts';
import { bankSize, RollingOcclusion } from './rollingOcclusion.ts';
import { flat, runWorlds } from './worlds.ts';

/**
 * Rolling occlusion of one window: the live bank of `rollingOcclusion.ts`, started at the window's first tick from the
 * state that the model has there. A black box is called with every occluded window instead.
 */
export const rollingOcclusion: Method = {
  name: 'rolling-occlusion',
  summary: 'each value and each whole tick replaced by its baseline, everything after it recomputed',
  about: {
    family: 'perturbation',
    question: 'What would the model say now, had this one value not been there?',
    cost: 'K(F + 1) branches, one batched step a tick; live',
    baselines: 'all; the one that held when the tick came',
    caveat: 'what shows only when several values are removed together belongs to none of them',
    source: 'docs/decisions.md; Zeiler & Fergus 2014',
  },
  options: { eps: 0 },
  supports: () => true,
  async explain(question, options, run) {
    const eps = notNegative(options, 'eps');
    return question.blackBox ? callOccluded(question, run) : rollOver(question, eps);
  },
};

function rollOver(question: Question, eps: number): Answer[] {
  const { kernels, spec, score, targets, windowed, start, before, ticks, baselines } = question;
  const K = ticks.length;
  const window = windowed ? before.length + K : null;
  const model = new Model(kernels, spec, { ...bankSize(K, spec.inputs), score, window });
  if (start) model.restore(start);
  for (const x of before) model.stepOne(x);
  const bank = new RollingOcclusion(model, { window: K, eps, target: targets[0]! });
  ticks.forEach((x, k) => {
    bank.push(x, baselines.rows[k]!, k === K - 1);
  });
  return targets.map((target, i) => {
    // the first as the stream has it: with what was settled at this very tick
    if (i > 0) bank.answerFor(target);
    return { values: bank.values.slice(), events: bank.events.slice(), evaluations: bank.evaluations };
  });
}

async function callOccluded(question: Question, run: Parameters<Method['explain']>[2]): Promise<Answer[]> {
  const { ticks, baselines, targets } = question;
  const [K, F] = [ticks.length, question.spec.inputs];
  const rows = flat(baselines.rows, F);
  // world 0 is the observed one, world 1 + k (F + 1) + g has cell (k, g) occluded, or the whole tick where g = F
  const write = (n: number, window: Float32Array): void => {
    if (n === 0) return;
    const [k, g] = [Math.floor((n - 1) / (F + 1)), (n - 1) % (F + 1)];
    const [from, to] = g === F ? [0, F] : [g, g + 1];
    window.set(rows.subarray(k * F + from, k * F + to), k * F + from);
  };
  const { values, outputs, evaluations } = await runWorlds(question, { count: 1 + K * (F + 1), write }, run);
  return targets.map((target) => {
    const effect = (k: number, g: number): number =>
      values[target]! - values[(1 + k * (F + 1) + g) * outputs + target]!;
    return {
      values: Float32Array.from({ length: K * F }, (_, at) => effect(Math.floor(at / F), at % F)),
      events: Float32Array.from({ length: K }, (_, k) => effect(k, F)),
      evaluations,
    };
  });
}
