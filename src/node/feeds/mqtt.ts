/** `mqtt:`: what a broker sends on some topics, acknowledged once it is kept. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IClientOptions } from 'mqtt';
import { defer, type Observable } from 'rxjs';
import { z } from 'zod';
import { ConfigError, invalid } from '../../errors.ts';
import { type Edge, enveloped, type FeedEvent, type FeedSource, feedKind, reconnecting } from '../../feeds/index.ts';
import { redactUrl } from '../../redact.ts';
import { wallMs } from '../wall.ts';
import { mqttLink, Past, type Reader, type Subscription } from './mqttLink.ts';
import { addressOf, filterFault, matches, topicFault } from './mqttTopic.ts';

/** Messages that a broker of version 5 sends before the first of them is acknowledged. */
const RECEIVE_MAXIMUM = 1_024;

const topicName = z.string().superRefine(checked(topicFault));
export const topicFilter = z.string().superRefine(checked(filterFault));

/** Options of all that comes over MQTT. */
export const mqttOptions = {
  /** Of the protocol; default: 5, or 3.1.1 with a broker that does not know it. */
  version: z.union([z.literal(5), z.literal('5'), z.literal('3.1.1')], { error: 'the version 5 or 3.1.1' }).optional(),
  /** 1: what came is acknowledged once it is kept, else sent again. 0: what is lost is lost. */
  qos: z.union([z.literal(0), z.literal(1)], { error: '0 or 1' }).default(1),
  /** Default: one that follows from address, topics and qos, so that a restart finds its session. */
  clientId: z.string().min(1).max(200).optional(),
  /** Seconds of silence after which the broker is asked whether it is there. */
  keepalive: z.int().min(1).max(65_535).default(30),
  /** Seconds for which the broker keeps what comes while nobody listens; 0: not at all. Version 3.1.1: any number is for ever. */
  sessionExpiry: z.int().min(0).max(0xffff_ffff).default(3600),
  /** Told to others: `online` while connected; `payload` by us at the end, or by the broker when the connection breaks. */
  will: z
    .strictObject({
      topic: topicName,
      payload: z.string().default('offline'),
      online: z.string().default('online'),
      retain: z.boolean().default(true),
    })
    .optional(),
  /** Files in PEM: whom to trust, and who we are. */
  ca: z.string().optional(),
  cert: z.string().optional(),
  key: z.string().optional(),
};

export type MqttSource = FeedSource & z.infer<z.ZodObject<typeof mqttOptions>>;

export const mqtt = feedKind({
  schemes: ['mqtt', 'mqtts', 'mqtt+ws', 'mqtt+wss'],
  summary: 'topics of an MQTT broker',
  options: {
    ...mqttOptions,
    /** Filters beside that of the URL, with + and #. */
    topics: z.array(topicFilter).default([]),
  },
  envelope: {
    payload: 'payload',
    time: 'received',
    mapping: { key: { path: 'topic' }, history: { path: 'retain' }, redelivered: { path: 'dup' } },
  },
  visit: passing,
  open: (source, edge) => {
    const filters = filtersOf(source, 'topic');
    return openMqtt(source, edge, filters, () => plainReader(filters.map((filter) => ({ filter, qos: source.qos }))));
  },
});

/** The source for somebody who only has a look: no session, nobody else's messages, no word of it to others. */
export function passing<S extends object>(source: S): S {
  return { ...source, clientId: undefined, will: undefined, sessionExpiry: 0, qos: 0 };
}

/** Filters of the URL and of `topics`; @throws ConfigError where there are none */
export function filtersOf({ url, topics }: { url: string; topics: readonly string[] }, otherwise: string): string[] {
  const { topic } = addressOf(url);
  const fault = topic === '' ? null : filterFault(topic);
  if (fault) throw new ConfigError(invalid('feed.url', redactUrl(url), `a topic filter behind the host: ${fault}`));
  const filters = [...new Set([...(topic === '' ? [] : [topic]), ...topics])];
  if (filters.length === 0)
    throw new ConfigError(invalid('feed.url', redactUrl(url), `a ${otherwise} behind the host, or feed.topics`));
  return filters;
}

