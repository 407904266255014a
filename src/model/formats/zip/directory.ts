import { invalid, ModelError } from '../../../errors.ts';
import { Cursor, decodeText } from '../cursor.ts';

/*
 * A zip archive (PKWARE's APPNOTE.TXT):
 *
 *     [local header, data, maybe a descriptor] for every entry
 *     [central header] for every entry: the directory, which alone is believed
 *     zip64: end record, locator            only where sizes or counts need more than 32 bits
 *     end record: where the directory is    followed by a comment of up to 65535 bytes
 */

/** One entry, as the directory states it. */
export interface Entry {
  name: string;
  flags: number;
  /** 0 stored, 8 deflated. */
  method: number;
  crc: number;
  /** Bytes in the archive, and unpacked. */
  packed: number;
  size: number;
  /** First byte of the local header. */
  header: number;
  /** First byte of the data. */
  start: number;
}

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const MAX_NAME = 1024;

interface Place {
  at: number;
  size: number;
  count: number;
}

/**
 * All entries of an archive, in the directory's order, each inside the file and clear of the others.
 * @throws ModelError naming the file and the entry
 */
export function readDirectory(bytes: Uint8Array, file: string): Entry[] {
  const { at, size, count } = findDirectory(bytes, file);
  const cursor = new Cursor(bytes, `${file} zip directory`, at, at + size);
  const entries: Entry[] = [];
  while (cursor.left > 0) entries.push(readEntry(bytes, cursor, file));
  if (entries.length !== count) throw cursor.wrong(`${entries.length} entries`, `${count}, as its end record says`);
  checkApart(entries, at, file);
  return entries;
}

/** The end record is the last one whose comment reaches to the end of the file. */
function findDirectory(bytes: Uint8Array, file: string): Place {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let comment = 0; comment <= 0xffff && comment + END_BYTES <= bytes.length; comment++) {
    const at = bytes.length - END_BYTES - comment;
    if (view.getUint32(at, true) !== END || view.getUint16(at + 20, true) !== comment) continue;
    const cursor = new Cursor(bytes, `${file} zip end record`, at + 4);
    return findDirectory64(bytes, at, file) ?? readEnd(cursor, 2);
  }
  const expected = 'a zip that ends with its directory: is the file cut off?';
  throw new ModelError(invalid(file, `a zip of ${bytes.length} bytes`, expected));
}

function findDirectory64(bytes: Uint8Array, end: number, file: string): Place | null {
  if (end < LOCATOR_BYTES) return null;
  const locator = new Cursor(bytes, `${file} zip64 locator`, end - LOCATOR_BYTES);
  if (locator.u32() !== LOCATOR) return null;
  locator.advance(4);
  const cursor = new Cursor(bytes, `${file} zip64 end record`, locator.u64());
  if (cursor.u32() !== END64) throw cursor.wrong('something else', 'its signature');
  // its own size and the versions that made it and can read it
  cursor.advance(12);
  return readEnd(cursor, 4);
}

/** Two numbers of a disk, entries on this one and on all, size and place of the directory. */
function readEnd(cursor: Cursor, width: 2 | 4): Place {
  const disk = cursor.uint(width);
  const first = cursor.uint(width);
  const here = cursor.uint(width * (width === 4 ? 2 : 1));
  const count = cursor.uint(width * (width === 4 ? 2 : 1));
  if (disk !== 0 || first !== 0 || here !== count) {
    throw cursor.wrong(`${here} of ${count} entries, disk ${disk}`, 'one whole archive');
  }
  const size = cursor.uint(width * 2);
  return { size, at: cursor.uint(width * 2), count };
}

function readEntry(bytes: Uint8Array, cursor: Cursor, file: string): Entry {
  if (cursor.u32() !== CENTRAL) throw cursor.wrong(`another record at byte ${cursor.at - 4}`, 'an entry');
  cursor.advance(4);
  const flags = cursor.u16();
  const method = cursor.u16();
  cursor.advance(4);
  const crc = cursor.u32();
  const sizes = { packed: cursor.u32(), size: cursor.u32() };
  const lengths = { name: cursor.u16(), extra: cursor.u16(), comment: cursor.u16() };
  cursor.advance(8);
  const header = cursor.u32();
  const rawName = cursor.take(lengths.name);
  const name = readName(rawName, `${file} name of a zip entry`);
  const path = `${file} ${name}`;
  const extra = new Cursor(cursor.take(lengths.extra), `${path} extra field`);
  cursor.advance(lengths.comment);
  const entry = { name, flags, method, crc, ...widened({ ...sizes, header }, extra) };
  return { ...entry, start: findData(bytes, entry, rawName, path) };
}

/** Nothing is ever unpacked to a disk; an archive that would write elsewhere is not a model all the same. */
function readName(raw: Uint8Array, path: string): string {
  if (raw.length > MAX_NAME) throw new ModelError(invalid(path, `${raw.length} bytes`, `at most ${MAX_NAME}`));
  const name = decodeText(raw, path);
  const control = raw.some((byte) => byte < 0x20 || byte === 0x7f);
  if (name === '' || control || /^\/|^[a-z]:|\\/i.test(name) || name.split('/').includes('..')) {
    throw new ModelError(invalid(path, name, 'a relative path without ..'));
  }
  return name;
}

/** With zip64 a number that does not fit is all ones, and stands in the extra field instead. */
function widened<T extends { size: number; packed: number; header: number }>(numbers: T, extra: Cursor): T {
  const wide = { ...numbers };
  while (extra.left >= 4) {
    const id = extra.u16();
    const field = new Cursor(extra.take(extra.u16()), extra.path);
    if (id !== 1) continue;
    for (const key of ['size', 'packed', 'header'] as const) {
      if (wide[key] === 0xffff_ffff) wide[key] = field.u64();
    }
    break;
  }
  return wide;
}

/** The data follows the local header, whose name and extra field have lengths of their own. */
function findData(bytes: Uint8Array, { header }: { header: number }, rawName: Uint8Array, path: string): number {
  const local = new Cursor(bytes, `${path} local header`, header);
  if (local.u32() !== LOCAL) throw local.wrong('something else', 'its signature');
  local.advance(22);
  const nameLength = local.u16();
  const extraLength = local.u16();
  const name = local.take(nameLength);
  if (name.length !== rawName.length || name.some((byte, i) => byte !== rawName[i])) {
    throw local.wrong('another name', 'the name in the directory');
  }
  local.advance(extraLength);
  return local.at;
}

/** No entry may share bytes with another one or with the directory. */
function checkApart(entries: readonly Entry[], directory: number, file: string): void {
  const sorted = [...entries].sort((a, b) => a.header - b.header);
  for (const [i, { name, start, packed }] of sorted.entries()) {
    const next = sorted[i + 1]?.header ?? directory;
    const limit = Math.min(next, directory);
    if (start + packed > limit) {
      const expected = `an end before byte ${limit}, where ${next === limit && i + 1 < sorted.length ? 'another entry' : 'the directory'} begins`;
      throw new ModelError(invalid(`${file} ${name}`, `bytes ${start} to ${start + packed}`, expected));
    }
  }
}
