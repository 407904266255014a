/**
 * State that can be written down. What runs gives its state with `save` and takes it back with `load`: made anew with the same
 * options, it then goes on with the same bytes.
 */
import { DataError, invalid } from './errors.ts';

/** What a state may consist of. Objects have fixed names; what streams or users name stands in lists of pairs. */
export type Saved =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Float32Array
  | Float64Array
  | readonly Saved[]
  | { readonly [name: string]: Saved };

/** Something with a state. */
export interface Saves {
  /** A copy: it does not change when the owner goes on. */
  save(): Saved;
  /** Takes back what `save` of one with the same options gave. */
  load(saved: Saved): void;
}

const VIEWS = { $u8: Uint8Array, $f32: Float32Array, $f64: Float64Array };
const encoder = new TextEncoder();

/** A state as UTF-8 JSON: every number comes back bit for bit, but for the payload of a NaN. */
export function encodeSaved(saved: Saved): Uint8Array {
  return encoder.encode(JSON.stringify(tagged(saved)));
}

/** @throws DataError for bytes that are no state */
export function decodeSaved(data: Uint8Array): Saved {
  try {
    return untagged(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data)));
  } catch (cause) {
    throw new DataError(invalid('snapshot', `${data.byteLength} bytes`, 'a state'), { cause });
  }
}

function tagged(value: Saved): unknown {
  if (typeof value === 'bigint') return { $i: String(value) };
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : { $n: Object.is(value, -0) ? '-0' : String(value) };
  if (typeof value !== 'object' || value === null) return value;
  for (const [tag, View] of Object.entries(VIEWS)) {
    if (!(value instanceof View)) continue;
    let binary = '';
    for (const byte of new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
      binary += String.fromCharCode(byte);
    return { [tag]: btoa(binary) };
  }
  if (Array.isArray(value)) return value.map(tagged);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, tagged(each)]));
}

function untagged(value: unknown): Saved {
  if (typeof value !== 'object' || value === null) return value as Saved;
  if (Array.isArray(value)) return value.map(untagged);
  const entries = Object.entries(value);
  const [tag, text] = entries[0] ?? [];
  if (tag === '$i') return BigInt(text);
  if (tag === '$n') return Number(text);
  if (tag === '$u8' || tag === '$f32' || tag === '$f64') {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new VIEWS[tag](bytes.buffer);
  }
  return Object.fromEntries(entries.map(([name, each]) => [name, untagged(each)]));
}
