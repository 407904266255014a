import { decodeText } from '../cursor.ts';
import type { Hdf5Value } from '../hdf5.ts';
import { countOf, readDataspace } from './dataspace.ts';
import { type Datatype, readDatatype } from './datatype.ts';
import type { Hdf5Cursor, Hdf5File } from './file.ts';
import { readHeapTexts } from './globalHeap.ts';
import { isNumeric, toNumbers } from './numbers.ts';

/** An attribute whose value was not read yet. */
export interface Attribute {
  name: string;
  type: Hdf5Cursor;
  space: Hdf5Cursor;
  data: Hdf5Cursor;
}

/**
 * Reads an attribute message: version, flags, u16 bytes of name, type and space, [u8 charset], then these and the
 * value. In version 1 each fills up to a multiple of 8 bytes.
 */
export function readAttribute(body: Hdf5Cursor): Attribute {
  const version = body.version(1, 2, 3);
  const flags = body.u8();
  const sizes = { name: body.u16(), type: body.u16(), space: body.u16() };
  if (version === 3) body.advance(1);
  const part = (size: number, path: string): Hdf5Cursor => {
    const piece = body.part(size, path);
    if (version === 1) body.advance(-size & 7);
    return piece;
  };
  const name = textUntilZero(part(sizes.name, body.path).take(sizes.name), `${body.path} attribute name`);
  const path = `${body.path} attribute ${name}`;
  const type = part(sizes.type, `${path} type`);
  const space = part(sizes.space, `${path} shape`);
  if (version > 1 && flags & 3) throw type.wrong('a shared type', 'a type of its own');
  return { name, type, space, data: body.part(body.left, path) };
}

/** @throws ModelError where the value is cut off or of a type that is not read */
export function readValue(file: Hdf5File, attribute: Attribute): Hdf5Value {
  const type = readDatatype(attribute.type.again());
  const space = attribute.space.again();
  const shape = readDataspace(space);
  const count = countOf(shape, space);
  const data = attribute.data.again();
  if (count * type.size > data.left) throw data.wrong(`${data.left} bytes`, `${count} values of ${type.size} bytes`);
  const values = readValues(file, data.part(count * type.size), type, count);
  return shape?.length === 0 ? values[0]! : values;
}

function readValues(file: Hdf5File, data: Hdf5Cursor, type: Datatype, count: number): string[] | number[] | boolean[] {
  if (type.kind === 'heapText') return readHeapTexts(file, data, count);
  if (type.kind === 'text') return Array.from({ length: count }, () => readText(data, type));
  if (!isNumeric(type)) throw data.wrong(type.name, 'texts, numbers or booleans');
  const numbers = toNumbers(data.take(count * type.size), type);
  return type.kind === 'bool' ? numbers.map((value) => value !== 0) : numbers;
}

function readText(data: Hdf5Cursor, { size, blanks }: { size: number; blanks: boolean }): string {
  const text = textUntilZero(data.take(size), data.path);
  return blanks ? text.trimEnd() : text;
}

function textUntilZero(bytes: Uint8Array, path: string): string {
  const end = bytes.indexOf(0);
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end), path);
}
