/**
 * The contract of a layer on a tape (`../tape.ts`): it runs over whole windows, keeps what its gradient needs, and runs back.
 * Where its weights stand, and whether anybody wants their gradients, is the matter of `Weights`.
 */
import type { Arena } from '../../kernels.ts';
import type { Shape } from '../shape.ts';
import {
  allocSequence,
  type LayerContext,
  layout,
  pad,
  type Rows,
  type RunRows,
  type Sequence,
  store,
  tickOf,
  type WindowLayer,
} from './layer.ts';

/** A value, and the gradient of the model's output with respect to it, laid out alike. */
export interface Taped {
  value: Sequence;
  gradient: Sequence;
  /** Nobody asks for its gradient: a layer may leave it out. */
  constant?: boolean;
}

/** Arrays of a layer's specification by their names, and an order in which kernels take their values. */
export type Tensors = Record<string, Float32Array>;
export type Pack<S extends Tensors> = (tensors: S) => Float32Array;

/** Where layers have their weights: constants, or parameters that are learnt (`../parameters.ts`). */
export interface Weights {
  /** Pointer to the arrays in the order of a pack, of several packs to their sum. A pack only moves values and fills in zeros. */
  place<S extends Tensors>(tensors: S, ...packs: Pack<S>[]): number;
  /** Pointer to where their gradients are added up, in the order of a pack, of several of each; 0 where nobody learns. */
  gradient<S extends Tensors>(tensors: S, ...packs: Pack<S>[]): number;
  /** What dropout draws from, where it is to be active. */
  readonly noise: Noise | null;
}

/** A key for every step of training and every layer. */
export interface Noise {
  /** Whether it is on now: not where a model is validated. */
  on: boolean;
  /** A whole number below 2^32. */
  key: number;
  /** Windows of the batch of which those on the tape are a part, and which of them comes first here. */
  batch: number;
  first: number;
  /** The next layer's number. */
  take(): number;
}

/** Weights that stay what they are. */
export function constants(arena: Arena): Weights {
  return {
    place: (tensors, ...packs) =>
      store(
        arena,
        packs.map((pack) => pack(tensors)).reduce((sum, more) => sum.map((v, i) => (more[i] === 0 ? v : v + more[i]!))),
      ),
    gradient: () => 0,
    noise: null,
  };
}

/** What a layer on a tape is built with. What comes in stands where it stands: a tape's sequences never move. */
export interface TapeContext extends LayerContext {
  from: readonly Taped[];
  /** Pointer to 0, 1, 2 .. B - 1. */
  slots: number;
}

/** Works on the first n of the B windows. */
export interface TapeLayer {
  readonly outputs: readonly Taped[];
  /** Runs over all ticks of what comes in. */
  forward(n: number): void;
  /** Adds to the gradients of what came in what the gradients of its outputs, complete by now, make of them. */
  backward(n: number): void;
  /**
   * Every window begins with this state instead of zeros.
   * @param states of its step form (`Layer.states`), one branch's
   * @param newest where the newest row of a ring stands
   */
  begin?(states: readonly Float32Array[], newest: number): void;
  /** Every window begins with the state that it ended with: it goes on. */
  carry?(): void;
  /** Every window begins with zeros. */
  reset?(): void;
  /** What a recurrent layer held at its steps. */
  steps?: Steps;
}

export interface Steps {
  /** Ticks in the order in which it ran over them. */
  ran: readonly number[];
  /** Pointers to the first window's rows at tick t: gates (C), what a projection makes h of (H), h and c before it. */
  at(t: number): { gates: number; raw: number; before: number; cBefore: number };
}

/** A sequence a branch with room for its gradient. */
export function allocTaped(context: LayerContext, shape: Shape): Taped {
  return { value: allocSequence(context, shape), gradient: allocSequence(context, shape) };
}

/** Room for one tick's rows of this width. */
export function allocRows({ arena, B }: LayerContext, width: number): Rows {
  const stride = pad(width);
  return { at: arena.alloc(4 * B * stride), stride, mask: 0, maskStride: 0 };
}

