import { invalid, ModelError } from '../../errors.ts';
import { Hdf5Cursor, Hdf5File } from './hdf5/file.ts';
import { openObject } from './hdf5/objects.ts';

/*
 * HDF5 (the HDF Group's "HDF5 File Format Specification", version 3.0), as far as h5py writes it for Keras: groups of
 * symbol tables or links, datasets in one piece or in chunks, attributes in object headers. What is not read (dense
 * storage, indices of chunks since HDF5 1.10, compound types and the like) is refused by name. Nothing in the file is
 * trusted: every address is checked, every walk ends, and nothing is allocated that the file's length does not justify.
 */

/** What an attribute holds; an array of any rank comes flat, row-major, an empty one as no values. */
export type Hdf5Value = string | number | boolean | readonly string[] | readonly number[] | readonly boolean[];

interface Hdf5Object {
  /** Names of the attributes, in the file's order. */
  attributes(): string[];
  /**
   * The value of one attribute; undefined where there is none of that name.
   * @throws ModelError where it is damaged or of a type that is not read
   */
  attribute(name: string): Hdf5Value | undefined;
}

export interface Hdf5Group extends Hdf5Object {
  readonly kind: 'group';
  /** Names of the members, in the file's order. */
  keys(): string[];
  /**
   * A member, or a member of a member (`layers/lstm/vars/0`); null where there is none of that name.
   * @throws ModelError where it is damaged or of a kind that is not read
   */
  get(path: string): Hdf5Group | Hdf5Dataset | null;
}

export interface Hdf5Dataset extends Hdf5Object {
  readonly kind: 'dataset';
  readonly shape: readonly number[];
  /** Such as `float32`, `int64`, `string`. */
  readonly type: string;
  /**
   * All values, row-major, copied; integers and other floats rounded to float32.
   * @throws ModelError where they are damaged, or no numbers
   */
  floats(): Float32Array;
}

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Whether the bytes are an HDF5 file, maybe behind a user block. */
export function isHdf5(bytes: Uint8Array): boolean {
  return findSuperblock(bytes) !== null;
}

/**
 * Opens an HDF5 file.
 * @param bytes the whole file; it is not changed
 * @param path the file, for messages (`model.keras model.weights.h5`)
 * @throws ModelError where the file is damaged or of a kind that is not read
 */
export function openHdf5(bytes: Uint8Array, path: string): Hdf5Group {
  const base = findSuperblock(bytes);
  if (base === null) throw new ModelError(invalid(path, `${bytes.length} bytes`, 'an HDF5 file'));
  // a Buffer's subarray and slice are not those of a Uint8Array; addresses count from the superblock
  const whole = new Uint8Array(bytes.buffer, bytes.byteOffset + base, bytes.length - base);
  const { file, root } = readSuperblock(whole, bytes.length, path);
  const group = openObject(file, root, path);
  if (group.kind !== 'group') throw new ModelError(invalid(path, 'a dataset', 'a group at the root'));
  return group;
}

/** The signature stands at byte 0, or behind a user block of 512, 1024, 2048 ... bytes. */
function findSuperblock(bytes: Uint8Array): number | null {
  for (let at = 0; at + SIGNATURE.length <= bytes.length; at = at === 0 ? 512 : at * 2) {
    if (SIGNATURE.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return null;
}

/**
 * Version 0 and 1: signature, version, 4 versions and blanks, u8 bytes an address, u8 bytes a length, blank, u16, u16,
 * u32, [u16, u16], addresses of base, free space, end of file and driver, the root's symbol: name, address of its header.
 * Version 2 and 3: signature, version, u8 bytes an address, u8 bytes a length, flags, addresses of base, extension, end
 * of file, and the root's header.
 */
function readSuperblock(bytes: Uint8Array, length: number, path: string): { file: Hdf5File; root: number } {
  const head = new Hdf5Cursor(bytes, `${path} superblock`, SIGNATURE.length, bytes.length, 8, 8);
  const version = head.version(0, 1, 2, 3);
  if (version < 2) head.advance(4);
  const sizes = [head.u8(), head.u8()] as const;
  if (sizes.some((size) => ![2, 4, 8].includes(size)))
    throw head.wrong(sizes, 'addresses and lengths of 2, 4 or 8 bytes');
  const file = new Hdf5File(bytes, path, ...sizes);
  const rest = file.cursor(head.path, head.at);
  rest.advance(version < 2 ? 9 + version * 4 : 1);
  rest.address();
  rest.address();
  const end = rest.place();
  if (end > length) throw rest.wrong(`${length} bytes`, `${end}: is the file cut off?`);
  // version 0 and 1 name a driver, and begin the root's symbol with a name
  if (version < 2) rest.address();
  if (version < 2) rest.length();
  return { file, root: rest.place() };
}
