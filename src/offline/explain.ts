/** One explanation of one row of a data file. */
import { ConfigError, invalid } from '../errors.ts';
import type { Kernels } from '../kernels.ts';
import type { Method, OptionValue } from '../methods/index.ts';
import { Model, type ModelOptions } from '../model/graph.ts';
import type { ModelSpec } from '../model/spec.ts';
import { type BaselineChoice, windowBaseline } from './baseline.ts';
import type { Fed, Mode } from './feed.ts';

export interface ExplainOptions extends Mode {
  method: Method;
  methodOptions: Record<string, OptionValue>;
  /** K: ticks explained in stateful mode, at most. A windowed run explains all its T ticks. */
  ticks: number;
  baseline: BaselineChoice;
  /** Number or name of an output, or `argmax` of the unperturbed outputs. */
  target: string;
  score: NonNullable<ModelOptions['score']>;
}

/** An explanation in the terms of `explain --json`; arrays oldest tick first. */
export interface WindowExplanation {
  target: number;
  /** K, the ticks explained. */
  window: number;
  ticks: Fed[];
  baseline: Float32Array | Float32Array[];
  output: number;
  /** Output when all K ticks hold their baseline, after the same ticks before them. */
  baselineOutput: number;
  /** (K, F) and (K), or null where the method gives none. */
  values: Float32Array | null;
  events: Float32Array | null;
  evaluations: number;
}

/**
 * Explains the last of the ticks given.
 * @param ticks a stream from its first tick to the one explained
 * @throws ConfigError where options do not fit the model or the stream is shorter than a windowed run needs
 */
export function explain(
  kernels: Kernels,
  spec: ModelSpec,
  ticks: readonly Fed[],
  options: ExplainOptions,
): WindowExplanation {
  const { method, methodOptions, score } = options;
  const T = options.window;
  if (T !== null && ticks.length < T) {
    const row = ticks.at(-1)!.row.index;
    throw new ConfigError(
      invalid('--at', row, `a row with ${T} ticks up to it, the length of a windowed run, not ${ticks.length}`),
    );
  }
  const K = T ?? Math.min(options.ticks, ticks.length);
  const first = ticks.length - K;
  const before = T === null ? ticks.slice(0, first).map(({ x }) => x) : [];
  const window = ticks.slice(first);
  const baseline = windowBaseline(options.baseline, spec, ticks, first);

  const model = new Model(kernels, spec, { score });
  const outputs = runThrough(
    model,
    before,
    window.map(({ x }) => x),
  );
  const target = chooseTarget(options.target, spec, outputs);
  const baselineOutput = runThrough(model, before, baseline.all)[target]!;
  const question = {
    kernels,
    spec,
    score,
    target,
    before,
    ticks: window.map(({ x }) => x),
    baselines: baseline.single,
  };
  const { values, events, evaluations } = method.explain(question, methodOptions);
  return {
    target,
    window: K,
    ticks: window,
    baseline: baseline.shown,
    output: outputs[target]!,
    baselineOutput,
    values,
    events,
    evaluations,
  };
}

/** The outputs after both runs of ticks, from a zero state. */
function runThrough(model: Model, before: readonly Float32Array[], ticks: readonly Float32Array[]): Float32Array {
  model.reset();
  for (const x of before) model.stepOne(x);
  for (const x of ticks) model.stepOne(x);
  return model.output(0).slice();
}

/** The number of the output that is asked for. */
export function chooseTarget(target: string, spec: ModelSpec, outputs: ArrayLike<number>): number {
  if (target === 'argmax') {
    let best = 0;
    for (let o = 1; o < outputs.length; o++) if (outputs[o]! > outputs[best]!) best = o;
    return best;
  }
  const named = spec.outputs.indexOf(target);
  if (named >= 0) return named;
  const number = /^\d+$/.test(target) ? Number(target) : Number.NaN;
  if (number < spec.outputs.length) return number;
  const names = spec.outputs.map((name, o) => `${o} (${name})`).join(', ');
  throw new ConfigError(invalid('--target', target, `argmax or one of ${names}`));
}
