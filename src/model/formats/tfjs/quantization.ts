import { invalid, ModelError } from '../../../errors.ts';
import type { Fields } from '../fields.ts';
import { toFloat32 } from '../tensor.ts';

/** How the values of a tensor lie in its shards. */
export interface Layout {
  /** What they are once read: `float32`, `int32` ... */
  type: string;
  stored: string;
  itemBytes: number;
  /** value = stored * scale + min; null: as stored. */
  affine: { scale: number; min: number } | null;
}

/** Bytes a value, by the names of TensorFlow.js. */
const ITEM_BYTES: Readonly<Record<string, number>> = { bool: 1, float16: 2, float32: 4, int32: 4, uint8: 1, uint16: 2 };

/**
 * How a tensor of the manifest lies.
 * @param path file and tensor, for messages
 * @throws ModelError for a type that is not known
 */
export function readLayout(entry: Fields, path: string): Layout {
  const type = entry.text('dtype');
  if (entry.missing('quantization')) return { type, stored: type, itemBytes: itemBytes(type, path), affine: null };
  const quantization = entry.object('quantization');
  const stored = quantization.oneOf('dtype', ['uint8', 'uint16', 'float16']);
  // a half is a number as it is; a whole one stands for a step between the least value and the largest
  const affine = stored === 'float16' ? null : { scale: quantization.number('scale'), min: quantization.number('min') };
  return { type, stored, itemBytes: itemBytes(stored, path), affine };
}

function itemBytes(type: string, path: string): number {
  if (Object.hasOwn(ITEM_BYTES, type)) return ITEM_BYTES[type]!;
  throw new ModelError(invalid(`${path} dtype`, type, `one of ${Object.keys(ITEM_BYTES).join(', ')}`));
}

/** The values of a tensor of floating-point numbers. @param bytes they alone, little endian, from the start of a buffer */
export function decode(bytes: Uint8Array<ArrayBuffer>, { stored, affine }: Layout): Float32Array {
  if (stored === 'float32' && !affine) return new Float32Array(bytes.buffer);
  if (stored === 'float16') return toFloat32({ dtype: 'F16', shape: [bytes.length / 2], bytes });
  const { scale, min } = affine ?? { scale: 1, min: 0 };
  const steps = stored === 'uint16' ? new Uint16Array(bytes.buffer) : bytes;
  const values = new Float32Array(steps.length);
  for (let i = 0; i < values.length; i++) values[i] = steps[i]! * scale + min;
  return values;
}
