/**
 * Reads recordings from front to back, as far as they are whole: a file that was cut off anywhere, or damaged in places,
 * gives everything that was written in intact chunks, and says what it could not give.
 */

import { crc32 } from '../crc32.ts';
import { DataError, invalid } from '../errors.ts';
import { Fields, OP, type ReadChunk, readChunk } from './chunk.ts';
import { isSealed } from './hash.ts';
import { readPlaces, SNAPSHOTS, type SnapshotPlace } from './places.ts';
import type { LogRecord } from './records.ts';

/** Bytes at random places: a file, a blob, an array. */
export interface ByteSource {
  readonly size: number;
  /** The bytes from `offset` on, `length` of them, in memory that no later read changes; the caller stays within the size. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
}

/** Bytes that could not be used. */
export interface Damage {
  offset: number;
  bytes: number;
  reason: string;
}

/** Records of one intact chunk. */
export interface ChunkOfRecords {
  offset: number;
  records: LogRecord[];
  /** True where damage lies between this chunk and the one before. */
  afterDamage: boolean;
}

const MAGIC = [0x89, 0x4d, 0x43, 0x41, 0x50, 0x30, 0x0d, 0x0a];
const HEAD = 9;
/** A chunk's own fields before its records, without the name of its compression. */
const CHUNK_HEAD = 40;

/** A file in memory as a source. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.byteLength, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

/** A recording that was opened: what stands at its head, and its chunks. */
export class Recording {
  readonly file: string;
  readonly size: number;
  /** Metadata and attachments by name; those behind the chunks once `chunks()` ran to its end. */
  readonly metadata = new Map<string, Map<string, string>>();
  readonly attachments = new Map<string, Uint8Array>();
  /** What else is known of attachments: their media type and time. */
  readonly attached = new Map<string, { mediaType: string; time: bigint }>();
  /** What could not be used, in file order. */
  readonly damage: Damage[] = [];
  /** Bytes at the end that are the beginning of something: what a crash leaves. */
  tail: Damage | null = null;
  /** Whether the writer came to its end; known once `chunks()` did. */
  complete = false;
  library = '';

  readonly #source: ByteSource;
  #start = MAGIC.length;
  #headDamage: Damage[] = [];
  #block: Uint8Array = new Uint8Array(0);
  #blockAt = 0;

  private constructor(source: ByteSource, file: string) {
    this.#source = source;
    this.file = file;
    this.size = source.size;
  }

