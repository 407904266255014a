/**
 * What runs when. A layer that takes one tick at a time runs at every tick; one that needs the complete window, and all
 * above it, runs when the window is complete, on sequences that collectors have kept of what it reads.
 */
import type { Arena } from '../kernels.ts';
import { kindOf } from './layers/index.ts';
import {
  type Batch,
  floats,
  type Layer,
  type LayerContext,
  layout,
  pad,
  type Rows,
  type Sequence,
  type State,
  tickOf,
  type WindowLayer,
} from './layers/layer.ts';
import type { Weights } from './layers/taped.ts';
import { Collector, type OverWindow, overWindow } from './overWindow.ts';
import { rowWidth, type Shape, TICKS } from './shape.ts';
import type { LayerSpec, Source } from './spec.ts';
import type { Wired } from './wiring.ts';

/** What a layer shows of branch 0. */
export interface Shown {
  name: string;
  values: Record<string, Float32Array>;
}

/** The state of one branch, as `Model.snapshot` takes it. Plain data: it may travel to another thread. */
export interface Snapshot {
  /** Rows of state, a list for whatever keeps some, in the order of the layers. */
  readonly states: readonly (readonly Float32Array[])[];
  /** Places of the newest rows of states that are rings. */
  readonly rings: readonly number[];
  /** Ticks since the model was reset. */
  readonly ticks: number;
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
  inputs: readonly (() => Sequence)[];
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
  weights: Weights;
  B: number;
  R: number;
  /** T, 0 where the model runs on a stream. */
  T: number;
  /** The tick's distinct inputs. */
  input: Rows;
  inputs: number;
}

export class Plan {
  readonly #ticks: TickStep[] = [];
  readonly #windows: WindowStep[] = [];
  readonly #collectors: { collector: Collector; from: Value }[] = [];
  readonly #options: PlanOptions;
  readonly #values = new Map<string, readonly Value[]>();
  readonly #input: Value;
  /** By what gives the rows, which a layer that does nothing shares with the one below. */
  readonly #lifted = new Map<Value['rows'], () => Rows>();
  readonly #collected = new Map<Value['rows'], () => Sequence>();
  readonly #output: Value;
  /** Values a row of the output, and floats from one row to the next: of [4, 3] it is four rows of three. */
  readonly outputWidth: number;
  readonly outputTick: number;
  /** State arrays as they stand now, a list for whatever keeps some. */
  readonly states: readonly (readonly State[])[];
  /** Layers whose state is a ring. */
  readonly #rings: readonly { newest?: number }[];

