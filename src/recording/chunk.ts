/** Reads the records inside an MCAP chunk. */
import { crc32 } from '../crc32.ts';
import type { LogRecord } from './records.ts';

/** Opcodes of MCAP that a reader of recordings meets. */
export const OP = {
  HEADER: 1,
  FOOTER: 2,
  CHANNEL: 4,
  MESSAGE: 5,
  CHUNK: 6,
  MESSAGE_INDEX: 7,
  ATTACHMENT: 9,
  METADATA: 12,
  METADATA_INDEX: 13,
  DATA_END: 15,
} as const;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** A cursor over little-endian fields; reading past the end throws a RangeError. */
export class Fields {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.byteLength - this.at;
  }

  u8(): number {
    return this.#view.getUint8(this.at++);
  }

  u16(): number {
    this.at += 2;
    return this.#view.getUint16(this.at - 2, true);
  }

  u32(): number {
    this.at += 4;
    return this.#view.getUint32(this.at - 4, true);
  }

  u64(): bigint {
    this.at += 8;
    return this.#view.getBigUint64(this.at - 8, true);
  }

  /** A u64 that is a length within these bytes. */
  length(): number {
    const length = this.u64();
    if (length > BigInt(this.left)) throw new RangeError(`${length} bytes announced, ${this.left} left`);
    return Number(length);
  }

  /** A view, not a copy. */
  bytes(length: number): Uint8Array {
    if (length > this.left) throw new RangeError(`${length} bytes announced, ${this.left} left`);
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  string(): string {
    return decoder.decode(this.bytes(this.u32()));
  }

  /** A map of strings, preceded by its length in bytes. */
  strings(): Map<string, string> {
    const within = new Fields(this.bytes(this.u32()));
    const map = new Map<string, string>();
    while (within.left > 0) map.set(within.string(), within.string());
    return map;
  }
}

/** A chunk, or why it cannot be used. */
export type ReadChunk = { records: LogRecord[] } | { damage: string };

/**
 * The messages of a chunk, in file order. All or nothing: what fails its checksum gives no record at all.
 * @param body content of the chunk record; the payloads of the result are views into it
 * @param strict whether a chunk without a checksum is damaged (whytick always writes one)
 */
export function readChunk(body: Uint8Array, strict: boolean): ReadChunk {
  try {
    const fields = new Fields(body);
    fields.at = 16; // earliest and latest stamp: implied by the messages
    const size = fields.u64();
    const crc = fields.u32();
    const compression = fields.string();
    const records = fields.bytes(fields.length());
    if (compression !== '') return { damage: `compressed with '${compression}', which is not supported` };
    if ((strict || crc !== 0) && crc32(records) !== crc) return { damage: 'checksum of a chunk does not fit' };
    if (size !== BigInt(records.byteLength) || fields.left > 0) return { damage: 'length of a chunk does not fit' };
    return { records: readRecords(records) };
  } catch (error) {
    return { damage: `chunk cannot be read: ${(error as Error).message}` };
  }
}

function readRecords(bytes: Uint8Array): LogRecord[] {
  const topics = new Map<number, string>();
  const records: LogRecord[] = [];
  const fields = new Fields(bytes);
  while (fields.left > 0) {
    const opcode = fields.u8();
    const content = fields.length();
    const end = fields.at + content;
    if (opcode === OP.CHANNEL) {
      const id = fields.u16();
      fields.u16(); // schema
      topics.set(id, fields.string());
    } else if (opcode === OP.MESSAGE) {
      const topic = topics.get(fields.u16());
      if (topic === undefined) throw new RangeError('message of a channel that was not declared');
      const sequence = fields.u32();
      const stamp = fields.u64();
      const time = fields.u64();
      records.push({ topic, stamp, time, sequence, data: fields.bytes(end - fields.at) });
    }
    fields.at = end;
  }
  return records;
}
