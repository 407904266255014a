import { invalid, ModelError } from '../../errors.ts';
import type { ModelSpec } from '../spec.ts';
import { readH5 } from './h5.ts';
import { isHdf5 } from './hdf5.ts';
import { readKeras } from './keras.ts';
import { isNative, readNative } from './native.ts';
import { isOnnx, readOnnx } from './onnx.ts';
import { isSafetensors, parseSafetensors, type Safetensors } from './safetensors.ts';
import { readTfjs } from './tfjs.ts';
import { readTorch } from './torch.ts';
import { isZip, openZip } from './zip.ts';

export { writeNative } from './native.ts';

/** A model file as a reader gets it. */
export interface ModelFile {
  /** The whole file; it is not changed. */
  bytes: Uint8Array;
  /** Its name, for messages. */
  file: string;
  /** Another file that this one names, such as a shard of weights: throws where it cannot be read. */
  beside?: ((name: string) => Uint8Array) | undefined;
  /** What `--architecture` holds, for state dicts. */
  architecture?: { text: string; file: string } | undefined;
}

/** One kind of model file, recognised by what is in it, never by its name. */
export interface ModelFormat {
  name: ModelSpec['format'];
  summary: string;
  /** The model, or null where the bytes are of another kind. */
  read(source: ModelFile, container: Safetensors | null): ModelSpec | null;
}

/** Every format that can be read. */
export const formats: readonly ModelFormat[] = [
  {
    name: 'keras',
    summary: 'a Keras 3 .keras archive',
    read: ({ bytes, file }) => (isZip(bytes) ? readKeras(bytes, file) : null),
  },
  {
    name: 'h5',
    summary: 'a legacy Keras .h5',
    read: ({ bytes, file }) => (isHdf5(bytes) ? readH5(bytes, file) : null),
  },
  {
    name: 'tfjs',
    summary: 'a TensorFlow.js model.json',
    read: readTfjs,
  },
  {
    name: 'native',
    summary: 'a native .safetensors',
    read: ({ file }, container) => (container && isNative(container) ? readNative(container, file) : null),
  },
  {
    name: 'torch',
    summary: 'a PyTorch state dict (.safetensors, .pt)',
    read: readTorch,
  },
  {
    name: 'onnx',
    summary: 'an ONNX model',
    read: (source) => (isOnnx(source.bytes) ? readOnnx(source) : null),
  },
];

/**
 * Reads a model file.
 * @param bytes the whole file; it is not changed
 * @param file its name, for messages
 * @param more other files that belong to it
 * @throws ModelError `invalid <file>: ... (expected ...)` for what is foreign, cut off, damaged or does not fit together
 */
export function readModel(
  bytes: Uint8Array,
  file: string,
  more: Pick<ModelFile, 'beside' | 'architecture'> = {},
): ModelSpec {
  const container = isSafetensors(bytes) ? parseSafetensors(bytes, file) : null;
  for (const format of formats) {
    const spec = format.read({ bytes, file, ...more }, container);
    if (spec && more.architecture && spec.format !== 'torch')
      throw new ModelError(
        invalid(more.architecture.file, `an architecture for ${file}`, 'none: only state dicts take one'),
      );
    if (spec) return spec;
  }
  const expected = formats.map((format) => format.summary).join(', ');
  throw new ModelError(invalid(file, describe(bytes, file, container), expected));
}

/** What a file of no known format seems to be. */
function describe(bytes: Uint8Array, file: string, container: Safetensors | null): string {
  if (bytes.length === 0) return 'an empty file';
  if (container) return `a safetensors file of ${container.tensors.size} tensors without a recurrent module`;
  if (isZip(bytes)) return `a zip archive of ${openZip(bytes, file).names.slice(0, 8).join(', ')}`;
  if (bytes[0] === 0x7b) return 'a JSON file';
  return `${bytes.length} bytes of an unknown kind`;
}