  /**
   * Opens a recording and reads its head.
   * @param file its name, for messages
   * @throws DataError for what is empty or no MCAP file
   */
  static async open(source: ByteSource, file: string): Promise<Recording> {
    const recording = new Recording(source, file);
    const magic = source.size >= MAGIC.length ? await source.read(0, MAGIC.length) : null;
    if (!magic || !MAGIC.every((byte, i) => magic[i] === byte)) {
      const is = source.size === 0 ? 'an empty file' : 'a file that begins otherwise';
      throw new DataError(invalid(file, is, 'an MCAP recording'));
    }
    for await (const _ of recording.#scan(MAGIC.length, true)) break;
    return recording;
  }

  /** Every intact chunk, in order; with `from` those from that byte on, where one begins. May be asked for again. */
  async *chunks(from = this.#start): AsyncGenerator<ChunkOfRecords> {
    this.damage.splice(0, Number.POSITIVE_INFINITY, ...this.#headDamage);
    this.tail = null;
    yield* this.#scan(from, false);
  }

  /** Where snapshots stand, in order; none where the writer did not come to its end, or nobody wrote any. */
  async snapshots(): Promise<SnapshotPlace[]> {
    const list = await this.lookup(SNAPSHOTS);
    return list ? readPlaces(list) : [];
  }

  /** Metadata by its name in the summary; null where there is none, it is not listed, or was altered. */
  async lookup(name: string): Promise<Map<string, string> | null> {
    if (!(await this.#endsWell())) return null;
    const footer = new Fields(await this.#bytes(this.size - MAGIC.length - 20, 20));
    const summary = Number(footer.u64());
    for (let at = summary; summary > 0 && at + HEAD < this.size; ) {
      const { opcode, length } = readHead(await this.#bytes(at, HEAD), 0);
      if (opcode === OP.FOOTER || at + HEAD + length > this.size) break;
      const fields = new Fields(await this.#bytes(at + HEAD, length));
      at += HEAD + length;
      if (opcode !== OP.METADATA_INDEX) continue;
      const offset = Number(fields.u64());
      fields.u64(); // length
      if (fields.string() !== name) continue;
      const found = await this.#recordAt(offset);
      if (found?.opcode !== OP.METADATA) return null;
      const body = new Fields(found.body);
      const metadata = body.string() === name ? body.strings() : null;
      return metadata && isSealed(metadata) ? metadata : null;
    }
    return null;
  }

  /** Walks over the records. With `head`, stops at the first chunk and remembers where that was. */
  async *#scan(offset: number, head: boolean): AsyncGenerator<ChunkOfRecords> {
    let afterDamage = false;
    while (offset < this.size) {
      const found = await this.#recordAt(offset);
      if (found?.opcode === OP.CHUNK && head) break;
      const outcome: ReadChunk | null = found ? this.#take(found.opcode, found.body) : { damage: 'not a record' };
      if (outcome && 'damage' in outcome) {
        const next = found && (await this.#plausible(found.end)) ? found.end : await this.#nextChunk(offset + 1);
        const lost = { offset, bytes: (next ?? this.size) - offset, reason: outcome.damage };
        if (next === null && !found && (await this.#begins(offset))) {
          this.tail = { ...lost, reason: 'the file ends within a record' };
          break;
        }
        this.damage.push(lost);
        afterDamage = true;
        offset = next ?? this.size;
        continue;
      }
      if (outcome) {
        yield { offset, records: outcome.records, afterDamage };
        afterDamage = false;
      }
      if (found!.opcode === OP.DATA_END) {
        this.complete = await this.#endsWell();
        const summary = this.complete ? await this.#checkSummary(found!.end) : null;
        if (summary) this.damage.push(summary);
        if (!this.complete)
          this.tail = { offset, bytes: this.size - offset, reason: 'the file ends within its summary' };
        break;
      }
      offset = found!.end;
    }
    if (!head) return;
    this.#start = offset;
    this.#headDamage = [...this.damage];
  }

  /** Whether the file is one of ours, whose writer leaves no checksum out. */
  get #strict(): boolean {
    return this.library.startsWith('whytick');
  }

  /** Takes one record. @returns its records if it is a chunk, null if it is something else that is in order */
  #take(opcode: number, body: Uint8Array): ReadChunk | null {
    if (opcode === OP.CHUNK) return readChunk(body, this.#strict);
    const fields = new Fields(body);
    try {
      if (opcode === OP.HEADER) {
        fields.string(); // profile
        this.library = fields.string();
      } else if (opcode === OP.METADATA) {
        const name = fields.string();
        const metadata = fields.strings();
        if (name.startsWith('whytick') && !isSealed(metadata)) return { damage: `metadata '${name}' was altered` };
        this.metadata.set(name, metadata);
      } else if (opcode === OP.ATTACHMENT) {
        const time = fields.u64();
        fields.u64(); // the same
        const name = fields.string();
        const mediaType = fields.string();
        const data = fields.bytes(fields.length());
        const covered = body.subarray(0, fields.at);
        if (crc32(covered) !== fields.u32()) return { damage: `checksum of attachment '${name}' does not fit` };
        this.attachments.set(name, data.slice());
        this.attached.set(name, { mediaType, time });
      } else if (opcode === OP.MESSAGE_INDEX) {
        fields.u16(); // channel
        if (fields.u32() !== fields.left || fields.left % 16 > 0) return { damage: 'not an index of messages' };
      } else if (opcode === OP.DATA_END) {
        // one bit makes it of an index of messages, and the rest of the file would be lost
        if (body.byteLength !== 4) return { damage: 'not an end of data' };
      } else if (this.#strict) {
        return { damage: `record of kind ${opcode}, which has no place here` };
      }
      return null;
    } catch (error) {
      return { damage: `record cannot be read: ${(error as Error).message}` };
    }
  }

  /** The record that stands there, or null where none can, or not all of it. */
  async #recordAt(offset: number): Promise<{ opcode: number; body: Uint8Array; end: number } | null> {
    if (!(await this.#plausible(offset))) return null;
    const { opcode, length } = readHead(await this.#bytes(offset, HEAD), 0);
    return { opcode, body: await this.#bytes(offset + HEAD, length), end: offset + HEAD + length };
  }

  /** Whether a whole record of a known kind can begin there. */
  async #plausible(offset: number): Promise<boolean> {
    if (offset + HEAD > this.size) return false;
    const { opcode, length } = readHead(await this.#bytes(offset, HEAD), 0);
    return opcode >= OP.HEADER && opcode <= OP.DATA_END && length > 0 && offset + HEAD + length <= this.size;
  }

  /** Whether a record of a known kind begins there, whole or not. */
  async #begins(offset: number): Promise<boolean> {
    const [opcode] = await this.#bytes(offset, Math.min(HEAD, this.size - offset));
    return opcode! >= OP.HEADER && opcode! <= OP.DATA_END;
  }

  /** Whether footer and magic stand at the end. */
  async #endsWell(): Promise<boolean> {
    const length = HEAD + 20 + MAGIC.length;
    if (this.size < length) return false;
    const end = await this.#bytes(this.size - length, length);
    return end[0] === OP.FOOTER && MAGIC.every((byte, i) => end[HEAD + 20 + i] === byte);
  }

  /** What is wrong between the end of the data and the footer's checksum of it, or null. A checksum of 0 is none. */
  async #checkSummary(offset: number): Promise<Damage | null> {
    const bytes = this.size - MAGIC.length - offset;
    const summary = await this.#bytes(offset, bytes);
    const view = new DataView(summary.buffer, summary.byteOffset);
    const stated = view.getUint32(bytes - 4, true);
    if (stated === 0 && !this.#strict) return null;
    if (stated === crc32(summary.subarray(0, bytes - 4))) return null;
    return { offset, bytes, reason: 'checksum of the summary does not fit' };
  }

  /** Where the next intact chunk begins, from `offset` on, or null. */
  async #nextChunk(offset: number): Promise<number | null> {
    const step = 1 << 20;
    for (let base = offset; base + HEAD + CHUNK_HEAD < this.size; base += step) {
      const length = Math.min(step + HEAD + CHUNK_HEAD, this.size - base);
      const block = (await this.#bytes(base, length)).slice();
      for (let i = 0; i < Math.min(step, length - HEAD - CHUNK_HEAD); i++) {
        if (block[i] !== OP.CHUNK || !seemsChunk(block, i, this.size - base)) continue;
        const found = (await this.#recordAt(base + i))!;
        if ('records' in readChunk(found.body, true)) return base + i;
      }
    }
    return null;
  }

  /** Bytes of the file; small reads come out of one block. */
  async #bytes(offset: number, length: number): Promise<Uint8Array> {
    const within = offset - this.#blockAt;
    if (within >= 0 && within + length <= this.#block.byteLength) return this.#block.subarray(within, within + length);
    this.#block = await this.#source.read(offset, Math.min(Math.max(length, 1 << 20), this.size - offset));
    this.#blockAt = offset;
    return this.#block.subarray(0, length);
  }
}

function readHead(bytes: Uint8Array, at: number): { opcode: number; length: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  return { opcode: view.getUint8(0), length: Number(view.getBigUint64(1, true)) };
}

/** Whether the lengths at the head of an uncompressed chunk agree with each other: cheap, before its checksum is tried. */
function seemsChunk(block: Uint8Array, at: number, left: number): boolean {
  const view = new DataView(block.buffer, block.byteOffset + at);
  const length = view.getBigUint64(1, true);
  return (
    BigInt(HEAD) + length <= BigInt(left - at) &&
    view.getUint32(HEAD + 28, true) === 0 &&
    view.getBigUint64(HEAD + 16, true) === view.getBigUint64(HEAD + 32, true) &&
    view.getBigUint64(HEAD + 32, true) + BigInt(CHUNK_HEAD) === length
  );
}
