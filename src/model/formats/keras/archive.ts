import { unzipSync } from 'fflate';
import { Dataset, File } from 'jsfive';
import { invalid, ModelError } from '../../../errors.ts';

/** A `.keras` file, opened. */
export interface KerasArchive {
  /** The text of config.json. */
  config: string;
  weights: Weights;
}

const CONFIG = 'config.json';
const WEIGHTS = 'model.weights.h5';
/** Unpacked, an entry may not take more than this: 1 GiB. */
const MAX_ENTRY = 0x4000_0000;

/** Whether the bytes begin as a zip archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 0x03 && bytes[3] === 0x04;
}

/**
 * Opens a Keras 3 archive: a zip of config.json and model.weights.h5.
 * @param file the file, for messages
 * @throws ModelError where the zip is damaged or holds something else
 */
export function openArchive(bytes: Uint8Array, file: string): KerasArchive {
  const seen: string[] = [];
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(bytes, {
      filter({ name, originalSize }) {
        seen.push(name);
        if (name !== CONFIG && name !== WEIGHTS) return false;
        if (originalSize > MAX_ENTRY)
          throw new ModelError(invalid(`${file} ${name}`, originalSize, `at most ${MAX_ENTRY} bytes`));
        return true;
      },
    });
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    const expected = 'a whole .keras archive: is the file cut off or damaged?';
    throw new ModelError(invalid(file, `a zip of ${bytes.length} bytes`, expected), { cause });
  }
  for (const name of [CONFIG, WEIGHTS]) {
    if (!entries[name]) {
      throw new ModelError(invalid(file, seen.slice(0, 8), `a Keras 3 archive with ${CONFIG} and ${WEIGHTS}`));
    }
  }
  return { config: new TextDecoder().decode(entries[CONFIG]), weights: new Weights(entries[WEIGHTS]!, file) };
}

/** The tensors of model.weights.h5, read one at a time: jsfive gives plain arrays, which are dropped once copied. */
export class Weights {
  readonly #root: File;
  readonly #file: string;

  /** @throws ModelError where the bytes are no HDF5 file */
  constructor(bytes: Uint8Array, file: string) {
    this.#file = file;
    this.#root = this.#reading(WEIGHTS, () => new File(bytes.slice().buffer, WEIGHTS));
  }

  /**
   * One tensor, row-major.
   * @param path where it lies, such as `layers/lstm/cell/vars/0`
   * @param shape the shape it must have; a single list, or the ones allowed
   * @param name layer and tensor, for messages
   * @throws ModelError where it is missing, has another shape or type, or cannot be read
   */
  read(path: string, shape: readonly number[], name: string): Float32Array {
    const dataset = this.#reading(`${name}, ${WEIGHTS} ${path}`, () => this.#root.get(path));
    if (!(dataset instanceof Dataset)) {
      throw new ModelError(invalid(`${this.#file} ${name}`, undefined, `a tensor at ${path} in ${WEIGHTS}`));
    }
    // The shape comes first: a damaged one must not make the reader fetch gigabytes.
    const found = this.#reading(name, () => [...dataset.shape]);
    if (found.length !== shape.length || found.some((size, i) => size !== shape[i])) {
      throw new ModelError(invalid(`${this.#file} ${name}`, found, `shape [${shape.join(', ')}]`));
    }
    const dtype = this.#reading(name, () => dataset.dtype);
    if (typeof dtype !== 'string' || !/^[<>|=]?f[248]$/.test(dtype)) {
      throw new ModelError(invalid(`${this.#file} ${name} type`, dtype, 'floating-point numbers'));
    }
    const values = this.#reading(name, () => dataset.value);
    const size = shape.reduce((product, n) => product * n, 1);
    if (!Array.isArray(values) || values.length !== size) {
      throw new ModelError(invalid(`${this.#file} ${name}`, 'a damaged tensor', `${size} numbers`));
    }
    return Float32Array.from(values as number[]);
  }

  /** jsfive throws texts, RangeErrors and TypeErrors on damaged bytes; here they become one error. */
  #reading<T>(what: string, read: () => T): T {
    try {
      return read();
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new ModelError(invalid(`${this.#file} ${what}`, text, 'readable HDF5'), { cause });
    }
  }
}
