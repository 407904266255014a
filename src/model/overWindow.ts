/** The window form of a layer that takes one tick at a time: it is stepped over the whole sequence. */
import {
  allocSequence,
  type Batch,
  floats,
  type Layer,
  type LayerContext,
  layout,
  type Rows,
  type Sequence,
  type State,
  tickOf,
  type WindowLayer,
} from './layers/layer.ts';

export interface OverWindow extends WindowLayer {
  /** What branch 0 held at the step that stands behind the output at the window's last tick. */
  internals: (() => Record<string, Float32Array>) | undefined;
}

/**
 * @param layer the layer, built for branches
 * @param backwards from the last tick to the first; sequences are given in the order of time all the same
 */
export function overWindow(layer: Layer, context: LayerContext, backwards: boolean): OverWindow {
  const { arena, B, T, inputs, outputs } = context;
  const [length] = layout(inputs[0]!, T);
  const sequences = outputs.map((shape) => allocSequence(context, shape));
  // a mask comes with the rows of each tick: it is gathered beside the first output's sequence
  const mask = arena.alloc(4 * B * length);
  const ticks: Rows[] = inputs.map(() => ({ at: 0, stride: 0, mask: 0, maskStride: 0 }));
  const takesSequence = layout(outputs[0]!, T)[0] === length && outputs[0]!.length === 2;
  let held: Record<string, Float32Array> = {};

  const keep = (index: number, to: Rows, { slots, n }: Batch): void => {
    const from = layer.output(index);
    arena.copyRows(to.at, to.stride, from.at, from.stride, slots, slots, n, sequences[index]!.width);
  };
  return {
    output: (index) => sequences[index]!,
    run(given: readonly Sequence[], batch) {
      layer.reset();
      const [first] = sequences;
      first!.mask = 0;
      for (let k = 0; k < length; k++) {
        const t = backwards ? length - 1 - k : k;
        given.forEach((x, i) => {
          Object.assign(ticks[i]!, tickOf(x, t));
        });
        layer.step(ticks, batch);
        if (takesSequence) keep(0, tickOf(first!, t), batch);
        const rows = layer.output(0);
        if (takesSequence && rows.mask) {
          arena.copyRows(mask + 4 * t, length, rows.mask, rows.maskStride, batch.slots, batch.slots, batch.n, 1);
          first!.mask = mask;
          first!.maskStride = length;
        }
        if (layer.internals && (takesSequence ? t === length - 1 : k === length - 1)) held = layer.internals();
      }
      for (const [index, to] of sequences.entries()) {
        if (index > 0 || !takesSequence) keep(index, tickOf(to, 0), batch);
      }
    },
    internals: layer.internals && (() => held),
  };
}

/** The ticks of the window so far, of every branch: a state that a fork copies. */
export class Collector {
  readonly sequence: Sequence;
  readonly #context: LayerContext;
  readonly #mask: number;

  /** @param context of a layer that reads `context.inputs[0]` at every tick */
  constructor(context: LayerContext) {
    const { arena, B, T, inputs } = context;
    this.#context = context;
    this.sequence = allocSequence(context, inputs[0]!);
    this.#mask = arena.alloc(4 * B * T);
  }

  /** Keeps tick t of the rows given. */
  keep(x: Rows, { slots, n, inputRow }: Batch, t: number): void {
    const { arena, onInputs, T } = this.#context;
    const { sequence } = this;
    const rows = onInputs ? inputRow : slots;
    const to = tickOf(sequence, t);
    arena.copyRows(to.at, to.stride, x.at, x.stride, slots, rows, n, sequence.width);
    sequence.mask = x.mask && this.#mask;
    sequence.maskStride = T;
    if (x.mask) arena.copyRows(this.#mask + 4 * t, T, x.mask, x.maskStride, slots, rows, n, 1);
  }

  states(): State[] {
    const { at, stride } = this.sequence;
    const { T } = this.#context;
    return [
      { at, stride, units: stride },
      { at: this.#mask, stride: T, units: T, exact: true },
    ];
  }

  reset(): void {
    const { arena, B } = this.#context;
    for (const { at, stride } of this.states()) floats(arena, at, B * stride).fill(0);
  }
}
