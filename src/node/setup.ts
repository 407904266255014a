/** What `serve` and `record` run, put together from a config file and the options that overrule it. */
import { randomInt } from 'node:crypto';
import { filter, firstValueFrom, map, type Observable, tap } from 'rxjs';
import type { FeedConfig, ServerConfig } from '../config.ts';
import { type EngineConfig, parseEngineConfig } from '../engine.ts';
import { ConfigError, invalid } from '../errors.ts';
import { compileColumns } from '../features/index.ts';
import { flatColumns } from '../feeds/discover.ts';
import { feedScheme, flatMapping, openFeed, redactUrl } from '../feeds/index.ts';
import { DEFAULT_STALE_AFTER, type FeedEvent } from '../feeds/socket.ts';
import type { Kernels } from '../kernels.ts';
import type { ModelSpec } from '../model/spec.ts';
import type { FeedStatus } from '../types.ts';
import { readKernels } from './assets.ts';
import { readConfigFile } from './configFile.ts';
import { openModel } from './prepare.ts';
import { FeedSocket } from './socket.ts';
import { wallMs } from './wall.ts';

/** As typed: each overrules the config file. */
export interface SetupOptions {
  config?: string | undefined;
  feed?: string | undefined;
  model?: string | undefined;
  record?: string | undefined;
  /** Told of what the feed does while its first message is waited for. */
  onStatus?: (status: FeedStatus) => void;
}

/** Everything a session needs. */
export interface Setup {
  kernels: Kernels;
  kernelsHash: string;
  spec: ModelSpec | null;
  config: EngineConfig;
  feed: Observable<FeedEvent>;
  /** The feed's address, without secrets. */
  feedName: string;
  /** How the stream is called. */
  name: string;
  source: FeedConfig;
  record: string | null;
  server: ServerConfig | null;
}

/**
 * Reads config file, model and kernels. Without a config file the feed is taken to send flat JSON objects whose fields are
 * the columns, with the time under one of the usual names; without a model its first message says which columns there are.
 * @throws ConfigError or ModelError for what is wrong, or missing
 */
export async function setUp({ config: path, feed: url, model, record, onStatus }: SetupOptions): Promise<Setup> {
  const file = path === undefined ? null : await readConfigFile(path);
  const source: FeedConfig = {
    ...(file?.feed ?? { url: '', subscribe: [], staleAfter: DEFAULT_STALE_AFTER / 1000 }),
    ...(url === undefined ? {} : { url }),
  };
  if (source.url === '') throw new ConfigError(invalid('feed', undefined, 'a CONFIG.yaml or --feed URL'));
  feedScheme(source.url);
  const modelFile = model ?? file?.model;
  const [spec, { kernels, hash }] = await Promise.all([modelFile ? openModel(modelFile) : null, readKernels()]);
  const feed = openSource(source);
  const config = file?.engine ?? (await flatConfig(spec, kernels, feed, onStatus));
  return {
    kernels,
    kernelsHash: hash,
    spec,
    config,
    feed,
    feedName: redactUrl(source.url),
    name: file?.name ?? new URL(source.url).host,
    source,
    record: record ?? file?.record ?? null,
    server: file?.server ?? null,
  };
}

/** A feed as a config file describes it, over the sockets of this machine. */
export function openSource({ url, subscribe, staleAfter }: FeedConfig): Observable<FeedEvent> {
  return openFeed({
    url,
    subscribe,
    staleAfter: staleAfter * 1000,
    WebSocket: FeedSocket,
    random: () => randomInt(0x7fffffff) / 0x7fffffff,
    now: wallMs,
  });
}

async function flatConfig(
  spec: ModelSpec | null,
  kernels: Kernels,
  feed: Observable<FeedEvent>,
  onStatus: SetupOptions['onStatus'],
): Promise<EngineConfig> {
  if (spec && !spec.features) {
    const expected = 'a model that names what feeds it, or a CONFIG.yaml with mapping and columns';
    throw new ConfigError(invalid('--model', spec.name, expected));
  }
  const expressions = [...(spec?.features ?? []), ...(spec?.target ? [spec.target.expression] : [])];
  const columns = spec ? compileColumns(expressions, kernels.math).columns() : await firstColumns(feed, onStatus);
  return parseEngineConfig({ mapping: flatMapping(columns) });
}

/** The columns of the first message that has some. */
function firstColumns(feed: Observable<FeedEvent>, onStatus: SetupOptions['onStatus']): Promise<string[]> {
  return firstValueFrom(
    feed.pipe(
      tap((event) => event.kind === 'status' && onStatus?.(event.status)),
      map((event) => (event.kind === 'message' ? flatColumns(event.data) : null)),
      filter((columns) => columns !== null),
    ),
  );
}
