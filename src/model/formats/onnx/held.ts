/** Numbers that the file holds: weights as tensors, and few whole numbers, which may stand for open sizes. */
import { elementCount, type Tensor, toFloat32, toFloat64 } from '../tensor.ts';
import type { Call } from './call.ts';
import type { Context } from './context.ts';
import { fixed, known, type Size } from './dims.ts';
import type { OnnxTensor } from './tensor.ts';
import type { Constant, Known, Numbers } from './values.ts';

export type Held = Constant | Numbers;
/** Another view of a tensor. */
type View = (tensor: Tensor) => Tensor;

/** Shapes and indices are short; long lists of whole numbers are something else. */
const MOST_NUMBERS = 1024;
const MOST_AXES = 16;

/** What a tensor of the file is. */
export function held({ name, whole, tensor }: OnnxTensor): Known {
  if (!tensor) return { kind: 'foreign', reason: `tensor ${name} holds neither floats nor whole numbers` };
  if (!whole) return { kind: 'constant', tensor };
  const count = elementCount(tensor.shape);
  if (count > MOST_NUMBERS) return { kind: 'foreign', reason: `tensor ${name} holds ${count} whole numbers` };
  return { kind: 'numbers', shape: tensor.shape, values: Array.from(toFloat64(tensor), fixed) };
}

/** A list of whole numbers. */
export function list(values: Size[]): Numbers {
  return { kind: 'numbers', shape: [values.length], values };
}

/** Numbers of which a shape has so many: `value` is asked only where they are few. */
export function numbers(shape: number[], call: Call, value: (i: number) => Size): Numbers {
  const count = elementCount(shape);
  if (!(count <= MOST_NUMBERS && shape.length <= MOST_AXES)) call.refuse(`that gives ${count} whole numbers`);
  return { kind: 'numbers', shape, values: Array.from({ length: count }, (_, i) => value(i)) };
}

/** Lays numbers out anew: of weights the view changes, of whole numbers their places are laid out. */
export function laidOut(value: Held, call: Call, view: View): Held {
  if (value.kind === 'constant') {
    const tensor = view(value.tensor);
    return tensor.shape.length <= MOST_AXES ? { kind: 'constant', tensor } : call.refuse('that gives too many axes');
  }
  const laid = view(places(value, 0));
  const at = elementCount(laid.shape) <= MOST_NUMBERS ? toFloat32(laid) : [];
  return numbers(laid.shape, call, (i) => value.values[at[i]!]!);
}

/** Puts numbers of one kind behind each other along an axis. */
export function joined(values: readonly Held[], axis: number, call: Call): Held {
  const constants = values.flatMap((value) => (value.kind === 'constant' ? [value.tensor] : []));
  if (constants.length === values.length) return { kind: 'constant', tensor: joinedTensors(constants, axis, call) };
  const lists = values.flatMap((value) => (value.kind === 'numbers' ? [value] : []));
  if (lists.length !== values.length) call.refuse('of floats and whole numbers');
  let before = 0;
  const tensors = lists.map((list) => {
    const tensor = places(list, before);
    before += list.values.length;
    return tensor;
  });
  const all = lists.flatMap((list) => list.values);
  const laid = joinedTensors(tensors, axis, call);
  const at = toFloat32(laid);
  return numbers(laid.shape, call, (i) => all[at[i]!]!);
}

/** Whether all that is held is zero, and reads as a state that begins at zero. */
export function isZero(value: Known, context: Context): boolean {
  if (value.kind === 'numbers') return value.values.every((size) => known(size) === 0);
  if (value.kind === 'constant') return context.floats(value.tensor).every((number) => number === 0);
  return value.kind === 'zeros';
}

export function shapeOf(value: Held): number[] {
  return value.kind === 'constant' ? value.tensor.shape : value.shape;
}

/** A tensor of places in a list, the first one `from`. */
function places({ shape, values }: Numbers, from: number): Tensor {
  const at = Float32Array.from(values, (_, i) => from + i);
  return { dtype: 'F32', shape, bytes: new Uint8Array(at.buffer) };
}

function joinedTensors(tensors: readonly Tensor[], axis: number, call: Call): Tensor {
  const { shape } = tensors[0]!;
  const alike = (other: number[]) =>
    other.length === shape.length && other.every((n, i) => i === axis || n === shape[i]);
  if (!tensors.every((tensor) => alike(tensor.shape))) call.refuse('of unlike shapes');
  const length = tensors.reduce((sum, tensor) => sum + tensor.shape[axis]!, 0);
  const outer = elementCount(shape.slice(0, axis));
  const inner = elementCount(shape.slice(axis + 1));
  call.context.spend(outer * length * inner);
  const out = new Float32Array(outer * length * inner);
  let at = 0;
  for (const tensor of tensors) {
    const row = tensor.shape[axis]! * inner;
    const values = call.context.floats(tensor);
    for (let o = 0; o < outer; o++) out.set(values.subarray(o * row, (o + 1) * row), o * length * inner + at);
    at += row;
  }
  return { dtype: 'F32', shape: shape.map((n, i) => (i === axis ? length : n)), bytes: new Uint8Array(out.buffer) };
}
