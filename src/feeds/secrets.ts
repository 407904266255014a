/** `${NAME}` in a feed's fields: taken from the environment as it is opened, and put back into all that it says. */
import { map, type Observable } from 'rxjs';
import { ConfigError } from '../errors.ts';
import type { FeedEvent } from './feed.ts';

const NAME = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Filled<T> {
  source: T;
  /** A text in which every secret is `${NAME}` again. */
  hide(text: string): string;
}

/**
 * A copy of a feed's fields with the environment's values; in a URL they are percent-encoded.
 * @throws ConfigError for a name that the environment has not, or has empty
 */
export function fill<T extends object>(source: T, environment: Environment): Filled<T> {
  const found = new Map<string, string>();

  function filled(value: unknown, place: string): unknown {
    if (Array.isArray(value)) return value.map((each, i) => filled(each, `${place}.${i}`));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filled(each, `${place}.${key}`)]));
    if (typeof value !== 'string') return value;
    const inUrl = place === 'feed.url' || place === 'feed.endpoint';
    return value.replace(NAME, (whole, name: string) => {
      const secret = Object.hasOwn(environment, name) ? environment[name] : undefined;
      if (!secret) throw new ConfigError(`invalid ${place}: ${whole} (expected ${name} in the environment)`);
      const written = inUrl ? encodeURIComponent(secret) : secret;
      for (const each of [secret, written]) found.set(each, whole);
      return written;
    });
  }

  const copy = filled(source, 'feed') as T;
  // the longest first: one may be part of another
  const secrets = [...found].sort(([a], [b]) => b.length - a.length);
  const hide = (text: string): string =>
    secrets.reduce((hidden, [secret, name]) => hidden.split(secret).join(name), text);
  return { source: copy, hide };
}

/** A feed whose statuses say nothing that `hide` knows. */
export function hiding(feed: Observable<FeedEvent>, hide: (text: string) => string): Observable<FeedEvent> {
  return feed.pipe(
    map((event) => {
      if (event.kind === 'message') return event;
      const { feed: name, reason, ...rest } = event.status;
      const said = reason === undefined ? {} : { reason: hide(reason) };
      return { ...event, status: { feed: hide(name), ...rest, ...said } };
    }),
  );
}
