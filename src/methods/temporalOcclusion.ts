import { ConfigError, invalid } from '../errors.ts';
import { Model } from '../model/graph.ts';
import { fitsWindow, whyWindowed } from '../model/wiring.ts';
import type { Answer, Method, Question, Run } from './method.ts';
import { bankSize, RollingOcclusion } from './rollingOcclusion.ts';
import { runWorlds } from './worlds.ts';

/**
 * Only the newest tick is occluded, as in tint's TemporalOcclusion. With the tunnel (TimeForwardTunnel) every tick of the
 * window is the newest one once: its row says what it did to the output of its own moment.
 */
export const temporalOcclusion: Method = {
  name: 'temporal-occlusion',
  summary: 'each value of the newest tick replaced by its baseline, at every tick of the window in turn',
  about: {
    family: 'perturbation',
    question: 'What did each value do to the output at the moment when it came?',
    cost: 'F + 1 branches, one step each, a tick',
    baselines: 'all',
    caveat: 'blind to whatever acts with a delay: use lag-band or rolling-occlusion for that',
    source: 'tint (TimeForwardTunnel of TemporalOcclusion)',
  },
  options: { tunnel: true },
  supports: () => true,
  async explain(question, { tunnel }, run): Promise<Answer[]> {
    const K = question.ticks.length;
    const from = tunnel ? 0 : K - 1;
    return whyWindowed(question.spec) === null ? atItsMoment(question, from) : croppedWindows(question, from, run);
  },
};

/** A bank of one tick: the branches of a tick are taken off as soon as they have answered. */
function atItsMoment(question: Question, from: number): Answer[] {
  const { kernels, spec, score, targets, start, before, ticks, baselines } = question;
  const [K, F] = [ticks.length, spec.inputs];
  const model = new Model(kernels, spec, { ...bankSize(1, F), score });
  if (start) model.restore(start);
  for (const x of before) model.stepOne(x);
  const bank = new RollingOcclusion(model, { window: 1, eps: 0, target: targets[0]! });
  const values = targets.map(() => new Float32Array(K * F));
  let evaluations = 0;
  ticks.forEach((x, k) => {
    if (k < from) {
      model.stepOne(x);
      return;
    }
    bank.push(x, baselines.rows[k]!, false);
    evaluations += F + 2;
    for (const [i, target] of targets.entries()) {
      bank.answerFor(target);
      values[i]!.set(bank.values, k * F);
    }
  });
  return values.map((cells) => ({ values: cells, evaluations }));
}

/** A model that needs its complete window is given the window up to each tick. */
async function croppedWindows(question: Question, from: number, run: Run | undefined): Promise<Answer[]> {
  const { spec, ticks, targets, before } = question;
  const [K, F] = [ticks.length, spec.inputs];
  const values = targets.map(() => new Float32Array(K * F));
  let evaluations = 0;
  for (let k = from; k < K; k++) {
    if (!fitsWindow(spec, before.length + k + 1))
      throw new ConfigError(
        invalid('--option tunnel', true, `false: ${spec.name} takes windows of ${spec.window} ticks only`),
      );
    const cropped = { ...question, ticks: ticks.slice(0, k + 1) };
    const write = (n: number, window: Float32Array): void => {
      if (n > 0) window[k * F + n - 1] = question.baselines.rows[k]![n - 1]!;
    };
    const worlds = await runWorlds(cropped, { count: 1 + F, write }, { ...run, progress: undefined });
    run?.progress?.(k + 1 - from, K - from);
    evaluations += worlds.evaluations;
    for (const [i, target] of targets.entries()) {
      for (let f = 0; f < F; f++)
        values[i]![k * F + f] = worlds.values[target]! - worlds.values[(1 + f) * worlds.outputs + target]!;
    }
  }
  return values.map((cells) => ({ values: cells, evaluations }));
}
