import { invalid, ModelError } from '../../../errors.ts';
import { type Dtype, elementCount, itemBytes, type Tensor } from '../tensor.ts';
import type { Message } from './protobuf.ts';

/** Reads the bytes of a tensor that lies in another file. */
export type External = (message: Message, length: number, path: string) => Uint8Array;

/** A tensor of an ONNX file. */
export interface OnnxTensor {
  name: string;
  shape: number[];
  /** Its type is one of whole numbers or truth values. */
  whole: boolean;
  /** Null where the type is one that no layer holds: texts, complex numbers, 4-bit and 8-bit floats. */
  tensor: Tensor | null;
}

/** TensorProto's fields. */
const DIMS = 1;
const TYPE = 2;
const FLOATS = 4;
const INT32S = 5;
const INT64S = 7;
const NAME = 8;
const RAW = 9;
const DOUBLES = 10;
const LOCATION = 14;

/** ONNX' numbers of types. */
const TYPES: Readonly<Record<number, Dtype>> = {
  1: 'F32',
  2: 'U8',
  3: 'I8',
  5: 'I16',
  6: 'I32',
  7: 'I64',
  9: 'BOOL',
  10: 'F16',
  11: 'F64',
  16: 'BF16',
};
const FLOATING: readonly Dtype[] = ['F32', 'F16', 'F64', 'BF16'];
const MOST_AXES = 16;

/**
 * Reads a TensorProto.
 * @param file for messages
 * @throws ModelError naming the tensor where its values are not as many as its shape says
 */
export function readTensor(message: Message, file: string, external: External): OnnxTensor {
  const name = message.text(NAME);
  const path = `${file} tensor ${name || 'without a name'}`;
  const shape = Array.from(message.ints(DIMS));
  const count = elementCount(shape);
  if (shape.length > MOST_AXES || !shape.every((n) => n >= 0) || !Number.isSafeInteger(count)) {
    throw new ModelError(invalid(`${path} dims`, shape, 'at most 16 sizes'));
  }
  const dtype = TYPES[message.int(TYPE)];
  if (dtype === undefined) return { name, shape, whole: false, tensor: null };
  const whole = !FLOATING.includes(dtype);
  const values = readValues(message, dtype, count, external, path);
  const found = values.bytes.length / itemBytes[values.dtype];
  if (found !== count) {
    throw new ModelError(invalid(path, `${found} values`, `${count} for the shape [${shape.join(', ')}]`));
  }
  return { name, shape, whole, tensor: { ...values, shape } };
}

/** Raw bytes, another file's, or a list of numbers; whole numbers of a list become float64. */
function readValues(
  message: Message,
  dtype: Dtype,
  count: number,
  external: External,
  path: string,
): Pick<Tensor, 'dtype' | 'bytes'> {
  if (message.int(LOCATION) === 1) return { dtype, bytes: external(message, count * itemBytes[dtype], path) };
  const raw = message.bytes(RAW);
  if (raw) return { dtype, bytes: raw };
  if (dtype === 'F32') return { dtype, bytes: message.packed(FLOATS, 4) };
  if (dtype === 'F64') return { dtype, bytes: message.packed(DOUBLES, 8) };
  const numbers = message.ints(dtype === 'I64' ? INT64S : INT32S);
  if (dtype !== 'F16' && dtype !== 'BF16') return { dtype: 'F64', bytes: new Uint8Array(numbers.buffer) };
  return { dtype, bytes: new Uint8Array(Uint16Array.from(numbers).buffer) };
}
