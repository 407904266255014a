/** A channel of a recording as a table: what `export` writes. */
import { ConfigError, invalid } from '../errors.ts';
import { prepare, provenance } from './prepare.ts';
import type { Recording } from './reader.ts';
import { channelOf, channels, decodeAttribution, decodeJson, decodeShapley, type LogRecord } from './records.ts';

export type Cell = number | string | boolean | null;
export type Row = Record<string, Cell>;

export interface TableColumn {
  name: string;
  type: 'number' | 'text' | 'boolean';
}

export interface Table {
  /** All that any row has, in the order in which they are met. */
  columns: TableColumn[];
  /** Rows of one chunk of the recording after the other. */
  rows(): AsyncGenerator<Row[]>;
}

/**
 * Times are ms since 1970 UTC: `received` the stamp, `time` the event time. JSON is laid out by its fields, the values of a tick
 * among them, lists as JSON text. An attribution is a row for each of its cells, `ticksBefore` its tick, and one without a
 * feature for each whole tick; Shapley values are a row for each tick. A message of the feed is `text`, or `base64`.
 * @throws ConfigError for a channel that recordings have not; DataError for an MCAP file of somebody else
 */
export async function tableOf(recording: Recording, topic: string): Promise<Table> {
  provenance(recording);
  if (!channelOf(topic))
    throw new ConfigError(invalid('--channel', topic, channels.map((each) => each.topic).join(', ')));
  const features = topic === 'attribution' ? featuresOf(recording) : [];
  const read = (record: LogRecord): Row[] => rowsOf(record, features);
  async function* rows(): AsyncGenerator<Row[]> {
    for await (const { records } of recording.chunks()) {
      const of = records.filter((record) => record.topic === topic).flatMap(read);
      if (of.length > 0) yield of;
    }
  }
  const types = new Map<string, TableColumn['type'] | null>();
  for await (const some of rows()) {
    for (const row of some) {
      for (const [name, cell] of Object.entries(row)) {
        const type = cell === null ? null : typeof cell === 'string' ? 'text' : (typeof cell as 'number' | 'boolean');
        const before = types.get(name) ?? null;
        types.set(name, before === null || type === null || before === type ? (type ?? before) : 'text');
      }
    }
  }
  return { columns: [...types].map(([name, type]) => ({ name, type: type ?? 'number' })), rows };
}

function featuresOf(recording: Recording): readonly string[] {
  const { config, spec } = prepare(recording);
  return config.columns ?? spec?.features ?? [];
}

function rowsOf(record: LogRecord, features: readonly string[]): Row[] {
  const { topic, data, sequence } = record;
  const head = { received: milliseconds(record.stamp), time: milliseconds(record.time), sequence };
  switch (topic) {
    case 'feed/message':
      return [{ received: head.received, sequence, ...textOf(data) }];
    case 'attribution': {
      const { window: K, features: F, values, events } = decodeAttribution(data);
      return Array.from({ length: K * (F + 1) }, (_, i) => {
        const [k, f] = [Math.floor(i / (F + 1)), i % (F + 1)];
        const cell =
          f < F
            ? { feature: features[f] ?? String(f), value: values[k * F + f]! }
            : { feature: null, value: events[k]! };
        return { ...head, ticksBefore: K - 1 - k, ...cell };
      });
    }
    case 'shapley': {
      const { window: K, values, standardErrors } = decodeShapley(data);
      return Array.from(values, (value, k) => ({
        ...head,
        ticksBefore: K - 1 - k,
        value,
        standardError: standardErrors[k]!,
      }));
    }
    default:
      return [{ ...head, ...laidOut(decodeJson(data, topic)) }];
  }
}

/** Fields of JSON as cells; those of an object in it stand beside the others, under their own names where these are free. */
function laidOut(value: object): Row {
  const row: Row = {};
  for (const [name, field] of Object.entries(value) as [string, unknown][]) {
    if (typeof field !== 'object' || field === null) row[name] = field as Cell;
    else if (Array.isArray(field)) row[name] = JSON.stringify(field);
    else
      for (const [inner, cell] of Object.entries(field))
        row[inner in value || RESERVED.has(inner) ? `${name}.${inner}` : inner] = cellOf(cell);
  }
  return row;
}

const RESERVED = new Set(['received', 'time', 'sequence']);

function cellOf(value: unknown): Cell {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : (value as Cell);
}

function textOf(data: Uint8Array): Row {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(data) };
  } catch {
    let binary = '';
    for (const byte of data) binary += String.fromCharCode(byte);
    return { base64: btoa(binary) };
  }
}

function milliseconds(ns: bigint): number {
  return Number(ns / 1000n) / 1000;
}
