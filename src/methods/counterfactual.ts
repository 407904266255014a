/**
 * The smallest change to the last ticks that takes the output across a threshold, or to another class: few cells, each within
 * what the stream has shown of its feature.
 *
 * Greedy, then pruned. One cell at a time is moved, all cells and a grid of values at once as branches; the move that leaves
 * least to go wins, until the goal is reached or nothing helps. Then every changed cell is taken back as far as the goal allows:
 * wholly if it can be, else by bisection. What is found is minimal in this sense, not proven to be the smallest there is.
 */
import { ConfigError, invalid } from '../errors.ts';
import { vocabularyOf } from '../model/layers/embedding.ts';
import type { Answer, Method, Options, Question, Run } from './method.ts';
import { whole } from './options.ts';
import { argmax, chooseTarget } from './target.ts';
import { flat, openWorlds, type RunWorlds } from './worlds.ts';

export const counterfactual: Method = {
  name: 'counterfactual',
  summary:
    'the smallest change, in few values and within what the stream has shown, that takes the output across a threshold',
  about: {
    family: 'counterfactual',
    question: 'What would have had to be different for the output to cross this line?',
    cost: 'cells x (K F values + some 20) branches',
    baselines: 'none; ranges of the stream so far',
    caveat: 'one of many possible changes, and none that the world need allow',
    source: 'Wachter et al. 2017',
  },
  options: { threshold: Number.NaN, class: '', features: '', ticks: 0, cells: 5, values: 9 },
  supports: (spec) => vocabularyOf(spec) === null || 'it takes tokens, between which there is nothing to move along',
  async explain(question, options, run): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (const target of question.targets) answers.push(await search(question, target, options, run));
    return answers;
  },
};

/** How far outputs (O) are from the goal, 0 or less once it is reached. */
type Distance = (outputs: Float32Array) => number;

interface Found {
  window: Float32Array;
  outputs: Float32Array;
}

const BISECTIONS = 12;

async function search(question: Question, target: number, options: Options, run: Run = {}): Promise<Answer> {
  const most = whole(options, 'cells', 1);
  const grid = whole(options, 'values', 2);
  const F = question.spec.inputs;
  const probe = new Probe(question, run);
  const observed = flat(question.ticks, F);
  let best = await probe.one(observed);
  const distance = goal(question, target, options, best.outputs);
  const allowed = allowedCells(question, options);
  const ranges = rangesOf(question.history, F);
  const changed: number[] = [];
  if (distance(best.outputs) <= 0) return none(probe, 'The output is there already: nothing has to change.');
  while (changed.length < most && distance(best.outputs) > 0) {
    run.progress?.(changed.length, most);
    const tries = allowed
      .filter((at) => !changed.includes(at))
      .flatMap((at) => gridOf(ranges[at % F]!, grid).map((value) => ({ at, value })));
    const outputs = await probe.changes(best.window, tries);
    const next = leastOf(outputs.map(distance));
    if (next < 0 || !(distance(outputs[next]!) < distance(best.outputs))) break;
    const { at, value } = tries[next]!;
    best = { window: withValue(best.window, at, value), outputs: outputs[next]! };
    changed.push(at);
  }
  if (distance(best.outputs) > 0)
    return none(probe, `No change of up to ${most} values within what the stream has shown takes the output there.`);
  const { window, outputs } = await takeBack(probe, best, observed, changed, distance);
  return { counterfactual: { values: window, output: outputs[target]! }, evaluations: probe.evaluations };
}

function none({ evaluations }: Probe, note: string): Answer {
  return { counterfactual: null, notes: [note], evaluations };
}

/** Windows asked about, and what that cost. */
class Probe {
  evaluations = 0;
  readonly #run: RunWorlds;
  readonly #signal: Run;

  constructor(question: Question, { signal }: Run) {
    this.#run = openWorlds(question);
    this.#signal = signal ? { signal } : {};
  }

  /** One window (K, F). */
  async one(window: Float32Array): Promise<Found> {
    const [outputs] = await this.changes(window, [{ at: 0, value: window[0]! }]);
    return { window, outputs: outputs! };
  }

  /** The outputs of a window with one cell changed, for each of these changes. */
  async changes(window: Float32Array, list: readonly Change[]): Promise<Float32Array[]> {
    const write = (n: number, own: Float32Array): void => {
      own.set(window);
      own[list[n]!.at] = list[n]!.value;
    };
    const { values, outputs, evaluations } = await this.#run({ count: list.length, write }, this.#signal);
    this.evaluations += evaluations;
    return list.map((_, n) => values.slice(n * outputs, (n + 1) * outputs));
  }
}

