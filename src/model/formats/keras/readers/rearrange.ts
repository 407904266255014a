/** Layers that lay values out anew. */
import { rowWidth, type Shape, showShape, TICKS } from '../../../shape.ts';
import type { Value } from '../../builder.ts';
import { addOnly, isLastAxis, type LayerReader, must, only, type Place, rankOf, refuse } from '../place.ts';

export const Flatten: LayerReader = {
  kinds: ['flatten'],
  read(place) {
    must(place.config, 'data_format', 'channels_last', 'time is the second axis');
    return addOnly(place, { kind: 'flatten', name: place.name });
  },
};

export const Reshape: LayerReader = {
  kinds: ['reshape'],
  flat: 'takes',
  read(place) {
    const { config, name } = place;
    const target = config.list('target_shape', (value) => value);
    const fits = target.every((n) => Number.isSafeInteger(n) && ((n as number) > 0 || n === -1));
    if (!fits || target.length === 0 || target.filter((n) => n === -1).length > 1) {
      throw config.wrong('target_shape', 'one or two lengths, at most one of them -1');
    }
    const shape = resolve(only(place), target as number[], place.builder.window);
    if (!shape) throw config.wrong('target_shape', `as many values as ${showShape(only(place).shape)}`);
    return addOnly(place, { kind: 'reshape', name, shape });
  },
};

/** Fills in -1, and knows the axis of time again where it is kept. @returns null where the sizes do not fit */
function resolve({ shape }: Value, target: number[], window: number | null): number[] | null {
  const width = rowWidth(shape);
  const ticks = shape[0] === TICKS;
  const [first, second] = target;
  const kept = target.length === 2 && second === width && (first === -1 || first === window);
  if (ticks && kept) return [TICKS, width];
  if (!target.includes(-1)) return target;
  if (ticks && window === null) return null;
  const size = ticks ? width * window! : width;
  const rest = target.reduce((product, n) => (n === -1 ? product : product * n), 1);
  return Number.isSafeInteger(size / rest) ? target.map((n) => (n === -1 ? size / rest : n)) : null;
}

export const RepeatVector: LayerReader = {
  kinds: ['repeat'],
  read: (place) => addOnly(place, { kind: 'repeat', name: place.name, count: place.config.integer('n', 1) }),
};

export const Concatenate: LayerReader = {
  kinds: ['concatenate'],
  read(place) {
    const { builder, config, inputs, name } = place;
    const [first] = inputs;
    if (!first) refuse(place, 'no inputs', 'at least one');
    if (!isLastAxis(config.raw('axis') ?? -1, rankOf(first!))) throw config.wrong('axis', 'the last axis');
    return builder.add({ kind: 'concatenate', name }, ...inputs);
  },
};

function pooling(operation: 'average' | 'max'): LayerReader {
  return {
    kinds: ['global-pooling'],
    read(place) {
      const { config, name } = place;
      must(config, 'data_format', 'channels_last', 'time is the second axis');
      return addOnly(place, { kind: 'global-pooling', name, operation, keep: config.flag('keepdims', false) });
    },
  };
}

export const GlobalAveragePooling1D = pooling('average');
export const GlobalMaxPooling1D = pooling('max');

export const Masking: LayerReader = {
  kinds: ['masking'],
  read: (place) => addOnly(place, { kind: 'masking', name: place.name, value: place.config.number('mask_value') }),
};

/** Of [1, H] the row. */
export const Squeeze: LayerReader = {
  kinds: ['reshape'],
  read: (place) =>
    addOnly(place, { kind: 'reshape', name: place.name, shape: squeezed(place, place.config.raw('axis')) }),
};

export function squeezed(place: Place, axis: unknown): number[] {
  const { shape } = only(place);
  const [one, ...more] = Array.isArray(axis) ? axis : [axis];
  if (shape.length !== 2 || shape[0] !== 1 || one !== 1 || more.length > 0) {
    refuse(place, `axis ${String(axis)} of ${showShape(shape)}`, 'axis 1, of length 1');
  }
  return [shape[1]!];
}

/** Of a vector one tick; of [batch, ticks] a sequence of one value a tick. */
export const ExpandDims: LayerReader = {
  kinds: ['reshape'],
  flat: 'takes',
  read: (place) =>
    addOnly(place, { kind: 'reshape', name: place.name, shape: expanded(place, place.config.raw('axis')) }),
};

export function expanded(place: Place, axis: unknown): number[] {
  const { shape }: { shape: Shape } = only(place);
  if (shape.length === 1 && (axis === 1 || axis === -2)) return [1, shape[0]!];
  if (!place.flat || !(axis === -1 || axis === 2)) {
    refuse(
      place,
      `axis ${String(axis)} of ${showShape(shape)}`,
      'axis 1 of a vector, or the last one of [batch, ticks]',
    );
  }
  return [TICKS, 1];
}
