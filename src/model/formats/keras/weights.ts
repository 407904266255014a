import { invalid, ModelError } from '../../../errors.ts';

/*
 * Where the weights of a Keras model lie is all that its formats differ in. A reader of a layer asks for its tensors in the order
 * in which Keras made them, and says what Keras calls them: a `.keras` archive numbers them, the other formats name them.
 */

/** A layer as its weights are found: by its name, or by its group in a `.keras` archive. */
export interface Named {
  name: string;
  /** Class in snake case, counted within the model: `lstm_1`. */
  group: string;
}

/** A layer that another one holds. */
export interface Part {
  /** Keras' attribute: `forward_layer`. */
  attribute: string;
  /** A part of the names of its tensors, to tell them from those of its like; with `_` at its end a beginning. */
  scope?: string;
}

/** The tensors of one layer. */
export interface Tensors {
  /**
   * The next one, row-major, copied.
   * @param name Keras' name: `kernel`
   * @param shape what it must have
   * @throws ModelError naming layer and tensor, where it is missing, has another shape or holds no floating-point numbers
   */
  next(name: string, shape: readonly number[]): Float32Array;
  /** Those of a layer that this one holds. */
  within(part: Part): Tensors;
  /** Those of the model that this layer is. */
  model(): Weights;
}

/** The tensors of a model, a layer at a time. */
export interface Weights {
  layer(layer: Named): Tensors;
}

/** All tensors of a file. */
export interface FileWeights extends Weights {
  /** @throws ModelError naming a tensor that no layer took */
  finish(): void;
}

/** The error for a tensor that is not there. */
export function missing(path: string, where: string): ModelError {
  return new ModelError(invalid(path, undefined, `a tensor ${where}`));
}

/** The error for a tensor that nothing reads. */
export function leftOver(path: string): ModelError {
  return new ModelError(invalid(path, 'a tensor', 'only tensors that the layers of the configuration have'));
}

/** @throws ModelError where a tensor has another shape: asked before it is read, so that a wrong one costs nothing */
export function checkShape(path: string, found: readonly number[], shape: readonly number[]): void {
  if (found.length === shape.length && found.every((size, i) => size === shape[i])) return;
  throw new ModelError(invalid(path, found, `shape [${shape.join(', ')}]`));
}

/** @throws ModelError for whole numbers, as quantised models hold them */
export function checkType(path: string, type: string): void {
  if (!/^b?float/.test(type)) throw new ModelError(invalid(`${path} type`, type, 'floating-point numbers'));
}

/** What belongs to a layer without being a weight: how much a Normalization saw, states, seeds. */
export function isCounter(name: string): boolean {
  return /(^|\/)(count|rnn_state|seed_generator_state)(_\d+)?$/.test(name);
}
