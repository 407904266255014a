/** Layers and operations on inputs of one shape, value by value. */
import type { MergeSpec } from '../../../spec.ts';
import { addOnly, type LayerReader, type Output, type Place, refuse } from '../place.ts';

/** Merges inputs, or as an operation of Keras 3 adds a number to its input, or multiplies it by one. */
function merge(operation: MergeSpec['operation']): LayerReader {
  return {
    kinds:
      operation === 'add' || operation === 'subtract' || operation === 'multiply' ? ['merge', 'rescaling'] : ['merge'],
    constants: true,
    read: (place) => join(place, operation),
  };
}

export function join(place: Place, operation: MergeSpec['operation']): Output[] {
  const { builder, call, inputs, name } = place;
  if (call.constants.length > 0) return [shifted(place, operation)];
  return builder.add({ kind: 'merge', name, operation }, ...inputs);
}

/** `x + 1`, `x * 2` and the like; which side the number stood on is not known for `1 - x`. */
function shifted(place: Place, operation: MergeSpec['operation']): Output {
  const [number, ...more] = place.call.constants;
  const one = typeof number === 'number' && more.length === 0;
  if (!one || (operation !== 'add' && operation !== 'multiply')) {
    refuse(place, place.call.constants, 'layers as inputs, or one number to add or multiply by');
  }
  const [scale, offset] = operation === 'add' ? [1, number as number] : [number as number, 0];
  const { name } = place;
  return addOnly(place, {
    kind: 'rescaling',
    name,
    scale: Float32Array.of(scale),
    offset: Float32Array.of(offset),
  })[0]!;
}

export const Add = merge('add');
export const Average = merge('average');
export const Maximum = merge('maximum');
export const Minimum = merge('minimum');
export const Multiply = merge('multiply');
export const Subtract = merge('subtract');
