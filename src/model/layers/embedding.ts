import { DataError, invalid } from '../../errors.ts';
import { flag, whole } from '../formats/fields.ts';
import { showShape, TICKS } from '../shape.ts';
import type { EmbeddingSpec, ModelSpec } from '../spec.ts';
import { type LayerKind, rowLayer, store } from './layer.ts';
import { only } from './shapes.ts';

export const embedding: LayerKind<EmbeddingSpec> = {
  kind: 'embedding',
  summary: 'Embedding of a token a tick; token 0 may be padding',
  fields: { vocabulary: whole(1), units: whole(1), maskZero: flag },
  tensorNames: ['table'],
  tensors: ({ vocabulary, units }) => ({ table: [vocabulary, units] }),
  shapes({ units }, inputs, refuse) {
    const shape = only(inputs, refuse);
    if (shape[0] !== TICKS || shape.length !== 2 || shape[1] !== 1)
      refuse('inputs', showShape(shape), 'one token a tick: [ticks, 1]');
    return [[TICKS, units]];
  },
  needsWindow: () => null,
  stateful: false,
  step({ vocabulary, units: E, maskZero, table }, context) {
    const { arena, B, R, onInputs } = context;
    const tableAt = store(arena, table);
    const mask = maskZero ? arena.alloc(4 * (onInputs ? R : B)) : 0;
    let heap: DataView | null = null;
    return rowLayer(context, E, ([x], out, slots, n) => {
      heap ??= new DataView(arena.memory.buffer);
      for (let b = 0; b < n; b++) {
        const token = heap.getFloat32(x!.at + 4 * heap.getInt32(slots + 4 * b, true) * x!.stride, true);
        const wrong = badToken(token, vocabulary);
        if (wrong) throw new DataError(wrong);
      }
      arena.embed(out.at, out.stride, mask, x!.at, x!.stride, slots, n, tableAt, E);
      out.mask = mask;
      out.maskStride = 1;
    });
  },
};

/** What is wrong with a value that should be a token, or null. */
export function badToken(token: number, vocabulary: number): string | null {
  if (Number.isInteger(token) && token >= 0 && token < vocabulary) return null;
  return invalid('token', token, `a whole number from 0 to ${vocabulary - 1}, the vocabulary of the model's embedding`);
}

/** V where a model's input is a token, else null. */
export function vocabularyOf({ layers }: Pick<ModelSpec, 'layers'>): number | null {
  const [first] = layers;
  return first?.kind === 'embedding' ? first.vocabulary : null;
}
