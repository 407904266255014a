/** Writes HDF5 files that no library would write: superblock 2, a root group with one member `x`, checksums left out. */

/** A little-endian number of 1, 2, 4 or 8 bytes. */
export function uint(size: number, value: number): number[] {
  return Array.from({ length: size }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 0xffn));
}

export const letters = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0));

/** A message of an object header of version 2. */
export const message = (type: number, body: number[]): number[] => [type, ...uint(2, body.length), 0, ...body];

export const dataspace = (...shape: number[]): number[] =>
  message(1, [2, shape.length, 0, 1, ...shape.flatMap((size) => uint(8, size))]);

export const float32: number[] = message(3, [
  ...[0x11, 0x20, 31, 0, ...uint(4, 4)],
  ...[...uint(2, 0), ...uint(2, 32), 23, 8, 0, 23, ...uint(4, 127)],
]);

export const contiguous = (address: number, size: number): number[] =>
  message(8, [3, 1, ...uint(8, address), ...uint(8, size)]);

export const chunked = (tree: number, ...sizes: number[]): number[] =>
  message(8, [3, 2, sizes.length + 1, ...uint(8, tree), ...[...sizes, 4].flatMap((size) => uint(4, size))]);

/** Gzip, without a name or values. */
export const gzip: number[] = message(11, [2, 1, ...uint(2, 1), ...uint(2, 0), ...uint(2, 0)]);

/** A node of a tree of chunks with one axis. */
export function chunkNode(level: number, ...entries: { stored: number; index: number; child: number }[]): number[] {
  const keys = entries.flatMap(({ stored, index, child }) => [
    ...[...uint(4, stored), ...uint(4, 0), ...uint(8, index), ...uint(8, 0)],
    ...uint(8, child),
  ]);
  return [...letters('TREE'), 1, level, ...uint(2, entries.length), ...new Array<number>(16).fill(0xff), ...keys];
}

/** Where the data of `hdf5File` begins. */
export const DATA = 1024;

/**
 * @param member messages of the member's header, or the address of another object
 * @param data what follows at byte `DATA`
 */
export function hdf5File(member: number[] | number, data: ArrayLike<number> = []): Uint8Array {
  const bytes = new Uint8Array(DATA + data.length);
  const root = 48;
  const header = (messages: number[]): number[] => [...letters('OHDR'), 2, 1, ...uint(2, messages.length), ...messages];
  const address = typeof member === 'number' ? member : 128;
  const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
  bytes.set([...signature, 2, 8, 8, 0, ...uint(8, 0), ...new Array<number>(8).fill(0xff)]);
  bytes.set([...uint(8, bytes.length), ...uint(8, root)], 28);
  bytes.set(header(message(6, [1, 0, 1, ...letters('x'), ...uint(8, address)])), root);
  if (typeof member !== 'number') bytes.set(header(member), address);
  bytes.set(data, DATA);
  return bytes;
}
