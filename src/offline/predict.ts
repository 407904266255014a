/** What a model says at the rows of a data file. */
import type { Kernels } from '../kernels.ts';
import { Model, type ModelOptions } from '../model/graph.ts';
import type { ModelSpec } from '../model/spec.ts';
import type { Fed, Mode, Stream } from './feed.ts';

/** What can be shown of a recurrent layer. */
export const INTERNALS = ['hidden', 'cell', 'gates'] as const;

export type Internal = (typeof INTERNALS)[number];

/** The model's answer after one row. Arrays are copies; internals are a list with one entry a recurrent layer, bottom first. */
export interface Prediction {
  tick: Fed;
  key: string;
  output: Float32Array;
  internals: {
    hidden?: Float32Array[];
    cell?: Float32Array[];
    gates?: Record<string, Float32Array[]>;
  };
}

export interface PredictOptions extends Mode {
  score?: ModelOptions['score'];
  internals?: readonly Internal[];
  /** Rows of the file to answer for; null for all. */
  rows: ReadonlySet<number> | null;
}

/**
 * Runs a model over streams and yields its answers in the streams' order. Stateful: the state starts at zero before the
 * first tick and runs on. Windowed: each answer is the model run on the last T ticks from a zero state, so the first
 * T - 1 ticks have none.
 */
export function* predict(
  kernels: Kernels,
  spec: ModelSpec,
  streams: Stream[],
  options: PredictOptions,
): Generator<Prediction> {
  const { rows, window, internals = [] } = options;
  const model = new Model(kernels, spec, options.score ? { score: options.score } : {});
  for (const { key, ticks } of streams) {
    model.reset();
    for (let t = 0; t < ticks.length; t++) {
      const tick = ticks[t]!;
      const wanted = rows === null || rows.has(tick.row.index);
      if (window !== null) {
        if (!wanted || t < window - 1) continue;
        model.reset();
        for (let s = t - window + 1; s < t; s++) model.stepOne(ticks[s]!.x);
      }
      const output = model.stepOne(tick.x);
      if (wanted) yield { tick, key, output: output.slice(), internals: show(model, internals) };
    }
  }
}

function show(model: Model, wanted: readonly Internal[]): Prediction['internals'] {
  if (wanted.length === 0) return {};
  const layers = model.internals().map(({ values }) => values);
  const copies = (name: string) => layers.map((values) => values[name]!.slice());
  const shown: Prediction['internals'] = {};
  if (wanted.includes('hidden')) shown.hidden = copies('hidden');
  if (wanted.includes('cell')) shown.cell = copies('cell');
  if (wanted.includes('gates'))
    shown.gates = Object.fromEntries(['i', 'f', 'g', 'o'].map((gate) => [gate, copies(gate)]));
  return shown;
}
