import { invalid, ModelError } from '../../../errors.ts';
import { type Dtype, elementCount, itemBytes, rowMajor, type Tensor } from '../tensor.ts';
import type { Zip } from '../zip.ts';
import { findStateDict } from './checkpoint.ts';
import { unpickle } from './pickle.ts';
import type { StorageRef, TensorRef } from './values.ts';

/** Unpacked, the pickle may take 16 MiB, a word such as `little` a few bytes. */
const MOST_PICKLE = 0x100_0000;
const MOST_WORD = 64;

/*
 * What torch.save writes since PyTorch 1.6: a zip archive, stored as it is.
 *
 *     <root>/data.pkl      the object, as a pickle; storages by their keys
 *     <root>/data/<key>    the bytes of one storage
 *     <root>/byteorder     little (since 2.1)
 *     <root>/version       of this layout
 */

/** PyTorch's own limit. */
const MAX_VERSION = 10;
/** Several tensors may share a storage, as tied weights do; together they may be this many times as large. */
const MAX_SHARED = 8;
/** torch.save does not compress. Whoever packed the archive anew did not shrink weights by more than this, ... */
const MAX_RATIO = 8;
/** ... or they are too few to matter. */
const FREE_BYTES = 0x400_0000;

const ADVICE = 'a state dict: torch.save(model.state_dict(), FILE) in Python, or an ONNX export';

/** The folder in which data.pkl lies, or null where the archive is of another kind. */
export function torchRoot(zip: Zip, file: string): string | null {
  const roots = zip.names
    .filter((name) => /^[^/]+\/data\.pkl$/.test(name))
    .map((name) => name.slice(0, -'/data.pkl'.length));
  if (roots.length > 1) throw new ModelError(invalid(`${file} data.pkl`, roots, 'one in the archive'));
  return roots[0] ?? null;
}

/**
 * The tensors of the state dict in an archive of torch.save. They are views of the archive where it is stored.
 * @param root what `torchRoot` found
 * @param size bytes of the whole file
 * @throws ModelError naming the entry, or the global that the pickle must not use
 */
export function readArchive(zip: Zip, root: string, file: string, size: number): Map<string, Tensor> {
  if (zip.has(`${root}/constants.pkl`) || zip.names.some((name) => name.startsWith(`${root}/code/`))) {
    throw new ModelError(invalid(file, 'a TorchScript archive', ADVICE));
  }
  checkLayout(zip, root, file);
  const pickle = unpickle(zip.read(`${root}/data.pkl`, MOST_PICKLE), `${file} data.pkl`);
  const refs = findStateDict(pickle, file);
  checkSizes([...refs.values()], size, file);
  const storages = new Storages(zip, `${root}/data/`, file);
  return new Map(Array.from(refs, ([key, ref]) => [key, viewOf(ref, storages.bytes(ref.storage))]));
}

function checkLayout(zip: Zip, root: string, file: string): void {
  const text = (name: string, otherwise: string) =>
    zip.has(`${root}/${name}`) ? new TextDecoder().decode(zip.read(`${root}/${name}`, MOST_WORD)).trim() : otherwise;
  const order = text('byteorder', 'little');
  if (order !== 'little') throw new ModelError(invalid(`${file} byteorder`, order, 'little'));
  const version = text('version', '3');
  if (!/^\d{1,2}$/.test(version) || Number(version) > MAX_VERSION) {
    throw new ModelError(invalid(`${file} version`, version, `a whole number up to ${MAX_VERSION}`));
  }
}

/** Neither packing nor sharing may make gigabytes of a small file. */
function checkSizes(refs: readonly TensorRef[], size: number, file: string): void {
  const stored = new Map(refs.map(({ storage: { key, dtype, numel } }) => [key, numel * itemBytes[dtype]]));
  const bytes = [...stored.values()].reduce((sum, n) => sum + n, 0);
  const limit = Math.max(FREE_BYTES, MAX_RATIO * size);
  if (bytes > limit) throw new ModelError(invalid(`${file} storages`, `${bytes} bytes`, `at most ${limit}`));
  const seen = refs.reduce((sum, { storage, shape }) => sum + elementCount(shape) * itemBytes[storage.dtype], 0);
  if (seen > MAX_SHARED * bytes) {
    const expected = `at most ${MAX_SHARED} times as many`;
    throw new ModelError(invalid(`${file} tensors`, `${seen} bytes from storages of ${bytes}`, expected));
  }
}

/** The storages of an archive, each read once. */
class Storages {
  readonly #zip: Zip;
  readonly #folder: string;
  readonly #file: string;
  readonly #read = new Map<string, { dtype: Dtype; bytes: Uint8Array }>();

  constructor(zip: Zip, folder: string, file: string) {
    this.#zip = zip;
    this.#folder = folder;
    this.#file = file;
  }

  /** @throws ModelError where the entry is missing or has another size than the pickle says */
  bytes({ key, dtype, numel }: StorageRef): Uint8Array {
    const read = this.#read.get(key) ?? { dtype, bytes: this.#zip.read(this.#folder + key, numel * itemBytes[dtype]) };
    this.#read.set(key, read);
    if (read.dtype === dtype && read.bytes.length === numel * itemBytes[dtype]) return read.bytes;
    const expected = `${numel} elements of ${dtype}, as data.pkl says`;
    throw new ModelError(invalid(`${this.#file} data/${key}`, `${read.bytes.length} bytes of ${read.dtype}`, expected));
  }
}

/** A tensor as a view of its storage: of exactly its own bytes where it is row-major, else with strides. */
function viewOf({ storage: { dtype }, offset, shape, strides }: TensorRef, storage: Uint8Array): Tensor {
  const size = itemBytes[dtype];
  const plain = rowMajor(shape);
  // the stride of an axis of one is never used; torch writes what it happens to be
  const isPlain = shape.includes(0) || shape.every((n, axis) => n === 1 || strides[axis] === plain[axis]);
  const bytes = storage.subarray(offset * size, isPlain ? (offset + elementCount(shape)) * size : undefined);
  return { dtype, shape: [...shape], bytes, ...(isPlain ? {} : { strides }) };
}
