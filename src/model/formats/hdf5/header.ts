import type { Hdf5Cursor, Hdf5File } from './file.ts';

/** What messages of an object header say; others are of no use here. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  layout: 0x08,
  groupInfo: 0x0a,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** One message of an object header. */
export interface Message {
  type: number;
  body: Hdf5Cursor;
}

const SHARED = 2;

/**
 * The messages of the object at an address, in order.
 *
 *     version 1: version, -, u16 messages, u32 links, u32 bytes, pad; messages of u16 type, u16 bytes, u8 flags, 3 x -, body
 *     version 2: OHDR, version, flags, [4 x u32 times], [2 x u16], bytes; messages of u8 type, u16 bytes, u8 flags, [u16], body
 *
 * Both may continue in other blocks; those of version 2 begin with OCHK, and all of them end with a checksum.
 * @param path the object, for messages
 * @throws ModelError where the header is damaged, or blocks go in circles
 */
export function readHeader(file: Hdf5File, address: number, path: string): Message[] {
  const start = file.cursor(`${path} object header`, address);
  return file.bytes[address] === 0x4f ? readHeader2(file, start) : readHeader1(file, start);
}

function readHeader1(file: Hdf5File, start: Hdf5Cursor): Message[] {
  const messages: Message[] = [];
  start.version(1);
  start.advance(1);
  const count = start.u16();
  start.advance(4);
  const size = start.u32();
  start.advance(4);
  const blocks = new Blocks(file, start.part(size));
  for (const block of blocks) {
    while (block.left >= 8 && messages.length < count) {
      const type = block.u16();
      const bytes = block.u16();
      const flags = block.u8();
      block.advance(3);
      messages.push(blocks.message(type, flags, block.part(bytes)));
    }
  }
  return messages;
}

function readHeader2(file: Hdf5File, start: Hdf5Cursor): Message[] {
  const messages: Message[] = [];
  start.signature('OHDR');
  start.version(2);
  const flags = start.u8();
  if (flags & 0x20) start.advance(16);
  if (flags & 0x10) start.advance(4);
  const size = start.uint(1 << (flags & 3));
  const order = flags & 4 ? 2 : 0;
  const blocks = new Blocks(file, start.part(size), 'OCHK');
  for (const block of blocks) {
    // fewer bytes than a message's head are a gap
    while (block.left >= 4 + order) {
      const type = block.u8();
      const bytes = block.u16();
      const messageFlags = block.u8();
      block.advance(order);
      messages.push(blocks.message(type, messageFlags, block.part(bytes)));
    }
  }
  return messages;
}

/** The blocks of one header: the first, then those that continuation messages name. */
class Blocks {
  readonly #file: Hdf5File;
  readonly #blocks: Hdf5Cursor[];
  readonly #signature: string | null;
  #bytes = 0;

  constructor(file: Hdf5File, first: Hdf5Cursor, signature: string | null = null) {
    this.#file = file;
    this.#blocks = [first];
    this.#signature = signature;
  }

  /** Iterating meets blocks that were added meanwhile. */
  [Symbol.iterator](): Iterator<Hdf5Cursor> {
    return this.#blocks[Symbol.iterator]();
  }

  /** A message; one that continues the header adds a block. */
  message(type: number, flags: number, body: Hdf5Cursor): Message {
    this.#file.budget.step(body.path);
    if (type === MESSAGE.continuation) this.#add(body);
    const used = type === MESSAGE.dataspace || type === MESSAGE.datatype || type === MESSAGE.filters;
    if (used && flags & SHARED) throw body.wrong('a shared message', 'a message of its own');
    return { type, body };
  }

  #add(message: Hdf5Cursor): void {
    const address = message.place();
    const size = message.length();
    const block = this.#file.cursor(message.path, address, size);
    // blocks that do not overlap cannot be longer than the file: more than that are going in circles
    this.#bytes += Math.max(size, 1);
    if (this.#bytes > this.#file.bytes.length) throw message.wrong('blocks in circles', 'a header that ends');
    if (!this.#signature) return void this.#blocks.push(block);
    block.signature(this.#signature);
    this.#blocks.push(block.part(block.left - 4));
  }
}
