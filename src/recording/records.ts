/**
 * What a recording holds: the inputs of an engine as they came, and the outputs that it made of them.
 *
 * Event times and stamps are nanoseconds since 1970 UTC. In the file `publishTime` is the event time (of an input: its
 * stamp), `logTime` the stamp of the input that was being handled, and `sequence` the number of the tick that an output
 * belongs to, counted from 0 (of an input: its own number).
 */
import { DataError, invalid } from '../errors.ts';
import type { Attribution, ShapleyAttribution } from '../types.ts';

/** Something that reached the engine, with the stamp that it got. */
export interface Input {
  topic: string;
  stamp: bigint;
  data: Uint8Array;
}

/** One record, input or output. */
export interface LogRecord extends Input {
  time: bigint;
  sequence: number;
}

/** One topic of a recording. */
export interface Channel {
  topic: string;
  role: 'input' | 'output' | 'status';
  /** Whether its records are part of the output hash. */
  hashed: boolean;
  encoding: 'json' | 'application/octet-stream';
  /** What its records are, for a person with another tool. */
  about: string;
  /** Fields of its JSON objects and their types. */
  fields?: Record<string, string | string[]>;
}

const event = { index: 'integer', time: 'number', key: 'string' };

/** Every topic; its place, from 1, is the channel's id in the file. */
export const channels: readonly Channel[] = [
  {
    topic: 'feed/message',
    role: 'input',
    hashed: false,
    encoding: 'application/octet-stream',
    about: 'one message of the feed, byte for byte as received',
  },
  {
    topic: 'feed/status',
    role: 'input',
    hashed: false,
    encoding: 'json',
    about: 'what the connection to the feed said of itself; gaps among them',
    fields: {
      feed: 'string',
      state: 'string',
      reason: 'string',
      attempt: 'integer',
      retryInMs: 'number',
      from: 'number',
      to: 'number',
      missing: ['integer', 'null'],
    },
  },
  {
    topic: 'engine/act',
    role: 'input',
    hashed: false,
    encoding: 'json',
    about: 'an act of the user',
    fields: { act: 'string' },
  },
  {
    topic: 'engine/clock',
    role: 'input',
    hashed: false,
    encoding: 'json',
    about: 'the clock was moved on to this stamp without an input: timers were due, or the recording ended',
    fields: {},
  },
  {
    topic: 'tick',
    role: 'output',
    hashed: false,
    encoding: 'json',
    about: 'one tick that was taken, after mapping; time in ms since 1970 UTC',
    fields: {
      key: 'string',
      time: 'number',
      seq: ['integer', 'null'],
      values: 'object',
      held: 'array',
      history: 'boolean',
    },
  },
  {
    topic: 'prediction',
    role: 'output',
    hashed: true,
    encoding: 'json',
    about: 'what the model says at a tick, what it had said for this tick, and what arrived; null: not known',
    fields: {
      ...event,
      prediction: ['number', 'null'],
      predicted: ['number', 'null'],
      arrived: ['number', 'null'],
      residual: ['number', 'null'],
      output: ['array', 'null'],
    },
  },
  {
    topic: 'attribution',
    role: 'output',
    hashed: true,
    encoding: 'application/octet-stream',
    about:
      'little endian: u32 K, u32 F, u32 filled, u32 live, f32 prediction, f32 cells[K][F] oldest tick first, f32 ticks[K]; ' +
      'belongs to the prediction with the same sequence',
  },
  {
    topic: 'drift',
    role: 'output',
    hashed: true,
    encoding: 'json',
    about: 'a detector saw a change',
    fields: {
      ...event,
      rule: 'string',
      detector: 'string',
      on: 'string',
      direction: 'string',
      statistic: 'number',
      threshold: 'number',
      value: 'number',
    },
  },
  {
    topic: 'alert',
    role: 'output',
    hashed: true,
    encoding: 'json',
    about: 'a transition of an alert rule',
    fields: {
      ...event,
      rule: 'string',
      from: 'string',
      to: 'string',
      value: 'number',
      direction: ['string', 'null'],
      severity: 'string',
    },
  },
  {
    topic: 'engine/status',
    role: 'status',
    hashed: false,
    encoding: 'json',
    about: 'what the engine says of the feed: gaps found by sequence numbers, resets',
    fields: { feed: 'string', state: 'string', reason: 'string', missing: ['integer', 'null'] },
  },
  {
    topic: 'shapley',
    role: 'output',
    hashed: true,
    encoding: 'application/octet-stream',
    about:
      'little endian: u32 K, u32 filled, u32 worlds, u32 estimator (0 worlds, 1 regression, 2 exact), f32 prediction, ' +
      'f32 output with every tick at its baseline, f32 what older ticks add, f32 gap, f32 Shapley values of ticks[K] oldest ' +
      'first, f32 standard errors[K]; belongs to the prediction with the same sequence',
  },
  {
    topic: 'interval',
    role: 'output',
    hashed: true,
    encoding: 'json',
    about:
      'where the value that the prediction with the same sequence is about should lie, with which share; what had been ' +
      'said for this tick, whether it held, and the share of those settled that did; null: not known',
    fields: {
      ...event,
      coverage: 'number',
      low: ['number', 'null'],
      high: ['number', 'null'],
      predictedLow: ['number', 'null'],
      predictedHigh: ['number', 'null'],
      held: ['boolean', 'null'],
      settled: 'integer',
      realised: ['number', 'null'],
    },
  },
  {
    topic: 'adaptation',
    role: 'output',
    hashed: true,
    encoding: 'json',
    about:
      'a model that goes on learning beside a frozen copy of it: whether it does, or when it ended (event time, ms), what ' +
      'the copy says and had said, and the root mean squares of the latest errors of both; null: not known',
    fields: {
      ...event,
      on: 'boolean',
      stoppedAt: ['number', 'null'],
      frozen: ['number', 'null'],
      frozenPredicted: ['number', 'null'],
      settled: 'integer',
      error: ['number', 'null'],
      frozenError: ['number', 'null'],
    },
  },
  {
    topic: 'engine/snapshot',
    role: 'status',
    hashed: false,
    encoding: 'json',
    about:
      'the whole state of the engine between two inputs, so that a replay can begin there; time is that of the latest tick, ' +
      'sequence the number of the next one',
    fields: {},
  },
  {
    topic: 'annotation',
    role: 'status',
    hashed: false,
    encoding: 'json',
    about: 'a note of a person about a time (ms since 1970 UTC), made later; sequence is that of the tick then',
    fields: { time: 'number', text: 'string' },
  },
];

