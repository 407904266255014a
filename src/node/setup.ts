/** What `serve` and `record` run, put together from a config file and the options that overrule it. */
import { randomInt } from 'node:crypto';
import { filter, firstValueFrom, map, merge, Observable, Subject, tap } from 'rxjs';
import type { ServerConfig } from '../config.ts';
import { adaptSchema, intervalSchema } from '../engine/config.ts';
import { type EngineConfig, parseEngineConfig } from '../engine.ts';
import { ConfigError, invalid } from '../errors.ts';
import { saysValue } from '../explainer/interval.ts';
import { plainColumns } from '../explainer.ts';
import { compileColumns, splitExpressions } from '../features/index.ts';
import { flatColumns } from '../feeds/discover.ts';
import {
  compileMapping,
  type Envelope,
  envelopeOf,
  type FeedConfig,
  type FeedEvent,
  feedOf,
  findFeed,
  flatMapping,
  openFeed,
} from '../feeds/index.ts';
import './feeds/index.ts';
import type { Kernels } from '../kernels.ts';
import type { ModelSpec } from '../model/spec.ts';
import { redactUrl } from '../redact.ts';
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
  /** Which modules the tensors of a state dict belong to: a JSON file. */
  architecture?: string | undefined;
  record?: string | undefined;
  /** Expressions that feed the model, as a list with commas. */
  columns?: string | undefined;
  /** Whether the model goes on learning, as the config says or by the defaults. */
  adapt?: boolean | undefined;
  /** Told of what the feed does while its first message is waited for. */
  onStatus?: (status: FeedStatus) => void;
  /** Whether it is an error to have no model. */
  needsModel?: boolean;
  /** Ends that wait. */
  life?: AbortSignal;
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
 * the columns, with the time under one of the usual names; where neither `columns` nor the model names them, its first
 * message does.
 * @throws ConfigError or ModelError for what is wrong, or missing
 */
export async function setUp(options: SetupOptions): Promise<Setup> {
  const { config: path, feed: url, model, record, onStatus, life } = options;
  const asked = options.columns === undefined ? null : splitExpressions(options.columns);
  const file = path === undefined ? null : await readConfigFile(path);
  if (url === undefined && !file) throw new ConfigError(invalid('feed', undefined, 'a CONFIG.yaml or --feed URL'));
  const source = sourceOf(url, file?.feed ?? null);
  const modelFile = model ?? file?.model;
  if (options.needsModel && !modelFile)
    throw new ConfigError(invalid('model', undefined, 'a model in CONFIG.yaml or --model FILE'));
  const architecture = options.architecture ?? file?.architecture ?? undefined;
  const [spec, { kernels, hash }] = await Promise.all([
    modelFile ? openModel(modelFile, '--model', architecture) : null,
    readKernels(),
  ]);
  // what was looked at to find the columns is told again
  const feed = findFeed(source.url)!.once ? toldTwice(openSource(source)) : openSource(source);
  const config = file
    ? { ...file.engine, columns: asked ?? file.engine.columns }
    : await flatConfig(spec, kernels, asked, source, () => firstColumns(feed, envelopeOf(source), onStatus, life));
  return {
    kernels,
    kernelsHash: hash,
    spec,
    config: withInterval(options.adapt ? adapting(config) : config, spec),
    feed,
    feedName: redactUrl(source.url),
    name: file?.name ?? (new URL(source.url).host || redactUrl(source.url)),
    source,
    record: record ?? file?.record ?? null,
    server: file?.server ?? null,
  };
}

/** A feed as a config file describes it, over the sockets of this machine. */
export function openSource(source: FeedConfig): Observable<FeedEvent> {
  return openFeed(source, {
    WebSocket: FeedSocket,
    fetch,
    random: () => randomInt(0x7fffffff) / 0x7fffffff,
    now: wallMs,
    environment: process.env,
  });
}

