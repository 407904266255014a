import { invalid, ModelError } from '../../../errors.ts';
import type { ModelFile } from '../index.ts';
import type { External } from './tensor.ts';

/** TensorProto's field of pairs: location, offset, length. */
const EXTERNAL_DATA = 13;

/**
 * Weights that lie in files beside the model's. Each file is read once.
 * @returns a function that throws ModelError for a name that leads elsewhere, and for bytes that are not there
 */
export function externalData({ file, beside }: ModelFile): External {
  const files = new Map<string, Uint8Array>();
  const open = (name: string, path: string): Uint8Array => {
    if (!isSafe(name)) {
      throw new ModelError(invalid(`${path} location`, name, 'a file in the same folder, or in one below'));
    }
    if (!beside) throw new ModelError(invalid(`${path} location`, name, `no other file: only ${file} is at hand`));
    let bytes = files.get(name);
    if (!bytes) files.set(name, (bytes = read(beside, name, path)));
    return bytes;
  };
  return (message, length, path) => {
    const entries = new Map(
      message.messages(EXTERNAL_DATA, 'external data').map((pair) => [pair.text(1), pair.text(2)]),
    );
    const bytes = open(entries.get('location') ?? '', path);
    const offset = wholeNumber(entries.get('offset') ?? '0', `${path} offset`);
    const given = wholeNumber(entries.get('length') ?? String(length), `${path} length`);
    if (given !== length) throw new ModelError(invalid(`${path} length`, given, `${length}, as its shape says`));
    if (offset + length > bytes.length) {
      const found = `bytes ${offset} to ${offset + length}`;
      throw new ModelError(invalid(path, found, `a place in the ${bytes.length} bytes of ${entries.get('location')}`));
    }
    return bytes.subarray(offset, offset + length);
  };
}

function read(beside: (name: string) => Uint8Array, name: string, path: string): Uint8Array {
  try {
    return beside(name);
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    throw new ModelError(invalid(`${path} location`, name, 'a file that can be read'), { cause });
  }
}

/** Neither absolute nor leading upwards, on any system. */
function isSafe(name: string): boolean {
  return name !== '' && !/[\\:\0]/.test(name) && name.split('/').every((part) => part !== '' && part !== '..');
}

function wholeNumber(text: string, path: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new ModelError(invalid(path, text, 'a whole number'));
  return Number(text);
}
