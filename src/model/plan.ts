/**
 * What runs when. A layer that takes one tick at a time runs at every tick; one that needs the complete window, and all
 * above it, runs when the window is complete, on sequences that collectors have kept of what it reads.
 */
import type { Arena } from '../kernels.ts';
import { kindOf } from './layers/index.ts';
import {
  type Batch,
  type Layer,
  type LayerContext,
  layout,
  pad,
  type Rows,
  type Sequence,
  type State,
  type WindowLayer,
} from './layers/layer.ts';
import { Collector, type OverWindow, overWindow } from './overWindow.ts';
import { rowWidth, type Shape, TICKS } from './shape.ts';
import type { LayerSpec, Source } from './spec.ts';
import type { Wired } from './wiring.ts';

/** What a layer shows of branch 0. */
export interface Shown {
  name: string;
  values: Record<string, Float32Array>;
}

/** One thing that is done at every tick. */
interface TickStep {
  name: string;
  layer: Layer;
  inputs: readonly Value[];
  /** `inputs` as rows, refilled at every step. */
  rows: Rows[];
}

/** One thing that is done on a complete window. */
interface WindowStep {
  name: string;
  layer: WindowLayer;
  inputs: readonly Value[];
  sequences: Sequence[];
}

/** Something that flows: rows at every tick, or a sequence once the window is complete. */
interface Value {
  shape: Shape;
  /** True while it is a row a distinct input, not a branch. */
  onInputs: boolean;
  rows: (() => Rows) | null;
  sequence: (() => Sequence) | null;
}

export interface PlanOptions {
  arena: Arena;
  B: number;
  R: number;
  /** T, 0 where the model runs on a stream. */
  T: number;
  /** The tick's distinct inputs. */
  input: Rows;
  inputs: number;
}

export class Plan {
  readonly ticks: TickStep[] = [];
  readonly windows: WindowStep[] = [];
  readonly collectors: { collector: Collector; from: Value }[] = [];
  readonly #options: PlanOptions;
  readonly #values = new Map<string, readonly Value[]>();
  readonly #input: Value;
  readonly #lifted = new Map<Value, Value>();
  readonly #collected = new Map<Value, () => Sequence>();
  readonly #output: Value;
  /** Values a row of the output, and floats from one row to the next: of [4, 3] it is four rows of three. */
  readonly outputWidth: number;
  readonly outputTick: number;
  /** State arrays as they stand now, a list for whatever keeps some. */
  readonly states: readonly (readonly State[])[];

  constructor(wired: readonly Wired[], options: PlanOptions) {
    this.#options = options;
    this.#input = { shape: [TICKS, options.inputs], onInputs: true, rows: () => options.input, sequence: null };
    for (const one of wired) this.#values.set(one.layer.name, this.#place(one));
    const last = this.#values.get(wired.at(-1)!.layer.name)![0]!;
    this.#output = last.rows ? this.#lift(last) : last;
    this.outputWidth = last.shape.at(-1)!;
    this.outputTick = last.sequence ? last.sequence().tick : this.outputWidth;
    const keepers = [...this.ticks.map(({ layer }) => layer), ...this.collectors.map(({ collector }) => collector)];
    this.states = keepers.map((keeper) => keeper.states()).filter(({ length }) => length > 0);
  }

  /** Whether the output exists once the window is complete only. */
  get windowed(): boolean {
    return this.#output.rows === null;
  }

  /** Where the output stands: of a sequence its last tick, of several axes all values. */
  output(): Rows {
    if (this.#output.rows) return this.#output.rows();
    const { at, stride, tick, length, mask, maskStride } = this.#output.sequence!();
    const skipped = this.#output.shape[0] === TICKS ? (length - 1) * tick : 0;
    return { at: at + 4 * skipped, stride, mask, maskStride };
  }

  /** One tick. @param t its place in the window */
  step(batch: Batch, t: number): void {
    for (const { layer, inputs, rows } of this.ticks) {
      for (let i = 0; i < inputs.length; i++) rows[i] = inputs[i]!.rows!();
      layer.step(rows, batch);
    }
    for (const { collector, from } of this.collectors) collector.keep(from.rows!(), batch, t);
  }

  /** What needs the complete window. */
  finish(batch: Batch): void {
    for (const { layer, inputs, sequences } of this.windows) {
      for (let i = 0; i < inputs.length; i++) sequences[i] = this.#sequence(inputs[i]!)();
      layer.run(sequences, batch);
    }
  }

  reset(): void {
    for (const { layer } of this.ticks) layer.reset();
    for (const { collector } of this.collectors) collector.reset();
  }

  /** In the order of the layers. */
  shown(): Shown[] {
    const atTicks = this.ticks.map(({ name, layer }) => ({ name, values: layer.internals?.() }));
    const onWindows = this.windows.map(({ name, layer }) => ({ name, values: (layer as OverWindow).internals?.() }));
    return [...atTicks, ...onWindows].flatMap(({ name, values }) => (values ? [{ name, values }] : []));
  }

  get attends(): boolean {
    return this.windows.some(({ layer }) => layer.attention !== undefined);
  }

  /** Attention weights (T) of branch 0 for the last query: a list of heads a layer. */
  attention(): Float32Array[][] {
    return this.windows.flatMap(({ layer }) => (layer.attention ? [layer.attention()] : []));
  }

  #place({ layer, from, inputs, outputs, windowed }: Wired): Value[] {
    const sources = from.map((source) => this.#value(source));
    return windowed === null
      ? this.#atTicks(layer, sources, inputs, outputs)
      : this.#onWindow(layer, sources, inputs, outputs);
  }

  #value({ layer, output }: Source): Value {
    return layer === null ? this.#input : this.#values.get(layer)![output]!;
  }

