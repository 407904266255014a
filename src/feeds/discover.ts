import type { Envelope } from './envelope.ts';
import { TIME_NAMES } from './mapping.ts';
import { decimal } from './time.ts';

/**
 * The columns of a feed that sends flat JSON objects, read off one message: its fields that hold numbers, without the time.
 * @param envelope where that object is a part of the message; it then needs no time of its own
 * @returns null where the message is no such object: an acknowledgement, a list, no JSON
 */
export function flatColumns(data: Uint8Array, envelope: Envelope | null = null): string[] | null {
  let message: unknown;
  try {
    message = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch {
    return null;
  }
  if (envelope) message = (message as Record<string, unknown> | null)?.[envelope.payload];
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return null;
  const time = TIME_NAMES.find((name) => Object.hasOwn(message, name));
  if (time === undefined && !envelope) return null;
  const columns = Object.entries(message)
    .filter(([name, value]) => name !== time && /^(?!__proto__$)[^`.]{1,200}$/.test(name) && isNumber(value))
    .map(([name]) => name);
  return columns.length > 0 ? columns : null;
}

function isNumber(value: unknown): boolean {
  return Number.isFinite(typeof value === 'string' ? decimal(value) : value);
}
