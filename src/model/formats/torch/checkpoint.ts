import { invalid, ModelError } from '../../../errors.ts';
import { Dict, kindOfValue, TensorRef, type Value } from './values.ts';

/** What people call the state dict in a checkpoint, beside epochs and optimizers. */
const NAMES = ['state_dict', 'model_state_dict', 'model', 'net'];

/**
 * The tensors of a model in what a file holds: a state dict, or a checkpoint with one among other things.
 * @param file for messages
 * @throws ModelError where there is none, or more than one
 */
export function findStateDict(value: Value, file: string): ReadonlyMap<string, TensorRef> {
  const expected = 'a state dict: torch.save(model.state_dict(), FILE)';
  if (!(value instanceof Dict)) throw new ModelError(invalid(file, kindOfValue(value), expected));
  const inside = stateDictsIn(value);
  if (inside.size > 0) return choose(inside, file);
  const all = tensorsOf(value);
  if (all) return all;
  const [key, odd] = [...value.entries].find(([, entry]) => !(entry instanceof TensorRef)) ?? [];
  if (key === undefined) throw new ModelError(invalid(file, kindOfValue(value), expected));
  const wanted = `a tensor, or one of ${NAMES.join(', ')} with tensors`;
  throw new ModelError(invalid(`${file} ${key}`, kindOfValue(odd), wanted));
}

/** Every dict of tensors in a dict, by its first key: one that stands under many is looked through once. */
function stateDictsIn({ entries }: Dict): Map<string, ReadonlyMap<string, TensorRef>> {
  const found = new Map<string, ReadonlyMap<string, TensorRef>>();
  const seen = new Set<Value>();
  for (const [key, value] of entries) {
    if (seen.has(value)) continue;
    seen.add(value);
    const tensors = tensorsOf(value);
    if (tensors) found.set(key, tensors);
  }
  return found;
}

/** Of several the one with a model's name. */
function choose(found: Map<string, ReadonlyMap<string, TensorRef>>, file: string): ReadonlyMap<string, TensorRef> {
  const keys = [...found.keys()];
  const named = keys.length === 1 ? keys : keys.filter((key) => NAMES.includes(key));
  if (named.length !== 1) throw new ModelError(invalid(`${file} state dicts`, keys, 'one of them'));
  return found.get(named[0]!)!;
}

/** The entries of a dict of tensors by names, else null. */
function tensorsOf(value: Value): ReadonlyMap<string, TensorRef> | null {
  if (!(value instanceof Dict) || value.others > 0 || value.entries.size === 0) return null;
  for (const entry of value.entries.values()) if (!(entry instanceof TensorRef)) return null;
  return value.entries as ReadonlyMap<string, Value> as ReadonlyMap<string, TensorRef>;
}
