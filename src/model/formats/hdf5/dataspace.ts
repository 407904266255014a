import type { Hdf5Cursor } from './file.ts';

/** The library's own limit. */
const MAX_RANK = 32;

/**
 * Reads a dataspace message.
 * @returns the shape; [] is one value, null is none
 */
export function readDataspace(body: Hdf5Cursor): number[] | null {
  const version = body.version(1, 2);
  const rank = body.u8();
  if (rank > MAX_RANK) throw body.wrong(`${rank} axes`, `at most ${MAX_RANK}`);
  body.advance(1);
  const type = version === 2 ? body.u8() : rank && 1;
  if (type > 2 || (type === 0 && rank > 0)) throw body.wrong(`type ${type} with ${rank} axes`, 'a scalar or an array');
  if (version === 1) body.advance(5);
  if (type === 2) return null;
  return Array.from({ length: rank }, () => body.length());
}

/**
 * How many values a shape has.
 * @throws ModelError where they are more than could ever be counted
 */
export function countOf(shape: readonly number[] | null, body: Hdf5Cursor): number {
  const count = shape === null ? 0 : shape.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(count)) throw body.wrong(shape, 'a shape of fewer than 2^53 values');
  return count;
}
