import { Inflate, inflateSync } from 'fflate';
import { invalid, ModelError } from '../../errors.ts';

/** Unpacked, nothing may take more than this: 1 GiB. */
const MAX_INFLATED = 0x4000_0000;
/** Deflate packs 258 bytes into two bits at best. */
const MAX_RATIO = 1032;
/** Bytes handed to fflate at a time: a stream that goes on beyond its stated size is noticed after one such piece. */
const PIECE = 0x1_0000;

/**
 * Whether `packed` deflated bytes can hold `size` bytes, and these are not too many.
 * @throws ModelError where they cannot
 */
export function checkInflated(packed: number, size: number, path: string): void {
  const most = Math.min(MAX_INFLATED, packed * MAX_RATIO);
  if (size > most)
    throw new ModelError(invalid(path, `${size} bytes`, `at most ${most} out of ${packed} packed bytes`));
}

/**
 * Inflates a raw deflate stream.
 * @param size how many bytes it must give
 * @param path what it is, for messages
 * @throws ModelError where it is damaged or gives more or fewer
 */
export function inflate(packed: Uint8Array, size: number, path: string): Uint8Array {
  checkInflated(packed.length, size, path);
  let bytes: Uint8Array;
  try {
    bytes = packed.length <= PIECE ? inflateOnce(packed, size) : inflatePieces(packed, size);
  } catch (cause) {
    throw new ModelError(invalid(path, `${packed.length} damaged bytes`, `a deflate stream of ${size} bytes`), {
      cause,
    });
  }
  if (bytes.length !== size) {
    const found = bytes.length > size ? `more than ${size} bytes` : `${bytes.length} bytes`;
    throw new ModelError(invalid(path, `${found} unpacked`, `${size}`));
  }
  return bytes;
}

/** What does not fit is cut off by fflate: one byte more than there may be tells. */
function inflateOnce(packed: Uint8Array, size: number): Uint8Array {
  return inflateSync(packed, { out: new Uint8Array(size + 1) });
}

/** Ends as soon as there are more than `size` bytes, or all of them: hours of zeros may follow. */
function inflatePieces(packed: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size + 1);
  let filled = 0;
  const stream = new Inflate((piece) => {
    const used = piece.subarray(0, out.length - filled);
    out.set(used, filled);
    filled += used.length;
  });
  for (let at = 0; at < packed.length && filled < size; at += PIECE) {
    stream.push(packed.subarray(at, at + PIECE), at + PIECE >= packed.length);
  }
  return out.subarray(0, filled);
}
