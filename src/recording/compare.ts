import { decodeAttribution, decodeShapley, type LogRecord } from './records.ts';

/** Between builds of the kernels: SIMD and scalar differ in the order of no sum, but in their vector functions. */
const TOLERANCE = 1e-5;

/** Whether two records are the same: byte for byte, or, not `exact`, with numbers within 1e-5 (absolute or relative). */
export function same(a: LogRecord, b: LogRecord, exact: boolean): boolean {
  if (a.topic !== b.topic || a.time !== b.time || a.sequence !== b.sequence) return false;
  if (sameBytes(a.data, b.data)) return true;
  if (exact) return false;
  if (a.topic === 'attribution')
    return close({ ...decodeAttribution(a.data), live: 0 }, { ...decodeAttribution(b.data), live: 0 });
  if (a.topic === 'shapley') return close(decodeShapley(a.data), decodeShapley(b.data));
  return close(parse(a.data), parse(b.data));
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return false;
  return true;
}

function parse(data: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(data));
}

function close(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') {
    if (Object.is(a, b)) return true;
    return Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a), Math.abs(b));
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => close((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]));
}
