import { ConfigError, invalid } from '../errors.ts';
import type { BlackBox } from '../model/blackBox.ts';
import { Model } from '../model/graph.ts';
import type { Answer, Method, Question } from './method.ts';
import { bankSize, RollingOcclusion } from './rollingOcclusion.ts';

/**
 * Rolling occlusion of one window: the live bank of `rollingOcclusion.ts`, started at the window's first tick from the
 * state that the model has there. A black box is called with every occluded window instead.
 */
export const rollingOcclusion: Method = {
  name: 'rolling-occlusion',
  summary: 'each value and each whole tick replaced by its baseline, everything after it recomputed',
  options: { eps: 0 },
  supports: () => true,
  async explain(question, { eps }) {
    if (typeof eps !== 'number' || !(eps >= 0))
      throw new ConfigError(invalid('--option eps', eps, 'a number from 0 on'));
    return question.blackBox ? callOccluded(question.blackBox, question) : rollOver(question, eps);
  },
};

function rollOver({ kernels, spec, score, target, windowed, before, ticks, baselines }: Question, eps: number): Answer {
  const K = ticks.length;
  const model = new Model(kernels, spec, { ...bankSize(K, spec.inputs), score, window: windowed ? K : null });
  for (const x of before) model.stepOne(x);
  const bank = new RollingOcclusion(model, { window: K, eps, target });
  ticks.forEach((x, k) => {
    bank.push(x, baselines[k]!, k === K - 1);
  });
  return { values: bank.values, events: bank.events, evaluations: bank.evaluations };
}

async function callOccluded(box: BlackBox, { target, ticks, baselines }: Question): Promise<Answer> {
  const K = ticks.length;
  const F = box.inputs;
  const groups = F + 1;
  const observed = new Float32Array(K * F);
  ticks.forEach((x, k) => {
    observed.set(x, k * F);
  });
  // the last window is the observed one; window k (F + 1) + g has cell (k, g) occluded, or the whole tick where g = F
  const N = K * groups + 1;
  const windows = new Float32Array(N * K * F);
  for (let n = 0; n < N; n++) {
    windows.set(observed, n * K * F);
    if (n === N - 1) break;
    const [k, g] = [Math.floor(n / groups), n % groups];
    const at = (n * K + k) * F;
    if (g === F) windows.set(baselines[k]!, at);
    else windows[at + g] = baselines[k]![g]!;
  }
  const outputs = await box.run(windows, N, K);
  const y = outputs[(N - 1) * box.outputs.length + target]!;
  const effect = (n: number): number => y - outputs[n * box.outputs.length + target]!;
  return {
    values: Float32Array.from({ length: K * F }, (_, i) => effect(Math.floor(i / F) * groups + (i % F))),
    events: Float32Array.from({ length: K }, (_, k) => effect(k * groups + F)),
    evaluations: N,
  };
}
