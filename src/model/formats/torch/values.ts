/** What the pickle of a state dict is made of. What nobody asks for (lists, sets, bytes) is known by its kind alone. */
import type { Dtype } from '../tensor.ts';

export type Value = null | boolean | number | string | Opaque | Tuple | Dict | Global | StorageRef | TensorRef;

/** Something whose content is not kept. */
export class Opaque {
  /** `a list`, for messages. */
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

export class Tuple {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

/** A dict or OrderedDict, in the order of insertion. */
export class Dict {
  readonly entries = new Map<string, Value>();
  readonly ordered: boolean;
  /** Entries whose key is no text; they are not kept. */
  others = 0;
  constructor(ordered: boolean) {
    this.ordered = ordered;
  }

  set(key: Value, value: Value): void {
    if (typeof key === 'string') this.entries.set(key, value);
    else this.others++;
  }
}

/** A name that the pickle may use; nothing of it is ever imported. */
export interface Known {
  /** Of a storage's type: what its elements are. */
  dtype?: Dtype;
  /**
   * What calling it gives.
   * @param refuse says what is wrong with what these arguments describe
   * @returns undefined where it does not take such arguments
   */
  call?(args: readonly Value[], refuse: (found: string, expected: string) => never): Value | undefined;
}

export class Global {
  readonly name: string;
  readonly known: Known;
  constructor(name: string, known: Known) {
    this.name = name;
    this.known = known;
  }
}

/** The bytes of one or more tensors: a file of its own in the archive. */
export class StorageRef {
  readonly key: string;
  readonly dtype: Dtype;
  /** Elements in it. */
  readonly numel: number;
  constructor(key: string, dtype: Dtype, numel: number) {
    this.key = key;
    this.dtype = dtype;
    this.numel = numel;
  }
}

/** A view of a storage, in elements; it lies within the storage and has no more elements than that. */
export class TensorRef {
  readonly storage: StorageRef;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor(storage: StorageRef, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** What a value is, for messages; its content could be endless. */
export function kindOfValue(value: Value | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'None';
  if (value instanceof Opaque) return value.what;
  if (value instanceof Tuple) return `a tuple of ${value.items.length}`;
  if (value instanceof Dict) return `a dict of ${value.entries.size + value.others}`;
  if (value instanceof Global) return value.name;
  if (value instanceof StorageRef) return 'a storage';
  if (value instanceof TensorRef) return `a tensor of shape [${value.shape.join(', ')}]`;
  return `a ${typeof value}`;
}
