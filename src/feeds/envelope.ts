/** Messages of brokers stand in envelopes: what the broker says of a message, and in it what was sent. */
import type { MappingConfig } from './mappingSchema.ts';
import { decimal } from './time.ts';

/** Where things stand in a kind's envelopes, and what they mean. */
export interface Envelope {
  /** Fields that hold what was sent, and the time for what has none of its own. */
  payload: string;
  time: string;
  mapping: Pick<MappingConfig, 'key' | 'history' | 'redelivered' | 'seq' | 'id'>;
}

const utf8 = new TextEncoder();

/**
 * `head` as JSON, with `payload` as its last field: an object or a list as it came, byte for byte; a bare number, a text or
 * a truth value as `{"value": ...}`, numbers in text as numbers; what is no text as `{"base64": ...}`.
 * @returns UTF-8 JSON
 */
export function enveloped(head: object, payload: Uint8Array): Uint8Array {
  const before = JSON.stringify(head).slice(0, -1);
  const joint = before === '{' ? '' : ',';
  return utf8.encode(`${before}${joint}"payload":${written(payload)}}`);
}

function written(payload: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(payload);
  } catch {
    let binary = '';
    for (const byte of payload) binary += String.fromCharCode(byte);
    return JSON.stringify({ base64: btoa(binary) });
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? text : JSON.stringify({ value });
  } catch {
    const number = decimal(text.trim());
    return JSON.stringify({ value: Number.isNaN(number) ? text : number });
  }
}