/** Topic of notes. */
export const ANNOTATION = 'annotation';

/** Topic of saved states. */
export const SNAPSHOT = 'engine/snapshot';

const byTopic = new Map(channels.map((channel) => [channel.topic, channel]));

/** The channel of a topic; undefined for a topic of another kind of file. */
export function channelOf(topic: string): Channel | undefined {
  return byTopic.get(topic);
}

/** The JSON Schema that is written for a channel of JSON. */
export function schemaOf({ about, fields = {} }: Channel): object {
  const properties = Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, { type }]));
  return { type: 'object', description: about, properties };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** JSON in UTF-8; numbers that are not finite become null. */
export function encodeJson(value: object): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** @throws DataError naming `what` when the bytes are no JSON object */
export function decodeJson<T extends object>(data: Uint8Array, what: string): T {
  try {
    const value: unknown = JSON.parse(decoder.decode(data));
    if (typeof value === 'object' && value !== null) return value as T;
  } catch (cause) {
    throw new DataError(invalid(what, `${data.byteLength} bytes`, 'a JSON object'), { cause });
  }
  throw new DataError(invalid(what, `${data.byteLength} bytes`, 'a JSON object'));
}

/** An attribution as it is recorded. */
export interface RecordedAttribution {
  window: number;
  features: number;
  filled: number;
  live: number;
  prediction: number;
  /** Cells (K, F) and whole ticks (K), oldest tick first. */
  values: Float32Array;
  events: Float32Array;
}

const HEAD = 20;

