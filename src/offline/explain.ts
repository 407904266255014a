/** One explanation of one row of a data file. */
import { ConfigError, invalid } from '../errors.ts';
import type { Kernels } from '../kernels.ts';
import { ask, type ExplainedOutput, type Method, type Options, type Question, type Run } from '../methods/index.ts';
import { openBlackBox } from '../model/blackBox.ts';
import type { ModelOptions } from '../model/graph.ts';
import type { ModelSpec } from '../model/spec.ts';
import { type BaselineChoice, windowBaseline } from './baseline.ts';
import type { Fed, Mode } from './feed.ts';

export interface ExplainOptions extends Mode {
  method: Method;
  methodOptions: Options;
  /** K: ticks explained in stateful mode, at most. A windowed run explains all its T ticks. */
  ticks: number;
  baseline: BaselineChoice;
  /** Number or name of an output, `argmax` of the unperturbed outputs, or numbers of several. */
  target: string | readonly number[];
  score: NonNullable<ModelOptions['score']>;
  /** For methods that draw at random; default 0. */
  seed?: number;
  /** Windows to draw from (each K x F); default: those of the stream so far. */
  background?: Question['background'];
}

/** An explanation in the terms of `explain --json`; arrays oldest tick first. */
export interface WindowExplanation extends ExplainedOutput {
  /** K, the ticks explained. */
  window: number;
  ticks: Fed[];
  baseline: Float32Array | Float32Array[];
}

/** Explains one output at the last of the ticks given: `explainAll` with one target. */
export async function explain(...asked: Parameters<typeof explainAll>): Promise<WindowExplanation> {
  const [explanation] = await explainAll(...asked);
  return explanation!;
}

/**
 * Explains the last of the ticks given.
 * @param ticks a stream from its first tick to the one explained
 * @returns one explanation a target; several are had in one pass where the method allows it
 * @throws ConfigError where options do not fit the model or the stream is shorter than a windowed run needs; whatever
 *   `run.signal` was aborted with
 */
export async function explainAll(
  kernels: Kernels,
  spec: ModelSpec,
  ticks: readonly Fed[],
  options: ExplainOptions,
  run: Run = {},
): Promise<WindowExplanation[]> {
  const { method, methodOptions, score, target, seed = 0, background = null } = options;
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
  if (options.baseline === 'reservoir' && !method.draws)
    throw new ConfigError(
      invalid('--baseline', 'reservoir', `zero, mean, last, numbers or a file: ${method.name} draws nothing`),
    );
  const { shown, ...baselines } = windowBaseline(options.baseline, spec, ticks, first);
  if (spec.blackBox && score === 'logit')
    throw new ConfigError(invalid('--score', score, 'raw: a black box gives what it gives'));
  const blackBox = spec.blackBox ? await openBlackBox(spec) : null;
  const history = ticks.map(({ x }) => x);
  try {
    const question = {
      kernels,
      spec,
      blackBox,
      score,
      windowed: T !== null,
      start: null,
      before: T === null ? history.slice(0, first) : [],
      ticks: history.slice(first),
      baselines,
      history,
      indices: ticks.map(({ row }) => row.index),
      background,
      seed,
    };
    const answers = await ask(method, question, target, methodOptions, run);
    return answers.map((answer) => ({ ...answer, window: K, ticks: window, baseline: shown }));
  } finally {
    await blackBox?.close();
  }
}
