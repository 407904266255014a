/** The slow, obvious version of a model's forward pass, in float64: the truth that faster ones are held against. */
import { TICKS } from '../../src/model/shape.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { wire } from '../../src/model/wiring.ts';
import { apply } from './layers.ts';
import { type Attention, flat, type Memory, type Result, type Rows, type Step } from './values.ts';

/** A model run over a whole window. */
export interface Run {
  /** The model's output (O): of a sequence the last tick's. */
  output: Float64Array;
  /** Every output of every layer by its name. */
  values: Map<string, Rows[]>;
  /** What each recurrent layer held after each tick, in the order of time, bottom first. */
  internals: { name: string; steps: Step[] }[];
  /** Scores and weights of the layers that attend. */
  attention: Map<string, Attention>;
}

/** A model that can be run over windows and, where it takes one tick at a time, be stepped along a stream. */
export function reference(spec: ModelSpec) {
  const wired = wire(spec, spec.name);
  let memory = nothing();
  let now: Run | null = null;

  const run = (ticks: ArrayLike<number>[], remembered: Memory): Run => {
    const input = { outputs: [{ rows: ticks.map((x) => Float64Array.from(x)), mask: null }] };
    const results = new Map<string | null, Result>([[null, input]]);
    for (const { layer, from } of wired) {
      const inputs = from.map((source) => results.get(source.layer)!.outputs[source.output]!);
      results.set(layer.name, apply(layer, inputs, remembered));
    }
    return collect(results, wired.at(-1)!.outputs[0]![0] === TICKS);
  };

  return {
    /**
     * @param window T rows of F values, in input units, oldest first
     * @param like a run whose masks are kept
     */
    run: (window: ArrayLike<number>[], like?: Run): Run => run(window, { ...nothing(), masks: like?.values }),
    /** The next tick's x (F) to the output (O). */
    step(x: ArrayLike<number>): Float64Array {
      now = run([x], memory);
      return now.output;
    },
    /** What the recurrent layers hold after the last step, bottom first. */
    internals: (): Step[] => now!.internals.map(({ steps }) => steps.at(-1)!),
    reset() {
      memory = nothing();
    },
  };
}

function nothing(): Memory {
  return { states: new Map(), past: new Map() };
}

function collect(results: Map<string | null, Result>, isSequence: boolean): Run {
  const layers = [...results].slice(1) as [string, Result][];
  const { rows } = layers.at(-1)![1].outputs[0]!;
  return {
    output: isSequence ? rows.at(-1)! : flat(rows),
    values: new Map(layers.map(([name, { outputs }]) => [name, outputs])),
    internals: layers.flatMap(([name, { steps }]) => (steps ? [{ name, steps }] : [])),
    attention: new Map(layers.flatMap(([name, result]) => (result.attention ? [[name, result.attention]] : []))),
  };
}