/** A feed that can be opened once: the second subscriber is told what the first one was, then what comes. */
function toldTwice(source: Observable<FeedEvent>): Observable<FeedEvent> {
  const live = new Subject<FeedEvent>();
  const kept: FeedEvent[] = [];
  let subscribers = 0;
  return new Observable((subscriber) => {
    if (++subscribers === 1) {
      const subscription = live.subscribe(subscriber);
      source.subscribe({
        next: (event) => {
          if (subscribers === 1) kept.push(event);
          live.next(event);
        },
        complete: () => live.complete(),
      });
      return subscription;
    }
    for (const event of kept.splice(0)) subscriber.next(event);
    return live.subscribe(subscriber);
  });
}

/** The feed asked for: another address of the config's kind of feed, or one of its own. */
function sourceOf(url: string | undefined, own: FeedConfig | null): FeedConfig {
  if (url === undefined) return own!;
  const asked = feedOf(url);
  return own && findFeed(own.url) === findFeed(url) ? { ...own, url } : asked;
}

/** Intervals around the predictions of a model that names its target, unless the config says otherwise. */
function withInterval(config: EngineConfig, spec: ModelSpec | null): EngineConfig {
  const { explain } = config;
  if (explain.interval !== undefined || !spec || !saysValue(spec)) return config;
  return { ...config, explain: { ...explain, interval: intervalSchema.parse({}) } };
}

function adapting(config: EngineConfig): EngineConfig {
  const { explain } = config;
  return { ...config, explain: { ...explain, adapt: explain.adapt ?? adaptSchema.parse({}) } };
}

/** @param discover the columns that the feed has, once it sends something */
async function flatConfig(
  spec: ModelSpec | null,
  kernels: Kernels,
  asked: string[] | null,
  source: FeedConfig,
  discover: () => Promise<string[]>,
): Promise<EngineConfig> {
  const own = findFeed(source.url)?.mapping?.(source) ?? null;
  const envelope = envelopeOf(source);
  const expressions = asked ?? spec?.features ?? null;
  if (own) {
    const config = parseEngineConfig({ mapping: own, columns: asked });
    if (expressions || !spec) return config;
    const { bars } = config.mapping.resample ?? {};
    return { ...config, columns: plainColumns(bars ? Object.keys(bars) : compileMapping(own).columns) };
  }
  if (!expressions) {
    const found = await discover();
    if (spec && found.length !== spec.inputs) {
      const expected = `${spec.inputs} columns of numbers, as many as the model has inputs; --columns chooses`;
      throw new ConfigError(invalid('feed', found, expected));
    }
    return parseEngineConfig({ mapping: flatMapping(found, envelope), columns: spec && plainColumns(found) });
  }
  const read = [...expressions, ...(spec?.target ? [spec.target.expression] : [])];
  return parseEngineConfig({
    mapping: flatMapping(compileColumns(read, kernels.math).columns(), envelope),
    columns: asked,
  });
}

/** Messages without columns (acknowledgements, say) that are waited through. */
const PATIENCE = 20;

/**
 * The columns of the first message that has some.
 * @throws ConfigError for a feed that sends something else, and `life`'s reason where that is over first
 */
function firstColumns(
  feed: Observable<FeedEvent>,
  envelope: Envelope | null,
  onStatus: SetupOptions['onStatus'],
  life: AbortSignal = new AbortController().signal,
): Promise<string[]> {
  return firstValueFrom(
    merge(feed, over(life)).pipe(
      tap((event) => event.kind === 'status' && onStatus?.(event.status)),
      filter((event) => event.kind === 'message'),
      map(({ data }, n) => {
        const columns = flatColumns(data, envelope);
        if (columns || n < PATIENCE) return columns;
        const expected = 'a flat JSON object with a time and numbers; anything else takes a CONFIG.yaml with a mapping';
        throw new ConfigError(invalid('feed message', new TextDecoder().decode(data.subarray(0, 100)), expected));
      }),
      filter((columns) => columns !== null),
    ),
  );
}

/** Fails with the signal's reason once it aborts. */
function over(life: AbortSignal): Observable<never> {
  return new Observable((subscriber) => {
    const fail = () => subscriber.error(life.reason);
    if (life.aborted) fail();
    life.addEventListener('abort', fail);
    return () => life.removeEventListener('abort', fail);
  });
}
