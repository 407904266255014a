/** Turns what a feed sends into Ticks, as declared in a mapping. Junk is counted with a reason, never thrown. */
import { ConfigError, invalid } from '../errors.ts';
import type { Saves } from '../saved.ts';
import type { Tick } from '../types.ts';
import type { Envelope } from './envelope.ts';
import type { MappingConfig } from './mappingSchema.ts';
import { compilePath, type Read } from './path.ts';
import { decimal, parseTime, type TimeFormat } from './time.ts';
import { conversion } from './units.ts';
import { compileVenue, type VenueMapping } from './venues/mapping.ts';
import { zoneOf } from './zone.ts';

export type { MappingConfig } from './mappingSchema.ts';

/** One's own, or a venue's. */
export type AnyMapping = MappingConfig | VenueMapping;

/** What one message held. */
export interface Mapped {
  ticks: Tick[];
  /** The message said that the series begins again. */
  resets: boolean;
  /** A reason for each tick that was dropped, or for the whole message. */
  invalid: string[];
  /** Columns whose value was held. */
  held: number;
  /** 1 for a message that is not meant to be a tick: another type of message, an empty list. */
  ignored: number;
}

export interface Mapping extends Saves {
  /** Columns that every tick has. */
  readonly columns: readonly string[];
  /** Ticks of every stream are numbered one by one, whatever the connection. */
  readonly dense?: boolean;
  /**
   * @param data one message as received: UTF-8 JSON
   * @param received ms since 1970 UTC, the time of ticks whose sender says none
   */
  parse(data: Uint8Array, received?: number): Mapped;
  /** Forgets held values. */
  reset(): void;
  /** A connection began: forgets what the one before said of itself. */
  connected?(): void;
}

/** What takes the place of a key's missing values, and for how many ticks in a row each has been held. */
interface Kept {
  values: Record<string, number>;
  times: Record<string, number>;
  /** Values that came, of each column: where their means are taken. */
  counts: Record<string, number>;
}

interface Column {
  name: string;
  read: Read;
  number: (value: unknown) => number;
  scale: number;
  offset: number;
  min: number;
  max: number;
}

/** Models compute in float32: what does not fit there would arrive as Infinity. */
const LARGEST = 3.4028234663852886e38;
/** Keys whose last values are held; the oldest gives way. */
const MAX_KEYS = 1024;

/** Names under which feeds and files usually give the time. */
export const TIME_NAMES = ['time', 'timestamp', 'date', 'datetime', 'ts'];

/** The mapping of a feed that sends flat JSON objects whose fields are the columns, perhaps in envelopes. */
export function flatMapping(columns: readonly string[], envelope: Envelope | null = null): MappingConfig {
  const inside = envelope ? `${envelope.payload}.` : '';
  const times = TIME_NAMES.map((name) => `${inside}${name}`);
  return {
    time: { path: envelope ? [...times, envelope.time] : times, format: 'auto' },
    ...envelope?.mapping,
    features: Object.fromEntries(columns.map((name) => [name, `${inside}${name}`])),
  };
}

/**
 * Compiles a mapping.
 * @throws ConfigError for a path that is none, or a column without sense
 * @example
 * const mapping = compileMapping({ time: { path: 'ts' }, features: { price: 'data.price' } });
 * mapping.parse(new TextEncoder().encode('{"ts": 1700000000, "data": {"price": "101.5"}}')).ticks[0]?.values; // { price: 101.5 }
 */
export function compileMapping(config: AnyMapping): Mapping {
  return 'venue' in config ? compileVenue(config) : compileOwn(config);
}

