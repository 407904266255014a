import { number } from '../formats/fields.ts';
import type { DropoutSpec } from '../spec.ts';
import type { LayerKind, Rows } from './layer.ts';
import { only } from './shapes.ts';
import { passes, taken, tickByTick } from './taped.ts';

/**
 * Inert outside training; there inverted: what stays is scaled up (`assembly/layers/dropout.ts`). What a value draws depends on
 * its place in the batch, whatever part of it is on this tape.
 */
export const dropout: LayerKind<DropoutSpec> = {
  kind: 'dropout',
  summary: 'Dropout and other noise of training: inert outside it',
  fields: { rate: number },
  tensorNames: [],
  tensors: () => ({}),
  shapes: (_, inputs, refuse) => [only(inputs, refuse)],
  needsWindow: () => null,
  stateful: false,
  step: () => null,
  tape({ rate }, context) {
    const { arena, slots, weights } = context;
    const { noise } = weights;
    if (!noise || !(rate > 0)) return passes(context);
    const [, W] = taken(context);
    const own = noise.take();
    const threshold = Math.min(Math.floor(rate * 0x1_0000_0000), 0xffff_ffff);
    const scale = rate < 1 ? 1 / (1 - rate) : 0;
    /** @param t of rows that lie tick by tick */
    const run = (to: Rows, from: Rows, n: number, t: number, add: boolean): void => {
      const key = Math.imul(noise.key + own, 0x9e3779b1);
      const [least, times] = noise.on ? [threshold, scale] : [0, 1];
      const first = t * noise.batch + noise.first;
      arena.dropout(to.at, to.stride, from.at, from.stride, slots, n, W, first, key, least, times, add);
    };
    return tickByTick(
      context,
      ([x], y, _, n, t) => run(y, x!, n, t, false),
      ({ t, n, dx: [dx], dy }) => run(dx!, dy, n, t, true),
    );
  },
};
