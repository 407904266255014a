/**
 * A mapping for a feed that nobody has described, read off the messages that it sends: which of them are ticks, where their
 * time, their key, their number and their columns stand. A proposal, to be looked at.
 */
import type { Envelope } from './envelope.ts';
import type { MappingConfig } from './mappingSchema.ts';
import { pathFault } from './path.ts';
import { decimal, parseTime, type TimeFormat } from './time.ts';

export interface Proposal {
  mapping: MappingConfig;
  /** Why each part of it is what it is, for a person. */
  reasons: string[];
  /** Messages that are ticks by it, of all. */
  matched: number;
}

/** A value somewhere in a message: its path, and what it was in each item. */
interface Leaf {
  path: string;
  values: unknown[];
}

/** Names that usually mean that, best first; compared without case and marks. */
const TIMES = ['time', 'timestamp', 'ts', 'datetime', 'date', 't', 'e', 'mts', 'eventtime', 'tradetime', 'created'];
const KEYS = [
  'symbol',
  'key',
  'instid',
  'productid',
  'pair',
  'ticker',
  'sensor',
  'sensorid',
  'device',
  'deviceid',
  'station',
];
const MORE_KEYS = ['entity', 'entityid', 'topic', 'subject', 'name', 'id', 's'];
const NUMBERS = ['seq', 'sequence', 'sequencenum', 'tradeid', 'offset', 'counter', 'n', 'number'];
/** Fields whose values tell kinds of messages apart. */
const KINDS = ['type', 'event', 'channel', 'kind', 'e', 'op', 'method', 'arg', 'table', 'action'];
/** Columns at most, and how deep paths go. */
const MOST_COLUMNS = 40;
const DEEPEST = 5;
/** 1990 and 2100: what lies between may be a time. */
const [OLDEST, LATEST] = [631_152_000_000, 4_102_444_800_000];

/**
 * @param messages as received, parsed
 * @param envelope where they are envelopes: only what is in them is proposed, what they say themselves is known
 * @returns null where nothing among them is a tick: a time and a number at least
 */
export function propose(messages: readonly unknown[], envelope: Envelope | null = null): Proposal | null {
  let best: (Proposal & { score: number }) | null = null;
  for (const [match, some] of envelope ? shapesOf(messages, envelope) : kindsOf(messages)) {
    for (const each of [...arraysOf(some), undefined]) {
      const proposal = ofKind(some, match, each, envelope);
      if (!proposal) continue;
      // more ticks first, then more columns; of equals the list
      const score = proposal.ticks * 1000 + Object.keys(proposal.mapping.features).length;
      if (!best || score > best.score) best = { ...proposal, matched: some.length, score };
    }
  }
  return best && { mapping: best.mapping, reasons: best.reasons, matched: best.matched };
}

/** Messages by what tells their kinds apart, the most frequent first. */
function kindsOf(messages: readonly unknown[]): [match: Record<string, string> | undefined, some: unknown[]][] {
  const objects = messages.filter((message) => typeof message === 'object' && message !== null);
  for (const name of KINDS) {
    const found = objects.map((message) => (message as Record<string, unknown>)[name]);
    const kinds = new Map<string, unknown[]>();
    for (const [i, value] of found.entries())
      if (typeof value === 'string') kinds.set(value, [...(kinds.get(value) ?? []), objects[i]]);
    const said = [...kinds.values()].reduce((sum, some) => sum + some.length, 0);
    if (kinds.size === 0 || said < objects.length * 0.5 || kinds.size > objects.length / 2) continue;
    return [...kinds]
      .sort(([, a], [, b]) => b.length - a.length)
      .map(([value, some]) => [said === objects.length && kinds.size === 1 ? undefined : { [name]: value }, some]);
  }
  return objects.length > 0 ? [[undefined, objects]] : [];
}

/** Envelopes by the fields of what is in them: topics have little in common. No condition can tell them apart. */
function shapesOf(messages: readonly unknown[], { payload }: Envelope): [undefined, unknown[]][] {
  const shapes = new Map<string, unknown[]>();
  for (const message of messages) {
    const inside = at(message, payload);
    if (typeof inside !== 'object' || inside === null) continue;
    const shape = Array.isArray(inside) ? '[]' : JSON.stringify(Object.keys(inside).sort());
    shapes.set(shape, [...(shapes.get(shape) ?? []), message]);
  }
  return [...shapes.values()].map((some) => [undefined, some]);
}

