/** Layers that only lay values out anew: Flatten, Reshape, Concatenate, RepeatVector, and the last tick of a sequence. */
import { whole, wholes } from '../formats/fields.ts';
import { rowWidth, showShape, TICKS } from '../shape.ts';
import type { ConcatenateSpec, FlattenSpec, LastSpec, RepeatSpec, ReshapeSpec } from '../spec.ts';
import {
  allocSequence,
  combineMasks,
  type LayerContext,
  type LayerKind,
  layout,
  type RunRows,
  rowLayer,
  tickOf,
  unmasked,
  type WindowLayer,
} from './layer.ts';
import { lastAxis, only, sequence, size } from './shapes.ts';
import { shows, type TapeContext, type TapeLayer, tickByTick, wholeWindow } from './taped.ts';

const REASON = 'lays out the values of all ticks anew';

export const flatten: LayerKind<FlattenSpec> = {
  kind: 'flatten',
  summary: 'Flatten',
  fields: {},
  tensorNames: [],
  tensors: () => ({}),
  shapes: (_, inputs, refuse, window) => [[size(only(inputs, refuse), refuse, window)]],
  needsWindow: (_, [shape]) => (shape!.includes(TICKS) ? REASON : null),
  stateful: false,
  step: unmasked,
  window: (_, context) => relayout(context),
  tape: (_, context) => relayoutTape(context),
};

export const reshape: LayerKind<ReshapeSpec> = {
  kind: 'reshape',
  summary: 'Reshape',
  fields: { shape: wholes(TICKS) },
  tensorNames: [],
  tensors: () => ({}),
  shapes({ shape }, inputs, refuse, window) {
    const from = only(inputs, refuse);
    const axes = shape.length === 1 || shape.length === 2;
    if (!axes || shape.some((n) => n === 0) || shape.at(-1) === TICKS) refuse('shape', shape, 'one or two axes');
    const kept = shape[0] === TICKS && from[0] === TICKS;
    const [had, has] = kept
      ? [rowWidth(from), rowWidth(shape)]
      : [size(from, refuse, window), size(shape, refuse, window)];
    if (had !== has) refuse('shape', showShape(shape), `as many values as ${showShape(from)}`);
    return [shape];
  },
  needsWindow: ({ shape }, [from]) => ((shape[0] === TICKS) === (from![0] === TICKS) ? null : REASON),
  stateful: false,
  step: unmasked,
  window: (_, context) => relayout(context),
  tape: (_, context) => relayoutTape(context),
};

export const concatenate: LayerKind<ConcatenateSpec> = {
  kind: 'concatenate',
  summary: 'Concatenate on the last axis',
  fields: {},
  tensorNames: [],
  tensors: () => ({}),
  shapes(_, inputs, refuse) {
    const [first] = inputs;
    if (!first) refuse('inputs', 'none', 'at least one');
    const rows = showShape(first!.slice(0, -1));
    for (const shape of inputs) {
      if (showShape(shape.slice(0, -1)) !== rows)
        refuse('inputs', showShape(shape), `a shape that differs from ${showShape(first!)} in the last axis only`);
    }
    return [[...first!.slice(0, -1), inputs.reduce((sum, shape) => sum + lastAxis(shape, refuse), 0)]];
  },
  needsWindow: (_, [shape]) => (rowWidth(shape!) === shape!.at(-1) ? null : REASON),
  stateful: false,
  step: (_, context) =>
    rowLayer(
      context,
      widthsOf(context).reduce((sum, n) => sum + n, 0),
      joins(context),
    ),
  tape(_, context) {
    const { arena, slots } = context;
    const widths = widthsOf(context);
    return tickByTick(context, joins(context), ({ n, dx, dy }) => {
      let from = dy.at;
      dx.forEach(({ at, stride }, i) => {
        arena.combine(0, at, stride, from, dy.stride, slots, n, widths[i]!);
        from += 4 * widths[i]!;
      });
    });
  },
};

