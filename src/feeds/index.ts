/** Feeds by the scheme of their URL. Adding one is a file and a line here. */
import type { Observable } from 'rxjs';
import { ConfigError, invalid } from '../errors.ts';
import { redactUrl } from '../redact.ts';
import { type FeedEvent, type SocketFeedOptions, socketFeed } from './socket.ts';

/** What every feed is given; a feed takes of it what it needs. */
export type FeedOptions = SocketFeedOptions;
export type Feed = (options: FeedOptions) => Observable<FeedEvent>;

export const feeds: Readonly<Record<string, Feed>> = {
  ws: socketFeed,
  wss: socketFeed,
};

/**
 * Opens nothing yet: that is what subscribing does.
 * @throws ConfigError for a URL without a known scheme
 */
export function openFeed(options: FeedOptions): Observable<FeedEvent> {
  return feeds[feedScheme(options.url)]!(options);
}

/**
 * The scheme of a feed's URL, checked against the list.
 * @throws ConfigError
 */
export function feedScheme(url: string): string {
  const scheme = URL.canParse(url) ? new URL(url).protocol.slice(0, -1) : '';
  if (!Object.hasOwn(feeds, scheme)) {
    const known = Object.keys(feeds).map((name) => `${name}:`);
    throw new ConfigError(invalid('feed.url', redactUrl(url), `a URL that begins with ${known.join(' or ')}`));
  }
  return scheme;
}

export { compileMapping, flatMapping, type Mapped, type Mapping, type MappingConfig } from './mapping.ts';
export {
  type FeedEvent,
  type Socket,
  type SocketConstructor,
  type SocketFeedOptions,
  socketFeed,
} from './socket.ts';