function compileOwn(config: MappingConfig): Mapping {
  const { missing = 'drop', maxHold = Number.POSITIVE_INFINITY } = config;
  const match = compileCondition(config.match, 'mapping.match');
  const begins = config.reset ? compileCondition(config.reset, 'mapping.reset') : null;
  const each = config.each === undefined ? null : compilePath(config.each, 'mapping.each');
  const time = compileTime(config.time);
  const key = compileKey(config.key);
  const seq = config.seq ? compilePath(config.seq.path, 'mapping.seq.path') : null;
  const id = config.id ? compilePath(config.id.path, 'mapping.id.path') : null;
  const history = config.history ? compilePath(config.history.path, 'mapping.history.path') : null;
  const again =
    config.redelivered && !seq && !id ? compilePath(config.redelivered.path, 'mapping.redelivered.path') : null;
  const columns = Object.entries(config.features).map(([name, feature]) => compileColumn(name, feature));
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const last = new Map<string, Kept>();

  /** One tick of the message, or the reason why it is none. */
  function tickOf(message: unknown, item: unknown): Tick | string {
    const at = time(message, item);
    if (typeof at !== 'number') return at;
    const name = key(message, item);
    if (name === null)
      return invalid('key', read(config.key, message, item), 'a string or number of up to 200 letters');
    let number: number | null = null;
    if (seq) {
      const found = seq(message, item);
      number = numeric(found);
      if (!Number.isSafeInteger(number)) return invalid('seq', found, 'a whole number below 2^53');
    }
    let unique: string | undefined;
    if (id) {
      const found = id(message, item);
      if (typeof found !== 'string' && typeof found !== 'number')
        return invalid(config.id!.path, found, 'an id: a string or a number');
      unique = String(found);
    }
    const values: Record<string, number> = {};
    let held: string[] | undefined;
    const before = missing === 'drop' ? undefined : last.get(name);
    let times: Record<string, number> | undefined;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!;
      const found = column.read(message, item);
      const value = column.number(found) * column.scale + column.offset;
      if (value >= column.min && value <= column.max) {
        values[column.name] = value;
      } else if (before && (before.times[column.name] ?? 0) < maxHold) {
        values[column.name] = before.values[column.name]!;
        (times ??= {})[column.name] = (before.times[column.name] ?? 0) + 1;
        (held ??= []).push(column.name);
      } else {
        return invalid(column.name, found, expectation(column));
      }
    }
    if (held?.length === columns.length) return invalid('tick', item, 'at least one usable value');
    if (missing !== 'drop') remember(name, keep(values, times ?? {}, held, before));
    const tick: Tick = { key: name, time: at, seq: number, values };
    if (unique !== undefined) tick.id = unique;
    if (held) tick.held = held;
    if (history?.(message, item)) tick.history = true;
    if (again?.(message, item)) tick.redelivered = true;
    return tick;
  }

  function keep(values: Kept['values'], times: Kept['times'], held: string[] | undefined, before?: Kept): Kept {
    if (missing === 'hold') return { values, times, counts: {} };
    const means: Kept['values'] = {};
    const counts: Kept['counts'] = {};
    for (const { name } of columns) {
      const [count, mean] = [before?.counts[name] ?? 0, before?.values[name] ?? 0];
      const came = !held?.includes(name);
      counts[name] = came ? count + 1 : count;
      means[name] = came ? mean + (values[name]! - mean) / (count + 1) : mean;
    }
    return { values: means, times, counts };
  }

  function remember(name: string, kept: Kept): void {
    if (!last.has(name) && last.size >= MAX_KEYS) last.delete(last.keys().next().value!);
    last.set(name, kept);
  }

  return {
    columns: columns.map((column) => column.name),
    parse(data) {
      const mapped: Mapped = { ticks: [], resets: false, invalid: [], held: 0, ignored: 0 };
      let message: unknown;
      try {
        message = JSON.parse(decoder.decode(data));
      } catch {
        mapped.invalid.push(invalid('message', preview(data), 'JSON in UTF-8'));
        return mapped;
      }
      if (begins?.(message)) {
        last.clear();
        mapped.resets = true;
        return mapped;
      }
      if (!match(message)) {
        mapped.ignored = 1;
        return mapped;
      }
      const items = each ? each(message, message) : [message];
      if (!Array.isArray(items)) {
        mapped.invalid.push(invalid(config.each!, items, 'an array'));
        return mapped;
      }
      if (items.length === 0) mapped.ignored = 1;
      for (const item of items) {
        const tick = tickOf(message, item);
        if (typeof tick === 'string') {
          mapped.invalid.push(tick);
        } else {
          mapped.ticks.push(tick);
          mapped.held += tick.held?.length ?? 0;
        }
      }
      return mapped;
    },
    reset: () => last.clear(),
    save: () =>
      [...last].map(([key, { values, times, counts }]) => [
        key,
        ...[values, times, counts].map((of) => Object.entries(of)),
      ]),
    load(saved) {
      type Pairs = [string, number][];
      last.clear();
      for (const [key, ...lists] of saved as unknown as [string, Pairs, Pairs, Pairs][]) {
        const [values, times, counts] = lists.map((pairs) => Object.fromEntries(pairs));
        last.set(key, { values: values!, times: times!, counts: counts! });
      }
    },
  };
}

