/** Dotted paths into parsed JSON: `data.price`, `rows.0.close`. Only own properties are read. */
import { ConfigError, invalid } from '../errors.ts';

const REFUSED = ['__proto__', 'constructor', 'prototype'];

/** What a path leads to, undefined where it leads nowhere. `message` is the whole message, `item` one element of it. */
export type Read = (message: unknown, item: unknown) => unknown;

/** Why this is no path, or null. */
export function pathFault(path: string): string | null {
  const steps = path.split('.');
  if (steps.length > 16) return 'at most 16 steps';
  if (steps.some((step) => step === '')) return 'names joined by dots, none of them empty';
  if (steps.some((step) => REFUSED.includes(step))) return `no step called ${REFUSED.join(', ')}`;
  return null;
}

/**
 * Compiles a path once. It starts at the item (an element of `each`, else the message itself); one that begins with `$.`
 * starts at the message.
 * @throws ConfigError naming `where` when it is no path
 */
export function compilePath(path: string, where: string): Read {
  const fault = pathFault(path);
  if (fault) throw new ConfigError(invalid(where, path, fault));
  const fromMessage = path.startsWith('$.');
  const steps = (fromMessage ? path.slice(2) : path).split('.');
  const gets = steps.map((step) => (step in [] ? own(step) : plain(step)));
  if (gets.length === 1) {
    const get = gets[0]!;
    return fromMessage ? (message) => get(message) : (_, item) => get(item);
  }
  return (message, item) => {
    let at = fromMessage ? message : item;
    for (let i = 0; i < gets.length; i++) at = gets[i]!(at);
    return at;
  };
}

/** A property that objects and lists have by themselves or not at all. */
function plain(name: string): (value: unknown) => unknown {
  return (value) => {
    if (typeof value !== 'object' || value === null) return undefined;
    return (value as Record<string, unknown>)[name];
  };
}

/** One that they inherit as well: `length`, `values`, `toString`. */
function own(name: string): (value: unknown) => unknown {
  return (value) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    return (value as Record<string, unknown>)[name];
  };
}
