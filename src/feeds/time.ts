/** Event times as feeds and files write them, turned into milliseconds since 1970 UTC. */
import type { FromLocal } from './zone.ts';

export const TIME_FORMATS = ['s', 'ms', 'us', 'ns', 'iso', 'auto'] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

/** A recording keeps times as unsigned 64-bit nanoseconds: 1970 to July 2554. */
const LATEST = 18_446_744_073_709;

const ISO =
  /^([+-]?\d{4,6})[-/](\d\d?)(?:[-/](\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?)?)?$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * The number that a string of decimal digits spells, NaN for everything else: no hexadecimal, no `Infinity`, no blanks.
 */
export function decimal(text: string): number {
  return isPlain(text) || (text.length <= 64 && DECIMAL.test(text)) ? Number(text) : Number.NaN;
}

/** Digits, with one point between them: what nearly every number is, found without a regular expression. */
function isPlain(text: string): boolean {
  const last = text.length - 1;
  if (last < 0 || last > 31) return false;
  let points = 0;
  for (let i = 0; i <= last; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) continue;
    if (code !== 46 || i === 0 || i === last || points++ > 0) return false;
  }
  return true;
}

/**
 * Milliseconds since 1970 UTC, NaN where `value` is no time of that format.
 * @param local what dates without a zone are: times of a place, as a function makes them UTC; default: UTC
 * @param format `auto`: ISO 8601, or a number read as seconds below 1e11, else milliseconds below 1e14, microseconds below
 *   1e17, nanoseconds above. Dates without a zone are UTC.
 */
export function parseTime(value: unknown, format: TimeFormat, local?: FromLocal): number {
  const time = format === 'iso' ? isoTime(value, local) : fromNumber(value, format, local);
  return time >= 0 && time <= LATEST ? time : Number.NaN;
}

function fromNumber(value: unknown, format: TimeFormat, local?: FromLocal): number {
  const number = typeof value === 'string' ? decimal(value) : value;
  if (typeof number !== 'number') return Number.NaN;
  if (Number.isNaN(number)) return format === 'auto' ? isoTime(value, local) : Number.NaN;
  switch (format) {
    case 's':
      return number * 1e3;
    case 'us':
      return number / 1e3;
    case 'ns':
      return number / 1e6;
    case 'auto':
      return number < 1e11 ? number * 1e3 : number < 1e14 ? number : number < 1e17 ? number / 1e3 : number / 1e6;
    default:
      return number;
  }
}

/**
 * `2020-04-17`, `2020/4/17 16:30`, `2020-04-17T16:30:00.5+02:00` in ms since 1970 UTC; NaN for anything else. Without a zone it
 * it is UTC (or a time of the place that `local` stands for), wherever the program runs; `Date.parse` takes the machine's.
 */
export function isoTime(value: unknown, local?: FromLocal): number {
  if (typeof value !== 'string' || value.length > 64) return Number.NaN;
  const match = ISO.exec(value);
  if (!match) return Number.NaN;
  const [, year, month, day = '01', hour = '00', minute = '00', second = '00', fraction = '', zone] = match;
  const date = Date.UTC(+year!, +month! - 1, +day);
  const shown = new Date(date);
  if (shown.getUTCMonth() !== +month! - 1 || shown.getUTCDate() !== +day) return Number.NaN;
  if (+hour > 24 || +minute > 59 || +second > 60) return Number.NaN;
  const clock = date + +hour * 3_600_000 + +minute * 60_000 + +second * 1000 + Number(`0.${fraction}0`) * 1000;
  if (zone === undefined) return local ? local(clock) : clock;
  return clock - offset(zone);
}

/** Milliseconds that a zone such as `+02:00` or `-0530` is ahead of UTC. */
function offset(zone: string): number {
  if (zone === 'Z' || zone === 'z' || zone === 'UTC') return 0;
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const minutes = +digits.slice(0, 2) * 60 + +digits.slice(2);
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
