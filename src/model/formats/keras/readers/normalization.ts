/** Layers that scale and shift values: Normalization, Rescaling, LayerNormalization, BatchNormalization. */
import type { Fields } from '../../fields.ts';
import {
  addOnly,
  isLastAxis,
  type LayerReader,
  must,
  numberOr,
  only,
  type Place,
  rankOf,
  refuse,
  widthOf,
} from '../place.ts';

/** More values in a row than any layer has: what a file does not hold is not made without bounds. */
const MOST_VALUES = 1 << 24;

/** Mean and variance are weights where the layer was adapted, and part of the configuration where they were given. */
export const Normalization: LayerReader = {
  kinds: ['normalization'],
  read(place) {
    const { config, name, tensors } = place;
    must(config, 'invert', false, 'the inverse is not read');
    const input = only(place);
    const width = widthOf(place, input);
    const axis = config.raw('axis') ?? [];
    const none = Array.isArray(axis) && axis.length === 0;
    if (!none && !isLastAxis(axis, rankOf(input))) throw config.wrong('axis', 'the last axis, or none');
    // without an axis Keras keeps one mean and one variance for all features
    const value = (key: 'mean' | 'variance') =>
      config.missing(key) ? tensors.next(key, none ? [] : [width]) : numbers(config, key);
    const [mean, variance] = [value('mean'), value('variance')].map((values) => spread(place, values, width));
    return addOnly(place, { kind: 'normalization', name, mean: mean!, variance: variance! });
  },
};

export const Rescaling: LayerReader = {
  kinds: ['rescaling'],
  read(place) {
    const { config, name } = place;
    const offset = config.missing('offset') ? Float32Array.of(0) : numbers(config, 'offset');
    return addOnly(place, { kind: 'rescaling', name, scale: numbers(config, 'scale'), offset });
  },
};

export const LayerNormalization: LayerReader = {
  kinds: ['layer-normalization'],
  read(place) {
    const { config, name } = place;
    must(config, 'rms_scaling', false, 'normalization without a mean is not read');
    const width = checkAxis(place);
    const epsilon = numberOr(config, 'epsilon', 1e-3);
    return addOnly(place, { kind: 'layer-normalization', name, epsilon, ...gammaAndBeta(place, width) });
  },
};

export const BatchNormalization: LayerReader = {
  kinds: ['batch-normalization'],
  read(place) {
    const { config, name, tensors } = place;
    must(config, 'renorm', false, 'renormalization is not read');
    const width = checkAxis(place);
    const epsilon = numberOr(config, 'epsilon', 1e-3);
    const learnt = gammaAndBeta(place, width);
    const mean = tensors.next('moving_mean', [width]);
    const variance = tensors.next('moving_variance', [width]);
    return addOnly(place, { kind: 'batch-normalization', name, epsilon, ...learnt, mean, variance });
  },
};

/** @returns the width of the last axis */
function checkAxis(place: Place): number {
  const { config } = place;
  const input = only(place);
  if (!config.missing('axis') && !isLastAxis(config.raw('axis'), rankOf(input)))
    throw config.wrong('axis', 'the last axis');
  return widthOf(place, input);
}

/** Keras leaves out those that do nothing. */
function gammaAndBeta(place: Place, width: number): { gamma: Float32Array; beta: Float32Array } {
  const { config, tensors } = place;
  const gamma = config.flag('scale', true) ? tensors.next('gamma', [width]) : spread(place, Float32Array.of(1), width);
  const beta = config.flag('center', true) ? tensors.next('beta', [width]) : spread(place, Float32Array.of(0), width);
  return { gamma, beta };
}

/** A number, or numbers nested as Keras writes them: [[1, 2, 3]]. */
function numbers(config: Fields, key: string): Float32Array {
  const value = config.raw(key);
  const list = Array.isArray(value) ? value.flat(3) : [value];
  if (!list.every((item) => typeof item === 'number')) throw config.wrong(key, 'a number, or one a feature');
  return Float32Array.from(list as number[]);
}

/** One value for each of a row. */
function spread(place: Place, values: Float32Array, width: number): Float32Array {
  if (values.length !== 1 || width === 1) return values;
  if (width > MOST_VALUES) refuse(place, `${width} values a row`, `at most ${MOST_VALUES}`);
  return new Float32Array(width).fill(values[0]!);
}
