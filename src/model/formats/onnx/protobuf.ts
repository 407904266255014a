/*
 * The wire format of Protocol Buffers, as far as ONNX needs it. A message is a row of fields:
 *
 *     tag (varint: number << 3 | wire)   wire 0: varint   1: 8 bytes   2: length (varint), bytes   5: 4 bytes
 *
 * Integers come as numbers, rounded beyond 2^53. Nothing is copied: texts, tensors and messages within are views of the file.
 */
import { invalid, ModelError } from '../../../errors.ts';
import { Cursor, decodeText } from '../cursor.ts';

/** Fields that a file may hold in all: a model has some thirty a node, and two-byte fields must not fill the memory. */
const MOST_FIELDS = 2_000_000;
const WIRES = [0, 1, 2, 5];
/** Field numbers have 29 bits. */
const END_OF_NUMBERS = 0x2000_0000;

interface Field {
  wire: number;
  /** The value of a varint; else 0. */
  value: number;
  /** What stands after the tag and the length; nothing for a varint. */
  bytes: Uint8Array;
}

const NONE = new Uint8Array(0);

/** One message, split into its fields; those that nobody asks for are passed over. */
export class Message {
  /** The file and the place in it. */
  readonly path: string;
  readonly #budget: { fields: number };
  readonly #fields = new Map<number, Field[]>();

  /**
   * @param path the file and the place in it, for messages
   * @param budget how many fields may still come, shared by all messages of a file
   * @throws ModelError where the bytes are no message
   */
  constructor(bytes: Uint8Array, path: string, budget = { fields: MOST_FIELDS }) {
    this.path = path;
    this.#budget = budget;
    const cursor = new Cursor(bytes, path);
    while (cursor.left > 0) {
      if (budget.fields-- === 0) throw cursor.wrong('still more fields', `at most ${MOST_FIELDS} in a file`);
      const [number, field] = readField(cursor);
      const others = this.#fields.get(number);
      if (others) others.push(field);
      else this.#fields.set(number, [field]);
    }
  }

  has(number: number): boolean {
    return this.#fields.has(number);
  }

  /** An int32, int64 or enum; of several the last one, as everywhere. */
  int(number: number, otherwise = 0): number {
    return this.#all(number, 0).at(-1)?.value ?? otherwise;
  }

  /** A repeated int32, int64 or enum, packed or not. */
  ints(number: number): Float64Array {
    const pieces = this.#all(number, 0, 2);
    // the last byte of a varint is the one below 128
    const count = pieces.reduce((n, { wire, bytes }) => n + (wire === 0 ? 1 : bytes.filter((b) => b < 128).length), 0);
    const out = new Float64Array(count);
    let i = 0;
    for (const { wire, value, bytes } of pieces) {
      if (wire === 0) out[i++] = value;
      else for (const cursor = new Cursor(bytes, this.path); cursor.left > 0; ) out[i++] = readVarint(cursor);
    }
    return out;
  }

  float(number: number, otherwise = 0): number {
    const bytes = this.#all(number, 5).at(-1)?.bytes;
    return bytes ? new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true) : otherwise;
  }

  /** The bytes of a repeated float (4 each) or double (8 each): a view where they are packed in one piece. */
  packed(number: number, width: 4 | 8): Uint8Array {
    const pieces = this.#all(number, 2, width === 4 ? 5 : 1).map(({ bytes }) => bytes);
    const odd = pieces.find(({ length }) => length % width !== 0);
    if (odd) throw this.#wrong(number, `${odd.length} bytes`, `a multiple of ${width}`);
    return pieces.length === 1 ? pieces[0]! : joined(pieces);
  }

  /** A text; empty where there is none. */
  text(number: number): string {
    return this.texts(number).at(-1) ?? '';
  }

  texts(number: number): string[] {
    return this.#all(number, 2).map(({ bytes }) => decodeText(bytes, `${this.path} field ${number}`));
  }

  /** Bytes as they stand, or null where the field is absent. */
  bytes(number: number): Uint8Array | null {
    return this.#all(number, 2).at(-1)?.bytes ?? null;
  }

  /** A message within, or null where the field is absent. @param what it is, for messages */
  message(number: number, what: string): Message | null {
    const bytes = this.bytes(number);
    return bytes && new Message(bytes, `${this.path} ${what}`, this.#budget);
  }

  messages(number: number, what: string): Message[] {
    return this.#all(number, 2).map(({ bytes }) => new Message(bytes, `${this.path} ${what}`, this.#budget));
  }

  #all(number: number, ...wires: number[]): Field[] {
    const fields = this.#fields.get(number) ?? [];
    const foreign = fields.find(({ wire }) => !wires.includes(wire));
    if (foreign) throw this.#wrong(number, `wire type ${foreign.wire}`, `wire type ${wires.join(' or ')}`);
    return fields;
  }

  #wrong(number: number, found: string, expected: string): ModelError {
    return new ModelError(invalid(`${this.path} field ${number}`, found, expected));
  }
}

/** Number and content of the field at the cursor. @throws ModelError where there is none, or no complete one */
export function readField(cursor: Cursor): [number, Field] {
  const tag = readVarint(cursor);
  const [number, wire] = [Math.floor(tag / 8), tag & 7];
  if (number < 1 || number >= END_OF_NUMBERS || !WIRES.includes(wire)) {
    throw cursor.wrong(`tag ${tag} before byte ${cursor.at}`, 'a protobuf field');
  }
  if (wire === 0) return [number, { wire, value: readVarint(cursor), bytes: NONE }];
  return [number, { wire, value: 0, bytes: cursor.take(wire === 2 ? readVarint(cursor) : wire === 1 ? 8 : 4) }];
}

/** Seven bits a byte, lowest first; the 64 bits are a signed integer. */
function readVarint(cursor: Cursor): number {
  let [low, high] = [0, 0];
  for (let i = 0; i < 10; i++) {
    const byte = cursor.u8();
    if (i < 5) low |= (byte & 0x7f) << (7 * i);
    if (i === 4) high = (byte & 0x7f) >> 4;
    else if (i > 4) high |= (byte & 0x7f) << (7 * i - 32);
    if (byte < 128) return high * 0x1_0000_0000 + (low >>> 0);
  }
  throw cursor.wrong(`a number before byte ${cursor.at}`, 'one of at most ten bytes');
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
