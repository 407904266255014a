/** The config file of `serve` and `record`: which feed, what its messages mean, which model, what to watch, where to show it. */
import { z } from 'zod';
import { check } from './check.ts';
import { type EngineConfig, engineSchema } from './engine/config.ts';
import { feeds } from './feeds/index.ts';

const schemes = Object.keys(feeds).map((name) => `${name}:`);
const feedUrl = z.string().refine((url) => URL.canParse(url) && schemes.includes(new URL(url).protocol), {
  error: `a URL that begins with ${schemes.join(' or ')}`,
});

const feedSchema = z.strictObject({
  url: feedUrl,
  /** Sent on every connection, in order: text as it is, anything else as JSON. */
  subscribe: z.array(z.unknown()).default([]),
  /** Seconds of silence after which the feed counts as stale; it is reconnected after as long again. 0: never. */
  staleAfter: z.number().min(0).max(86_400).default(30),
});

const serverSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  /** 0: any free one. */
  port: z.int().min(0).max(65_535).default(4680),
  /** Origins, beside its own, whose pages may connect. */
  origins: z.array(z.string()).default([]),
  /** A file that holds the token, alone. */
  tokenFile: z.string().nullable().default(null),
});

export const configSchema = z.strictObject({
  feed: feedSchema,
  /** How the stream is called on the dashboard; the host of the feed by default. */
  name: z.string().min(1).max(100).nullable().default(null),
  /** A model file; relative to the config file. */
  model: z.string().min(1).nullable().default(null),
  /** Which modules the tensors of a state dict belong to: a JSON file, relative to the config file. */
  architecture: z.string().min(1).nullable().default(null),
  /** A recording to write; relative to the config file. */
  record: z.string().min(1).nullable().default(null),
  server: serverSchema.prefault({}),
  ...engineSchema.shape,
});

export type FeedConfig = z.infer<typeof feedSchema>;
export type ServerConfig = z.infer<typeof serverSchema>;

/** A config file, read: its parts and the defaults of what it left out. */
export interface Config {
  feed: FeedConfig;
  name: string | null;
  model: string | null;
  architecture: string | null;
  record: string | null;
  server: ServerConfig;
  engine: EngineConfig;
}

/**
 * Checks what a config file holds.
 * @param value the file, parsed
 * @param where how to write the place of a fault, such as `serve.yaml line 3: feed.url`
 * @throws ConfigError naming the first field that is wrong
 * @example
 * parseConfig({ feed: { url: 'ws://127.0.0.1:9000' }, mapping: { time: { path: 'ts' }, features: { x: 'x' } } });
 */
export function parseConfig(value: unknown, where?: (path: string, keys: readonly PropertyKey[]) => string): Config {
  const { feed, name, model, architecture, record, server, ...engine } = check(configSchema, value, where);
  return { feed, name, model, architecture, record, server, engine };
}
