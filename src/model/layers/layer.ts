/**
 * The contract of a kind of layer: what its specification holds, what shapes it gives, and how it runs. A running layer owns
 * weights, state and output in the arena, and works on many rows at once.
 */
import type { Arena } from '../../kernels.ts';
import type { Field } from '../formats/fields.ts';
import { type Shape, TICKS } from '../shape.ts';
import type { LayerSpec } from '../spec.ts';
import type { TapeContext, TapeLayer, Weights } from './taped.ts';

/** Rows of floats in the arena: row s begins at `at + 4 s stride`. */
export interface Rows {
  at: number;
  /** Floats from one row to the next. */
  stride: number;
  /** Pointer to one i32 a row, 0 where the row is padding; 0: there is no mask. */
  mask: number;
  /** i32 from one row's mask to the next one's. */
  maskStride: number;
}

/**
 * What is stepped now. Before the first layer with a state a model works on the tick's distinct *inputs* (row 0 as observed);
 * from there on on *branches*, and `inputRow` says which input each of them was given.
 */
export interface Batch {
  /** Pointer to the numbers of the branches that are stepped, and how many. */
  slots: number;
  n: number;
  /** Pointer to the input row of each of them. */
  inputRow: number;
  /** Pointer to 0, 1, 2 .. and how many distinct input rows there are now. */
  rows: number;
  R: number;
}

/** One array of state: what a fork copies and what must have converged before a branch is settled. */
export interface State {
  at: number;
  stride: number;
  units: number;
  /** A mask: whole numbers, which are the same or not. */
  exact?: boolean;
}

/** A layer that takes one tick at a time. */
export interface Layer {
  /** Where its outputs of the last step stand. */
  output(index: number): Rows;
  /** One step on the rows that the layers before gave. */
  step(inputs: readonly Rows[], batch: Batch): void;
  /** State arrays as they stand now (h changes places at every step). */
  states(): State[];
  /** State to zero. */
  reset(): void;
  /** Of a state that is a ring of rows: the place of the newest one. It belongs to a snapshot. */
  newest?: number;
  /** What branch 0 holds after the last step: hidden (h), cell (c), gates after their activations, H each. */
  internals?(): Record<string, Float32Array>;
}

/** A whole sequence a branch in the arena: tick t of branch s begins at `at + 4 (s stride + t tick)`. */
export interface Sequence {
  at: number;
  stride: number;
  /** Floats from one tick to the next. */
  tick: number;
  length: number;
  /** Values a tick. */
  width: number;
  /** Pointer to one i32 a tick, `maskStride` from one branch to the next; 0: there is no mask. */
  mask: number;
  maskStride: number;
}

/** A layer that needs the complete window. */
export interface WindowLayer {
  output(index: number): Sequence;
  /** Works on the n branches that `batch.slots` names. */
  run(inputs: readonly Sequence[], batch: Batch): void;
  /** Attention weights (T) of branch 0 for the last query, a head each, for layers that have them. */
  attention?(): Float32Array[];
}

/** What a layer is built with. */
export interface LayerContext {
  arena: Arena;
  weights: Weights;
  /** The most branches, and the most distinct input rows of a tick. */
  B: number;
  R: number;
  /** True where the rows that come in are inputs, not branches yet. */
  onInputs: boolean;
  /** T: length of the axis of time, where the model is run on windows; else 0. */
  T: number;
  /** Shapes of what comes in and goes out. */
  inputs: readonly Shape[];
  outputs: readonly Shape[];
  /** Sequences lie tick by tick, in each tick the branches side by side; else branch by branch. */
  byTick?: boolean;
}

/** Refuses a layer that does not fit: what is wrong, under the layer's path, and what would be right. */
export type Refuse = (field: string, value: unknown, expected: string) => never;

/** One kind of layer, as `index.ts` lists it. */
export interface LayerKind<S extends LayerSpec = LayerSpec> {
  readonly kind: LayerSpec['kind'];
  /** What it is, in one line, for people. */
  readonly summary: string;
  /** Its plain fields beside kind, name, inputs and from, and how a native file's are read. */
  readonly fields: { readonly [key: string]: Field };
  /** Names of its tensors; a `?` behind the name: some have it. */
  readonly tensorNames: readonly string[];
  /** The tensors of this one with their shapes. */
  tensors(spec: S): Record<string, Shape>;
  /** Shapes of its outputs. @param window T where it is known */
  shapes(spec: S, inputs: readonly Shape[], refuse: Refuse, window: number | null): Shape[];
  /** Why it can only work on a complete window, or null where it takes one tick at a time. */
  needsWindow(spec: S, inputs: readonly Shape[]): string | null;
  /** Whether it keeps something from tick to tick: it works on branches then, not on a tick's inputs. */
  readonly stateful: boolean;
  /** Takes one tick at a time. Null: nothing is done (its input is its output). Absent: the kind only works on windows. */
  step?(spec: S, context: LayerContext): Layer | null;
  /** Works on a complete window. Absent: the step form is run over it. */
  window?(spec: S, context: LayerContext): WindowLayer;
  /** Its tensors are constants of training: statistics of the data. */
  readonly frozen?: true;
  /** It learns, but passes no gradient on to what comes in. */
  readonly stops?: true;
  /** Works on whole windows and knows the way back. Absent: no gradient passes through it. */
  tape?(spec: S, context: TapeContext): TapeLayer;
}

