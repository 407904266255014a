import { decimal, isoTime } from '../../feeds/time.ts';
import type { Cell } from './reader.ts';

/** Names under which a time column is found. */
export const TIME_NAME = /^(time|timestamp|date|datetime|ts)$/i;

/** Below the first, numbers are seconds since 1970; below the second ms, then us, and ns from there on. */
const UNITS = [
  { below: 1e11, toMs: (x: number) => x * 1000 },
  { below: 1e14, toMs: (x: number) => x },
  { below: 1e17, toMs: (x: number) => x / 1e3 },
  { below: Number.POSITIVE_INFINITY, toMs: (x: number) => x / 1e6 },
];

/**
 * How to read one time column: the unit of its numbers follows from the largest of them, so that a column has one unit.
 * @param cells the whole column
 * @returns the time of a cell in ms since 1970 UTC; NaN where it is none
 */
export function timeReader(cells: Iterable<Cell>): (cell: Cell) => number {
  let largest = 0;
  for (const cell of cells) {
    const x = Math.abs(numeric(cell));
    if (x > largest && x < Number.POSITIVE_INFINITY) largest = x;
  }
  const { toMs } = UNITS.find(({ below }) => largest < below)!;
  return (cell) => {
    if (cell instanceof Date) return cell.getTime();
    const x = numeric(cell);
    return Number.isNaN(x) ? isoTime(typeof cell === 'string' ? cell.trim() : cell) : toMs(x);
  };
}

/** A cell as a number; NaN where it is none. Hexadecimal, blanks inside and the like are none. */
export function numeric(cell: Cell): number {
  if (typeof cell === 'number') return cell;
  if (typeof cell === 'bigint') return Number(cell);
  return typeof cell === 'string' ? decimal(cell.trim()) : Number.NaN;
}
