/** Bytes an element, by the safetensors container's name of the type. Others (F8 and so on) are refused. */
export const itemBytes = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

export type Dtype = keyof typeof itemBytes;

/** One tensor as it lies in its file, little endian. `bytes` is a view, unaligned; `toFloat32` and `toFloat64` copy. */
export interface Tensor {
  dtype: Dtype;
  shape: number[];
  bytes: Uint8Array;
  /** Elements from one index to the next, an axis each; absent: row-major, `bytes` filled. They never lead out of `bytes`. */
  strides?: readonly number[];
}

/**
 * A tensor's values in float32, copied; float64 and integers are rounded.
 * @param axes the order of the axes in the copy: [1, 0] transposes
 * @returns the values, row-major
 */
export function toFloat32(tensor: Tensor, axes?: readonly number[]): Float32Array {
  const out = new Float32Array(elementCount(tensor.shape));
  if (tensor.dtype === 'F32' && !axes && !tensor.strides) new Uint8Array(out.buffer).set(tensor.bytes);
  else fill(out, tensor, axes);
  return out;
}

/** A tensor's values in float64, copied, row-major; int64 beyond 2^53 are rounded. */
export function toFloat64(tensor: Tensor): Float64Array {
  const out = new Float64Array(elementCount(tensor.shape));
  fill(out, tensor);
  return out;
}

/** The product of the axes. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Strides of a tensor without gaps, the last axis fastest. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  for (let axis = shape.length - 1, stride = 1; axis >= 0; stride *= shape[axis--]!) strides[axis] = stride;
  return strides;
}

type Numbers = Float32Array | Float64Array | Int32Array | Int16Array | Int8Array | Uint8Array;

function fill(out: Float32Array | Float64Array, tensor: Tensor, axes?: readonly number[]): void {
  const from = elements(tensor.strides ? packed(tensor) : tensor);
  if (axes) {
    const strides = rowMajor(tensor.shape);
    copyAxis({ out, from, sizes: axes.map((i) => tensor.shape[i]!), strides: axes.map((i) => strides[i]!) }, 0, 0, 0);
  } else out.set(from);
}

/** A strided tensor's own bytes, row-major: a tensor of a few numbers may be spread over a large storage. */
function packed({ dtype, shape, bytes, strides = rowMajor(shape) }: Tensor): Tensor {
  const size = itemBytes[dtype];
  const out = new Uint8Array(elementCount(shape) * size);
  // the bytes of an element are one more axis
  copyAxis({ out, from: bytes, sizes: [...shape, size], strides: [...strides.map((n) => n * size), 1] }, 0, 0, 0);
  return { dtype, shape, bytes: out };
}

interface Copy {
  out: Numbers;
  from: Numbers;
  sizes: readonly number[];
  strides: readonly number[];
}

/** Copies one axis and all below it, from `at` on to `to` on. @returns where the next value goes */
function copyAxis(copy: Copy, axis: number, at: number, to: number): number {
  const { out, from, sizes, strides } = copy;
  const n = sizes[axis]!;
  const stride = strides[axis]!;
  if (axis < sizes.length - 1) {
    for (let i = 0; i < n; i++) to = copyAxis(copy, axis + 1, at + i * stride, to);
    return to;
  }
  for (let i = 0; i < n; i++) out[to + i] = from[at + i * stride]!;
  return to + n;
}

/** The numbers as they lie: a view where the bytes are aligned and JavaScript has the type, else a copy. */
function elements({ dtype, bytes }: Tensor): Numbers {
  const size = itemBytes[dtype];
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  const length = byteLength / size;
  switch (dtype) {
    case 'F64':
      return new Float64Array(buffer, byteOffset, length);
    case 'F32':
      return new Float32Array(buffer, byteOffset, length);
    case 'F16':
      return halves(new Uint16Array(buffer, byteOffset, length));
    case 'BF16':
      return brainFloats(new Uint16Array(buffer, byteOffset, length));
    case 'I64':
      return Float64Array.from(new BigInt64Array(buffer, byteOffset, length), Number);
    case 'I32':
      return new Int32Array(buffer, byteOffset, length);
    case 'I16':
      return new Int16Array(buffer, byteOffset, length);
    case 'I8':
      return new Int8Array(buffer, byteOffset, length);
    case 'U8':
    case 'BOOL':
      return new Uint8Array(buffer, byteOffset, length);
  }
}

function halves(bits: Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = half(bits[i]!);
  return out;
}

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

/** bfloat16 is the upper half of a float32. */
function brainFloats(bits: Uint16Array): Float32Array {
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = bits[i]! << 16;
  return new Float32Array(out.buffer);
}