/** Values a row of each input. */
function widthsOf({ inputs }: LayerContext): number[] {
  return inputs.map((shape) => shape.at(-1)!);
}

function joins(context: LayerContext): RunRows {
  const { arena } = context;
  const widths = widthsOf(context);
  const masks = combineMasks(context);
  return (inputs, out, slots, n) => {
    let at = out.at;
    for (let i = 0; i < inputs.length; i++) {
      arena.copyRows(at, out.stride, inputs[i]!.at, inputs[i]!.stride, slots, slots, n, widths[i]!);
      at += 4 * widths[i]!;
    }
    masks(inputs, out, slots, n);
  };
}

export const repeat: LayerKind<RepeatSpec> = {
  kind: 'repeat',
  summary: 'RepeatVector',
  fields: { count: whole(1) },
  tensorNames: [],
  tensors: () => ({}),
  shapes({ count }, inputs, refuse) {
    const shape = only(inputs, refuse);
    if (shape.length !== 1 || shape[0] === TICKS) refuse('inputs', showShape(shape), 'a vector');
    return [[count, shape[0]!]];
  },
  needsWindow: () => 'repeats what is known at the end of the window only',
  stateful: false,
  window: repeats,
  tape(spec, context) {
    const { arena, from, slots } = context;
    const dx = from[0]!.gradient;
    return wholeWindow(context, repeats(spec, context), (dy, n) => {
      for (let t = 0; t < dy.length; t++) {
        const row = tickOf(dy, t);
        arena.combine(0, dx.at, dx.stride, row.at, row.stride, slots, n, dy.width);
      }
    });
  },
};

function repeats({ count }: RepeatSpec, context: LayerContext): WindowLayer {
  const { arena, outputs } = context;
  const out = allocSequence(context, outputs[0]!);
  return {
    output: () => out,
    run([x], { slots, n }) {
      for (let t = 0; t < count; t++)
        arena.copyRows(out.at + 4 * t * out.tick, out.stride, x!.at, x!.stride, slots, slots, n, out.width);
    },
  };
}

export const last: LayerKind<LastSpec> = {
  kind: 'last',
  summary: 'the last tick of a sequence',
  fields: {},
  tensorNames: [],
  tensors: () => ({}),
  shapes: (_, inputs, refuse) => [[sequence(only(inputs, refuse), refuse)[1]]],
  needsWindow: (_, [shape]) =>
    shape![0] === TICKS ? null : 'takes the last row of an axis that is not that of the ticks',
  stateful: false,
  step: unmasked,
  window(_, context) {
    const out = allocSequence({ ...context, B: 0 }, context.outputs[0]!);
    return {
      output: () => out,
      run([x]) {
        out.at = x!.at + 4 * (x!.length - 1) * x!.tick;
        out.stride = x!.stride;
      },
    };
  },
  tape: (_, context) => shows(context, (x) => ({ at: x.at + 4 * (x.length - 1) * x.tick, length: 1 })),
};

/** The same values in rows of another width. */
function relayout(context: LayerContext): WindowLayer {
  const { arena, outputs } = context;
  const out = allocSequence(context, outputs[0]!);
  const count = out.length * out.width;
  return {
    output: () => out,
    run([x], { slots, n }) {
      const { at, stride, tick, width } = x!;
      arena.relayout(out.at, out.stride, out.tick, out.width, at, stride, tick, width, count, slots, n);
    },
  };
}

function relayoutTape(context: TapeContext): TapeLayer {
  const { arena, from, slots, outputs, T } = context;
  const [length, width] = layout(outputs[0]!, T);
  const { gradient: dx } = from[0]!;
  if (length === dx.length && width === dx.width) return shows(context, () => ({}));
  return wholeWindow(context, relayout(context), (dy, n) => {
    const [to, of] = [
      [dx.at, dx.stride, dx.tick, dx.width],
      [dy.at, dy.stride, dy.tick, dy.width],
    ] as const;
    arena.relayoutBack(...to, ...of, length * width, slots, n);
  });
}
