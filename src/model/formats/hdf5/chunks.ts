import { invalid, ModelError } from '../../../errors.ts';
import { checkInflated } from '../inflate.ts';
import { rowMajor } from '../tensor.ts';
import { TREE, walkTree } from './btree.ts';
import type { Hdf5Cursor, Hdf5File } from './file.ts';
import { type Filter, unfilter } from './filters.ts';

/** A dataset in pieces. */
export interface Chunked {
  file: Hdf5File;
  /** Address of the B-tree of chunks. */
  tree: number | null;
  /** Sizes of a chunk, and of the whole; none of them 0. */
  sizes: readonly number[];
  shape: readonly number[];
  valueSize: number;
  filters: readonly Filter[];
  /** The dataset, for messages. */
  path: string;
}

/** One chunk in the file. */
interface Chunk {
  /** Where it begins in the dataset, an index an axis. */
  corner: number[];
  /** Filters that it did not go through. */
  mask: number;
  stored: number;
  address: number;
}

/**
 * Puts a chunked dataset together.
 * @returns the bytes of all values, row-major
 * @throws ModelError where chunks are missing, twice there or damaged
 */
export function readChunks(chunked: Chunked): Uint8Array<ArrayBuffer> {
  const { file, sizes, shape, valueSize, filters, path } = chunked;
  const chunkBytes = sizes.reduce((product, size) => product * size, valueSize);
  const chunks = findChunks(chunked);
  const stored = chunks.reduce((sum, chunk) => sum + chunk.stored, 0);
  const unpacked = chunkBytes * chunks.length;
  checkInflated(stored, unpacked, path);
  file.budget.read(path, stored, unpacked);
  const out = new Uint8Array(shape.reduce((product, size) => product * size, valueSize));
  for (const chunk of chunks) {
    const packed = file.cursor(path, chunk.address, chunk.stored).take(chunk.stored);
    const values = unfilter(packed, filters, chunk.mask, chunkBytes, `${path} chunk [${chunk.corner.join(', ')}]`);
    place(out, values, chunked, chunk.corner);
  }
  return out;
}

/** All chunks, each once: what was never written has no weights in it. */
function findChunks({ file, tree, sizes, shape, path }: Chunked): Chunk[] {
  const counts = shape.map((size, axis) => Math.ceil(size / sizes[axis]!));
  const needed = counts.reduce((product, count) => product * count, 1);
  const chunks = new Map<number, Chunk>();
  // a chunk takes a key and an address in the file
  if (tree !== null && needed <= file.bytes.length) {
    const key = (cursor: Hdf5Cursor): Omit<Chunk, 'address'> => readKey(cursor, sizes.length);
    for (const { key: chunk, child } of walkTree(file, tree, TREE.chunks, key, path)) {
      const at = chunk.corner.map((index, axis) => index / sizes[axis]!);
      const inside = at.every((index, axis) => Number.isInteger(index) && index < counts[axis]!);
      const number = at.reduce((sum, index, axis) => sum * counts[axis]! + index, 0);
      if (!inside || chunks.has(number))
        throw new ModelError(invalid(`${path} chunk`, chunk.corner, 'each chunk once'));
      chunks.set(number, { ...chunk, address: child });
    }
  }
  if (chunks.size !== needed) throw new ModelError(invalid(path, `${chunks.size} chunks`, `${needed}`));
  return [...chunks.values()];
}

/** U32 bytes, u32 filters left out, u64 index an axis, and one more that is 0. */
function readKey(cursor: Hdf5Cursor, rank: number): Omit<Chunk, 'address'> {
  const stored = cursor.u32();
  const mask = cursor.u32();
  const corner = Array.from({ length: rank }, () => cursor.u64());
  cursor.advance(8);
  return { stored, mask, corner };
}

/** Copies a chunk to its place, row by row; what sticks out of the dataset at its end is left out. */
function place(
  out: Uint8Array,
  values: Uint8Array,
  { sizes, shape, valueSize }: Chunked,
  corner: readonly number[],
): void {
  const from = rowMajor(sizes);
  const to = rowMajor(shape);
  const last = shape.length - 1;
  const copy = (axis: number, read: number, write: number): void => {
    const count = Math.min(sizes[axis]!, shape[axis]! - corner[axis]!);
    if (axis === last) {
      out.set(values.subarray(read * valueSize, (read + count) * valueSize), write * valueSize);
      return;
    }
    for (let i = 0; i < count; i++) copy(axis + 1, read + i * from[axis]!, write + i * to[axis]!);
  };
  copy(
    0,
    0,
    corner.reduce((sum, index, axis) => sum + index * to[axis]!, 0),
  );
}