  #atTicks(spec: LayerSpec, sources: Value[], shapes: readonly Shape[], outputs: readonly Shape[]): Value[] {
    const kind = kindOf(spec);
    const onInputs = sources.every((source) => source.onInputs);
    const inputs = onInputs ? sources : sources.map((source) => this.#lift(source));
    const layer = kind.step!(spec, this.#context(onInputs, shapes, outputs));
    if (!layer) return outputs.map((shape) => ({ ...inputs[0]!, shape }));
    this.ticks.push({ name: spec.name, layer, inputs, rows: [] });
    return outputs.map((shape, i) => ({
      shape,
      onInputs: onInputs && !kind.stateful,
      rows: () => layer.output(i),
      sequence: null,
    }));
  }

  #onWindow(spec: LayerSpec, inputs: Value[], shapes: readonly Shape[], outputs: readonly Shape[]): Value[] {
    for (const input of inputs) this.#sequence(input);
    const context = this.#context(false, shapes, outputs);
    const layer = this.#windowLayer(spec, context);
    if (!layer)
      return outputs.map((shape) => ({ ...inputs[0]!, shape, sequence: this.#sequence(inputs[0]!), rows: null }));
    this.windows.push({ name: spec.name, layer, inputs, sequences: [] });
    return outputs.map((shape, i) => ({ shape, onInputs: false, rows: null, sequence: () => layer.output(i) }));
  }

  #windowLayer(spec: LayerSpec, context: LayerContext): WindowLayer | null {
    const kind = kindOf(spec);
    if (kind.window) return kind.window(spec, context);
    const layer = kind.step!(spec, context);
    return layer && overWindow(layer, context, 'backwards' in spec && spec.backwards === true);
  }

  /** The sequence of a value: of one that flows tick by tick what a collector has kept, of a vector its row. */
  #sequence(value: Value): () => Sequence {
    const known = value.sequence ?? this.#collected.get(value);
    if (known) return known;
    const made = value.shape[0] === TICKS ? this.#collect(value) : rowAsSequence(this.#lift(value));
    this.#collected.set(value, made);
    return made;
  }

  #collect(from: Value): () => Sequence {
    const collector = new Collector(this.#context(from.onInputs, [from.shape], [from.shape]));
    this.collectors.push({ collector, from });
    return () => collector.sequence;
  }

  /** Rows a branch of what were rows an input. */
  #lift(value: Value): Value {
    if (!value.onInputs) return value;
    const known = this.#lifted.get(value);
    if (known) return known;
    const { arena, B } = this.#options;
    const W = rowWidth(value.shape);
    const out: Rows = { at: arena.alloc(4 * B * pad(W)), stride: pad(W), mask: 0, maskStride: 0 };
    const mask = arena.alloc(4 * B);
    const layer: Layer = {
      output: () => out,
      step([x], { slots, n, inputRow }) {
        arena.copyRows(out.at, out.stride, x!.at, x!.stride, slots, inputRow, n, W);
        out.mask = x!.mask && mask;
        out.maskStride = 1;
        if (x!.mask) arena.copyRows(mask, 1, x!.mask, x!.maskStride, slots, inputRow, n, 1);
      },
      states: () => [],
      reset() {},
    };
    this.ticks.push({ name: '', layer, inputs: [value], rows: [] });
    const lifted = { ...value, onInputs: false, rows: () => out };
    this.#lifted.set(value, lifted);
    return lifted;
  }

  #context(onInputs: boolean, inputs: readonly Shape[], outputs: readonly Shape[]): LayerContext {
    const { arena, B, R, T } = this.#options;
    return { arena, B, R, T, onInputs, inputs, outputs };
  }
}

/** A row of a branch as a sequence: of [4, 8] four ticks of eight, side by side; of a vector one tick. */
function rowAsSequence({ rows, shape }: Value): () => Sequence {
  const [length, width] = layout(shape, 0);
  const sequence: Sequence = { at: 0, stride: 0, tick: width, length, width, mask: 0, maskStride: 0 };
  return () => {
    const { at, stride } = rows!();
    sequence.at = at;
    sequence.stride = stride;
    return sequence;
  };
}
