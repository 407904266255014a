/** Tensors seen in another way. Nothing is copied: shapes and strides change, bytes stay. */
import { itemBytes, rowMajor, type Tensor } from '../tensor.ts';

interface Strided extends Tensor {
  strides: readonly number[];
}

function strided(tensor: Tensor): Strided {
  return { ...tensor, strides: tensor.strides ?? rowMajor(tensor.shape) };
}

/** Axis i of the result is axis `order[i]` of the tensor. */
export function transposed(tensor: Tensor, order: readonly number[]): Tensor {
  const { shape, strides, ...rest } = strided(tensor);
  return { ...rest, shape: order.map((axis) => shape[axis]!), strides: order.map((axis) => strides[axis]!) };
}

/** Every `step`-th of `count` indices of one axis; they must be there. */
export function sliced(tensor: Tensor, axis: number, start: number, count: number, step = 1): Tensor {
  const { shape, strides, bytes, ...rest } = strided(tensor);
  const from = count === 0 ? 0 : start * strides[axis]! * itemBytes[tensor.dtype];
  return {
    ...rest,
    bytes: bytes.subarray(from),
    shape: shape.map((n, i) => (i === axis ? count : n)),
    strides: strides.map((n, i) => (i === axis ? n * step : n)),
  };
}

/** One index of one axis, which is gone then. */
export function picked(tensor: Tensor, axis: number, index: number): Tensor {
  return dropped(sliced(tensor, axis, index, 1), [axis]);
}

/** Without axes of length 1. */
export function dropped(tensor: Tensor, axes: readonly number[]): Tensor {
  const { shape, strides, ...rest } = strided(tensor);
  const keep = (_: number, axis: number) => !axes.includes(axis);
  return { ...rest, shape: shape.filter(keep), strides: strides.filter(keep) };
}

/** With axes of length 1, which stand at `axes` of the result. */
export function inserted(tensor: Tensor, axes: readonly number[]): Tensor {
  const { shape, strides, ...rest } = strided(tensor);
  const rank = shape.length + axes.length;
  const from = Array.from({ length: rank }, (_, i) => i).map((i) => (axes.includes(i) ? null : i));
  let next = 0;
  const places = from.map((i) => (i === null ? null : next++));
  return {
    ...rest,
    shape: places.map((i) => (i === null ? 1 : shape[i]!)),
    strides: places.map((i) => (i === null ? 0 : strides[i]!)),
  };
}

/** Repeated along axes of length 1, as far as `shape` says, or null where it does not fit. */
export function expanded(tensor: Tensor, shape: readonly number[]): Tensor | null {
  const missing = Array.from({ length: Math.max(0, shape.length - tensor.shape.length) }, (_, i) => i);
  const source = strided(inserted(tensor, missing));
  const wanted = source.shape.map((n, i) => Math.max(n, shape[i - (source.shape.length - shape.length)] ?? 1));
  const fits = source.shape.every((n, i) => n === wanted[i] || n === 1);
  if (!fits) return null;
  return { ...source, shape: wanted, strides: source.strides.map((n, i) => (source.shape[i] === 1 ? 0 : n)) };
}