/** Ticks and values a tick of what comes in first. */
export function taken({ inputs, T }: TapeContext): [length: number, width: number] {
  return layout(inputs[0]!, T);
}

/** Room to work for `outer` with so many rows of weights. */
export function allocOuter({ arena }: LayerContext, rows: number): number {
  return arena.alloc(4 * 64 * (rows + 16));
}

/** A layer that gives what comes in as it is. */
export function passes({ from }: TapeContext): TapeLayer {
  return { outputs: [from[0]!], forward() {}, backward() {} };
}

/** A layer that gives a part of what comes in, or all of it without its mask. */
export function shows({ from }: TapeContext, part: (x: Sequence) => Partial<Sequence>): TapeLayer {
  const { value, gradient } = from[0]!;
  const view = (x: Sequence): Sequence => ({ ...x, mask: 0, ...part(x) });
  return { outputs: [{ value: view(value), gradient: view(gradient) }], forward() {}, backward() {} };
}

/** One tick on the way back: what came in and went out, and the gradients of both. */
export interface TapeTick {
  t: number;
  n: number;
  x: readonly Rows[];
  dx: readonly Rows[];
  y: Rows;
  dy: Rows;
}

/**
 * A layer without a state that works tick by tick.
 * @param run as `rowLayer` takes it; masks are passed on as there
 * @param back adds to `dx`
 */
export function tickByTick(context: TapeContext, run: RunRows, back: (tick: TapeTick) => void): TapeLayer {
  const { arena, B, from, outputs, slots } = context;
  const out = allocTaped(context, outputs[0]!);
  const { value, gradient } = out;
  const { length } = value;
  const mask = arena.alloc(4 * B * length);
  return {
    outputs: [out],
    forward(n) {
      value.mask = 0;
      value.maskStride = length;
      for (let t = 0; t < length; t++) {
        const x = from.map((one) => tickOf(one.value, t));
        const y = { ...tickOf(value, t), mask: x[0]!.mask, maskStride: x[0]!.maskStride };
        run(x, y, slots, n, t);
        if (y.mask === 0) continue;
        arena.copyRows(mask + 4 * t, length, y.mask, y.maskStride, slots, slots, n, 1);
        value.mask = mask;
      }
    },
    backward(n) {
      for (let t = 0; t < length; t++) {
        const x = from.map((one) => tickOf(one.value, t));
        const dx = from.map((one) => tickOf(one.gradient, t));
        back({ t, n, x, dx, y: tickOf(value, t), dy: tickOf(gradient, t) });
      }
    },
  };
}

/**
 * A layer that works on the whole window.
 * @param layer its window form, with sequences by tick
 * @param back adds to the gradients of what came in, from that of its output
 */
export function wholeWindow(
  context: TapeContext,
  layer: WindowLayer,
  back: (dy: Sequence, n: number) => void,
): TapeLayer {
  const { from, outputs, slots } = context;
  const gradient = allocSequence(context, outputs[0]!);
  const inputs = from.map(({ value }) => value);
  return {
    outputs: [{ value: layer.output(0), gradient }],
    forward: (n) => layer.run(inputs, { slots, n, inputRow: slots, rows: slots, R: n }),
    backward: (n) => back(gradient, n),
  };
}

/** A matrix (rows, columns) as `product` takes it: blocks of sixteen columns, what is left of pad(columns) by blocks of four. */
export function packColumns(
  rows: number,
  columns: number,
  value: (row: number, column: number) => number,
): Float32Array {
  const width = pad(columns);
  const packed = new Float32Array(rows * width);
  let at = 0;
  for (let o = 0; o < width; ) {
    const block = width - o >= 16 ? 16 : 4;
    for (let k = 0; k < rows; k++) {
      for (let lane = 0; lane < block; lane++) packed[at++] = o + lane < columns ? value(k, o + lane) : 0;
    }
    o += block;
  }
  return packed;
}
