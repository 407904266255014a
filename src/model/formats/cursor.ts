import { invalid, ModelError } from '../../errors.ts';

/** Reads little-endian fields one after the other, and never beyond its end. */
export class Cursor {
  /** Where the next field begins. */
  at: number;
  readonly end: number;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  /**
   * @param path what is read, for messages (`model.h5 superblock`)
   * @param at first byte
   * @param end the byte after the last one
   * @throws ModelError where that is not inside `bytes`
   */
  constructor(bytes: Uint8Array, path: string, at = 0, end = bytes.length) {
    if (!(at >= 0 && at <= end && end <= bytes.length)) {
      throw new ModelError(invalid(path, `bytes ${at} to ${end}`, `a place in the ${bytes.length} bytes there are`));
    }
    this.at = at;
    this.end = end;
    this.path = path;
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** How many bytes are left. */
  get left(): number {
    return this.end - this.at;
  }

  u8(): number {
    return this.#view.getUint8(this.advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.advance(4), true);
  }

  /** A number beyond 2^53 comes rounded: it is beyond any file as well. */
  u64(): number {
    const low = this.u32();
    return low + this.u32() * 0x1_0000_0000;
  }

  /** An unsigned number of 1, 2, 4 or 8 bytes. */
  uint(size: number): number {
    if (size === 1) return this.u8();
    if (size === 2) return this.u16();
    return size === 4 ? this.u32() : this.u64();
  }

  /** The next `size` bytes, a view. */
  take(size: number): Uint8Array {
    const at = this.advance(size);
    return this.bytes.subarray(at, at + size);
  }

  /** The error for something at the cursor that is not as it should be. */
  wrong(found: unknown, expected: string): ModelError {
    return new ModelError(invalid(this.path, found, expected));
  }

  /** Moves on by `size` bytes, and says where it stood. */
  advance(size: number): number {
    const at = this.at;
    if (!(size >= 0 && size <= this.end - at)) {
      throw this.wrong(`${this.end - at} bytes at byte ${at}`, `${size}: is the file cut off or damaged?`);
    }
    this.at = at + size;
    return at;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The text that UTF-8 bytes hold.
 * @throws ModelError where they are no UTF-8
 */
export function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new ModelError(invalid(path, `${bytes.length} bytes`, 'UTF-8 text'), { cause });
  }
}