/** x rounded up to a multiple of 4, the lanes of a vector. */
export function pad(x: number): number {
  return (x + 3) & ~3;
}

/** Floats of the arena; make it only after the last alloc. */
export function floats(arena: Arena, at: number, length: number): Float32Array {
  return new Float32Array(arena.memory.buffer, at, length);
}

/** Allocates and fills. */
export function store(arena: Arena, values: Float32Array): number {
  const at = arena.alloc(4 * values.length);
  floats(arena, at, values.length).set(values);
  return at;
}

/** What a layer without a state does to the n rows that `slots` names. t: on a tape the tick they are of. */
export type RunRows = (inputs: readonly Rows[], out: Rows, slots: number, n: number, t: number) => void;

/**
 * A layer without a state, that works on rows one by one: `run` writes `out` for the n rows that `slots` names. A mask is
 * passed on.
 * @param width values a row of its output
 */
export function rowLayer({ arena, B, R, onInputs }: LayerContext, width: number, run: RunRows): Layer {
  const stride = pad(width);
  const out: Rows = { at: arena.alloc(4 * (onInputs ? R : B) * stride), stride, mask: 0, maskStride: 0 };
  return {
    output: () => out,
    step(inputs, batch) {
      out.mask = inputs[0]!.mask;
      out.maskStride = inputs[0]!.maskStride;
      if (onInputs) run(inputs, out, batch.rows, batch.R, 0);
      else run(inputs, out, batch.slots, batch.n, 0);
    },
    states: () => [],
    reset() {},
  };
}

/** A whole sequence a branch: [ticks, values], or one tick for a vector. */
export function allocSequence({ arena, B, T, byTick }: LayerContext, shape: Shape): Sequence {
  const [length, width] = layout(shape, T);
  const row = pad(width);
  const [stride, tick] = byTick ? [row, B * row] : [length * row, row];
  return { at: arena.alloc(4 * B * length * row), stride, tick, length, width, mask: 0, maskStride: 0 };
}

/** Ticks and values a tick of a shape. */
export function layout(shape: Shape, T: number): [length: number, width: number] {
  const width = shape.at(-1)!;
  const length = shape.length === 1 ? 1 : shape[0] === TICKS ? T : shape[0]!;
  return [length, width];
}

/** Tick t of a sequence, as rows. */
export function tickOf(x: Sequence, t: number): Rows {
  return { at: x.at + 4 * t * x.tick, stride: x.stride, mask: x.mask && x.mask + 4 * t, maskStride: x.maskStride };
}

/** A layer that gives its input's rows as they are, without their mask. */
export function unmasked(): Layer {
  const out: Rows = { at: 0, stride: 0, mask: 0, maskStride: 0 };
  return {
    output: () => out,
    step([x]) {
      out.at = x!.at;
      out.stride = x!.stride;
    },
    states: () => [],
    reset() {},
  };
}

/** One i32 a row of a layer's output. */
export function allocMask({ arena, B, R, onInputs }: LayerContext): number {
  return arena.alloc(4 * (onInputs ? R : B));
}

/** The mask of what is made of several inputs: a tick is seen where any of them is; one without a mask is seen everywhere. */
export function combineMasks(
  context: LayerContext,
): (inputs: readonly Rows[], out: Rows, slots: number, n: number) => void {
  const { arena } = context;
  const mask = allocMask(context);
  return (inputs, out, slots, n) => {
    out.mask = 0;
    out.maskStride = 1;
    for (let i = 0; i < inputs.length; i++) if (inputs[i]!.mask === 0) return;
    out.mask = mask;
    arena.copyRows(mask, 1, inputs[0]!.mask, inputs[0]!.maskStride, slots, slots, n, 1);
    for (let i = 1; i < inputs.length; i++)
      arena.eitherMask(mask, mask, 1, inputs[i]!.mask, inputs[i]!.maskStride, slots, n);
  };
}
