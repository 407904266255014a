import { invalid, ModelError } from '../../errors.ts';
import { type Dtype, elementCount, itemBytes, type Tensor } from './tensor.ts';

export { type Tensor, toFloat32, toFloat64 } from './tensor.ts';

/*
 * The safetensors container (https://github.com/huggingface/safetensors, "Format"):
 *
 *     u64 N   N bytes of JSON, padded with blanks              the tensors' bytes, end to end
 *     ├──────┼────────────────────────────────────────────────┼──────────────────────────────┤
 *            { "__metadata__": {text: text},
 *              "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ... }
 *
 * All numbers are little endian, tensors are row-major.
 */

export interface Safetensors {
  metadata: Record<string, string>;
  tensors: Map<string, Tensor>;
}

/** The header's limit in the reference implementation. */
const MAX_HEADER = 100_000_000;

/** Whether the bytes begin as this container does: a plausible length, then an opening brace. */
export function isSafetensors(bytes: Uint8Array): boolean {
  return bytes.length >= 9 && bytes[8] === 0x7b && headerLength(bytes) <= MAX_HEADER;
}

/**
 * Reads the container. Nothing in it is trusted: every offset is checked against the file, and the tensors must fill
 * it without gaps, so that a truncated or padded file is refused.
 * @param name the file, for messages
 * @throws ModelError naming the file and the tensor
 */
export function parseSafetensors(bytes: Uint8Array, name: string): Safetensors {
  if (bytes.length < 8)
    throw new ModelError(invalid(`${name} length`, bytes.length, 'at least 8 bytes of a safetensors file'));
  const length = headerLength(bytes);
  if (length > MAX_HEADER || length > bytes.length - 8) {
    const expected = `a safetensors header that fits into the file's ${bytes.length} bytes: is the file cut off?`;
    throw new ModelError(invalid(`${name} header length`, length, expected));
  }
  const header = parseHeader(bytes.subarray(8, 8 + length), name);
  const data = bytes.subarray(8 + length);
  const metadata: Record<string, string> = {};
  const tensors = new Map<string, Tensor>();
  for (const [key, value] of Object.entries(header)) {
    if (key !== '__metadata__') tensors.set(key, readTensor(value, data, `${name} ${key}`));
    else if (isRecord(value)) {
      for (const [k, v] of Object.entries(value)) if (typeof v === 'string') metadata[k] = v;
    }
  }
  checkFilled(header, data.length, name);
  return { metadata, tensors };
}

/**
 * Writes a container of float32 tensors in the order given. The same input gives the same bytes.
 * @param metadata texts that travel with the tensors
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, { shape: readonly number[]; data: Float32Array }]>,
  metadata: Record<string, string> = {},
): Uint8Array {
  const list = [...tensors];
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const [key, { shape, data }] of list) {
    header[key] = { dtype: 'F32', shape, data_offsets: [end, (end += data.length * 4)] };
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + end).fill(0x20, 8, 8 + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  let at = 8 + length;
  for (const [, { data }] of list) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

function headerLength(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
}

function parseHeader(bytes: Uint8Array, name: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ModelError(invalid(`${name} header`, `${bytes.length} bytes`, 'the JSON of a safetensors header'), {
      cause,
    });
  }
  if (!isRecord(header)) throw new ModelError(invalid(`${name} header`, header, 'a JSON object of tensors'));
  return header;
}

function readTensor(value: unknown, data: Uint8Array, path: string): Tensor {
  if (!isRecord(value)) throw new ModelError(invalid(path, value, 'a tensor: dtype, shape, data_offsets'));
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(itemBytes, dtype)) {
    throw new ModelError(invalid(`${path} dtype`, dtype, `one of ${Object.keys(itemBytes).join(', ')}`));
  }
  if (!isSizes(shape)) throw new ModelError(invalid(`${path} shape`, shape, 'a list of sizes'));
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]! || offsets[1]! > data.length) {
    const expected = `first and last byte of a file with ${data.length} bytes of tensors: is the file cut off?`;
    throw new ModelError(invalid(`${path} data_offsets`, offsets, expected));
  }
  const [first, last] = offsets as [number, number];
  const needed = elementCount(shape) * itemBytes[dtype as Dtype];
  if (needed !== last - first) {
    throw new ModelError(invalid(`${path} data_offsets`, offsets, `${needed} bytes for shape [${shape.join(', ')}]`));
  }
  return { dtype: dtype as Dtype, shape, bytes: data.subarray(first, last) };
}

/** Tensors must follow each other without a gap or an overlap, up to the file's last byte. */
function checkFilled(header: Record<string, unknown>, length: number, name: string): void {
  const ranges = Object.entries(header)
    .filter(([key]) => key !== '__metadata__')
    .map(([key, value]) => ({ key, offsets: (value as { data_offsets: [number, number] }).data_offsets }))
    .sort((a, b) => a.offsets[0] - b.offsets[0] || a.offsets[1] - b.offsets[1]);
  let end = 0;
  for (const { key, offsets } of ranges) {
    if (offsets[0] !== end)
      throw new ModelError(invalid(`${name} ${key} data_offsets`, offsets, `to begin at byte ${end}`));
    end = offsets[1];
  }
  if (end !== length) {
    throw new ModelError(invalid(`${name} length`, `${length} bytes of tensors`, `${end}, as the header says`));
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
