import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { channelOf, type LogRecord } from './records.ts';

/** SHA-256, hex. */
export function hashOf(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes));
}

/**
 * The output hash: SHA-256 over every prediction, attribution, drift event and alert in order, each as
 * topic in UTF-8, a zero byte, u64 event time in ns, u32 sequence, u32 length of the payload, the payload (little endian).
 */
export class OutputHash {
  readonly #hash = sha256.create();
  readonly #numbers = new Uint8Array(16);
  readonly #view = new DataView(this.#numbers.buffer);

  /** Takes a record; those of other topics change nothing. */
  update({ topic, time, sequence, data }: LogRecord): void {
    if (!channelOf(topic)?.hashed) return;
    this.#view.setBigUint64(0, time, true);
    this.#view.setUint32(8, sequence, true);
    this.#view.setUint32(12, data.byteLength, true);
    this.#hash.update(topicBytes(topic)).update(this.#numbers).update(data);
  }

  /** The hash of all so far, hex; more may follow. */
  digest(): string {
    return bytesToHex(this.#hash.clone().digest());
  }
}

const topics = new Map<string, Uint8Array>();

function topicBytes(topic: string): Uint8Array {
  let bytes = topics.get(topic);
  if (!bytes) topics.set(topic, (bytes = utf8ToBytes(`${topic}\0`)));
  return bytes;
}

/** Name of the entry that holds the hash of the others. */
const SEAL = 'sha256 of the others';

/** Metadata with a hash over its entries, since MCAP gives metadata no checksum. */
export function seal(entries: Record<string, string>): Map<string, string> {
  return new Map([...Object.entries(entries), [SEAL, sealOf(Object.entries(entries))]]);
}

/** Whether metadata is as it was sealed. */
export function isSealed(metadata: ReadonlyMap<string, string>): boolean {
  return metadata.get(SEAL) === sealOf([...metadata].filter(([name]) => name !== SEAL));
}

function sealOf(entries: [string, string][]): string {
  return hashOf(utf8ToBytes(JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)))));
}
