import { invalid, ModelError } from '../../../errors.ts';
import { Cursor } from '../cursor.ts';
import { GRAPH, INITIALIZERS } from './model.ts';
import { Message, readField } from './protobuf.ts';
import type { OnnxTensor } from './tensor.ts';

/** TensorProto's fields: those that say where the bytes lie, and that of the bytes themselves. */
const RAW = 9;
const ELSEWHERE = [13, 14];

/**
 * The file with the weights in it that lie beside it, so that it can be called, recorded and moved alone; the file itself
 * where there are none.
 */
export function inlined(bytes: Uint8Array, tensors: ReadonlyMap<string, OnnxTensor>, file: string): Uint8Array {
  let changed = false;
  const model = rewritten(bytes, file, (number, graph) => {
    if (number !== GRAPH) return null;
    return rewritten(graph, file, (field, tensor) => {
      if (field !== INITIALIZERS) return null;
      const message = new Message(tensor, file);
      if (message.int(ELSEWHERE[1]!) !== 1) return null;
      changed = true;
      return withBytes(tensor, tensors.get(message.text(8))!, file);
    });
  });
  return changed ? joined(model) : bytes;
}

function withBytes(proto: Uint8Array, { name, tensor }: OnnxTensor, file: string): Uint8Array[] {
  if (!tensor)
    throw new ModelError(invalid(`${file} tensor ${name}`, 'a type of no known size', 'floats or whole numbers'));
  const rest = rewritten(proto, file, (number) => (ELSEWHERE.includes(number) || number === RAW ? [] : null), true);
  return [...rest, header(RAW, tensor.bytes.length), tensor.bytes];
}

/** The pieces of a message, with some of its fields of bytes replaced. @param drop replaced ones are left out */
function rewritten(
  bytes: Uint8Array,
  file: string,
  replace: (number: number, content: Uint8Array) => Uint8Array[] | null,
  drop = false,
): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const cursor = new Cursor(bytes, file);
  while (cursor.left > 0) {
    const from = cursor.at;
    const [number, { bytes: content }] = readField(cursor);
    const instead = replace(number, content);
    if (!instead) pieces.push(bytes.subarray(from, cursor.at));
    else if (!drop) pieces.push(header(number, lengthOf(instead)), ...instead);
  }
  return pieces;
}

/** Tag and length of a field of bytes. */
function header(number: number, length: number): Uint8Array {
  const out = [(number << 3) | 2];
  for (; length >= 128; length = Math.floor(length / 128)) out.push((length % 128) | 128);
  out.push(length);
  return Uint8Array.from(out);
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(lengthOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
