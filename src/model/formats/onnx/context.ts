import { ModelError } from '../../../errors.ts';
import type { NewLayer, SpecBuilder, Value } from '../builder.ts';
import { elementCount, type Tensor, toFloat32 } from '../tensor.ts';
import type { Dim } from './dims.ts';
import { held } from './held.ts';
import type { OnnxTensor } from './tensor.ts';
import type { Known } from './values.ts';

/** The graph holds something that the kernels do not run; no fault of the file. */
export class NotNative extends Error {
  override name = 'NotNative';
}

/** A recurrent layer takes as ticks what was taken for the batch: the input is (T, N, F). */
export class TicksFirst extends Error {
  override name = 'TicksFirst';
}

/** More layers than this are no model that anybody streams. */
const MOST_LAYERS = 1000;
/** How often weights may be copied: a small file must not name one tensor a thousand times. */
const COPIES = 8;

/** What is shared while a graph is read. */
export class Context {
  readonly file: string;
  /** Version of the operators. */
  readonly opset: number;
  /** Sizes of the input's axes. */
  readonly batch: Dim;
  readonly ticks: Dim;
  /** The input is of whole numbers. */
  readonly wholes: boolean;
  readonly #builder: SpecBuilder;
  readonly #names = new Set<string>();
  /** How many numbers may still be copied. */
  #left = 10_000;

  constructor(
    builder: SpecBuilder,
    { file, opset }: { file: string; opset: number },
    { batch, ticks, wholes }: { batch: Dim; ticks: Dim; wholes: boolean },
  ) {
    this.#builder = builder;
    this.batch = batch;
    this.ticks = ticks;
    this.wholes = wholes;
    this.file = file;
    this.opset = opset;
  }

  /**
   * Adds a layer; one whose name is taken gets a number.
   * @throws NotNative where no layer of ours takes such inputs
   */
  add(layer: NewLayer, ...from: Value[]): Value[] {
    if (this.#names.size === MOST_LAYERS) throw new NotNative(`it has more than ${MOST_LAYERS} layers`);
    const name = this.#free(layer.name);
    this.#names.add(name);
    try {
      return this.#builder.add({ ...layer, name }, ...from);
    } catch (cause) {
      if (cause instanceof ModelError) throw new NotNative(cause.message, { cause });
      throw cause;
    }
  }

  /** A tensor's numbers, copied. */
  floats(tensor: Tensor): Float32Array {
    this.spend(elementCount(tensor.shape));
    return toFloat32(tensor);
  }

  /** Row-major under another shape of as many numbers: copied only where it lies in another order. */
  reshaped(tensor: Tensor, shape: number[]): Tensor {
    if (!tensor.strides) return { ...tensor, shape };
    return { dtype: 'F32', shape, bytes: new Uint8Array(this.floats(tensor).buffer) };
  }

  /** Takes up a tensor of the file. */
  hold(tensor: OnnxTensor): Known {
    if (tensor.tensor) this.#left += COPIES * elementCount(tensor.shape);
    return held(tensor);
  }

  /** @throws NotNative where more numbers are copied than the file holds, many times over */
  spend(numbers: number): void {
    this.#left -= numbers;
    if (!(this.#left >= 0)) throw new NotNative('it uses the same weights over and over');
  }

  #free(name: string): string {
    if (!this.#names.has(name)) return name;
    let n = 2;
    while (this.#names.has(`${name}_${n}`)) n++;
    return `${name}_${n}`;
  }
}