interface Change {
  at: number;
  value: number;
}

/** Takes changed cells back, the latest first: wholly, else as far as the goal allows. */
async function takeBack(
  probe: Probe,
  found: Found,
  observed: Float32Array,
  changed: readonly number[],
  distance: Distance,
): Promise<Found> {
  let best = found;
  for (const at of [...changed].reverse()) {
    const without = await probe.one(withValue(best.window, at, observed[at]!));
    if (distance(without.outputs) <= 0) {
      best = without;
      continue;
    }
    // between the value that was observed, which does not do, and the one that does
    let [no, yes] = [observed[at]!, best.window[at]!];
    for (let i = 0; i < BISECTIONS; i++) {
      const middle = Math.fround((no + yes) / 2);
      if (middle === no || middle === yes) break;
      const half = await probe.one(withValue(best.window, at, middle));
      if (distance(half.outputs) <= 0) {
        yes = middle;
        best = half;
      } else no = middle;
    }
  }
  return best;
}

/** @throws ConfigError where neither a threshold nor another class is given, or both are */
function goal({ spec }: Question, target: number, options: Options, observed: Float32Array): Distance {
  const { threshold, class: name } = options;
  if (typeof threshold === 'number' && Number.isFinite(threshold)) {
    if (name !== '') throw new ConfigError(invalid('--option class', name, 'no class where a threshold is given'));
    const up = observed[target]! < threshold;
    return (outputs) => (up ? threshold - outputs[target]! : outputs[target]! - threshold);
  }
  if (spec.outputs.length < 2)
    throw new ConfigError(invalid('--option threshold', threshold, 'the value that the output should cross'));
  const now = argmax(observed);
  if (name === '') {
    // any other class: the margin of the one that is largest now
    return (outputs) => (argmax(outputs) === now ? above(outputs[now]! - secondOf(outputs, now)) : 0);
  }
  const wanted = chooseTarget(String(name), spec, observed);
  return (outputs) =>
    argmax(outputs) === wanted ? 0 : secondOf(outputs, wanted) - outputs[wanted]! + Number.MIN_VALUE;
}

/** A margin of nothing is not there yet: of two equal outputs the first is the class. */
function above(margin: number): number {
  return Math.max(margin, Number.MIN_VALUE);
}

/** The largest output but this one. */
function secondOf(outputs: Float32Array, but: number): number {
  return outputs.reduce((most, value, o) => (o === but ? most : Math.max(most, value)), Number.NEGATIVE_INFINITY);
}

/** Cells that may be changed: of the features named (all where none is), in the last ticks (all where 0). */
function allowedCells({ spec, ticks }: Question, options: Options): number[] {
  const [K, F] = [ticks.length, spec.inputs];
  const names = String(options.features).split(',').filter(Boolean);
  const features = names.map((name) => {
    const f = spec.features?.indexOf(name) ?? -1;
    const number = /^\d+$/.test(name) ? Number(name) : Number.NaN;
    if (f >= 0) return f;
    if (number < F) return number;
    const known = (spec.features ?? Array.from({ length: F }, (_, i) => String(i))).join(', ');
    throw new ConfigError(invalid('--option features', name, `some of ${known}`));
  });
  const recent = whole(options, 'ticks', 0) || K;
  return Array.from({ length: K * F }, (_, at) => at).filter(
    (at) => Math.floor(at / F) >= K - recent && (features.length === 0 || features.includes(at % F)),
  );
}

function rangesOf(history: readonly Float32Array[], F: number): [least: number, most: number][] {
  return Array.from({ length: F }, (_, f) => {
    const [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    return history.reduce<[number, number]>(
      (range, x) => [Math.min(range[0], x[f]!), Math.max(range[1], x[f]!)],
      [least, most],
    );
  });
}

/** Values from the least to the most, evenly apart; of a constant feature none but its own. */
function gridOf([least, most]: [number, number], count: number): number[] {
  if (least === most) return [least];
  return Array.from({ length: count }, (_, i) => least + ((most - least) * i) / (count - 1));
}

function withValue(window: Float32Array, at: number, value: number): Float32Array {
  const changed = window.slice();
  changed[at] = value;
  return changed;
}

/** Where the least of them stands; -1 of none. */
function leastOf(values: readonly number[]): number {
  let best = values.length > 0 ? 0 : -1;
  for (let i = 1; i < values.length; i++) if (values[i]! < values[best]!) best = i;
  return best;
}
