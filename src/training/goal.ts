/** What a model is to say of its target, by the loss that it learns from: a value, an event's probability, classes, quantiles. */
import { ConfigError, DataError, invalid } from '../errors.ts';
import { isEvent } from '../features/index.ts';
import type { ModelSpec } from '../model/spec.ts';
import type { Dataset } from './dataset.ts';
import type { LossOptions } from './loss.ts';

export interface Goal {
  kind: 'value' | 'event' | 'classes' | 'quantiles';
  loss: LossOptions;
  /** Names of the O outputs, and what the Dense layer that gives them ends with. */
  outputs: string[];
  activation: 'linear' | 'sigmoid' | 'softmax';
  /** The output that stands for the target; of classes none does. */
  central: number;
  /** What the model's file calls its target: that with which what was said is compared when it arrives. */
  target: ModelSpec['target'];
  /** One an output of a model of quantiles, ascending; else none. */
  taus: readonly number[];
}

/** Quantiles where nobody asks for others: the middle, and four fifths of all values around it. */
const TAUS = [0.1, 0.5, 0.9];
const MOST_CLASSES = 256;

/**
 * @param loss default: binary cross-entropy where the target is an event, the squared error elsewhere
 * @throws ConfigError for quantiles that are none; DataError naming the row where the target is no event or no class
 */
export function goalOf(dataset: Dataset, target: string, horizon: number, loss?: LossOptions): Goal {
  const asked = loss ?? { kind: isEvent(target) ? 'binary-crossentropy' : 'mse' };
  const plain = { outputs: [target], central: 0, target: { expression: target, output: 0 }, taus: [] };
  const check = (fits: (y: number) => boolean, expected: string): void => {
    const wrong = dataset.targets.findIndex((y) => !Number.isNaN(y) && !fits(y));
    if (wrong < 0) return;
    const row = dataset.rows[wrong + horizon]!;
    throw new DataError(invalid(`row ${row.index} ${target}`, dataset.targets[wrong], expected));
  };
  if (asked.kind === 'binary-crossentropy') {
    check((y) => y === 0 || y === 1, `0 or 1: an event, such as ${target} > 0`);
    return { ...plain, kind: 'event', loss: asked, activation: 'sigmoid' };
  }
  if (asked.kind === 'categorical-crossentropy') {
    const fits = (y: number): boolean => Number.isInteger(y) && y >= 0 && y < MOST_CLASSES;
    check(fits, `the number of a class: 0, 1, 2, .. up to ${MOST_CLASSES - 1}`);
    const classes = 1 + dataset.targets.reduce((most, y) => (y > most ? y : most), 1);
    const outputs = Array.from({ length: classes }, (_, c) => `${target}=${c}`);
    return { kind: 'classes', loss: asked, outputs, activation: 'softmax', central: 0, target: null, taus: [] };
  }
  if (asked.kind !== 'quantile') return { ...plain, kind: 'value', loss: asked, activation: 'linear' };
  const taus = tausOf(asked.tau);
  const central = taus.reduce((best, tau, i) => (Math.abs(tau - 0.5) < Math.abs(taus[best]! - 0.5) ? i : best), 0);
  return {
    ...{ kind: 'quantiles', loss: { ...asked, tau: taus }, activation: 'linear', central, taus },
    outputs: taus.map((tau) => `${target}@${tau}`),
    target: { expression: target, output: central },
  };
}

function tausOf(tau: LossOptions['tau']): readonly number[] {
  const taus = typeof tau === 'number' ? [tau] : (tau ?? TAUS);
  const fits = taus.length > 0 && taus.every((one, i) => one > 0 && one < 1 && !(one <= taus[i - 1]!));
  if (!fits) throw new ConfigError(invalid('--tau', taus.join(','), 'shares between 0 and 1, ascending'));
  return taus;
}
