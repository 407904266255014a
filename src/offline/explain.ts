/** One explanation of one row of a data file. */
import { ConfigError, invalid } from '../errors.ts';
import type { Kernels } from '../kernels.ts';
import type { Answer, Method, OptionValue, Question } from '../methods/index.ts';
import { openBlackBox } from '../model/blackBox.ts';
import { Model, type ModelOptions } from '../model/graph.ts';
import type { ModelSpec } from '../model/spec.ts';
import { type BaselineChoice, windowBaseline } from './baseline.ts';
import type { Fed, Mode } from './feed.ts';
import { windowsOf } from './predict.ts';

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
export interface WindowExplanation extends Answer {
  target: number;
  /** K, the ticks explained. */
  window: number;
  ticks: Fed[];
  baseline: Float32Array | Float32Array[];
  output: number;
  /** Output when all K ticks hold their baseline, after the same ticks before them. */
  baselineOutput: number;
}

/**
 * Explains the last of the ticks given.
 * @param ticks a stream from its first tick to the one explained
 * @throws ConfigError where options do not fit the model or the stream is shorter than a windowed run needs
 */
export async function explain(
  kernels: Kernels,
  spec: ModelSpec,
  ticks: readonly Fed[],
  options: ExplainOptions,
): Promise<WindowExplanation> {
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
  const window = ticks.slice(first);
  const baseline = windowBaseline(options.baseline, spec, ticks, first);
  if (spec.blackBox && score === 'logit')
    throw new ConfigError(invalid('--score', score, 'raw: a black box gives what it gives'));
  const blackBox = spec.blackBox ? await openBlackBox(spec) : null;
  try {
    const asked: Omit<Question, 'target'> = {
      kernels,
      spec,
      blackBox,
      score,
      windowed: T !== null,
      before: T === null ? ticks.slice(0, first).map(({ x }) => x) : [],
      ticks: window.map(({ x }) => x),
      baselines: baseline.single,
    };
    const [outputs, atBaseline] = await runThrough(asked, [asked.ticks, baseline.all]);
    const target = chooseTarget(options.target, spec, outputs!);
    const answer = await method.explain({ ...asked, target }, methodOptions);
    return {
      ...answer,
      target,
      window: K,
      ticks: window,
      baseline: baseline.shown,
      output: outputs![target]!,
      baselineOutput: atBaseline![target]!,
    };
  } finally {
    await blackBox?.close();
  }
}

/** The outputs after each of several runs of the window's ticks, from the state that the ticks before it leave. */
async function runThrough(
  { kernels, spec, blackBox, score, before }: Omit<Question, 'target'>,
  runs: readonly (readonly Float32Array[])[],
): Promise<Float32Array[]> {
  if (blackBox) {
    const T = runs[0]!.length;
    const ends = runs.map((_, i) => (i + 1) * T - 1);
    const outputs = await blackBox.run(windowsOf(runs.flat(), ends, T, spec.inputs), runs.length, T);
    return runs.map((_, i) => outputs.slice(i * blackBox.outputs.length, (i + 1) * blackBox.outputs.length));
  }
  const model = new Model(kernels, spec, { score, window: before.length + runs[0]!.length });
  return runs.map((ticks) => {
    model.reset();
    for (const x of before) model.stepOne(x);
    for (const x of ticks) model.stepOne(x);
    return model.output(0).slice();
  });
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
