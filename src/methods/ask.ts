import { invalid, ModelError } from '../errors.ts';
import type { Answer, Method, Options, Question, Run } from './method.ts';
import { occlude } from './occlude.ts';
import { chooseTarget } from './target.ts';
import { runWorlds } from './worlds.ts';

/** An answer with what it explains. */
export interface ExplainedOutput extends Answer {
  /** Number of the output. */
  target: number;
  output: number;
  baselineOutput: number;
}

/**
 * Asks a method about one output, or about several in one pass where the method allows it.
 * @param target number or name of an output, `argmax`, or numbers of several
 * @throws ConfigError for an output that does not exist or an option out of range; ModelError where the model's output is not
 *   finite; whatever `run.signal` was aborted with
 */
export async function ask(
  method: Method,
  question: Omit<Question, 'targets'>,
  target: string | readonly number[],
  options: Options,
  run: Run = {},
): Promise<ExplainedOutput[]> {
  const { spec } = question;
  run.signal?.throwIfAborted();
  const [observed, atBaseline] = await endpoints({ ...question, targets: [] });
  const targets = typeof target === 'string' ? [chooseTarget(target, spec, observed)] : target;
  const answers = await method.explain({ ...question, targets }, options, run);
  return answers.map((answer, i) => {
    const o = targets[i]!;
    const explained = { target: o, output: observed[o]!, baselineOutput: atBaseline[o]!, ...answer };
    checkFinite(explained, spec.name);
    return explained;
  });
}

/** What the model says (O) of the window as observed, and of the window all of whose cells are at their baseline. */
export async function endpoints(question: Question): Promise<[observed: Float32Array, atBaseline: Float32Array]> {
  const absent = new Uint8Array(question.ticks.length * question.spec.inputs).fill(1);
  const write = (n: number, window: Float32Array): void => {
    if (n === 1) occlude(question, absent, window);
  };
  const { values, outputs } = await runWorlds(question, { count: 2, write });
  return [values.subarray(0, outputs), values.subarray(outputs)];
}

/** @throws ModelError: a number that is none explains nothing */
function checkFinite(explained: ExplainedOutput, name: string): void {
  const numbers = Object.values(explained).flatMap((value: unknown) =>
    value instanceof Float32Array ? Array.from(value) : typeof value === 'number' ? [value] : [],
  );
  const players = (explained.players ?? []).flatMap(({ value, standardError = 0 }) => [value, standardError]);
  const wrong = [...numbers, ...players].find((value) => !Number.isFinite(value));
  if (wrong !== undefined)
    throw new ModelError(invalid(`${name} attribution`, wrong, 'a finite number: the model overflows on these inputs'));
}
