import { TIME_NAMES } from './mapping.ts';
import { decimal } from './time.ts';

/**
 * The columns of a feed that sends flat JSON objects, read off one message: its fields that hold numbers, without the time.
 * @returns null where the message is no such object: an acknowledgement, a list, no JSON
 */
export function flatColumns(data: Uint8Array): string[] | null {
  let message: unknown;
  try {
    message = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch {
    return null;
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return null;
  const time = TIME_NAMES.find((name) => Object.hasOwn(message, name));
  if (time === undefined) return null;
  const columns = Object.entries(message)
    .filter(([name, value]) => name !== time && /^(?!__proto__$)[^`.]{1,200}$/.test(name) && isNumber(value))
    .map(([name]) => name);
  return columns.length > 0 ? columns : null;
}

function isNumber(value: unknown): boolean {
  return Number.isFinite(typeof value === 'string' ? decimal(value) : value);
}
