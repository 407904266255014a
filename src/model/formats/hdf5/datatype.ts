import { decodeText } from '../cursor.ts';
import type { Hdf5Cursor } from './file.ts';

export type FloatForm = 'float16' | 'bfloat16' | 'float32' | 'float64';

/** What one value is; `size` in bytes. Kinds that are not read are known by name. */
export type Datatype =
  | { kind: 'integer'; name: string; size: number; signed: boolean; little: boolean }
  | { kind: 'float'; name: FloatForm; size: number; little: boolean }
  | { kind: 'bool'; name: 'bool'; size: number; little: boolean }
  | { kind: 'text'; name: 'string'; size: number; blanks: boolean }
  | { kind: 'heapText'; name: 'string'; size: number }
  | { kind: 'other'; name: string; size: number };

const CLASSES =
  'integer, float, time, string, bit field, opaque, compound, reference, enumeration, variable-length, array';

/** Reads a datatype message: class and version in one byte, 3 bytes of flags, u32 bytes a value, what the class needs. */
export function readDatatype(body: Hdf5Cursor): Datatype {
  const head = body.u8();
  const flags = body.u8();
  const more = body.u8();
  body.advance(1);
  const size = body.u32();
  if (size < 1) throw body.wrong(`values of ${size} bytes`, 'at least 1');
  const name = CLASSES.split(', ')[head & 15] ?? `class ${head & 15}`;
  switch (name) {
    case 'integer':
      return readInteger(body, size, flags);
    case 'float':
      return readFloat(body, size, flags, more);
    case 'string':
      return { kind: 'text', name: 'string', size, blanks: (flags & 15) === 2 };
    case 'enumeration':
      return readEnumeration(body, head >> 4, flags | (more << 8));
    case 'variable-length':
      return (flags & 15) === 1 ? { kind: 'heapText', name: 'string', size } : { kind: 'other', name, size };
    default:
      return { kind: 'other', name, size };
  }
}

/** Whole bytes only: u16 first bit, u16 bits. */
function readInteger(body: Hdf5Cursor, size: number, flags: number): Datatype {
  const offset = body.u16();
  const bits = body.u16();
  const name = `${flags & 8 ? '' : 'u'}int${bits}`;
  if (offset !== 0 || bits !== size * 8 || ![1, 2, 4, 8].includes(size)) return { kind: 'other', name, size };
  return { kind: 'integer', name, size, signed: (flags & 8) !== 0, little: (flags & 1) === 0 };
}

/** IEEE's and bfloat16, by bits of exponent and mantissa, and the exponent's bias. */
const FORMS: Record<string, FloatForm> = {
  '2 15 10 5 0 10 15': 'float16',
  '2 15 7 8 0 7 127': 'bfloat16',
  '4 31 23 8 0 23 127': 'float32',
  '8 63 52 11 0 52 1023': 'float64',
};

/** U16 first bit, u16 bits, u8 first bit and u8 bits of the exponent, the same of the mantissa, u32 bias. */
function readFloat(body: Hdf5Cursor, size: number, flags: number, sign: number): Datatype {
  const offset = body.u16();
  const bits = body.u16();
  const layout = [size, sign, body.u8(), body.u8(), body.u8(), body.u8(), body.u32()];
  const name = FORMS[layout.join(' ')];
  // bit 6 is the VAX's byte order; a mantissa with its leading one implied is 2 in bits 4 and 5
  const plain = offset === 0 && bits === size * 8 && (flags & 0x70) === 0x20;
  if (!name || !plain) return { kind: 'other', name: `float${bits} of an unusual layout`, size };
  return { kind: 'float', name, size, little: (flags & 1) === 0 };
}

/** H5py's booleans are an enumeration of FALSE = 0 and TRUE = 1: the base type, names, then values. */
function readEnumeration(body: Hdf5Cursor, version: number, members: number): Datatype {
  const base = readDatatype(body);
  const other = { kind: 'other', name: 'enumeration', size: base.size } as const;
  if (base.kind !== 'integer' || base.size !== 1 || members !== 2) return other;
  const names = [readName(body, version), readName(body, version)];
  const values = [body.u8(), body.u8()];
  if (names.join() !== 'FALSE,TRUE' || values.join() !== '0,1') return other;
  return { kind: 'bool', name: 'bool', size: 1, little: true };
}

/** Ends with a zero; before version 3 it fills up to a multiple of 8 bytes. */
function readName(body: Hdf5Cursor, version: number): string {
  const length = body.bytes.subarray(body.at, body.end).indexOf(0);
  if (length < 0) throw body.wrong('a name without an end', 'the name of a member');
  const text = decodeText(body.take(length), body.path);
  body.advance(version < 3 ? 8 - (length % 8) : 1);
  return text;
}
