/** Dates, ages and sizes as the page writes them; numbers are in src/numbers.ts. All times UTC. */
import { figure, THIN } from '../src/numbers.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** `15 Oct` for ticks that fall on midnight, else `14:31:07`. */
export function shortTime(time: number): string {
  const date = new Date(time);
  return time % DAY === 0 ? `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}` : clock(time);
}

/** `Wed 15 Oct 2008`, with `14:31:07` where the tick is not on midnight. */
export function longTime(time: number): string {
  const date = new Date(time);
  const day = `${DAYS[date.getUTCDay()]} ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  return time % DAY === 0 ? day : `${day}, ${clock(time)}`;
}

/** `14:31:07` UTC. */
export function clock(time: number): string {
  return new Date(time).toISOString().slice(11, 19);
}

/** How a past tick is named in a sentence told at `now`: `of 13 Oct`, `of 13 Oct 2007`, `of 14:31:07`. */
export function ofTime(time: number, now: number): string {
  const date = new Date(time);
  const year = date.getUTCFullYear();
  const day = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}${year === new Date(now).getUTCFullYear() ? '' : ` ${year}`}`;
  if (time % DAY === 0) return `of ${day}`;
  return now - time < DAY ? `of ${clock(time)}` : `of ${day}, ${clock(time)}`;
}

/** A label of the time axis at a boundary of `step` ms (a month and a year are approximate steps). */
export function axisLabel(time: number, step: number, first: boolean): string {
  const date = new Date(time);
  const month = MONTHS[date.getUTCMonth()]!;
  if (step >= 360 * DAY) return String(date.getUTCFullYear());
  if (step >= 28 * DAY) return first || date.getUTCMonth() === 0 ? `${month} ${date.getUTCFullYear()}` : month;
  if (step >= DAY) return `${date.getUTCDate()} ${month}`;
  return step >= MINUTE ? clock(time).slice(0, 5) : clock(time);
}

/** An age: `0:42`, `1:04:10`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / SECOND));
  const two = (n: number) => String(n).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** A span in words: `42 s`, `6 min`, `1 h 04 min`, `3 d 2 h`. */
export function span(ms: number): string {
  const unit = (n: number, name: string) => `${n}${THIN}${name}`;
  const seconds = Math.max(0, Math.round(ms / SECOND));
  if (seconds < 120) return unit(seconds, 's');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return unit(minutes, 'min');
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${unit(hours, 'h')} ${String(minutes % 60).padStart(2, '0')}${THIN}min`;
  return `${unit(Math.floor(hours / 24), 'd')} ${unit(hours % 24, 'h')}`;
}

/** A short time: `38 ms`, `1.2 s`, `7 s`, then as `span`. */
export function brief(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))}${THIN}ms`;
  if (ms < 5000) return `${(ms / 1000).toFixed(1)}${THIN}s`;
  return span(ms);
}

/** A count: `4 118`. */
export function count(n: number): string {
  return figure(n, 0);
}

/** `1 tick`, `4 118 ticks`. */
export function ticks(n: number): string {
  return `${count(n)} tick${n === 1 ? '' : 's'}`;
}

/** `2.6 MB`: decimal prefixes. */
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let at = 0;
  while (n >= 999.5 && at < units.length - 1) {
    n /= 1000;
    at++;
  }
  return `${n.toFixed(at > 0 && n < 99.95 ? 1 : 0)}${THIN}${units[at]}`;
}

/** The two leading digits of a rate or a duration: `0.31`, `9.6`, `1 000`. */
export function plainRate(n: number): string {
  return figure(n, n >= 10 ? 0 : n >= 1 ? 1 : 2);
}

/** What the next tick is called, from the feed's own words: `1 tick = 1 trading day` gives `trading day`. */
export function tickName(tickMeans: string | null): string {
  const match = /^1 tick = (?:1 |an? )?(.+)$/.exec(tickMeans ?? '');
  return match?.[1] ?? 'tick';
}

/** With a capital at its head, for the beginning of a line: labels come as they stand within a sentence. */
export function capital(label: string): string {
  return label.slice(0, 1).toUpperCase() + label.slice(1);
}
