/** The contract of a layer that runs: it owns weights, state and output in the arena, and steps many rows at once. */
import type { Arena } from '../../kernels.ts';

/** Rows of floats in the arena: where they begin and how far apart they are (in floats). */
export interface Rows {
  at: number;
  stride: number;
}

/**
 * What is stepped now. Before the first recurrent layer a model works on the tick's distinct *inputs* (row 0 as observed);
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
}

export interface Layer {
  readonly kind: string;
  readonly name: string;
  /** Values a row it gives. */
  readonly units: number;
  readonly recurrent: boolean;
  /** Where its output of the last step stands. */
  output(): Rows;
  /** One step on x, the rows that the layer before gave. */
  step(x: Rows, batch: Batch): void;
  /** State arrays as they stand now (h changes places at every step). */
  states(): State[];
  /** State to zero. */
  reset(): void;
  /** hidden, cell and gates of branch 0 after the last step (H each), for layers that have them. */
  internals?(): Record<string, Float32Array>;
}

/** What a layer is built with. */
export interface LayerContext {
  arena: Arena;
  /** The most branches, and the most distinct input rows of a tick. */
  B: number;
  R: number;
  /** True where the rows that come in are inputs, not branches yet. */
  onInputs: boolean;
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