  constructor(wired: readonly Wired[], options: PlanOptions) {
    this.#options = options;
    this.#input = { shape: [TICKS, options.inputs], onInputs: true, rows: () => options.input, sequence: null };
    for (const one of wired) this.#values.set(one.layer.name, this.#place(one));
    const last = this.#values.get(wired.at(-1)!.layer.name)![0]!;
    this.#output = last.rows ? this.#lift(last) : last;
    this.outputWidth = last.shape.at(-1)!;
    this.outputTick = last.sequence ? last.sequence().tick : this.outputWidth;
    const keepers = [...this.#ticks.map(({ layer }) => layer), ...this.#collectors.map(({ collector }) => collector)];
    this.states = keepers.map((keeper) => keeper.states()).filter(({ length }) => length > 0);
    this.#rings = this.#ticks.map(({ layer }) => layer).filter(({ newest }) => newest !== undefined);
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
    for (const { layer, inputs, rows } of this.#ticks) {
      for (let i = 0; i < inputs.length; i++) rows[i] = inputs[i]!.rows!();
      layer.step(rows, batch);
    }
    for (const { collector, from } of this.#collectors) collector.keep(from.rows!(), batch, t);
  }

  /** What needs the complete window. */
  finish(batch: Batch): void {
    for (const { layer, inputs } of this.#windows)
      layer.run(
        inputs.map((sequence) => sequence()),
        batch,
      );
  }

  reset(): void {
    for (const { layer } of this.#ticks) layer.reset();
    for (const { collector } of this.#collectors) collector.reset();
  }

  /** The state of one slot. */
  snapshot(slot: number): Omit<Snapshot, 'ticks'> {
    const states = this.states.map((arrays) =>
      arrays.map(({ at, stride }) => floats(this.#options.arena, at + 4 * slot * stride, stride).slice()),
    );
    return { states, rings: this.#rings.map(({ newest }) => newest!) };
  }

  /** Gives slot 0 the state of a snapshot. */
  restore({ states, rings }: Snapshot): void {
    for (const [l, arrays] of this.states.entries())
      for (const [i, { at, stride }] of arrays.entries()) floats(this.#options.arena, at, stride).set(states[l]![i]!);
    this.#rings.forEach((ring, i) => {
      ring.newest = rings[i]!;
    });
  }

  /** In the order of the layers. */
  shown(): Shown[] {
    const atTicks = this.#ticks.map(({ name, layer }) => ({ name, values: layer.internals?.() }));
    const onWindows = this.#windows.map(({ name, layer }) => ({ name, values: (layer as OverWindow).internals?.() }));
    return [...atTicks, ...onWindows].flatMap(({ name, values }) => (values ? [{ name, values }] : []));
  }

  get attends(): boolean {
    return this.#windows.some(({ layer }) => layer.attention !== undefined);
  }

  /** Attention weights (T) of branch 0 for the last query: a list of heads a layer. */
  attention(): Float32Array[][] {
    return this.#windows.flatMap(({ layer }) => (layer.attention ? [layer.attention()] : []));
  }

  /** What the last query of each attention layer took from the ticks, in branch 0. */
  contexts(): { at: number; width: number }[] {
    return this.#windows.flatMap(({ layer }) => {
      if (!layer.attention) return [];
      const context = layer.output(0);
      return [{ at: tickOf(context, context.length - 1).at, width: context.width }];
    });
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
    this.#ticks.push({ name: spec.name, layer, inputs, rows: [] });
    return outputs.map((shape, i) => ({
      shape,
      onInputs: onInputs && !kind.stateful,
      rows: () => layer.output(i),
      sequence: null,
    }));
  }

  #onWindow(spec: LayerSpec, values: Value[], shapes: readonly Shape[], outputs: readonly Shape[]): Value[] {
    const inputs = values.map((value) => this.#sequence(value));
    const layer = this.#windowLayer(spec, this.#context(false, shapes, outputs));
    if (layer) this.#windows.push({ name: spec.name, layer, inputs });
    return outputs.map((shape, i) => ({
      shape,
      onInputs: false,
      rows: null,
      sequence: layer ? () => layer.output(i) : inputs[0]!,
    }));
  }

  #windowLayer(spec: LayerSpec, context: LayerContext): WindowLayer | null {
    const kind = kindOf(spec);
    if (kind.window) return kind.window(spec, context);
    // stepped over the window it is given one row at a time
    const row = (shape: Shape): Shape => shape.slice(-1);
    const rows = { ...context, inputs: context.inputs.map(row), outputs: context.outputs.map(row) };
    const layer = kind.step!(spec, rows);
    return layer && overWindow(layer, context, 'backwards' in spec && spec.backwards === true);
  }

  /** The sequence of a value: of one that flows tick by tick what a collector has kept, of a vector its row. */
  #sequence(value: Value): () => Sequence {
    if (value.sequence) return value.sequence;
    return value.shape[0] === TICKS ? this.#collect(value) : rowAsSequence(this.#lift(value));
  }

  #collect(from: Value): () => Sequence {
    const known = this.#collected.get(from.rows);
    if (known) return known;
    const collector = new Collector(this.#context(from.onInputs, [from.shape], [from.shape]));
    this.#collectors.push({ collector, from });
    const kept = (): Sequence => collector.sequence;
    this.#collected.set(from.rows, kept);
    return kept;
  }

  /** Rows a branch of what were rows an input. */
  #lift(value: Value): Value {
    if (!value.onInputs) return value;
    let rows = this.#lifted.get(value.rows);
    if (!rows) {
      const layer = lift(this.#context(true, [value.shape], [value.shape]));
      this.#ticks.push({ name: '', layer, inputs: [value], rows: [] });
      rows = () => layer.output(0);
      this.#lifted.set(value.rows, rows);
    }
    return { ...value, onInputs: false, rows };
  }

  #context(onInputs: boolean, inputs: readonly Shape[], outputs: readonly Shape[]): LayerContext {
    const { arena, weights, B, R, T } = this.#options;
    return { arena, weights, B, R, T, onInputs, inputs, outputs };
  }
}

/** Copies each branch the row of the input that it was given, and its mask. */
function lift({ arena, B, inputs }: LayerContext): Layer {
  const W = rowWidth(inputs[0]!);
  const out: Rows = { at: arena.alloc(4 * B * pad(W)), stride: pad(W), mask: 0, maskStride: 0 };
  const mask = arena.alloc(4 * B);
  return {
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
