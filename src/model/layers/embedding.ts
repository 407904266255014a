import { DataError, invalid } from '../../errors.ts';
import { flag, whole } from '../formats/fields.ts';
import { showShape, TICKS } from '../shape.ts';
import type { EmbeddingSpec, ModelSpec } from '../spec.ts';
import { allocMask, type LayerContext, type LayerKind, type RunRows, rowLayer } from './layer.ts';
import { only } from './shapes.ts';
import { tickByTick } from './taped.ts';

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
  step: (spec, context) => rowLayer(context, spec.units, embeds(spec, context, placed(spec, context))),
  stops: true,
  tape(spec, context) {
    const { table, units: E } = spec;
    const { arena, slots, weights } = context;
    const dTable = weights.gradient({ table }, (t) => t.table);
    return tickByTick(context, embeds(spec, context, placed(spec, context)), ({ n, x: [x], dy }) => {
      if (dTable) arena.embedBack(dTable, dy.at, dy.stride, x!.at, x!.stride, slots, n, E);
    });
  },
};

function placed({ table }: EmbeddingSpec, { weights }: LayerContext): number {
  return weights.place({ table }, (t) => t.table);
}

function embeds({ vocabulary, units: E, maskZero }: EmbeddingSpec, context: LayerContext, table: number): RunRows {
  const { arena } = context;
  const mask = maskZero ? allocMask(context) : 0;
  let heap: DataView | null = null;
  return ([x], out, slots, n) => {
    heap ??= new DataView(arena.memory.buffer);
    for (let b = 0; b < n; b++) {
      const token = heap.getFloat32(x!.at + 4 * heap.getInt32(slots + 4 * b, true) * x!.stride, true);
      const wrong = badToken(token, vocabulary);
      if (wrong) throw new DataError(wrong);
    }
    arena.embed(out.at, out.stride, mask, x!.at, x!.stride, slots, n, table, E);
    out.mask = mask;
    out.maskStride = 1;
  };
}

/**
 * What is wrong with a value that should be a token, or null.
 * @param path where it stands
 */
export function badToken(token: number, vocabulary: number, path = 'token'): string | null {
  if (Number.isInteger(token) && token >= 0 && token < vocabulary) return null;
  return invalid(path, token, `a whole number from 0 to ${vocabulary - 1}, the vocabulary of the model's embedding`);
}

/** V where a model's input is a token, the smallest of its embeddings' vocabularies; else null. */
export function vocabularyOf({ layers }: Pick<ModelSpec, 'layers'>): number | null {
  // names of what gives the input as it is
  const same = new Set<string | null>([null]);
  let below: string | null = null;
  let smallest: number | null = null;
  for (const layer of layers) {
    const fed = (layer.from ?? [{ layer: below, output: 0 }]).some((source) => same.has(source.layer));
    const passes = layer.kind === 'dropout' || layer.kind === 'reshape';
    if (fed && layer.kind === 'embedding') smallest = Math.min(smallest ?? layer.vocabulary, layer.vocabulary);
    if (fed && passes) same.add(layer.name);
    below = layer.name;
  }
  return smallest;
}
