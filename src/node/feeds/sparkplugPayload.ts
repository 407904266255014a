/*
 * Payloads of Sparkplug B: the wire format of Protocol Buffers, as far as it is needed, by the field numbers of the public
 * specification (Eclipse Sparkplug 3.0.0, 6.4).
 *
 *     tag (varint: number << 3 | wire)   wire 0: varint   1: 8 bytes   2: length (varint), bytes   5: 4 bytes
 */

export interface Payload {
  /** ms since 1970 UTC */
  time: number | null;
  seq: number | null;
  metrics: Metric[];
}

export interface Metric {
  name: string | null;
  alias: bigint | null;
  /** ms since 1970 UTC */
  time: number | null;
  type: number | null;
  historical: boolean;
  /** What was sent, by the kind of its field; nothing for null and for what is no number and no text. */
  int?: bigint;
  float?: number;
  text?: string;
}

/** Types of values. */
const [INT8, INT64, UINT8, UINT64, FLOAT, DOUBLE, BOOLEAN, STRING, DATETIME, TEXT, UUID] = [
  1, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15,
] as const;

type Field = [number: number, value: bigint | Uint8Array];

/** @throws RangeError for what is no payload */
export function decodePayload(bytes: Uint8Array): Payload {
  const payload: Payload = { time: null, seq: null, metrics: [] };
  for (const [number, value] of fields(bytes)) {
    if (number === 1) payload.time = Number(whole(value));
    else if (number === 2) payload.metrics.push(decodeMetric(piece(value)));
    else if (number === 3) payload.seq = Number(whole(value));
  }
  return payload;
}

function decodeMetric(bytes: Uint8Array): Metric {
  const metric: Metric = { name: null, alias: null, time: null, type: null, historical: false };
  let none = false;
  for (const [number, value] of fields(bytes)) {
    switch (number) {
      case 1:
        metric.name = text(piece(value));
        break;
      case 2:
        metric.alias = whole(value);
        break;
      case 3:
        metric.time = Number(whole(value));
        break;
      case 4:
        metric.type = Number(whole(value));
        break;
      case 5:
        metric.historical = whole(value) !== 0n;
        break;
      case 7:
        none = whole(value) !== 0n;
        break;
      // 32 bits, 64 bits, boolean
      case 10:
      case 11:
      case 14:
        metric.int = whole(value);
        break;
      case 12:
        metric.float = view(piece(value), 4).getFloat32(0, true);
        break;
      case 13:
        metric.float = view(piece(value), 8).getFloat64(0, true);
        break;
      case 15:
        metric.text = text(piece(value));
    }
  }
  if (none) for (const field of ['int', 'float', 'text'] as const) delete metric[field];
  return metric;
}

/**
 * The value of a metric: a number, 1 or 0 for a truth value, ms since 1970 for a date, a text, and digits for a whole number
 * that no double holds. Undefined: null, or of a type that is neither number nor text.
 * @param type as its birth said; what it says itself goes before
 */
export function metricValue(
  { type: own, int, float, text: string }: Metric,
  born: number | null,
): number | string | undefined {
  const type = own ?? born ?? 0;
  if (int !== undefined) {
    if (type >= INT8 && type <= INT64) return exact(BigInt.asIntN(8 << (type - INT8), int));
    if (type >= UINT8 && type <= UINT64) return exact(BigInt.asUintN(8 << (type - UINT8), int));
    return type === BOOLEAN || type === DATETIME || type === 0 ? exact(int) : undefined;
  }
  if (float !== undefined) return type === FLOAT || type === DOUBLE || type === 0 ? float : undefined;
  return type === STRING || type === TEXT || type === UUID || type === 0 ? string : undefined;
}

/** The request of a host that wants to hear the names of all metrics again. */
export function rebirth(now: number): Uint8Array {
  const time = BigInt(Math.round(now));
  const name = new TextEncoder().encode('Node Control/Rebirth');
  const metric = [...[0x0a, name.length, ...name], ...[0x18, ...varint(time)], ...[0x20, BOOLEAN], ...[0x70, 1]];
  return Uint8Array.from([0x08, ...varint(time), 0x12, metric.length, ...metric]);
}

function exact(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function* fields(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const read = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new RangeError('a varint without an end');
  };
  while (at < bytes.length) {
    const tag = Number(read());
    const wire = tag & 7;
    if (wire === 0) {
      yield [Math.floor(tag / 8), read()];
      continue;
    }
    const length = wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? Number(read()) : Number.NaN;
    if (!(at + length <= bytes.length)) throw new RangeError(`a field of wire type ${wire} without an end`);
    yield [Math.floor(tag / 8), bytes.subarray(at, at + length)];
    at += length;
  }
}

function whole(value: bigint | Uint8Array): bigint {
  if (typeof value !== 'bigint') throw new RangeError('bytes where a number belongs');
  return value;
}

function piece(value: bigint | Uint8Array): Uint8Array {
  if (typeof value === 'bigint') throw new RangeError('a number where bytes belong');
  return value;
}

function view(bytes: Uint8Array, length: number): DataView {
  if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes where ${length} belong`);
  return new DataView(bytes.buffer, bytes.byteOffset, length);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  for (; value > 127n; value >>= 7n) bytes.push(Number(value & 127n) | 128);
  return [...bytes, Number(value)];
}
