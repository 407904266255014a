/** Sums, differences, products and quotients: of sizes, of constants, of data and a constant, of data and data. */
import type { MergeSpec } from '../../../spec.ts';
import { elementCount, type Tensor } from '../../tensor.ts';
import { eachPart, factorAt, withAxes } from '../axes.ts';
import type { Call, Operator } from '../call.ts';
import { fixed, known, product, quotient, type Size, same } from '../dims.ts';
import { Part } from '../part.ts';
import type { Data, Known } from '../values.ts';
import { sameAxes } from './selection.ts';
import { eachOf } from './sizes.ts';

/** What an operation does with each kind of operands. */
interface Operation {
  /** Of sizes; null where it is not known. */
  sizes(a: Size, b: Size): Size;
  numbers(a: number, b: number): number;
  /** Layer by layer; null: there is none. */
  merge: MergeSpec['operation'] | null;
  /** A part and a constant, one value or one a feature. @param first the constant stands before the operator */
  constant(part: Part, values: Float32Array, first: boolean, call: Call): Part;
}

function arithmetic(operation: Operation): Operator {
  return (call) => {
    const [a, b] = [call.input(0), call.input(1)];
    if (a?.kind === 'numbers' && b?.kind === 'numbers')
      return [eachOf([a, b], call, (x, y) => operation.sizes(x!, y!))];
    if (a?.kind === 'constant' && b?.kind === 'constant') return [ofConstants(a.tensor, b.tensor, operation, call)];
    if (a?.kind === 'data' && b?.kind === 'constant')
      return [withConstant(call.data(0), b.tensor, false, operation, call)];
    if (a?.kind === 'constant' && b?.kind === 'data')
      return [withConstant(call.data(1), a.tensor, true, operation, call)];
    if (operation.merge) return [merged([call.data(0), call.data(1)], operation.merge, call)];
    return call.refuse('of two things that are both computed from the input');
  };
}

/** Several things of one shape, value by value. */
export const merge =
  (operation: MergeSpec['operation']): Operator =>
  (call) => {
    const all = call.inputs.map((_, i) => call.data(i));
    if (all.length === 0) call.refuse('of nothing');
    return all.length === 1 ? all : [merged(all, operation, call)];
  };

function merged(all: readonly Data[], operation: MergeSpec['operation'], call: Call): Data {
  const [first] = all;
  const alike = ({ parts, width }: Data) => parts.length === first!.parts.length && width === first!.width;
  if (!all.every((data) => alike(data) && sameAxes(data, first!, -1))) call.refuse('of unlike shapes');
  const layer = { kind: 'merge', name: call.name, operation } as const;
  const parts = first!.parts.map((_, i) => {
    const [value] = call.context.add(layer, ...all.map(({ parts }) => parts[i]!.value));
    return Part.of(call.context, value!);
  });
  return { ...first!, parts, state: false };
}

function ofConstants(a: Tensor, b: Tensor, { numbers }: Operation, call: Call): Known {
  const [x, y] = [call.context.floats(a), call.context.floats(b)];
  const like = x.length < y.length || (x.length === y.length && a.shape.length < b.shape.length) ? b : a;
  const fits = ({ shape }: Tensor) => elementCount(shape) === 1 || String(shape) === String(like.shape);
  if (!fits(a) || !fits(b)) call.refuse('of unlike shapes');
  const out = new Float32Array(elementCount(like.shape));
  for (let i = 0; i < out.length; i++) out[i] = numbers(x[x.length === 1 ? 0 : i]!, y[y.length === 1 ? 0 : i]!);
  return { kind: 'constant', tensor: { dtype: 'F32', shape: like.shape, bytes: new Uint8Array(out.buffer) } };
}