/**
 * What a reader makes of the messages of a broker, see `reconnecting`. Opens nothing yet.
 * @param identity what tells this client from others of the same machine
 * @throws ConfigError for what can be known to be wrong
 */
export function openMqtt(
  source: MqttSource,
  edge: Edge,
  identity: unknown,
  makeReader: () => Reader,
): Observable<FeedEvent> {
  const { url, staleAfter, version, qos, keepalive, will } = source;
  const { scheduler, random, now = wallMs } = edge;
  const { transport, host, path, topic: _, ...address } = addressOf(url);
  const files = tlsFiles(source, transport === 'mqtts' || transport === 'wss');
  const expiry = qos === 0 ? 0 : source.sessionExpiry;
  const clientId = source.clientId ?? ownId(expiry, [transport, host, address.port, address.username, identity, qos]);
  const client = (five: boolean): IClientOptions & { clientId: string } => ({
    ...address,
    ...files,
    protocol: transport,
    host,
    hostname: host,
    path,
    keepalive,
    clientId,
    clean: expiry === 0,
    protocolVersion: five ? 5 : 4,
    ...(five && { properties: { sessionExpiryInterval: expiry, receiveMaximum: RECEIVE_MAXIMUM } }),
  });
  let before = Promise.resolve();
  return defer(() => {
    const reader = makeReader();
    const past = new Past();
    let five = version !== '3.1.1';
    const link = () =>
      mqttLink({
        client: client(five),
        reader,
        past,
        will,
        staleAfter: staleAfter * 1000,
        scheduler,
        now,
        before,
        misunderstood: () => {
          if (version === undefined) five = !five;
        },
        after: (gone) => {
          before = gone;
        },
      });
    const options = { feed: redactUrl(url), staleAfter: staleAfter * 1000, random, now };
    return reconnecting(link, scheduler ? { ...options, scheduler } : options);
  });
}

/** Every message in an envelope. */
function plainReader(subscriptions: Subscription[]): Reader {
  return {
    subscriptions: () => subscriptions,
    read: ({ payload, ...head }) =>
      // a session can remember subscriptions that the config has no more
      subscriptions.some(({ filter }) => matches(filter, head.topic))
        ? [{ kind: 'message', data: enveloped(head, payload) }]
        : [],
  };
}

/** Of 23 letters and digits: what every broker takes. Without a session it matters to nobody and must not be another's. */
function ownId(expiry: number, identity: unknown): string {
  const text = expiry === 0 ? `${process.pid} ${performance.now()} ${wallMs()}` : JSON.stringify(identity);
  return `whytick${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}

function tlsFiles(source: MqttSource, secure: boolean): Pick<IClientOptions, 'ca' | 'cert' | 'key'> {
  const files: Record<string, Buffer> = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    const path = source[name];
    if (path === undefined) continue;
    if (!secure) throw new ConfigError(invalid(`feed.${name}`, path, 'a URL that begins with mqtts: or mqtt+wss:'));
    try {
      files[name] = readFileSync(path);
    } catch (cause) {
      throw new ConfigError(invalid(`feed.${name}`, path, 'a file that can be read'), { cause });
    }
  }
  if (Boolean(files.cert) !== Boolean(files.key))
    throw new ConfigError(invalid(`feed.${files.cert ? 'key' : 'cert'}`, undefined, 'cert and key together'));
  return files;
}

/** What zod says of a topic that is none. */
function checked(fault: (topic: string) => string | null) {
  return (topic: string, context: z.RefinementCtx): void => {
    const message = fault(topic);
    if (message) context.addIssue({ code: 'custom', message: `a topic: ${message}` });
  };
}
