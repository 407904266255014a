import { invalid, ModelError } from '../../../errors.ts';
import { decodeText } from '../cursor.ts';
import { inflate } from '../inflate.ts';
import type { Hdf5Cursor } from './file.ts';

/** One step that chunks went through when they were written. */
export interface Filter {
  id: number;
  name: string;
  /** What the filter was told, such as the size of a value. */
  values: number[];
}

/** The library's own limit. */
const MAX_FILTERS = 32;
const DEFLATE = 1;
const SHUFFLE = 2;
const FLETCHER32 = 3;
const NAMES: Record<number, string> = { 4: 'szip', 5: 'nbit', 6: 'scaleoffset', 32000: 'lzf' };

/**
 * Reads a filter pipeline message.
 *
 *     version 1: version, filters, 6 x -; of each u16 id, u16 bytes of name, u16 flags, u16 values, name, values, pad
 *     version 2: version, filters; of each the same without pad, and without a name where the id is below 256
 */
export function readFilters(body: Hdf5Cursor): Filter[] {
  const version = body.version(1, 2);
  const count = body.u8();
  if (count > MAX_FILTERS) throw body.wrong(`${count} filters`, `at most ${MAX_FILTERS}`);
  if (version === 1) body.advance(6);
  return Array.from({ length: count }, () => {
    const id = body.u16();
    const named = version === 1 || id >= 256 ? body.u16() : 0;
    body.advance(2);
    const values = body.u16();
    const label = decodeText(body.take(named), body.path).split('\0')[0]!;
    const filter = {
      id,
      name: label || NAMES[id] || `${id}`,
      values: Array.from({ length: values }, () => body.u32()),
    };
    if (version === 1 && values % 2 === 1) body.advance(4);
    return filter;
  });
}

/**
 * Takes back what the filters did to a chunk, the last one first.
 * @param mask filters that were left out of this chunk, one a bit
 * @param size bytes that must come out
 * @throws ModelError for a filter that is not known and for damaged bytes
 */
export function unfilter(
  chunk: Uint8Array,
  filters: readonly Filter[],
  mask: number,
  size: number,
  path: string,
): Uint8Array {
  let bytes = chunk;
  const used = filters.filter((_, i) => !((mask >>> i) & 1));
  for (const [i, filter] of [...used.entries()].reverse()) {
    const before = used.slice(0, i);
    if (filter.id === DEFLATE) bytes = unzlib(bytes, size + before.filter(isChecksum).length * 4, path);
    else if (filter.id === SHUFFLE) bytes = unshuffle(bytes, filter.values[0] ?? 1);
    else if (isChecksum(filter)) bytes = bytes.subarray(0, Math.max(0, bytes.length - 4));
    else throw new ModelError(invalid(`${path} filter`, filter.name, 'gzip, shuffle or fletcher32'));
  }
  if (bytes.length !== size) throw new ModelError(invalid(path, `a chunk of ${bytes.length} bytes`, `${size}`));
  return bytes;
}

/** Four bytes at the end of a chunk, which are not checked. */
function isChecksum({ id }: Filter): boolean {
  return id === FLETCHER32;
}

/** Two bytes of zlib's header, a deflate stream, four bytes of checksum. */
function unzlib(bytes: Uint8Array, size: number, path: string): Uint8Array {
  const head = bytes.length >= 6 ? bytes[0]! * 256 + bytes[1]! : 0;
  if ((head & 0x0f00) !== 0x0800 || head % 31 !== 0 || head & 0x20) {
    throw new ModelError(invalid(path, `a chunk of ${bytes.length} bytes`, 'a zlib stream'));
  }
  return inflate(bytes.subarray(2, bytes.length - 4), size, path);
}

/** First bytes of all values, then second bytes, and so on; what is left over follows. */
function unshuffle(bytes: Uint8Array, size: number): Uint8Array {
  if (size < 2 || size > bytes.length) return bytes;
  const count = Math.floor(bytes.length / size);
  const out = new Uint8Array(bytes);
  for (let i = 0; i < size; i++) {
    for (let k = 0, from = i * count; k < count; k++) out[k * size + i] = bytes[from + k]!;
  }
  return out;
}