/** Paths of lists of objects or lists, of which each may be a tick. */
function arraysOf(messages: readonly unknown[]): string[] {
  const paths = new Set<string>();
  const walk = (value: unknown, path: string, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > DEEPEST) return;
    if (Array.isArray(value)) {
      if (path !== '' && value.length > 0 && value.every((item) => typeof item === 'object' && item !== null))
        paths.add(path);
      return;
    }
    for (const [name, inner] of Object.entries(value)) walk(inner, path === '' ? name : `${path}.${name}`, depth + 1);
  };
  for (const message of messages.slice(0, 20)) walk(message, '', 0);
  return [...paths].filter((path) => pathFault(path) === null);
}

function ofKind(
  messages: readonly unknown[],
  match: Record<string, string> | undefined,
  each: string | undefined,
  envelope: Envelope | null,
): (Omit<Proposal, 'matched'> & { ticks: number }) | null {
  const items = messages.flatMap((message) => {
    const inner = each === undefined ? message : at(message, each);
    return (each === undefined ? [inner] : Array.isArray(inner) ? inner : []).map((item) => ({ message, item }));
  });
  const found = leaves(items.map(({ item }) => item));
  const around = each === undefined ? [] : leaves(items.map(({ message }) => message)).map(outer);
  const all = [...found, ...around.filter(({ path }) => !path.startsWith(`$.${each}.`))];
  const inside = envelope ? all.filter(({ path }) => within(path, each, envelope)) : all;
  const own = found.filter((leaf) => inside.includes(leaf));
  /** What the envelope says stands beside the elements of a list in it. */
  const said = envelope && outwards(envelope, each);
  const time = timeOf(inside) ?? (said && timeOf(all.filter(({ path }) => path === said.time)));
  if (!time) return null;
  const key = said?.key ? (all.find(({ path }) => path === said.key) ?? null) : keyOf(inside, items.length);
  const seq = numberOf(own, key?.values ?? null);
  const features: Record<string, string> = {};
  for (const leaf of own) {
    const taken = leaf === time.leaf || leaf === key || leaf === seq;
    if (taken || Object.keys(features).length >= MOST_COLUMNS || !leaf.values.every(isNumber)) continue;
    features[columnName(leaf.path, features)] = leaf.path;
  }
  if (Object.keys(features).length === 0) return null;
  const mapping: MappingConfig = {
    ...(match ? { match } : {}),
    ...(each === undefined ? {} : { each }),
    time: { path: time.leaf.path, format: time.format },
    ...said?.mapping,
    ...(key ? { key: { path: key.path } } : {}),
    ...(seq ? { seq: { path: seq.path } } : {}),
    features,
  };
  const kinds = match ? Object.entries(match).map(([name, value]) => `${name} is '${value}'`) : [];
  const reasons = [
    ...kinds.map((kind) => `messages whose ${kind} are ticks`),
    ...(each === undefined ? [] : [`each element of '${each}' is one`]),
    `'${time.leaf.path}' holds times (${time.format})`,
    ...(key ? [`'${key.path}' tells ${new Set(key.values).size} streams apart`] : []),
    ...(seq ? [`'${seq.path}' counts up: jumps are gaps, repetitions duplicates`] : []),
    `${Object.keys(features).length} columns of numbers`,
  ];
  return { mapping, reasons, ticks: items.length };
}

/** All values that are no object, by path, that stand in every item. */
function leaves(items: readonly unknown[]): Leaf[] {
  const found = new Map<string, unknown[]>();
  const walk = (value: unknown, path: string, depth: number): void => {
    if (depth > DEEPEST || value === undefined) return;
    if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) walk(inner, path === '' ? name : `${path}.${name}`, depth + 1);
      return;
    }
    const values = found.get(path) ?? [];
    values.push(value);
    found.set(path, values);
  };
  for (const item of items) walk(item, '', 0);
  return [...found]
    .filter(([path, values]) => path !== '' && values.length === items.length && pathFault(path) === null)
    .map(([path, values]) => ({ path, values }));
}

