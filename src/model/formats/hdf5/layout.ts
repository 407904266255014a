import type { Hdf5Cursor } from './file.ts';

/** Where the values of a dataset lie in the file. */
export type Layout =
  | { kind: 'whole'; address: number | null; size: number }
  /** `sizes` of a chunk, an axis each; `tree` is the address of the index. */
  | { kind: 'chunks'; tree: number | null; sizes: number[] };

const COMPACT = 0;
const CONTIGUOUS = 1;
const CHUNKED = 2;

/**
 * Reads a layout message of version 3 or 4: version, class, and then
 *
 *     compact     u16 bytes, the values themselves
 *     contiguous  address, bytes
 *     chunked     u8 axes + 1, address of the B-tree, u32 sizes of a chunk, the last one being the bytes of a value
 *
 * @param rank axes of the dataset @param valueSize bytes a value
 */
export function readLayout(body: Hdf5Cursor, rank: number, valueSize: number): Layout {
  const version = body.version(3, 4);
  const kind = body.u8();
  if (kind === COMPACT) {
    const size = body.u16();
    const address = body.at;
    body.advance(size);
    return { kind: 'whole', address, size };
  }
  if (kind === CONTIGUOUS) return { kind: 'whole', address: body.address(), size: body.length() };
  if (kind !== CHUNKED) throw body.wrong(`layout class ${kind}`, 'compact, contiguous or chunked');
  if (version === 4)
    throw body.wrong('an index of chunks as HDF5 1.10 writes it', 'a B-tree, as libver="earliest" gives');
  const axes = body.u8() - 1;
  const tree = body.address();
  if (axes !== rank || rank === 0) throw body.wrong(`chunks of ${axes} axes`, `${rank}, as the dataset has`);
  const sizes = Array.from({ length: axes }, () => body.u32());
  const stated = body.u32();
  if (stated !== valueSize) throw body.wrong(`chunks with values of ${stated} bytes`, `${valueSize}`);
  if (sizes.includes(0)) throw body.wrong(sizes, 'chunks with values');
  return { kind: 'chunks', tree, sizes };
}
