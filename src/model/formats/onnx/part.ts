import type { NewLayer, Value } from '../builder.ts';
import type { Context } from './context.ts';

/**
 * Something that flows, and the layer that gives it. The layer is added once another one takes it: until then a bias or
 * an activation that the graph holds as a node of its own can still join it.
 */
export class Part {
  /** Values a row. */
  readonly width: number;
  readonly #context: Context;
  readonly #layer: NewLayer | null;
  readonly #from: readonly Value[];
  #value: Value | null;

  private constructor(
    context: Context,
    width: number,
    layer: NewLayer | null,
    from: readonly Value[],
    value: Value | null,
  ) {
    this.#context = context;
    this.width = width;
    this.#layer = layer;
    this.#from = from;
    this.#value = value;
  }

  /** What is there already. */
  static of(context: Context, value: Value): Part {
    return new Part(context, value.shape.at(-1)!, null, [], value);
  }

  /** What a layer on top of this one will give. */
  through(layer: NewLayer, width = this.width): Part {
    return new Part(this.#context, width, layer, [this.value], null);
  }

  /** The same inputs through another layer: one that another node has joined. */
  instead(layer: NewLayer): Part {
    return new Part(this.#context, this.width, layer, this.#from, null);
  }

  /** The layer, while it can still change. */
  get open(): NewLayer | null {
    return this.#value ? null : this.#layer;
  }

  get value(): Value {
    this.#value ??= this.#context.add(this.#layer!, ...this.#from)[0]!;
    return this.#value;
  }
}
