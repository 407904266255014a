/**
 * What a model learns: all its trainable numbers side by side in one array, in the order of layers, tensors and their own
 * layout, their gradients beside them, and how both get to where the kernels want them and back.
 */
import { invalid, ModelError } from '../errors.ts';
import type { Arena } from '../kernels.ts';
import { kindOf } from './layers/index.ts';
import { floats } from './layers/layer.ts';
import type { Noise, Pack, Tensors, Weights } from './layers/taped.ts';
import type { Shape } from './shape.ts';
import type { LayerSpec, ModelSpec } from './spec.ts';

/** One tensor among the parameters. */
export interface Parameter {
  layer: string;
  kind: LayerSpec['kind'];
  tensor: string;
  shape: Shape;
  /** Its first value's place, and how many there are. */
  from: number;
  length: number;
}

/** Values in the order of a pack. `places` (i32 each): which parameter stands there, counted from 1; 0: none. */
interface Packed {
  at: number;
  places: number;
  length: number;
  /** Whether it is added to what another pack put there. */
  add: boolean;
}

/** Places are counted in floats, which tell no more of them apart. */
const MOST = 1 << 24;

export class Parameters implements Weights {
  readonly list: readonly Parameter[];
  readonly count: number;
  /** Pointers to the values and to their gradients (count each). */
  readonly at: number;
  readonly gradientAt: number;
  /** Layers whose arrays `place` and `gradient` know. */
  readonly layers: LayerSpec[];
  readonly noise: Noise;
  readonly #arena: Arena;
  /** Of each array of those layers its place, counted from 1, in the place of its values. */
  readonly #places = new Map<Float32Array, Float32Array>();
  readonly #placed: Packed[] = [];
  readonly #gradients: Packed[] = [];

  /** @throws ModelError where there are more than 2^24 of them */
  constructor(arena: Arena, layers: readonly LayerSpec[], path: string) {
    this.#arena = arena;
    const list: Parameter[] = [];
    let count = 0;
    this.layers = layers.map((layer) => {
      const own: Tensors = {};
      for (const [tensor, shape] of trainable(layer)) {
        // an array of its own, so that arrays tell layers apart
        const values = (layer as unknown as Tensors)[tensor]!.slice();
        const { length } = values;
        list.push({ layer: layer.name, kind: layer.kind, tensor, shape, from: count, length });
        const first = count + 1;
        this.#places.set(
          values,
          values.map((_, i) => first + i),
        );
        own[tensor] = values;
        count += length;
      }
      return { ...layer, ...own } as LayerSpec;
    });
    if (count > MOST) throw new ModelError(invalid(path, `${count} parameters`, `at most ${MOST} of them to train`));
    this.list = list;
    this.count = count;
    this.at = arena.alloc(4 * count);
    this.gradientAt = arena.alloc(4 * count);
    for (const values of this.#places.keys()) {
      floats(arena, this.at + 4 * (this.#places.get(values)![0]! - 1), values.length).set(values);
    }
    let taken = 0;
    this.noise = { on: false, key: 0, batch: 0, first: 0, take: () => taken++ };
  }

  /** Values and gradients, in views that hold once every layer is laid. */
  get values(): Float32Array {
    return floats(this.#arena, this.at, this.count);
  }
  get gradients(): Float32Array {
    return floats(this.#arena, this.gradientAt, this.count);
  }

  place<S extends Tensors>(tensors: S, ...packs: Pack<S>[]): number {
    const packed = this.#pack(tensors, packs);
    this.#placed.push(...packed);
    for (const one of packed) this.#write(one);
    return packed[0]!.at;
  }

  gradient<S extends Tensors>(tensors: S, ...packs: Pack<S>[]): number {
    const packed = this.#pack(tensors, packs);
    this.#gradients.push(...packed);
    return packed[0]!.at;
  }

  /** Brings the values to where the kernels read them. Call it when they have changed. */
  write(): void {
    for (const one of this.#placed) this.#write(one);
  }

  /** Gradients to zero. Call it before a way back. */
  clear(): void {
    floats(this.#arena, this.gradientAt, this.count).fill(0);
    for (const { at, length, add } of this.#gradients) if (!add) floats(this.#arena, at, length).fill(0);
  }

  /** Brings the gradients together from where the kernels left them. */
  collect(): void {
    for (const { at, places, length } of this.#gradients) this.#arena.scatter(this.gradientAt, at, places, length);
  }

  /** The model with these values: those that the parameters have, or others (count). */
  apply(spec: ModelSpec, values: Float32Array = this.values): ModelSpec {
    return withWeights(spec, values);
  }

  #write({ at, places, length, add }: Packed): void {
    this.#arena.gather(at, this.at, places, length, add);
  }

  /** Room for the values of some packs, which share it, and where each finds its parameters. */
  #pack<S extends Tensors>(tensors: S, packs: Pack<S>[]): Packed[] {
    const numbered = Object.fromEntries(
      Object.entries(tensors).map(([name, values]) => [name, this.#places.get(values)!]),
    ) as S;
    let at = 0;
    return packs.map((pack, i) => {
      const places = Int32Array.from(pack(numbered));
      const { length } = places;
      const placesAt = this.#arena.alloc(4 * length);
      new Int32Array(this.#arena.memory.buffer, placesAt, length).set(places);
      at ||= this.#arena.alloc(4 * length);
      return { at, places: placesAt, length, add: i > 0 };
    });
  }
}

/** Names and shapes of a layer's tensors that training changes. */
export function trainable(layer: LayerSpec): [tensor: string, shape: Shape][] {
  const kind = kindOf(layer);
  return kind.frozen ? [] : Object.entries(kind.tensors(layer));
}

/** A model with other weights: all its trainable numbers in the order of `Parameters`. */
export function withWeights(spec: ModelSpec, values: Float32Array): ModelSpec {
  let from = 0;
  const layers = spec.layers.map((layer) => {
    const own = trainable(layer).map(([tensor]) => {
      const { length } = (layer as unknown as Tensors)[tensor]!;
      from += length;
      return [tensor, values.slice(from - length, from)];
    });
    return { ...layer, ...Object.fromEntries(own) } as LayerSpec;
  });
  return { ...spec, layers };
}

/** Why a model cannot be trained, or null. */
export function whyNoTraining(spec: ModelSpec): string | null {
  if (spec.blackBox) return 'a black box is only called, never looked into';
  for (const layer of spec.layers) {
    if (!kindOf(layer).tape) return `none passes its layer ${layer.name} (${layer.kind})`;
  }
  return spec.layers.some((layer) => trainable(layer).length > 0) ? null : 'none of its layers learns';
}
