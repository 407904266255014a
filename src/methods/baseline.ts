/** What an occluded value is replaced by, in input units. A branch keeps the baseline that held when it was forked. */
import { ConfigError, invalid } from '../errors.ts';
import { badToken, vocabularyOf } from '../model/layers/embedding.ts';
import type { ModelSpec } from '../model/spec.ts';
import type { Saves } from '../saved.ts';

export type BaselineOption = 'zero' | 'mean' | 'last' | readonly number[];

export interface Baseline extends Saves {
  /** `mean`: of the training data; `running-mean`: of what was seen so far. */
  readonly kind: 'zero' | 'mean' | 'running-mean' | 'last' | 'vector';
  /** Takes the next input (F) and gives the baseline of its occlusion (F), in a vector that the next call overwrites. */
  next(x: ArrayLike<number>): Float32Array;
  reset(): void;
}

/**
 * `zero`; `mean`: the model's training mean, else the mean of what was seen so far; `last`: the input one tick before (the
 * first tick's own, so that it has no effect); or a vector (F). Null: mean, or zero (padding) where the model takes tokens.
 * @throws ConfigError when a vector's length is not F, or for what is no token where the model takes tokens
 */
export function createBaseline(
  asked: BaselineOption | null,
  spec: Pick<ModelSpec, 'inputs' | 'mean' | 'layers'>,
): Baseline {
  const F = spec.inputs;
  const option = asked ?? (vocabularyOf(spec) === null ? 'mean' : 'zero');
  checkTokens(option, spec);
  if (option === 'zero') return fixed('zero', new Float32Array(F));
  if (option === 'mean') return spec.mean ? fixed('mean', spec.mean) : runningMean(F);
  if (option === 'last') return last(F);
  if (typeof option === 'string')
    throw new ConfigError(invalid('baseline', option, 'zero, mean, last or one number a feature'));
  if (option.length !== F || !option.every(Number.isFinite)) {
    throw new ConfigError(invalid('baseline', option, `${F} numbers, one a feature`));
  }
  return fixed('vector', Float32Array.from(option));
}

/** A mean of tokens is no token. @throws ConfigError */
function checkTokens(option: BaselineOption, spec: Pick<ModelSpec, 'layers'>): void {
  const V = vocabularyOf(spec);
  if (V === null || option === 'zero' || option === 'last') return;
  const wrong = option === 'mean' ? 'mean' : [...option].find((value) => badToken(Number(value), V) !== null);
  if (wrong !== undefined)
    throw new ConfigError(invalid('baseline', wrong, `zero, last or a token from 0 to ${V - 1}`));
}

function fixed(kind: 'zero' | 'mean' | 'vector', values: Float32Array): Baseline {
  return { kind, next: () => values, reset() {}, save: () => null, load() {} };
}

function last(F: number): Baseline {
  const before = new Float32Array(F);
  const now = new Float32Array(F);
  let started = false;
  return {
    kind: 'last',
    next(x) {
      before.set(started ? now : x);
      now.set(x);
      started = true;
      return before;
    },
    reset() {
      started = false;
    },
    save: () => ({ now: now.slice(), started }),
    load(saved) {
      const state = saved as { now: Float32Array; started: boolean };
      now.set(state.now);
      started = state.started;
    },
  };
}

function runningMean(F: number): Baseline {
  const mean = new Float64Array(F);
  const rounded = new Float32Array(F);
  let n = 0;
  return {
    kind: 'running-mean',
    next(x) {
      n++;
      for (let f = 0; f < F; f++) {
        mean[f]! += (x[f]! - mean[f]!) / n;
        rounded[f] = mean[f]!;
      }
      return rounded;
    },
    reset() {
      mean.fill(0);
      n = 0;
    },
    save: () => ({ mean: mean.slice(), n }),
    load(saved) {
      const state = saved as { mean: Float64Array; n: number };
      mean.set(state.mean);
      n = state.n;
    },
  };
}