function withConstant(data: Data, tensor: Tensor, first: boolean, operation: Operation, call: Call): Data {
  const rank = Math.max(data.axes.length, tensor.shape.length);
  const lifted = withAxes(data, [...Array.from({ length: rank - data.axes.length }, () => []), ...data.axes], call);
  tensor.shape.forEach((n, i) => {
    const axis = i + rank - tensor.shape.length;
    if (n === 1 || (factorAt(lifted, axis) === 'features' && n === data.width)) return;
    call.refuse('of a constant that is not one value, or one a feature');
  });
  const values = call.context.floats(tensor);
  return eachPart(lifted, (part) => operation.constant(part, values, first, call));
}

/** x scale + offset as a layer of its own. */
function rescaled(part: Part, scale: ArrayLike<number>, offset: ArrayLike<number>, { name }: Call): Part {
  return part.through({ kind: 'rescaling', name, scale: Float32Array.from(scale), offset: Float32Array.from(offset) });
}

/** A bias joins its product, an offset its scale. */
function shifted(part: Part, by: Float32Array, call: Call): Part {
  const layer = part.open;
  if (layer?.kind === 'dense' && layer.activation === 'linear') {
    return part.instead({ ...layer, bias: layer.bias.map((b, i) => b + by[by.length === 1 ? 0 : i]!) });
  }
  if (layer?.kind === 'rescaling' && layer.offset.every((b) => b === 0)) return part.instead({ ...layer, offset: by });
  return rescaled(part, [1], by, call);
}

/** The least deviation that our Normalization divides by. */
const LEAST = 1e-7;

/** A difference that is then divided is a Normalization: its mean is worth knowing. */
function divided(part: Part, by: Float32Array, call: Call): Part {
  const layer = part.open;
  const deviations = by.every((d) => d > LEAST && Number.isFinite(Math.fround(d * d)));
  if (layer?.kind === 'rescaling' && deviations && layer.scale.length === 1 && layer.scale[0] === 1) {
    const each = (of: Float32Array, value: (v: number) => number) =>
      Float32Array.from({ length: part.width }, (_, i) => value(of[of.length === 1 ? 0 : i]!));
    const mean = each(layer.offset, (b) => -b);
    return part.instead({ kind: 'normalization', name: layer.name, mean, variance: each(by, (d) => d * d) });
  }
  const scale = by.map((d) => 1 / d);
  if (!scale.every(Number.isFinite)) call.refuse('by zero');
  return rescaled(part, scale, [0], call);
}

export const add = arithmetic({
  sizes: (a, b) => (known(a) === 0 ? b : known(b) === 0 ? a : both(a, b, (x, y) => x + y)),
  numbers: (a, b) => a + b,
  merge: 'add',
  constant: (part, values, _, call) => shifted(part, values, call),
});

export const subtract = arithmetic({
  sizes: (a, b) => (known(b) === 0 ? a : same(a, b) ? fixed(0) : both(a, b, (x, y) => x - y)),
  numbers: (a, b) => a - b,
  merge: 'subtract',
  constant(part, values, first, call) {
    if (first) return rescaled(part, [-1], values, call);
    return shifted(
      part,
      values.map((value) => -value),
      call,
    );
  },
});

export const multiply = arithmetic({
  sizes: product,
  numbers: (a, b) => a * b,
  merge: 'multiply',
  constant: (part, values, _, call) => rescaled(part, values, [0], call),
});

export const divide = arithmetic({
  sizes: (a, b) => quotient(a, b) ?? (known(b) === 0 ? null : both(a, b, (x, y) => Math.trunc(x / y))),
  numbers: (a, b) => a / b,
  merge: null,
  constant: (part, values, first, call) => (first ? call.refuse('of a constant by data') : divided(part, values, call)),
});

function both(a: Size, b: Size, compute: (x: number, y: number) => number): Size {
  const [x, y] = [known(a), known(b)];
  return x === null || y === null ? null : fixed(compute(x, y));
}

export const negate: Operator = (call) => [eachPart(call.data(0), (part) => rescaled(part, [-1], [0], call))];
