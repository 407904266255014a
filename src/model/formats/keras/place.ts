import { invalid, ModelError } from '../../../errors.ts';
import { activationIndex } from '../../activations.ts';
import type { LayerSpec } from '../../spec.ts';
import type { NewLayer, SpecBuilder, Value } from '../builder.ts';
import type { Fields } from '../fields.ts';
import type { Call } from './calls.ts';
import type { Tensors } from './weights.ts';

/** An output of a layer; a text says why it cannot be used. */
export type Output = Value | string;

/** What the reader of a layer gets. */
export interface Place {
  /** Keras' class. */
  kind: string;
  /** Its name in the model: that of a model within a model comes before it. */
  name: string;
  config: Fields;
  /** What feeds it, in order. */
  inputs: readonly Value[];
  /** Keras sees what feeds it as [batch, ticks], here [ticks, 1]: only layers that know that are told. */
  flat: boolean;
  /** What it is called with beside that. */
  call: Pick<Call, 'constants' | 'keywords'>;
  /** Tensors given by keyword, of those that the reader knows. */
  keywordInputs: ReadonlyMap<string, Value>;
  tensors: Tensors;
  builder: SpecBuilder;
  /** The file is of Keras 1 or 2, or of TensorFlow.js. */
  legacy: boolean;
  /** A layer so far marks ticks as padding. */
  masked: boolean;
  /** Bidirectional gives zeros for masked ticks, as Keras' own does. */
  bidirectionalZeros: boolean;
  /** File and layer, for messages. */
  path: string;
  /** For Dense: the activation of the layer right behind it, which becomes its own. */
  folded?: string;
}

/** How layers of one class are read. */
export interface LayerReader {
  /** The kinds that it becomes. */
  kinds: readonly LayerSpec['kind'][];
  /** Keywords of a call that it reads itself. */
  keywords?: readonly string[];
  /** Whether it reads what is given by position beside tensors. */
  constants?: boolean;
  /** What it makes of [batch, ticks]: takes it as it is, or hands it on. Else it is laid out as a vector before. */
  flat?: 'takes' | 'keeps';
  /** Adds it to the model. @returns its outputs */
  read(place: Place): Output[];
}

/** An error that names the layer. */
export function refuse(place: Pick<Place, 'path'>, found: unknown, expected: string): never {
  throw new ModelError(invalid(place.path, found, expected));
}

/** Refuses a field whose value is not supported; absent or null is fine. */
export function must(config: Fields, key: string, value: unknown, why: string): void {
  if (!config.missing(key) && config.raw(key) !== value) throw config.wrong(key, `${value}: ${why}`);
}

/** The one thing that feeds a layer. */
export function only(place: Place): Value {
  const [input, ...more] = place.inputs;
  if (!input || more.length > 0) refuse(place, `${place.inputs.length} inputs`, 'one input');
  return input!;
}

/** Values on the last axis of what feeds it. */
export function widthOf(place: Pick<Place, 'path'>, { shape }: Value): number {
  const width = shape.at(-1) ?? 0;
  if (width <= 0) refuse(place, shape, 'values on the last axis of what feeds it');
  return width;
}

/** Adds a layer on the one thing that feeds it. */
export function addOnly(place: Place, layer: NewLayer): Value[] {
  return place.builder.add(layer, only(place));
}

/**
 * Whether axes are the last one alone.
 * @param axis as Keras writes it: a number, or a list of one
 * @param rank axes that Keras counts, the batch among them
 */
export function isLastAxis(axis: unknown, rank: number): boolean {
  const axes = Array.isArray(axis) ? axis : [axis];
  return axes.length === 1 && (axes[0] === -1 || axes[0] === rank - 1);
}

/** Axes that Keras counts. */
export function rankOf({ shape }: Value): number {
  return shape.length + 1;
}

/** A field that Keras writes as a number or as a list of one; `otherwise` where it is absent. */
export function single(config: Fields, key: string, otherwise: number): number {
  const value = config.raw(key) ?? otherwise;
  const [number, ...more] = Array.isArray(value) ? value : [value];
  if (!Number.isSafeInteger(number) || (number as number) < 1 || more.length)
    throw config.wrong(key, 'a whole number from 1 on');
  return number as number;
}

/** A number that may be absent. */
export function numberOr(config: Fields, key: string, otherwise: number): number {
  return config.missing(key) ? otherwise : config.number(key);
}

/**
 * The name of an activation.
 * @param otherwise Keras' default where the field is absent; null means none
 * @throws ModelError for a function of one's own
 */
export function activationName(
  { config, legacy }: Pick<Place, 'config' | 'legacy'>,
  key: string,
  otherwise = 'linear',
): string {
  const found = config.raw(key);
  const name = found === undefined ? otherwise : (functionName(found) ?? 'linear');
  if (typeof name !== 'string' || activationIndex(known(name, legacy)) < 0) {
    throw config.wrong(key, 'the name of an activation that is supported');
  }
  return known(name, legacy);
}

/** A text, or a function as Keras writes it: `{class_name: 'function', config: 'tanh', module: 'keras.activations'}`. */
function functionName(found: unknown): unknown {
  if (typeof found !== 'object' || found === null) return found;
  const { class_name, config, module } = found as Record<string, unknown>;
  const own = typeof module === 'string' && !/^(builtins|keras|tf_keras|tensorflow)\b/.test(module);
  return class_name === 'function' && !own ? config : found;
}

/** Keras 3 calls other things by the same names. */
function known(name: string, legacy: boolean): string {
  if (name === 'hard_sigmoid' && legacy) return 'hard_sigmoid_2';
  return name === 'gelu_new' ? 'gelu_tanh' : name;
}