/** Bytes of an attribution: the layout is in the table of channels above. */
export function encodeAttribution(attribution: Attribution, prediction: number): Uint8Array {
  const { window: K, values, events } = attribution;
  const bytes = new Uint8Array(HEAD + 4 * (values.length + events.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, K, true);
  view.setUint32(4, values.length / K, true);
  view.setUint32(8, attribution.filled, true);
  view.setUint32(12, attribution.live, true);
  view.setFloat32(16, prediction, true);
  let at = HEAD;
  for (const numbers of [values, events]) {
    for (let i = 0; i < numbers.length; i++, at += 4) view.setFloat32(at, numbers[i]!, true);
  }
  return bytes;
}

/** @throws DataError when the length does not fit the sizes at the head */
export function decodeAttribution(data: Uint8Array): RecordedAttribution {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [window, features] = data.byteLength >= HEAD ? [view.getUint32(0, true), view.getUint32(4, true)] : [0, 0];
  const expected = HEAD + 4 * window * (features + 1);
  if (window === 0 || data.byteLength !== expected) {
    throw new DataError(invalid('attribution', `${data.byteLength} bytes`, `${expected} for ${window} x ${features}`));
  }
  const floats = (at: number, n: number) =>
    Float32Array.from({ length: n }, (_, i) => view.getFloat32(at + 4 * i, true));
  return {
    window,
    features,
    filled: view.getUint32(8, true),
    live: view.getUint32(12, true),
    prediction: view.getFloat32(16, true),
    values: floats(HEAD, window * features),
    events: floats(HEAD + 4 * window * features, window),
  };
}

/** Shapley values as they are recorded. */
export type RecordedShapley = ShapleyAttribution & { prediction: number };

const ESTIMATORS = ['worlds', 'regression', 'exact'] as const;
const SHAPLEY_HEAD = 32;

/** Bytes of Shapley values: the layout is in the table of channels above. */
export function encodeShapley(shapley: ShapleyAttribution, prediction: number): Uint8Array {
  const { window: K, filled, worlds, estimator, noneOutput, remainder, gap, values, standardErrors } = shapley;
  const bytes = new Uint8Array(SHAPLEY_HEAD + 8 * K);
  const view = new DataView(bytes.buffer);
  [K, filled, worlds, ESTIMATORS.indexOf(estimator)].forEach((n, i) => {
    view.setUint32(4 * i, n, true);
  });
  let at = 16;
  for (const numbers of [[prediction, noneOutput, remainder, gap], values, standardErrors]) {
    for (let i = 0; i < numbers.length; i++, at += 4) view.setFloat32(at, numbers[i]!, true);
  }
  return bytes;
}

/** @throws DataError when the length does not fit the window at the head, or the estimator is none */
export function decodeShapley(data: Uint8Array): RecordedShapley {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const window = data.byteLength >= SHAPLEY_HEAD ? view.getUint32(0, true) : 0;
  const expected = SHAPLEY_HEAD + 8 * window;
  if (window === 0 || data.byteLength !== expected)
    throw new DataError(invalid('shapley', `${data.byteLength} bytes`, `${expected} for ${window} ticks`));
  const estimator = ESTIMATORS[view.getUint32(12, true)];
  if (!estimator) throw new DataError(invalid('shapley.estimator', view.getUint32(12, true), '0, 1 or 2'));
  const floats = (at: number): Float32Array =>
    Float32Array.from({ length: window }, (_, i) => view.getFloat32(at + 4 * i, true));
  return {
    window,
    filled: view.getUint32(4, true),
    worlds: view.getUint32(8, true),
    estimator,
    prediction: view.getFloat32(16, true),
    noneOutput: view.getFloat32(20, true),
    remainder: view.getFloat32(24, true),
    gap: view.getFloat32(28, true),
    values: floats(SHAPLEY_HEAD),
    standardErrors: floats(SHAPLEY_HEAD + 4 * window),
  };
}

/** Milliseconds as nanoseconds; times before 1970, which the file cannot hold, as 0 (the payload has them exactly). */
export function nanoseconds(ms: number): bigint {
  if (!(ms > 0)) return 0n;
  const whole = Math.floor(ms);
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6));
}
