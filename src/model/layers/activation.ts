import { ALPHA, activationIndex, ROW_ACTIVATIONS } from '../activations.ts';
import { number, optional, text } from '../formats/fields.ts';
import { rowWidth } from '../shape.ts';
import type { ActivationSpec } from '../spec.ts';
import { type LayerKind, rowLayer } from './layer.ts';
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
  step({ activation: name, alpha }, context) {
    const { arena, inputs } = context;
    const kind = activationIndex(name);
    if (kind === 0) return null;
    const slope = alpha ?? ALPHA[name] ?? 1;
    const W = rowWidth(inputs[0]!);
    return rowLayer(context, W, ([x], out, slots, n) => {
      arena.copyRows(out.at, out.stride, x!.at, x!.stride, slots, slots, n, W);
      arena.activate(kind, slope, out.at, slots, n, out.stride, W);
    });
  },
  tape({ activation: name, alpha }, context) {
    const { arena, slots } = context;
    const kind = activationIndex(name);
    if (kind === 0) return passes(context);
    const slope = alpha ?? ALPHA[name] ?? 1;
    const [, W] = taken(context);
    const d = allocRows(context, W);
    return tickByTick(
      context,
      ({ x: [x], y }, n) => {
        arena.copyRows(y.at, y.stride, x!.at, x!.stride, slots, slots, n, W);
        arena.activate(kind, slope, y.at, slots, n, y.stride, W);
      },
      ({ x: [x], dx: [dx], y, dy }, n) => {
        const values = [dy.at, dy.stride, x!.at, x!.stride, y.at, y.stride] as const;
        arena.activateBack(kind, slope, d.at, d.stride, ...values, slots, n, W);
        arena.combine(0, dx!.at, dx!.stride, d.at, d.stride, slots, n, W);
      },
    );
  },
};
