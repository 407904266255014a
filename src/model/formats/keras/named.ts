import { checkShape, checkType, missing, type Part, type Tensors, type Weights } from './weights.ts';

/** A tensor under the name that Keras gave it. */
export interface NamedTensor {
  name: string;
  /** Its parts: `bidirectional`, `forward_lstm`, `lstm_cell`, `kernel`. */
  parts: readonly string[];
  shape: readonly number[];
  type: string;
  /** Its values, copied. */
  read(): Float32Array;
}

/** Which tensors have been taken. */
export type Taken = Set<NamedTensor>;

/** The parts of a name, `:0` left out. */
export function partsOf(name: string): string[] {
  return name.replace(/:\d+$/, '').split('/');
}

/** Those of the tensors that have `scope` in front of the last part of their names. */
function under(tensors: readonly NamedTensor[], scope: string): NamedTensor[] {
  const fits = (part: string) => (scope.endsWith('_') ? part.startsWith(scope) : part === scope);
  return tensors.filter(({ parts }) => parts.some((part, i) => i < parts.length - 1 && fits(part)));
}

/**
 * Tensors of one layer by their names. The first one left of the name asked for is taken: where names do not tell two layers
 * within apart, the order does, in which Keras itself reads them.
 */
export class NamedTensors implements Tensors {
  readonly #tensors: readonly NamedTensor[];
  readonly #taken: Taken;
  readonly #file: string;
  readonly #label: string;
  readonly #within: readonly NamedTensor[];

  /**
   * @param label the layer, for messages
   * @param within where those of its layers lie, should it be a model
   */
  constructor(
    tensors: readonly NamedTensor[],
    taken: Taken,
    file: string,
    label: string,
    within: readonly NamedTensor[] = tensors,
  ) {
    this.#tensors = tensors;
    this.#taken = taken;
    this.#file = file;
    this.#label = label;
    this.#within = within;
  }

  next(name: string, shape: readonly number[]): Float32Array {
    const path = `${this.#file} ${this.#label} ${name}`;
    const tensor = this.#tensors.find((one) => !this.#taken.has(one) && one.parts.at(-1) === name);
    if (!tensor) throw missing(path, `called ${name}; the layer has ${this.#names()}`);
    checkShape(path, tensor.shape, shape);
    checkType(path, tensor.type);
    this.#taken.add(tensor);
    return tensor.read();
  }

  #names(): string {
    const names = this.#tensors.slice(0, 8).map(({ name }) => name);
    return names.length === 0 ? 'none' : names.join(', ');
  }

  within({ scope }: Part): NamedTensors {
    if (!scope) return this;
    const found = under(this.#tensors, scope);
    const label = `${this.#label} ${scope.replace(/_$/, '')}`;
    return new NamedTensors(found.length ? found : this.#tensors, this.#taken, this.#file, label);
  }

  model(): Weights {
    return { layer: ({ name }) => named(this.#within, name, this.#taken, this.#file) };
  }
}

/**
 * The tensors of a layer, told from all others by their names: they begin with the layer's, or hold it. TensorFlow.js does not
 * put the name of a model within another before those of its layers, so these are looked for among all.
 */
export function named(all: readonly NamedTensor[], layer: string, taken: Taken, file: string): NamedTensors {
  const own = all.filter(({ name }) => name.startsWith(`${layer}/`));
  const found = own.length > 0 ? own : under(all, layer);
  return new NamedTensors(found, taken, file, layer, found.length > 0 ? found : all);
}
