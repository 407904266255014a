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

/** Windows that are made and called at once. */
const AT_ONCE = 256;

async function callOccluded(box: BlackBox, { target, ticks, baselines }: Question): Promise<Answer> {
  const [K, F, O] = [ticks.length, box.inputs, box.outputs.length];
  const observed = Float32Array.from(ticks.flatMap((x) => Array.from(x)));
  // window k (F + 1) + g has cell (k, g) occluded, or the whole tick where g = F; the last one is the observed window
  const N = K * (F + 1) + 1;
  const y = new Float32Array(N);
  for (let from = 0; from < N; from += AT_ONCE) {
    const count = Math.min(AT_ONCE, N - from);
    const windows = new Float32Array(count * K * F);
    for (let i = 0; i < count; i++) {
      windows.set(observed, i * K * F);
      const [k, g] = [Math.floor((from + i) / (F + 1)), (from + i) % (F + 1)];
      const at = (i * K + k) * F;
      if (k === K) continue;
      if (g === F) windows.set(baselines[k]!, at);
      else windows[at + g] = baselines[k]![g]!;
    }
    const outputs = await box.run(windows, count, K);
    for (let i = 0; i < count; i++) y[from + i] = outputs[i * O + target]!;
  }
  const effect = (n: number): number => y[N - 1]! - y[n]!;
  return {
    values: Float32Array.from({ length: K * F }, (_, i) => effect(Math.floor(i / F) * (F + 1) + (i % F))),
    events: Float32Array.from({ length: K }, (_, k) => effect(k * (F + 1) + F)),
    evaluations: N,
  };
}
