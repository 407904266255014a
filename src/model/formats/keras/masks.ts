import { invalid, ModelError } from '../../../errors.ts';
import type { KerasLayer, KerasModel } from './config.ts';

/** Keywords by which Keras 3 hands a layer the masks of its inputs. */
const KEYWORDS = ['mask', 'query_mask', 'value_mask', 'key_mask'];

/** What Keras 3 makes masks of, and combines them with. */
const OPERATIONS = [
  'All',
  'Any',
  'Concatenate',
  'ExpandDims',
  'LogicalAnd',
  'LogicalOr',
  'NotEqual',
  'OnesLike',
  'ZerosLike',
];

/**
 * Keras 3 writes what computes the masks of a functional model into its configuration: operations such as NotEqual and
 * Any, given to layers by keyword. The layers here pass masks on by themselves, so these operations are left out.
 * @throws ModelError for a mask that no Masking or Embedding makes
 */
export function withoutMasks(model: KerasModel, path: string): KerasModel {
  const masks = maskOperations(model);
  if (masks.size === 0) return model;
  for (const layer of model.layers) if (masks.has(layer.name)) checkOrigin(layer, masks, model, path);
  const layers = model.layers.filter(({ name }) => !masks.has(name)).map((layer) => unmasked(layer, masks));
  return { ...model, layers };
}

/** What masks are made of, and nothing else. */
function maskOperations({ layers, output }: KerasModel): Set<string> {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const found = new Set<string>();
  const waiting = layers.flatMap(({ call }) => KEYWORDS.flatMap((key) => call.tensors.get(key) ?? []));
  for (let ref = waiting.pop(); ref; ref = waiting.pop()) {
    const layer = byName.get(ref.layer);
    if (!layer || found.has(layer.name) || layer.name === output.layer || !OPERATIONS.includes(layer.kind)) continue;
    found.add(layer.name);
    waiting.push(...layer.call.inputs);
  }
  // what other layers work on is no mask
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const layer of layers) {
      if (!found.has(layer.name)) for (const name of plainlyUsed(layer)) found.delete(name);
    }
  }
  return found;
}

/** Layers that feed a layer otherwise than as a mask. */
function plainlyUsed({ call }: KerasLayer): string[] {
  const keywords = [...call.tensors].flatMap(([key, refs]) => (KEYWORDS.includes(key) ? [] : refs));
  return [...call.inputs, ...keywords].map(({ layer }) => layer);
}

/** What a mask begins with must be the comparison that a layer makes, whose mask it is. */
function checkOrigin(layer: KerasLayer, masks: ReadonlySet<string>, { layers }: KerasModel, path: string): void {
  const { kind, name, call } = layer;
  const begins = call.inputs.some((ref) => !masks.has(ref.layer));
  if (!begins || kind === 'ZerosLike' || kind === 'OnesLike') return;
  const [source] = call.inputs;
  const made = layers.some(({ kind: other, config, call: { inputs } }) => {
    const value = other === 'Masking' ? (config.raw('mask_value') ?? 0) : config.raw('mask_zero') === true ? 0 : null;
    const same = inputs[0]?.layer === source?.layer && inputs[0]?.output === source?.output;
    return same && value !== null && value === call.constants[0];
  });
  if (kind !== 'NotEqual' || !made)
    throw new ModelError(invalid(`${path} ${name}`, `a mask by ${kind}`, 'the mask of a Masking or Embedding layer'));
}

function unmasked(layer: KerasLayer, masks: ReadonlySet<string>): KerasLayer {
  const { call } = layer;
  const isMask = (key: string): boolean =>
    KEYWORDS.includes(key) && (call.tensors.get(key)?.every((ref) => masks.has(ref.layer)) ?? false);
  return {
    ...layer,
    call: {
      ...call,
      names: call.names.filter((key) => !isMask(key)),
      tensors: new Map([...call.tensors].filter(([key]) => !isMask(key))),
    },
  };
}