/** Whether a path leads into what an envelope holds. */
function within(path: string, each: string | undefined, { payload }: Envelope): boolean {
  const start = each === undefined ? `${payload}.` : `$.${payload}.`;
  return path.startsWith(start) || (each !== undefined && !path.startsWith('$.'));
}

/** Paths of an envelope, as a mapping writes them. */
function outwards({ time, mapping }: Envelope, each: string | undefined) {
  const from = (path: string): string => (each === undefined ? path : `$.${path}`);
  const { key, ...rest } = mapping;
  return {
    time: from(time),
    key: typeof key === 'object' ? from(key.path) : undefined,
    mapping: Object.fromEntries(Object.entries(rest).map(([name, { path }]) => [name, { path: from(path) }])),
  };
}

function outer({ path, values }: Leaf): Leaf {
  return { path: `$.${path}`, values };
}

function timeOf(all: readonly Leaf[]): { leaf: Leaf; format: TimeFormat } | null {
  let best: { leaf: Leaf; format: TimeFormat; rank: number } | null = null;
  for (const leaf of all) {
    const format = formatOf(leaf.values);
    if (!format) continue;
    const named = TIMES.indexOf(plain(leaf.path));
    // dates are times whatever they are called; numbers only where the name says so, or where they are large enough
    if (named < 0 && format !== 'iso' && !leaf.values.every((value) => Number(value) > 1e9)) continue;
    const rank = named >= 0 ? named : TIMES.length;
    if (!best || rank < best.rank) best = { leaf, format, rank };
  }
  return best;
}

function formatOf(values: readonly unknown[]): TimeFormat | null {
  for (const format of ['iso', 's', 'ms', 'us', 'ns'] as const) {
    const times = values.map((value) => parseTime(value, format));
    if (times.every((time) => time >= OLDEST && time <= LATEST)) return format;
  }
  return null;
}

function keyOf(all: readonly Leaf[], count: number): Leaf | null {
  for (const names of [KEYS, MORE_KEYS]) {
    for (const name of names) {
      const leaf = all.find(({ path }) => plain(path) === name);
      if (!leaf?.values.every((value) => typeof value === 'string' && value.length <= 200)) continue;
      const streams = new Set(leaf.values).size;
      // an id of each message tells no streams apart
      if (streams === 1 || streams <= count / 2) return leaf;
    }
  }
  return null;
}

/** A whole number by name that counts up by one, mostly, in every stream. */
function numberOf(own: readonly Leaf[], keys: readonly unknown[] | null): Leaf | null {
  const counts = own.filter(({ path, values }) => {
    if (!NUMBERS.includes(plain(path))) return false;
    const last = new Map<unknown, number>();
    let [steps, ones] = [0, 0];
    for (const [i, value] of values.entries()) {
      const number = Number(value);
      if (!isNumber(value) || !Number.isSafeInteger(number)) return false;
      const before = last.get(keys?.[i] ?? '');
      last.set(keys?.[i] ?? '', number);
      if (before === undefined) continue;
      if (number < before) return false;
      steps++;
      if (number === before + 1) ones++;
    }
    return steps >= 3 && ones >= 0.6 * steps;
  });
  return counts[0] ?? null;
}

function columnName(path: string, taken: Readonly<Record<string, string>>): string {
  const steps = path.split('.').filter((step) => !/^(?:data|payload|values?|k)$/i.test(step));
  const short = steps.at(-1) ?? path.split('.').at(-1)!;
  const name = /^\d+$/.test(short) || Object.hasOwn(taken, short) ? path.replaceAll('.', '_') : short;
  return /^\d/.test(name) ? `c${name}` : name.replaceAll('`', '');
}

/** The last step of a path without case and marks. */
function plain(path: string): string {
  return path
    .split('.')
    .at(-1)!
    .toLowerCase()
    .replace(/[^a-z]/g, '');
}

function isNumber(value: unknown): boolean {
  return Number.isFinite(typeof value === 'string' ? decimal(value) : value);
}

function at(value: unknown, path: string): unknown {
  let inner = value;
  for (const step of path.split('.'))
    inner = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[step] : undefined;
  return inner;
}
