import { Cursor } from '../cursor.ts';
import { Budget } from './budget.ts';

/** All ones, by the width of addresses; eight bytes of them round to 2^64. */
const UNDEFINED: Record<number, number> = { 2: 0xffff, 4: 0xffff_ffff, 8: 0x1_0000_0000 * 0x1_0000_0000 };

/** The bytes of an HDF5 file from its base address on, and how wide its addresses and lengths are. */
export class Hdf5File {
  readonly bytes: Uint8Array;
  /** The file, for messages. */
  readonly path: string;
  readonly budget: Budget;
  /** Objects of global heaps by the heap's address, read once. */
  readonly heaps = new Map<number, ReadonlyMap<number, Hdf5Cursor>>();
  readonly #offsetSize: number;
  readonly #lengthSize: number;

  constructor(bytes: Uint8Array, path: string, offsetSize: number, lengthSize: number) {
    this.bytes = bytes;
    this.path = path;
    this.budget = new Budget(bytes.length);
    this.#offsetSize = offsetSize;
    this.#lengthSize = lengthSize;
  }

  /** A cursor over `size` bytes, or over all that follow, from an address on. @throws ModelError beyond the file */
  cursor(path: string, at: number, size = this.bytes.length - at): Hdf5Cursor {
    return new Hdf5Cursor(this.bytes, path, at, at + size, this.#offsetSize, this.#lengthSize);
  }
}

/** A cursor that knows addresses, lengths and signatures. */
export class Hdf5Cursor extends Cursor {
  readonly #offsetSize: number;
  readonly #lengthSize: number;

  constructor(bytes: Uint8Array, path: string, at: number, end: number, offsetSize: number, lengthSize: number) {
    super(bytes, path, at, end);
    this.#offsetSize = offsetSize;
    this.#lengthSize = lengthSize;
  }

  /** An address, relative to the file's base; null where it is undefined: all ones. */
  address(): number | null {
    const value = this.uint(this.#offsetSize);
    return value >= UNDEFINED[this.#offsetSize]! ? null : value;
  }

  /** An address that must be there. */
  place(): number {
    const address = this.address();
    if (address === null) throw this.wrong('an undefined address', 'an address in the file');
    return address;
  }

  length(): number {
    return this.uint(this.#lengthSize);
  }

  /** Four letters that begin a structure. */
  signature(letters: string): void {
    const found = String.fromCharCode(...this.take(4));
    if (found !== letters) throw this.wrong(found, `${letters} at byte ${this.at - 4}`);
  }

  /** A version that must be one of those that are read. */
  version(...known: number[]): number {
    const found = this.u8();
    if (!known.includes(found)) throw this.wrong(`version ${found}`, `version ${known.join(' or ')}`);
    return found;
  }

  /** The next `size` bytes as a cursor of their own. */
  part(size: number, path = this.path): Hdf5Cursor {
    const at = this.at;
    this.advance(size);
    return new Hdf5Cursor(this.bytes, path, at, at + size, this.#offsetSize, this.#lengthSize);
  }

  /** A second cursor over what is left of this one. */
  again(): Hdf5Cursor {
    return new Hdf5Cursor(this.bytes, this.path, this.at, this.end, this.#offsetSize, this.#lengthSize);
  }
}
