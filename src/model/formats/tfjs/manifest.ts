import { invalid, ModelError } from '../../../errors.ts';
import { Fields } from '../fields.ts';
import type { ModelFile } from '../index.ts';
import { type NamedTensor, partsOf } from '../keras/named.ts';
import { elementCount } from '../tensor.ts';
import { decode, type Layout, readLayout } from './quantization.ts';
import { openShards, type Shards } from './shards.ts';

/** More than any model of layers has. */
const MOST_TENSORS = 100_000;

/**
 * The tensors that a `weightsManifest` names: groups of `{paths, weights}`, in which tensors lie one after the other over all
 * shards of the group. Shards are read now, values only as they are asked for.
 * @param root model.json
 * @throws ModelError naming the shard or the tensor
 */
export function readManifest(source: ModelFile, root: Fields): NamedTensor[] {
  const { file } = source;
  const groups = root.list('weightsManifest', (value, path) => new Fields(value, path));
  const seen = new Set<string>();
  const tensors = groups.flatMap((group) => readGroup(group, openShards(group.texts('paths'), source, seen), file));
  const names = new Set<string>();
  for (const { name } of tensors) {
    if (names.has(name)) throw new ModelError(invalid(`${file} ${name}`, 'two tensors', 'one of that name'));
    names.add(name);
  }
  return tensors;
}

interface Entry {
  name: string;
  shape: number[];
  layout: Layout;
  optimizer: boolean;
}

function readGroup(group: Fields, shards: Shards, file: string): NamedTensor[] {
  const entries = group.list('weights', (value, path) => readEntry(new Fields(value, path), file));
  if (entries.length > MOST_TENSORS) throw group.wrong('weights', `at most ${MOST_TENSORS} tensors`);
  let at = 0;
  const tensors: NamedTensor[] = [];
  for (const { name, shape, layout, optimizer } of entries) {
    const length = elementCount(shape) * layout.itemBytes;
    const start = at;
    // no number, where a size overflows
    if (!(length <= shards.length - start)) throw shards.short(name, length - (shards.length - start));
    at += length;
    if (optimizer) continue;
    const read = () => decode(shards.copy(start, length), layout);
    tensors.push({ name, parts: partsOf(name), shape, type: layout.type, read });
  }
  if (at < shards.length) throw shards.surplus(at);
  return tensors;
}

function readEntry(entry: Fields, file: string): Entry {
  const name = entry.text('name');
  const shape = entry.list('shape', (size, path) => {
    if (Number.isSafeInteger(size) && (size as number) >= 0) return size as number;
    throw new ModelError(invalid(path, size, 'a whole number from 0 on'));
  });
  return { name, shape, layout: readLayout(entry, `${file} ${name}`), optimizer: entry.raw('group') === 'optimizer' };
}
