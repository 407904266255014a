/** What a model says at the rows of a data file. */
import { ConfigError, invalid } from '../errors.ts';
import type { Kernels } from '../kernels.ts';
import { type BlackBox, openBlackBox } from '../model/blackBox.ts';
import { Model, type ModelOptions } from '../model/graph.ts';
import type { ModelSpec } from '../model/spec.ts';
import type { Fed, Mode, Stream } from './feed.ts';

/** What can be shown of a recurrent layer, and of attention. */
export const INTERNALS = ['hidden', 'cell', 'gates', 'attention'] as const;

export type Internal = (typeof INTERNALS)[number];

/** A list with one entry a recurrent layer, bottom first: null where that layer has no such thing. */
type Layers = (Float32Array | null)[];

/** The model's answer after one row. Arrays are copies. */
export interface Prediction {
  tick: Fed;
  key: string;
  output: Float32Array;
  internals: {
    hidden?: Layers;
    cell?: Layers;
    gates?: Record<string, Layers>;
    /** Weights over the window's ticks, a head each; of attention with several queries those of the last. */
    attention?: Float32Array[];
  };
}

export interface PredictOptions extends Mode {
  score?: ModelOptions['score'];
  internals?: readonly Internal[];
  /** Rows of the file to answer for; null for all. */
  rows: ReadonlySet<number> | null;
}

/** Windows that are run at once. */
const AT_ONCE = 64;

/**
 * Runs a model over streams and yields its answers in the streams' order. Stateful: the state starts at zero before the
 * first tick and runs on. Windowed: each answer is the model run on the last T ticks from a zero state, so the first
 * T - 1 ticks have none.
 */
export async function* predict(
  kernels: Kernels,
  spec: ModelSpec,
  streams: Stream[],
  options: PredictOptions,
): AsyncGenerator<Prediction> {
  if (!spec.blackBox) {
    yield* stepped(kernels, spec, streams, options);
    return;
  }
  const box = await openBlackBox(spec);
  try {
    for (const stream of streams) yield* called(box, stream, options);
  } finally {
    await box.close();
  }
}

function* stepped(
  kernels: Kernels,
  spec: ModelSpec,
  streams: Stream[],
  options: PredictOptions,
): Generator<Prediction> {
  const { window, score = 'raw', internals = [] } = options;
  const most =
    window === null ? 1 : Math.max(1, ...streams.map((s) => windowEnds(s.ticks, options.rows, window).length));
  // what a layer holds is shown of branch 0 alone
  const B = internals.length > 0 ? 1 : Math.min(AT_ONCE, most);
  const model = new Model(kernels, spec, { window, score, branches: B, inputRows: B });
  checkInternals(model, spec, internals);
  for (const stream of streams) {
    if (window === null) yield* onStream(model, stream, options);
    else yield* onWindows(model, stream, B, window, options);
  }
}

function* onStream(
  model: Model,
  { key, ticks }: Stream,
  { rows, internals = [] }: PredictOptions,
): Generator<Prediction> {
  model.reset();
  for (const tick of ticks) {
    const output = model.stepOne(tick.x);
    if (rows !== null && !rows.has(tick.row.index)) continue;
    yield { tick, key, output: output.slice(), internals: show(model, internals) };
  }
}

/** Windows that are asked for, B at once: each is a branch that begins at zero and is given its own ticks. */
function* onWindows(
  model: Model,
  { key, ticks }: Stream,
  B: number,
  T: number,
  { rows, internals = [] }: PredictOptions,
): Generator<Prediction> {
  const ends = windowEnds(ticks, rows, T);
  for (let from = 0; from < ends.length; from += B) {
    const some = ends.slice(from, from + B);
    model.reset();
    for (let k = T - 1; k >= 0; k--) {
      some.forEach((end, b) => {
        model.input.set(ticks[end - k]!.x, b * model.inputStride);
        model.slots[b] = b;
        model.inputRow[b] = b;
      });
      model.step(some.length, some.length);
    }
    for (const [b, end] of some.entries())
      yield { tick: ticks[end]!, key, output: model.output(b).slice(), internals: show(model, internals) };
  }
}

/** Places of the ticks asked for that end a whole window. */
function windowEnds(ticks: readonly Fed[], rows: PredictOptions['rows'], T: number): number[] {
  return ticks.flatMap(({ row }, t) => (t >= T - 1 && (rows === null || rows.has(row.index)) ? [t] : []));
}

async function* called(
  box: BlackBox,
  { key, ticks }: Stream,
  { rows, window, score, internals = [] }: PredictOptions,
): AsyncGenerator<Prediction> {
  if (score === 'logit') throw new ConfigError(invalid('--score', score, 'raw: a black box gives what it gives'));
  if (internals.length > 0)
    throw new ConfigError(invalid('--internals', internals.join(','), 'nothing: a black box shows none'));
  const T = window!;
  const wanted = windowEnds(ticks, rows, T);
  const inputs = ticks.map(({ x }) => x);
  for (let from = 0; from < wanted.length; from += AT_ONCE) {
    const some = wanted.slice(from, from + AT_ONCE);
    const outputs = await box.run(windowsOf(inputs, some, T, box.inputs), some.length, T);
    for (const [i, t] of some.entries()) {
      const output = outputs.slice(i * box.outputs.length, (i + 1) * box.outputs.length);
      yield { tick: ticks[t]!, key, output, internals: {} };
    }
  }
}

/** The windows (N, T, F) that end at these ticks. */
export function windowsOf(ticks: readonly Float32Array[], ends: readonly number[], T: number, F: number): Float32Array {
  const windows = new Float32Array(ends.length * T * F);
  ends.forEach((end, i) => {
    for (let k = 0; k < T; k++) windows.set(ticks[end - T + 1 + k]!, (i * T + k) * F);
  });
  return windows;
}

/** @throws ConfigError for what this model does not have */
function checkInternals(model: Model, spec: ModelSpec, wanted: readonly Internal[]): void {
  if (!wanted.includes('attention') || model.hasAttention) return;
  const others = INTERNALS.filter((name) => name !== 'attention').join(', ');
  throw new ConfigError(invalid('--internals', 'attention', `${others}: ${spec.name} has no attention`));
}

function show(model: Model, wanted: readonly Internal[]): Prediction['internals'] {
  if (wanted.length === 0) return {};
  const layers = model.internals().map(({ values }) => values);
  const of = (name: string): Layers => layers.map((values) => values[name] ?? null);
  const shown: Prediction['internals'] = {};
  if (wanted.includes('hidden')) shown.hidden = of('hidden');
  if (wanted.includes('cell') && layers.some(({ cell }) => cell)) shown.cell = of('cell');
  if (wanted.includes('gates')) {
    const names = ['i', 'f', 'g', 'o', 'z', 'r', 'n'].filter((gate) => layers.some((values) => values[gate]));
    shown.gates = Object.fromEntries(names.map((gate) => [gate, of(gate)]));
  }
  if (wanted.includes('attention')) shown.attention = model.attention().flat();
  return shown;
}
