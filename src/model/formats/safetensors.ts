import { invalid, ModelError } from '../../errors.ts';

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

/** Bytes an element, by the container's name of the type. Others (F8 and so on) are refused. */
const itemBytes = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4 } as const;

export type Dtype = keyof typeof itemBytes;

/** One tensor as it lies in the file. `bytes` is a view, unaligned; `toFloat32` and `toFloat64` copy. */
export interface Tensor {
  dtype: Dtype;
  shape: number[];
  bytes: Uint8Array;
}

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

/** A tensor's values in float32, copied; float64 and integers are rounded. */
export function toFloat32(tensor: Tensor): Float32Array {
  return Float32Array.from(toFloat64(tensor));
}

/** A tensor's values in float64, copied; int64 beyond 2^53 are rounded. */
export function toFloat64({ dtype, bytes }: Tensor): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = itemBytes[dtype];
  const read = readers[dtype];
  const out = new Float64Array(bytes.length / size);
  for (let i = 0; i < out.length; i++) out[i] = read(view, i * size);
  return out;
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
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  let at = 8 + length;
  for (const [, { data }] of list) {
    for (let i = 0; i < data.length; i++, at += 4) view.setFloat32(at, data[i]!, true);
  }
  return bytes;
}

const readers: Record<Dtype, (view: DataView, at: number) => number> = {
  F64: (view, at) => view.getFloat64(at, true),
  F32: (view, at) => view.getFloat32(at, true),
  F16: (view, at) => half(view.getUint16(at, true)),
  BF16: (view, at) => bfloat(view, at),
  I64: (view, at) => Number(view.getBigInt64(at, true)),
  I32: (view, at) => view.getInt32(at, true),
};

/** IEEE 754 binary16: sign, 5 bits of exponent (bias 15), 10 bits of fraction. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  // 1 / 0x1000000 is the smallest subnormal; a normal number is (1024 + fraction) times two to the (exponent - 25).
  if (exponent === 0) return (sign * fraction) / 0x1000000;
  return sign * (1024 + fraction) * (exponent >= 25 ? 1 << (exponent - 25) : 1 / (1 << (25 - exponent)));
}

const scratch = new DataView(new ArrayBuffer(4));

/** bfloat16 is the upper half of a float32. */
function bfloat(view: DataView, at: number): number {
  scratch.setUint32(0, view.getUint16(at, true) << 16);
  return scratch.getFloat32(0);
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
  const needed = shape.reduce((product, size) => product * size, itemBytes[dtype as Dtype]);
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
