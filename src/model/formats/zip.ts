import { crc32 } from '../../crc32.ts';
import { invalid, ModelError } from '../../errors.ts';
import { checkInflated, inflate } from './inflate.ts';
import { type Entry, readDirectory } from './zip/directory.ts';

/** A zip archive, opened: its directory is read, its entries are not. */
export interface Zip {
  /** Names of all entries, in the directory's order; folders end with a slash. */
  readonly names: readonly string[];
  /** Bytes of the archive itself. */
  readonly size: number;
  has(name: string): boolean;
  /**
   * The bytes of one entry: a view of the archive where it is stored, else inflated anew on every call.
   * @param most bytes that it may have, unpacked
   * @throws ModelError naming the entry where it is missing, damaged, too large or packed in an unknown way
   */
  read(name: string, most?: number): Uint8Array;
}

const STORED = 0;
const DEFLATED = 8;
/** Encrypted, strongly encrypted, directory encrypted. */
const ENCRYPTED = 0x2041;
/** Unpacked, all entries together may not take more than this: 2 GiB. */
const MAX_TOTAL = 0x8000_0000;

/** Whether the bytes begin as a zip archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 0x03 && bytes[3] === 0x04;
}

/**
 * Opens a zip archive.
 * @param bytes the whole archive; it is not changed, and must not be while views of it are in use
 * @param file the file, for messages
 * @throws ModelError naming the file and the entry where the directory is damaged, cut off or dangerous
 */
export function openZip(bytes: Uint8Array, file: string): Zip {
  // a Buffer's subarray and slice are not those of a Uint8Array
  const archive = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = new Map<string, Entry>();
  let total = 0;
  for (const entry of readDirectory(archive, file)) {
    if (entries.has(entry.name)) throw new ModelError(invalid(`${file} ${entry.name}`, 'two entries', 'one'));
    checkSize(entry, `${file} ${entry.name}`);
    total += entry.size;
    entries.set(entry.name, entry);
  }
  if (total > Math.max(MAX_TOTAL, archive.length)) {
    throw new ModelError(invalid(file, `${total} bytes unpacked`, `at most ${MAX_TOTAL}`));
  }
  return {
    names: [...entries.keys()],
    size: archive.length,
    has: (name) => entries.has(name),
    read(name, most = MAX_TOTAL) {
      const entry = entries.get(name);
      if (!entry) {
        const found = [...entries.keys()].slice(0, 8);
        throw new ModelError(invalid(file, found, `a zip archive with ${name}`));
      }
      if (entry.size > most) throw new ModelError(invalid(`${file} ${name}`, `${entry.size} bytes`, `at most ${most}`));
      return readEntry(archive, entry, `${file} ${name}`);
    },
  };
}

function checkSize({ method, flags, packed, size }: Entry, path: string): void {
  if (flags & ENCRYPTED) throw new ModelError(invalid(path, 'an encrypted entry', 'one without a password'));
  if (method === DEFLATED) checkInflated(packed, size, path);
  if (method === STORED && size !== packed) {
    throw new ModelError(invalid(path, `${size} bytes unpacked`, `${packed}: it is stored as it is`));
  }
}

function readEntry(archive: Uint8Array, { method, start, packed, size, crc }: Entry, path: string): Uint8Array {
  if (method !== STORED && method !== DEFLATED) {
    throw new ModelError(invalid(`${path} compression method`, method, 'stored (0) or deflated (8)'));
  }
  const data = archive.subarray(start, start + packed);
  const bytes = method === STORED ? data : inflate(data, size, path);
  const found = crc32(bytes);
  if (found !== crc) throw new ModelError(invalid(`${path} CRC-32`, hex(found), `${hex(crc)}: is the file damaged?`));
  return bytes;
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}
