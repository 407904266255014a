/**
 * Who may talk to the server.
 *
 * - `Host` must name this server: a page elsewhere whose name was made to point here (DNS rebinding) has its own name there.
 * - `Origin`, which a browser sends with every upgrade and every request that changes something, must be one of ours, so
 *   that no other page can use the visitor's access. Without an Origin a client must show the token.
 * - Where a token is required (beyond loopback, or when one was set) all data need it: as `Authorization: Bearer`, or as
 *   the cookie that a page gets for it.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { hostname, networkInterfaces } from 'node:os';
import { ConfigError, invalid } from '../errors.ts';

export interface AccessOptions {
  /** Name or address that the server is bound to. */
  host: string;
  /** Further origins whose pages may connect: `https://dash.example.org`. */
  origins?: readonly string[];
  /** The token that was set; without one, one is made. */
  token?: string | null;
}

/** A refusal: what to answer. */
export interface Refusal {
  status: 401 | 403;
  message: string;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i;
const ANY_ADDRESS = ['0.0.0.0', '::', '[::]', ''];

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

export class Access {
  /** Whether all data need the token. */
  readonly required: boolean;
  /** Whether the token was made here, so that somebody has to be told. */
  readonly made: boolean;
  readonly token: string;
  /** Named after the port, set by the server when it listens: cookies do not tell ports apart. */
  cookieName = 'whytick';
  readonly #cookie: string;
  readonly #names: Set<string>;
  readonly #origins: Set<string>;

  /** @throws ConfigError for an origin or a token that is none */
  constructor({ host, origins = [], token = null }: AccessOptions) {
    if (token !== null && !/^[\x21-\x7e]{8,}$/.test(token)) {
      throw new ConfigError(invalid('token', '<secret>', 'at least 8 printable ASCII characters without blanks'));
    }
    this.required = token !== null || !isLoopback(host);
    this.made = token === null;
    this.token = token ?? randomBytes(32).toString('base64url');
    // A keyed hash, not the token: what a browser stores cannot be used as a bearer token.
    this.#cookie = createHmac('sha256', this.token).update('whytick session').digest('base64url');
    this.#origins = new Set(origins.map(parseOrigin));
    this.#names = new Set(['127.0.0.1', 'localhost', '[::1]', ...namesOf(host)]);
    for (const origin of this.#origins) this.#names.add(new URL(origin).hostname);
  }

  /** Whether a `Host` header names this server. */
  hostAllowed(host: string | undefined): boolean {
    const url = host !== undefined && /^[\w.:[\]-]+$/.test(host) ? parse(`http://${host}`) : null;
    return url !== null && this.#names.has(url.hostname);
  }

  /** Whether an `Origin` is one of the list, or a page of this server as the request's own `Host` names it. */
  originAllowed(origin: string, host: string | undefined): boolean {
    const url = parse(origin);
    if (!url || url.origin !== origin || !this.hostAllowed(host)) return false;
    if (this.#origins.has(origin)) return true;
    const own = parse(`${url.protocol}//${host}`);
    return /^https?:$/.test(url.protocol) && this.#names.has(url.hostname) && url.port === own?.port;
  }

  tokenMatches(given: unknown): boolean {
    return typeof given === 'string' && same(given, this.token);
  }

  /** The `Set-Cookie` header of a session. */
  sessionCookie(): string {
    return `${this.cookieName}=${this.#cookie}; Path=/; HttpOnly; SameSite=Strict`;
  }

  /**
   * Whether a request may have data (`read`), or open a socket or change something (`change`).
   * @returns null, or why not
   */
  refuse(headers: IncomingHttpHeaders, to: 'read' | 'change'): Refusal | null {
    const { host, origin, authorization, cookie } = headers;
    if (!this.hostAllowed(host)) return { status: 403, message: 'this host name is not allowed' };
    const bearer = authorization === undefined ? null : /^Bearer (.+)$/i.exec(authorization)?.[1];
    if (bearer !== null && !this.tokenMatches(bearer)) return { status: 401, message: 'this token is not valid' };
    const known = bearer !== null || this.#knows(cookie);
    if (origin !== undefined && !this.originAllowed(origin, host)) {
      return { status: 403, message: 'this origin is not allowed' };
    }
    if (known || (!this.required && (to === 'read' || origin !== undefined))) return null;
    return { status: 401, message: 'a token is required' };
  }

  #knows(cookies = ''): boolean {
    const name = `${this.cookieName}=`;
    const given = cookies.split(/; */).find((cookie) => cookie.startsWith(name));
    return given !== undefined && same(given.slice(name.length), this.#cookie);
  }
}

/** Compares in a time that depends on neither: of keyed hashes, so that lengths do not show either. */
function same(a: string, b: string): boolean {
  const key = randomBytes(32);
  const hash = (text: string) => createHmac('sha256', key).update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}

/** Names under which a server bound to `host` is reached, as URLs write them. */
function namesOf(host: string): string[] {
  if (!ANY_ADDRESS.includes(host)) return [urlName(host)];
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return [hostname().toLowerCase(), ...addresses.map(({ address }) => urlName(address))];
}

/** A name or address as it stands in a URL: IPv6 in brackets, without a zone. */
export function urlName(host: string): string {
  const bare = host.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  return (bare.includes(':') ? parse(`http://[${bare}]`) : parse(`http://${bare}`))?.hostname ?? bare;
}

function parseOrigin(origin: string): string {
  const url = parse(origin);
  if (url && /^https?:$/.test(url.protocol) && (url.origin === origin || `${url.origin}/` === origin))
    return url.origin;
  throw new ConfigError(invalid('origin', origin, 'an origin such as https://dash.example.org'));
}

function parse(url: string): URL | null {
  return URL.canParse(url) ? new URL(url) : null;
}
