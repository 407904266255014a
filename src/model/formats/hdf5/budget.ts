import { invalid, ModelError } from '../../../errors.ts';

/** No object's header is shorter. */
const HEADER_BYTES = 16;
/** What every file may take, however small. */
const FREE_STEPS = 0x1_0000;
const FREE_READS = 0x400_0000;
/** Tied weights are read twice, not a thousand times. */
const MAX_READS = 16;
/** What comes out of chunks and filters may take no more than this in all: 2 GiB. */
const MAX_UNPACKED = 0x8000_0000;

/**
 * How much a file may make its reader do. In a file that somebody made for it, structures overlap: a kilobyte can hold
 * a tree of millions of entries, or one group as a member of all others. Honest files stay far below these limits,
 * which are a multiple of their length.
 */
export class Budget {
  readonly #length: number;
  #objects = 0;
  #steps = 0;
  #read = 0;
  #unpacked = 0;

  /** @param length bytes of the file */
  constructor(length: number) {
    this.#length = length;
  }

  /** Before an object is opened: hard links can make it a member of many groups, even of itself. */
  object(path: string): void {
    limit(++this.#objects, 'objects', Math.ceil(this.#length / HEADER_BYTES), path);
  }

  /** For every message, link, entry of a tree and object of a heap. */
  step(path: string, steps = 1): void {
    limit((this.#steps += steps), 'steps', FREE_STEPS + this.#length, path);
  }

  /**
   * Before values are read.
   * @param stored bytes in the file
   * @param unpacked bytes that they become where they are chunked
   */
  read(path: string, stored: number, unpacked = 0): void {
    limit((this.#read += stored), 'bytes', FREE_READS + MAX_READS * this.#length, path);
    limit((this.#unpacked += unpacked), 'bytes unpacked', MAX_UNPACKED, path);
  }
}

function limit(count: number, what: string, most: number, path: string): void {
  if (count > most) throw new ModelError(invalid(path, `${count} ${what} so far`, `at most ${most} in such a file`));
}