const YES = ['true', 'on', 'open', 'yes', '1'];
const NO = ['false', 'off', 'closed', 'no', '0'];

/** 1 or 0 for a truth value or the word for one; NaN for everything else. */
function truth(value: unknown): number {
  if (typeof value === 'object') return Number.NaN;
  const word = String(value).toLowerCase();
  return YES.includes(word) ? 1 : NO.includes(word) ? 0 : Number.NaN;
}

/** A number, or a string of decimal digits; NaN for everything else. */
function numeric(value: unknown): number {
  return typeof value === 'number' ? value : typeof value === 'string' ? decimal(value) : Number.NaN;
}

function compileCondition(condition: MappingConfig['match'], where: string): (message: unknown) => boolean {
  const tests = Object.entries(condition ?? {}).map(([path, value]) => ({ read: compilePath(path, where), value }));
  return (message) => tests.every(({ read, value }) => read(message, message) === value);
}

/** Reads the event time: ms since 1970 UTC, or the reason why there is none. */
function compileTime(config: MappingConfig['time']): (message: unknown, item: unknown) => number | string {
  const paths = typeof config.path === 'string' ? [config.path] : config.path;
  const format: TimeFormat = config.format ?? 'auto';
  const local = config.zone === undefined ? undefined : (zoneOf(config.zone) ?? undefined);
  const reads = paths.map((path) => compilePath(path, 'mapping.time.path'));
  const expected = format === 'auto' ? 'a time' : `a time, ${format}`;
  return (message, item) => {
    for (let i = 0; i < reads.length; i++) {
      const found = reads[i]!(message, item);
      if (found === undefined) continue;
      const time = parseTime(found, format, local);
      return Number.isNaN(time) ? invalid(paths[i]!, found, expected) : time;
    }
    return invalid(paths.join('|'), undefined, expected);
  };
}

function compileKey(config: MappingConfig['key']): (message: unknown, item: unknown) => string | null {
  if (config === undefined || typeof config === 'string') return () => config ?? '';
  const read = compilePath(config.path, 'mapping.key.path');
  return (message, item) => {
    const found = read(message, item);
    if (typeof found === 'string') return found.length <= 200 ? found : null;
    return typeof found === 'number' ? String(found) : null;
  };
}

function compileColumn(name: string, feature: MappingConfig['features'][string]): Column {
  const where = `mapping.features.${name}`;
  if (name === '__proto__') throw new ConfigError(invalid(where, name, 'another name'));
  const {
    path,
    type = 'number',
    scale = 1,
    offset = 0,
    min = -LARGEST,
    max = LARGEST,
    unit,
    to,
  } = typeof feature === 'string' ? { path: feature } : feature;
  const unitless = { scale: 1, offset: 0 };
  const turned = to === undefined ? unitless : conversion(unit ?? '', to);
  if (typeof turned === 'string') throw new ConfigError(invalid(`${where}.unit`, `${unit} to ${to}`, turned));
  if (min > max) throw new ConfigError(invalid(`${where}.min`, min, `at most max, which is ${max}`));
  return {
    name,
    read: compilePath(path, where),
    number: type === 'boolean' ? truth : numeric,
    scale: turned.scale * scale,
    offset: turned.offset * scale + offset,
    min: Math.max(min, -LARGEST),
    max: Math.min(max, LARGEST),
  };
}

function expectation({ min, max }: Column): string {
  if (min === -LARGEST && max === LARGEST) return 'a finite number';
  return `a number from ${min === -LARGEST ? 'any' : min} to ${max === LARGEST ? 'any' : max}`;
}

function read(config: MappingConfig['key'], message: unknown, item: unknown): unknown {
  return typeof config === 'object' ? compilePath(config.path, 'mapping.key.path')(message, item) : config;
}

function preview(data: Uint8Array): string {
  return new TextDecoder().decode(data.subarray(0, 80));
}
