/** Constants, and operators that compute sizes and indices. */

import { elementCount } from '../../tensor.ts';
import { sizeAt } from '../axes.ts';
import type { Call, Operator } from '../call.ts';
import { fixed, known, ONE, product, type Size, same } from '../dims.ts';
import { isZero, list, numbers, shapeOf } from '../held.ts';
import { type Known, type Numbers, ZEROS } from '../values.ts';

export const constant: Operator = (call) => {
  const { attributes } = call.node;
  const tensor = attributes.tensor('value');
  if (tensor) return [call.context.hold(tensor)];
  const [floats, ints] = [attributes.floats('value_floats'), attributes.ints('value_ints')];
  if (floats) return [weights([floats.length], floats, call)];
  if (ints) return [numbers([ints.length], call, (i) => fixed(ints[i]!))];
  if (attributes.has('value_float')) return [weights([], [attributes.float('value_float', 0)], call)];
  if (attributes.has('value_int')) return [numbers([], call, () => fixed(attributes.int('value_int', 0)))];
  return call.refuse('of neither floats nor whole numbers');
};

function weights(shape: number[], values: readonly number[], call: Call): Known {
  const bytes = new Uint8Array(Float32Array.from(values).buffer);
  return call.context.hold({ name: call.name, shape, whole: false, tensor: { dtype: 'F32', shape, bytes } });
}

export const shape: Operator = (call) => {
  const value = call.input(0);
  const { attributes } = call.node;
  const part = (sizes: Size[]) => {
    const end = attributes.has('end') ? attributes.int('end', 0) : sizes.length;
    return [list(sizes.slice(attributes.int('start', 0), end))];
  };
  if (value?.kind === 'data') return part(value.axes.map((_, axis) => sizeAt(value, axis, call)));
  if (value?.kind === 'constant' || value?.kind === 'numbers') return part(shapeOf(value).map(fixed));
  return call.refuse('of something of any shape');
};

export const constantOfShape: Operator = (call) => {
  const value = call.node.attributes.tensor('value');
  const filling = value ? call.context.hold(value) : ZEROS;
  const sizes = call.sizes(0);
  const shape = sizes.map((size) => known(size));
  const open = shape.includes(null);
  if (filling.kind === 'numbers' && !open && elementCount(shape as number[]) <= 64) {
    return [numbers(shape as number[], call, () => filling.values[0] ?? null)];
  }
  return isZero(filling, call.context) ? [ZEROS] : call.refuse('of something else than zeros');
};

export const range: Operator = (call) => {
  const bound = (index: number) => known(call.sizes(index)[0] ?? null) ?? call.refuse('of open bounds');
  const [start, end, step] = [bound(0), bound(1), bound(2)];
  if (step === 0) call.refuse('in steps of 0');
  return [numbers([Math.max(0, Math.ceil((end - start) / step))], call, (i) => fixed(start + i * step))];
};

/** Works on lists number by number; a single number goes with each of the others'. */
export function eachOf(all: readonly Numbers[], call: Call, compute: (...sizes: Size[]) => Size): Numbers {
  const like = all.reduce((a, b) => {
    const more = b.values.length - a.values.length || b.shape.length - a.shape.length;
    return more > 0 ? b : a;
  });
  const fits = ({ shape, values }: Numbers) => values.length === 1 || String(shape) === String(like.shape);
  if (!all.every(fits)) call.refuse('of unlike shapes');
  return numbers(like.shape, call, (i) => compute(...all.map(({ values }) => values[values.length === 1 ? 0 : i]!)));
}

export const equal: Operator = (call) => {
  const pair = [wholes(call, 0), wholes(call, 1)];
  // an open size is no number in particular; -1, which stands for "as it is", least of all
  return [eachOf(pair, call, (a = null, b = null) => (a && b ? fixed(same(a, b) ? 1 : 0) : null))];
};

export const where: Operator = (call) => {
  const all = [0, 1, 2].map((i) => wholes(call, i));
  return [eachOf(all, call, (flag = null, yes = null, no = null) => flag && (known(flag) === 1 ? yes : no))];
};

export const reduceProd: Operator = (call) => {
  const sizes = call.sizes(0);
  const keep = call.node.attributes.int('keepdims', 1) === 1;
  return [numbers(keep ? [1] : [], call, () => sizes.reduce<Size>(product, ONE))];
};

/** Whole numbers, as far as they are known. */
export function wholes(call: Call, index: number): Numbers {
  const value = call.input(index);
  return value?.kind === 'numbers' ? value : call.refuse(`whose input ${index} is not known`);
}
