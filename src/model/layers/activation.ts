import { ALPHA, activationIndex, ROW_ACTIVATIONS } from '../activations.ts';
import { number, optional, text } from '../formats/fields.ts';
import { rowWidth } from '../shape.ts';
import type { ActivationSpec } from '../spec.ts';
import { type LayerContext, type LayerKind, type RunRows, rowLayer } from './layer.ts';
import { checkActivation, lastAxis, only, rowsWithin } from './shapes.ts';
import { allocRows, passes, taken, tickByTick } from './taped.ts';

export const activation: LayerKind<ActivationSpec> = {
  kind: 'activation',
  summary: 'an activation of its own',
  fields: { activation: text, alpha: optional(number) },
  tensorNames: [],
  tensors: () => ({}),
  shapes({ activation: name, alpha }, inputs, refuse) {
    const shape = only(inputs, refuse);
    lastAxis(shape, refuse);
    checkActivation(name, 'activation', refuse);
    if (alpha != null && !(name in ALPHA)) refuse('alpha', alpha, `nothing: ${name} has none`);
    return [shape];
  },
  needsWindow: ({ activation: name }, [shape]) => (ROW_ACTIVATIONS.includes(name) ? rowsWithin(shape!) : null),
  stateful: false,
  step(spec, context) {
    const W = rowWidth(context.inputs[0]!);
    return activationIndex(spec.activation) === 0 ? null : rowLayer(context, W, activates(spec, context, W));
  },
  tape(spec, context) {
    const { arena, slots } = context;
    const kind = activationIndex(spec.activation);
    if (kind === 0) return passes(context);
    const [, W] = taken(context);
    const d = allocRows(context, W);
    return tickByTick(context, activates(spec, context, W), ({ n, x: [x], dx: [dx], y, dy }) => {
      const values = [dy.at, dy.stride, x!.at, x!.stride, y.at, y.stride] as const;
      arena.activateBack(kind, alphaOf(spec), d.at, d.stride, ...values, slots, n, W);
      arena.combine(0, dx!.at, dx!.stride, d.at, d.stride, slots, n, W);
    });
  },
};

function activates(spec: ActivationSpec, { arena }: LayerContext, W: number): RunRows {
  const kind = activationIndex(spec.activation);
  return ([x], out, slots, n) => {
    arena.copyRows(out.at, out.stride, x!.at, x!.stride, slots, slots, n, W);
    arena.activate(kind, alphaOf(spec), out.at, slots, n, out.stride, W);
  };
}

function alphaOf({ activation: name, alpha }: ActivationSpec): number {
  return alpha ?? ALPHA[name] ?? 1;
}
