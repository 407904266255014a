/** Operators that lay values out anew: axes come, go, or change places. */
import { elementCount } from '../../tensor.ts';
import { reshaped, sizeAt, withAxes } from '../axes.ts';
import type { Call, Operator } from '../call.ts';
import { known, ONE, product, type Size, same } from '../dims.ts';
import { type Held, isZero, laidOut } from '../held.ts';
import { type Axis, type Data, type Known, ZEROS } from '../values.ts';
import { dropped, expanded, inserted, transposed } from '../views.ts';

/** What an operator does with data, and with numbers that the file holds. Zeros stay zeros. */
function structural(data: (value: Data, call: Call) => Data, held: (value: Held, call: Call) => Held): Operator {
  return (call) => {
    const value = call.input(0);
    if (value?.kind === 'zeros') return [ZEROS];
    if (value?.kind === 'data') return [data(value, call)];
    if (value?.kind === 'constant' || value?.kind === 'numbers') return [held(value, call)];
    return call.refuse('without an input');
  };
}

const unchanged = <V extends Known>(value: V): V => value;

export const identity = structural(unchanged, unchanged);

/** Inert where the model is only asked, not trained. */
export const dropout: Operator = (call) => {
  const training = call.has(2) ? call.sizes(2) : [];
  if (training.some((flag) => known(flag) !== 0)) call.refuse('in training mode');
  return identity(call);
};

export const transpose = structural(
  (data, call) =>
    withAxes(
      data,
      order(data.axes.length, call).map((axis) => data.axes[axis]!),
      call,
    ),
  (held, call) => laidOut(held, call, (tensor) => transposed(tensor, order(tensor.shape.length, call))),
);

function order(rank: number, call: Call): number[] {
  const axes = call.node.attributes.ints('perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const complete =
    axes.length === rank && new Set(axes).size === rank && axes.every((axis) => axis >= 0 && axis < rank);
  return complete ? axes : call.refuse(`of ${rank} axes in the order ${axes}`);
}

export const squeeze = structural(
  (data, call) => {
    const one = (axis: number) => same(sizeAt(data, axis, call), ONE);
    const axes = squeezed(data.axes.length, one, call);
    return withAxes(
      data,
      data.axes.filter((_, axis) => !axes.includes(axis)),
      call,
    );
  },
  (held, call) =>
    laidOut(held, call, (tensor) =>
      dropped(
        tensor,
        squeezed(tensor.shape.length, (i) => tensor.shape[i] === 1, call),
      ),
    ),
);

/** The axes to drop: those named, else all of length 1. */
function squeezed(rank: number, isOne: (axis: number) => boolean, call: Call): number[] {
  const named = call.list(1, 'axes')?.map((axis) => call.axis(axis, rank));
  const axes = named ?? Array.from({ length: rank }, (_, axis) => axis).filter(isOne);
  return axes.every(isOne) ? axes : call.refuse('of an axis that is longer than 1');
}

export const unsqueeze = structural(
  (data, call) => {
    const axes = unsqueezed(data.axes.length, call);
    const old = data.axes.values();
    const all = Array.from(
      { length: data.axes.length + axes.length },
      (_, i): Axis => (axes.includes(i) ? [] : old.next().value!),
    );
    return withAxes(data, all, call);
  },
  (held, call) => laidOut(held, call, (tensor) => inserted(tensor, unsqueezed(tensor.shape.length, call))),
);

function unsqueezed(rank: number, call: Call): number[] {
  const axes = call.list(1, 'axes') ?? [];
  const places = axes.map((axis) => call.axis(axis, rank + axes.length));
  return new Set(places).size === axes.length ? places : call.refuse(`at ${axes}`);
}

export const reshape = structural(
  (data, call) => {
    const zero = call.node.attributes.int('allowzero', 0) === 0;
    const target = call.sizes(1).map((size, axis) => {
      if (!zero || known(size) !== 0) return size;
      return axis < data.axes.length ? sizeAt(data, axis, call) : call.refuse('to a shape that is not known');
    });
    return reshaped(data, target, call);
  },
  (held, call) =>
    laidOut(held, call, (tensor) => {
      const target = call
        .sizes(1)
        .map((size, axis) => (known(size) === 0 ? (tensor.shape[axis] ?? 0) : (known(size) ?? -1)));
      return call.context.reshaped(tensor, filled(target, elementCount(tensor.shape), call));
    }),
);

function filled(target: number[], count: number, call: Call): number[] {
  const others = target.filter((n) => n !== -1).reduce((all, n) => all * n, 1);
  const shape = target.map((n) => (n === -1 ? count / others : n));
  return elementCount(shape) === count && shape.every(Number.isSafeInteger)
    ? shape
    : call.refuse(`to the shape ${target}`);
}

/** Two axes out of all. */
export const flatten = structural(
  (data, call) => {
    const axis = flattenAxis(data.axes.length, call);
    const sizes = data.axes.map((_, i) => sizeAt(data, i, call));
    const count = (among: Size[]) => among.reduce<Size>(product, ONE);
    return reshaped(data, [count(sizes.slice(0, axis)), count(sizes.slice(axis))], call);
  },
  (held, call) =>
    laidOut(held, call, (tensor) => {
      const axis = flattenAxis(tensor.shape.length, call);
      const shape = [tensor.shape.slice(0, axis), tensor.shape.slice(axis)].map(elementCount);
      return call.context.reshaped(tensor, shape);
    }),
);

function flattenAxis(rank: number, call: Call): number {
  const axis = call.node.attributes.int('axis', 1);
  return axis === rank ? rank : call.axis(axis, rank);
}

const expandHeld = structural(
  (data, call) => {
    const target = call.sizes(1);
    const from = data.axes.length - target.length;
    const kept = from >= 0 && target.every((size, i) => same(size, ONE) || same(size, sizeAt(data, from + i, call)));
    return kept ? data : call.refuse('of what is computed from the input');
  },
  (held, call) =>
    laidOut(held, call, (tensor) => {
      const shape = call.list(1, 'shape') ?? [];
      return expanded(tensor, shape) ?? call.refuse(`to the shape ${shape}`);
    }),
);

/** Zeros may become of any shape, also of one that the file leaves open. */
export const expand: Operator = (call) => {
  const value = call.input(0);
  return value?.kind === 'constant' && isZero(value, call.context) ? [ZEROS] : expandHeld(call);
};
