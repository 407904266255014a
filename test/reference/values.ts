/** What flows between the layers of the reference, and the little linear algebra that it takes. */

/** Rows of values, of a sequence one a tick, of a vector one; `mask` says which are visible (null: all). */
export interface Rows {
  rows: Float64Array[];
  mask: boolean[] | null;
}

/** What a recurrent layer holds after a tick: h, and of an LSTM c, i, f, g, o, of a GRU z, r, n (H each). */
export type Step = { h: Float64Array } & Record<string, Float64Array>;

/** Of an attention layer, a head and a query each: scores as computed, and weights after mask and softmax (T). */
export interface Attention {
  scores: Float64Array[][];
  weights: Float64Array[][];
}

/** What a layer gives: its outputs, and what else it can show of itself. */
export interface Result {
  outputs: Rows[];
  /** In the order of time. */
  steps?: Step[];
  attention?: Attention;
}

/** What layers remember from tick to tick, by their names: empty at the beginning of a window or a stream. */
export interface Memory {
  /** State of a recurrent layer. */
  states: Map<string, Step>;
  /** Ticks that a convolution has seen. */
  past: Map<string, Float64Array[]>;
  /** Outputs of an earlier run, whose masks are kept: what is masked does not change with the inputs then. */
  masks?: ReadonlyMap<string, Rows[]>;
}

/** One output. */
export function gives(rows: Float64Array[], mask: boolean[] | null = null): Result {
  return { outputs: [{ rows, mask }] };
}

/** x (I) times a matrix (I, O) whose columns begin at `from`, of rows as long as `stride`. */
export function product(x: Float64Array, matrix: Float32Array, O: number, from = 0, stride = O): Float64Array {
  const y = new Float64Array(O);
  for (let j = 0; j < O; j++) {
    for (let k = 0; k < x.length; k++) y[j]! += x[k]! * matrix[k * stride + from + j]!;
  }
  return y;
}

export function plus(x: Float64Array, y: ArrayLike<number>): Float64Array {
  return x.map((v, k) => v + y[k]!);
}

export function times(x: Float64Array, y: ArrayLike<number>): Float64Array {
  return x.map((v, k) => v * y[k]!);
}

export function dot(x: Float64Array, y: Float64Array): number {
  return x.reduce((sum, v, k) => sum + v * y[k]!, 0);
}

/** One row of all values, in order. */
export function flat(rows: Float64Array[]): Float64Array {
  return Float64Array.from(rows.flatMap((row) => Array.from(row)));
}
