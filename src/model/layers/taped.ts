/**
 * The contract of a layer on a tape (`../tape.ts`): it runs over whole windows, keeps what its gradient needs, and runs back.
 * Weights are constants here; what a layer keeps is all that their gradients would take as well.
 */
import type { Shape } from '../shape.ts';
import { allocSequence, type LayerContext, layout, pad, type Rows, type Sequence, tickOf } from './layer.ts';

/** A value, and the gradient of the model's output with respect to it, laid out alike. */
export interface Taped {
  value: Sequence;
  gradient: Sequence;
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
   * @param states of its step form (`Layer.states`), one branch's, after `ticks` ticks
   */
  begin?(states: readonly Float32Array[], ticks: number): void;
}

/** A sequence a branch with room for its gradient. */
export function allocTaped(context: LayerContext, shape: Shape): Taped {
  return { value: allocSequence(context, shape), gradient: allocSequence(context, shape) };
}

/** Ticks and values a tick of what comes in first. */
export function taken({ inputs, T }: TapeContext): [length: number, width: number] {
  return layout(inputs[0]!, T);
}

/** A layer that gives what comes in first as it is. */
export function passes({ from }: TapeContext): TapeLayer {
  return { outputs: [from[0]!], forward() {}, backward() {} };
}

/** One tick of a layer that works tick by tick: its rows and their gradients. */
export interface TapeTick {
  x: readonly Rows[];
  dx: readonly Rows[];
  y: Rows;
  dy: Rows;
}

/**
 * A layer without a state that works tick by tick, whose output is masked where its first input is. `backward` adds to the
 * `dx`.
 */
export function tickByTick(
  context: TapeContext,
  forward: (tick: TapeTick, n: number, t: number) => void,
  backward: (tick: TapeTick, n: number, t: number) => void,
): TapeLayer {
  const { from, outputs } = context;
  const out = allocTaped(context, outputs[0]!);
  const tick = (t: number): TapeTick => ({
    x: from.map(({ value }) => tickOf(value, t)),
    dx: from.map(({ gradient }) => tickOf(gradient, t)),
    y: tickOf(out.value, t),
    dy: tickOf(out.gradient, t),
  });
  return {
    outputs: [out],
    forward(n) {
      out.value.mask = from[0]!.value.mask;
      out.value.maskStride = from[0]!.value.maskStride;
      for (let t = 0; t < out.value.length; t++) forward(tick(t), n, t);
    },
    backward(n) {
      for (let t = 0; t < out.value.length; t++) backward(tick(t), n, t);
    },
  };
}

/** Room for one tick's rows of this width. */
export function allocRows({ arena, B }: LayerContext, width: number): Rows {
  const stride = pad(width);
  return { at: arena.alloc(4 * B * stride), stride, mask: 0, maskStride: 0 };
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
