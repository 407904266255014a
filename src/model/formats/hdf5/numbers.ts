import { type Dtype, toFloat32, toFloat64 } from '../tensor.ts';
import type { Datatype } from './datatype.ts';

/** Types that tensors have as well. */
const DTYPES: Record<string, Dtype> = {
  bool: 'BOOL',
  uint8: 'U8',
  int8: 'I8',
  int16: 'I16',
  int32: 'I32',
  int64: 'I64',
  float16: 'F16',
  bfloat16: 'BF16',
  float32: 'F32',
  float64: 'F64',
};

/** Whether values of this type are numbers. */
export function isNumeric({ kind }: Datatype): boolean {
  return kind === 'integer' || kind === 'float' || kind === 'bool';
}

/**
 * Numbers in float32, copied; those with more digits are rounded.
 * @param raw the bytes of all values, end to end
 */
export function toFloats(raw: Uint8Array, type: Datatype): Float32Array {
  const bytes = littleEndian(raw, type);
  const dtype = DTYPES[type.name];
  return dtype
    ? toFloat32({ dtype, shape: [raw.length / type.size], bytes })
    : Float32Array.from(unsigned(bytes, type));
}

/** Numbers as they are; integers beyond 2^53 are rounded. Meant for the few values of an attribute. */
export function toNumbers(raw: Uint8Array, type: Datatype): number[] {
  const bytes = littleEndian(raw, type);
  const dtype = DTYPES[type.name];
  return Array.from(dtype ? toFloat64({ dtype, shape: [raw.length / type.size], bytes }) : unsigned(bytes, type));
}

/** The bytes as they are, or each value's in reverse, in a copy. */
function littleEndian(raw: Uint8Array, type: Datatype): Uint8Array {
  if (!('little' in type) || type.little || type.size === 1) return raw;
  const { size } = type;
  const out = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at += size) {
    for (let i = 0; i < size; i++) out[at + i] = raw[at + size - 1 - i]!;
  }
  return out;
}

function unsigned(bytes: Uint8Array, { size }: Datatype): ArrayLike<number> & Iterable<number> {
  const { buffer } = new Uint8Array(bytes);
  if (size === 2) return new Uint16Array(buffer);
  return size === 4 ? new Uint32Array(buffer) : Float64Array.from(new BigUint64Array(buffer), Number);
}
