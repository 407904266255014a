import { decimal } from '../../feeds/time.ts';
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
    return Number.isNaN(x) ? parseDate(cell) : toMs(x);
  };
}

/** A cell as a number; NaN where it is none. Hexadecimal, blanks inside and the like are none. */
export function numeric(cell: Cell): number {
  if (typeof cell === 'number') return cell;
  if (typeof cell === 'bigint') return Number(cell);
  return typeof cell === 'string' ? decimal(cell.trim()) : Number.NaN;
}

const DATE =
  /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** `2020-04-17`, `2020-04-17 16:30`, `2020-04-17T16:30:00.5+02:00`; without a zone it is UTC. NaN for anything else. */
function parseDate(cell: Cell): number {
  const match = typeof cell === 'string' ? DATE.exec(cell.trim()) : null;
  if (!match) return Number.NaN;
  const [, year, month, day, hour = 0, minute = 0, second = 0, fraction = 0, zone] = match;
  const [Y, M, D, h, m, s] = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(Date.UTC(Y, M - 1, D, h, m, s));
  // Date.UTC rolls 31 April over to 1 May, and counts years below 100 from 1900.
  const kept =
    date.getUTCMonth() === M - 1 && date.getUTCDate() === D && date.getUTCHours() === h && date.getUTCMinutes() === m;
  if (!kept || date.getUTCFullYear() !== Y) return Number.NaN;
  return date.getTime() + Number(fraction) * 1000 - offset(zone);
}

/** A zone's lead over UTC in ms. */
function offset(zone: string | undefined): number {
  if (!zone || /z/i.test(zone)) return 0;
  const [, sign, hours, minutes] = /([+-])(\d{2}):?(\d{2})/.exec(zone)!;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
