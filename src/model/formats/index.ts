import { invalid, ModelError } from '../../errors.ts';
import type { ModelSpec } from '../spec.ts';
import { isZip } from './keras/archive.ts';
import { readKeras } from './keras.ts';
import { isNative, readNative } from './native.ts';
import { isSafetensors, parseSafetensors, type Safetensors } from './safetensors.ts';
import { isTorch, readTorch } from './torch.ts';

export { writeNative } from './native.ts';

/** One kind of model file, recognised by what is in it, never by its name. */
export interface ModelFormat {
  name: ModelSpec['format'];
  summary: string;
  /** The model, or null where the bytes are of another kind. */
  read(bytes: Uint8Array, file: string, container: Safetensors | null): ModelSpec | null;
}

/** Every format that can be read. */
export const formats: readonly ModelFormat[] = [
  {
    name: 'keras',
    summary: 'a Keras 3 .keras archive',
    read: (bytes, file) => (isZip(bytes) ? readKeras(bytes, file) : null),
  },
  {
    name: 'native',
    summary: 'a native .safetensors',
    read: (_, file, container) => (container && isNative(container) ? readNative(container, file) : null),
  },
  {
    name: 'torch',
    summary: 'a PyTorch .safetensors state dict',
    read: (_, file, container) => (container && isTorch(container) ? readTorch(container, file) : null),
  },
];

/**
 * Reads a model file.
 * @param bytes the whole file; it is not changed and not kept
 * @param file its name, for messages
 * @throws ModelError `invalid <file>: ... (expected ...)` for what is foreign, cut off, damaged or does not fit together
 */
export function readModel(bytes: Uint8Array, file: string): ModelSpec {
  const container = isSafetensors(bytes) ? parseSafetensors(bytes, file) : null;
  for (const format of formats) {
    const spec = format.read(bytes, file, container);
    if (spec) return spec;
  }
  const expected = formats.map((format) => format.summary).join(', ');
  throw new ModelError(invalid(file, describe(bytes, container), expected));
}

/** What a file of no known format seems to be. */
function describe(bytes: Uint8Array, container: Safetensors | null): string {
  if (bytes.length === 0) return 'an empty file';
  if (container) return `a safetensors file of ${container.tensors.size} tensors without a recurrent module`;
  const head = String.fromCharCode(...bytes.subarray(0, 8));
  if (head.startsWith('\x89HDF')) return 'an HDF5 file';
  if (head.startsWith('{')) return 'a JSON file';
  return `${bytes.length} bytes of an unknown kind`;
}
