/** The config file of `serve` and `record`: which feed, what its messages mean, which model, what to watch, where to show it. */
import { z } from 'zod';
import { check } from './check.ts';
import { type EngineConfig, engineSchema } from './engine/config.ts';
import { type FeedConfig, feedSchema, findFeed } from './feeds/index.ts';

const serverSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  /** 0: any free one. */
  port: z.int().min(0).max(65_535).default(4680),
  /** Origins, beside its own, whose pages may connect. */
  origins: z.array(z.string()).default([]),
  /** A file that holds the token, alone. */
  tokenFile: z.string().nullable().default(null),
});

/** All of a config file but its feed, whose fields depend on its URL. */
export const configSchema = z.strictObject({
  feed: z.unknown(),
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
  const url = (value as { feed?: { url?: unknown } } | null)?.feed?.url;
  const schema = configSchema.extend({ feed: feedSchema(url) });
  const { feed, name, model, architecture, record, server, ...engine } = check(schema, withMapping(value), where);
  return { feed: feed as FeedConfig, name, model, architecture, record, server, engine };
}

/** A config with the mapping of its kind of feed, where it has none of its own. */
function withMapping(value: unknown): unknown {
  const { feed, mapping } = (value ?? {}) as { feed?: { url?: unknown }; mapping?: unknown };
  if (mapping !== undefined || typeof feed?.url !== 'string') return value;
  const source = feedSchema(feed.url).safeParse(feed);
  const own = source.success ? findFeed(feed.url)?.mapping?.(source.data as FeedConfig) : undefined;
  return own ? { ...(value as object), mapping: own } : value;
}
