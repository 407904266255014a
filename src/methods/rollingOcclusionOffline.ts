import { ConfigError, invalid } from '../errors.ts';
import { Model } from '../model/graph.ts';
import type { Method } from './method.ts';
import { bankSize, RollingOcclusion } from './rollingOcclusion.ts';

/**
 * Rolling occlusion of one window: the live bank of `rollingOcclusion.ts`, started at the window's first tick from the
 * state that the model has there.
 */
export const rollingOcclusion: Method = {
  name: 'rolling-occlusion',
  summary: 'each value and each whole tick replaced by its baseline, everything after it recomputed',
  options: { eps: 0 },
  supports: () => true,
  explain({ kernels, spec, score, target, before, ticks, baselines }, { eps }) {
    if (typeof eps !== 'number' || !(eps >= 0))
      throw new ConfigError(invalid('--option eps', eps, 'a number from 0 on'));
    const model = new Model(kernels, spec, { ...bankSize(ticks.length, spec.inputs), score });
    for (const x of before) model.stepOne(x);
    const bank = new RollingOcclusion(model, { window: ticks.length, eps, target });
    ticks.forEach((x, k) => {
      bank.push(x, baselines[k]!);
    });
    return { values: bank.values, events: bank.events, evaluations: bank.evaluations };
  },
};
