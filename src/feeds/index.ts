/** Feeds by the scheme of their URL. Adding one is a file and a line here; those that need the machine join at start-up. */
import type { Observable } from 'rxjs';
import { z } from 'zod';
import { ConfigError, invalid } from '../errors.ts';
import { redactUrl } from '../redact.ts';
import type { Envelope } from './envelope.ts';
import type { Edge, FeedEvent, FeedKind, FeedSource } from './feed.ts';
import { http } from './http.ts';
import { fill, hiding } from './secrets.ts';
import { socket } from './socket.ts';
import { venueFeeds } from './venues/feed.ts';

const kinds: FeedKind[] = [socket, http, ...venueFeeds];

/** Takes further kinds into the list: those of the machine, before the first config is read. */
export function addFeeds(more: readonly FeedKind[]): void {
  for (const kind of more) if (!kinds.includes(kind)) kinds.push(kind);
}

/** All kinds there are. */
export function feedKinds(): readonly FeedKind[] {
  return kinds;
}

/** The kind of a URL by its scheme, or null. */
export function findFeed(url: string): FeedKind | null {
  const scheme = URL.canParse(url) ? new URL(url).protocol.slice(0, -1) : '';
  return kinds.find(({ schemes }) => schemes.includes(scheme)) ?? null;
}

/** What a URL must begin with. */
export function feedSchemes(): string {
  const all = kinds.flatMap(({ schemes }) => schemes.map((scheme) => `${scheme}:`));
  return all.length > 1 ? `${all.slice(0, -1).join(', ')} or ${all.at(-1)}` : all[0]!;
}

/** What a config file may say of a feed; of an unknown scheme what every feed has. */
export function feedSchema(url: unknown) {
  return z.strictObject({
    url: z.string().refine((text) => findFeed(text) !== null, {
      error: () => `a URL that begins with ${feedSchemes()}`,
    }),
    staleAfter: z.number().min(0).max(86_400).default(30),
    ...(typeof url === 'string' ? (findFeed(url)?.options ?? socket.options) : socket.options),
  });
}

/** A feed as a config file has it: its URL, the deadline, and the options of its kind. */
export type FeedConfig = FeedSource & Record<string, unknown>;

/**
 * A feed with the defaults of its kind.
 * @throws ConfigError for a URL without a known scheme
 */
export function feedOf(url: string): FeedConfig {
  return feedSchema(knownUrl(url)).parse({ url }) as FeedConfig;
}

/**
 * Opens nothing yet: that is what subscribing does. `${NAME}` in a field is the environment's, and appears in no status or error.
 * @throws ConfigError for a URL without a known scheme, a name that the environment has not, or options that cannot be
 */
export function openFeed(source: FeedConfig, edge: Edge): Observable<FeedEvent> {
  const kind = findFeed(knownUrl(source.url))!;
  const { source: filled, hide } = fill(source, edge.environment ?? {});
  try {
    return hiding(kind.open(filled, edge), hide);
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(hide(error.message));
    throw error;
  }
}

/** Where the messages of a feed are envelopes, and what the rest of them means; null: they are what was sent. */
export function envelopeOf(source: FeedConfig): Envelope | null {
  const envelope = findFeed(source.url)?.envelope ?? null;
  return typeof envelope === 'function' ? envelope(source) : envelope;
}

function knownUrl(url: string): string {
  if (!findFeed(url))
    throw new ConfigError(invalid('feed.url', redactUrl(url), `a URL that begins with ${feedSchemes()}`));
  return url;
}

export { type Envelope, enveloped } from './envelope.ts';
export type { Edge, FeedEvent, FeedKind, FeedSource, LinkEvent } from './feed.ts';
export { feedKind } from './feed.ts';
export {
  type AnyMapping,
  compileMapping,
  flatMapping,
  type Mapped,
  type Mapping,
  type MappingConfig,
} from './mapping.ts';
export { type ReconnectOptions, reconnecting } from './reconnect.ts';
export { type Socket, type SocketConstructor, type SocketFeedOptions, socketFeed } from './socket.ts';
