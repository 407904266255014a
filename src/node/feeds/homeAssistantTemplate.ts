/** The templates with which Home Assistant's discovery says where in a payload the value is: their common forms. */
import { decimal } from '../../feeds/time.ts';

/** What a template makes of a payload; undefined: nothing. */
export type Template = (payload: string) => unknown;

export const TEMPLATES =
  "{{ value }} or {{ value_json.a['b'][0] }}, perhaps with | float, | int, | round(1) or | is_defined behind it";

/** Compiles a template; null: it is none of those. */
export function compileTemplate(text: string): Template | null {
  const inner = /^\s*\{\{-?\s*value(_json)?(?![A-Za-z0-9_])(.*?)\s*-?\}\}\s*$/s.exec(text);
  if (!inner) return null;
  const [, json] = inner;
  let rest = inner[2]!;
  const take = (form: RegExp): RegExpExecArray | null => {
    const found = form.exec(rest);
    if (found) rest = rest.slice(found[0].length);
    return found;
  };
  const path: string[] = [];
  const step = /^(?:\.([A-Za-z_]\w*)|\[\s*(?:'([^'\\]*)'|"([^"\\]*)"|(\d+))\s*\])/;
  for (let found = take(step); found; found = take(step)) path.push((found[1] ?? found[2] ?? found[3] ?? found[4])!);
  if (!json && path.length > 0) return null;
  const filters: ((value: unknown) => unknown)[] = [];
  const filter = /^\s*\|\s*(float|int|round|is_defined)(?![A-Za-z0-9_])\s*(?:\(\s*(-?\d+(?:\.\d+)?)?\s*\))?/;
  for (let found = take(filter); found; found = take(filter)) {
    const made = filterOf(found[1]!, found[2] === undefined ? undefined : Number(found[2]));
    if (!made) return null;
    filters.push(made);
  }
  if (rest !== '') return null;
  return (payload) => {
    const value = json ? within(payload, path) : payload;
    return filters.reduce((before, each) => each(before), value);
  };
}

function filterOf(name: string, argument: number | undefined): ((value: unknown) => unknown) | null {
  const number = (value: unknown): number | undefined => {
    const found = numberOf(value);
    return Number.isNaN(found) ? undefined : found;
  };
  if (name === 'float') return (value) => number(value) ?? argument;
  if (name === 'int') return (value) => (number(value) === undefined ? argument : Math.trunc(number(value)!));
  if (name === 'is_defined') return argument === undefined ? (value) => value : null;
  const digits = argument ?? 0;
  if (!Number.isInteger(digits) || digits < 0 || digits > 15) return null;
  return (value) => (number(value) === undefined ? undefined : Number(number(value)!.toFixed(digits)));
}

/** A number, digits, or a truth value as 1 and 0; NaN for everything else. */
export function numberOf(value: unknown): number {
  if (typeof value === 'string') return decimal(value.trim());
  return typeof value === 'number' || typeof value === 'boolean' ? Number(value) : Number.NaN;
}

function within(payload: string, path: readonly string[]): unknown {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return undefined;
  }
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value ?? undefined;
}
