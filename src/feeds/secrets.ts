/**
 * `${NAME}` in a feed's fields: taken from the environment as it is opened, and put back into all that it says. Other
 * secrets of its fields are `<secret>` there.
 */
import { map, type Observable } from 'rxjs';
import { ConfigError } from '../errors.ts';
import { SECRET, secretsIn } from '../redact.ts';
import type { FeedEvent } from './feed.ts';

const NAME = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Filled<T> {
  source: T;
  /** A text in which every secret is `${NAME}` again, or `<secret>`. */
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
  // what stands in the config itself, a server may say again as well
  for (const secret of secretsIn(copy)) if (!found.has(secret)) found.set(secret, SECRET);
  // in one pass, the longest first: one may be part of another, or of what stands for them
  const secrets = [...found.keys()].sort((a, b) => b.length - a.length);
  const escaped = [SECRET, ...found.values(), ...secrets].map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const any = new RegExp(escaped.join('|'), 'g');
  const hide = (text: string): string => {
    const hidden = text.replace(any, (secret) => found.get(secret) ?? secret);
    for (const secret of secrets) {
      const cut = beginning(hidden, secret);
      if (cut > 0) return `${hidden.slice(0, -cut)}${found.get(secret)}`;
    }
    return hidden;
  };
  return { source: copy, hide };
}

/** Letters of a secret with which a text ends: a server cuts what it says. Few are any word's. */
function beginning(text: string, secret: string): number {
  for (let length = Math.min(text.length, secret.length - 1); length >= 6; length--)
    if (text.endsWith(secret.slice(0, length))) return length;
  return 0;
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
