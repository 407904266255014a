/** Venues as feeds: `kraken:BTC/USD,ETH/USD`. */
import { asyncScheduler, Observable, type SchedulerLike } from 'rxjs';
import { z } from 'zod';
import { ConfigError, invalid } from '../../errors.ts';
import { type Edge, type FeedKind, feedKind, type LinkEvent } from '../feed.ts';
import { reconnecting } from '../reconnect.ts';
import { openSocket } from '../socket.ts';
import { Fills } from './fill.ts';
import { venues } from './index.ts';
import { CHANNELS, type Channel, type Venue } from './venue.ts';

/** Of venues that can be asked for trades. */
const fillOptions = {
  /** Where trades that were missed are asked for, where that is another one than the venue's own. */
  rest: z
    .string()
    .regex(/^https?:\/\//, { error: 'a URL that begins with http: or https:' })
    .optional(),
  /** Whether they are. */
  fill: z.boolean().default(true),
};

/** Within so many ms a subscription is confirmed, or the link is given up. */
const CONFIRMED_MS = 5000;
/** Symbols on one socket. */
const MOST = 200;

export const venueFeeds: readonly FeedKind[] = venues.map((venue) =>
  feedKind({
    schemes: [venue.name],
    summary: `${venue.title}: ${CHANNELS.join(', ')} of the symbols in the URL`,
    options: {
      /** By default what the venue's signs of life call for. */
      staleAfter: z
        .number()
        .min(0)
        .max(86_400)
        .default(Math.max(5, 5 * venue.heartbeat)),
      channel: z.enum(CHANNELS).default('trades'),
      /** Its WebSocket, where that is another one than the venue's own. */
      endpoint: z
        .string()
        .regex(/^wss?:\/\//, { error: 'a URL that begins with ws: or wss:' })
        .optional(),
      ...(venue.fill ? fillOptions : {}),
    },
    mapping: ({ channel }) => ({ venue: venue.name, channel }),
    open({ url, staleAfter, channel, endpoint, ...more }, edge) {
      const { rest, fill = true } = more as { rest?: string; fill?: boolean };
      const symbols = symbolsOf(url, venue.most);
      const { scheduler = asyncScheduler } = edge;
      const budget = new Budget(venue, scheduler);
      const dense = venue.dense?.includes(channel) ?? false;
      // another host's trades are not the venue's own
      const asked = rest ?? (endpoint === undefined ? venue.fill?.rest : undefined);
      const fills = dense
        ? new Fills({ venue, rest: fill ? (asked?.replace(/\/$/, '') ?? null) : null, feed: url, edge, scheduler })
        : null;
      const link = (): Observable<LinkEvent> =>
        venueLink(venue, symbols, channel, {
          ...{ url: endpoint ?? venue.endpoint(channel), edge, scheduler, fills },
          ...{ staleAfter: staleAfter * 1000, wait: budget.wait() },
        });
      const events = reconnecting(link, {
        ...{ ...edge, scheduler, staleAfter: staleAfter * 1000, feed: url },
        // trades are known by their numbers or names; of two equal tickers nobody knows
        ...{ repeats: channel === 'trades' || dense, resumes: () => fills?.knows(symbols.length) ?? false },
      });
      return fills?.into(events) ?? events;
    },
  }),
);

/** @throws ConfigError for none, or too many */
function symbolsOf(url: string, most = MOST): string[] {
  let symbols: string[] = [];
  try {
    symbols = decodeURIComponent(url.slice(url.indexOf(':') + 1))
      .split(',')
      .map((symbol) => symbol.trim())
      .filter(Boolean);
  } catch {
    // a stray `%`: no symbols
  }
  if (symbols.length === 0 || symbols.length > most)
    throw new ConfigError(invalid('feed.url', url, `1 to ${most} symbols, with commas between them`));
  return symbols;
}

/** Connections at half of what the venue allows. */
class Budget {
  readonly #most: number;
  readonly #ms: number;
  readonly #scheduler: SchedulerLike;
  readonly #times: number[] = [];

  constructor({ limit: { connections, seconds } }: Venue, scheduler: SchedulerLike) {
    this.#most = Math.max(1, Math.floor(connections / 2));
    this.#ms = seconds * 1000;
    this.#scheduler = scheduler;
  }

  /** Takes a place. @returns ms until a connection may begin */
  wait(): number {
    const now = this.#scheduler.now();
    while (this.#times.length > 0 && this.#times[0]! <= now - this.#ms) this.#times.shift();
    const wait = this.#times.length < this.#most ? 0 : this.#times[this.#times.length - this.#most]! + this.#ms - now;
    this.#times.push(now + wait);
    return wait;
  }
}

interface LinkOptions {
  url: string;
  edge: Edge;
  scheduler: SchedulerLike;
  fills: Fills | null;
  staleAfter: number;
  /** Ms before it may connect. */
  wait: number;
}

/** One connection: what the venue refuses or announces ends it, with its reason; numbers of messages that jump are gaps. */
function venueLink(
  venue: Venue,
  symbols: readonly string[],
  channel: Channel,
  { url, edge, scheduler, fills, staleAfter, wait }: LinkOptions,
): Observable<LinkEvent> {
  return new Observable((subscriber) => {
    const read = venue.reader(channel);
    const decoder = new TextDecoder();
    let confirmed = 0;
    let ready = false;
    let sequence: number | null = null;
    const end = (reason: string): void => {
      subscriber.next({ kind: 'closed', reason });
      subscriber.complete();
    };
    const later = (ms: number, act: () => void): void => {
      subscriber.add(scheduler.schedule(act, ms));
    };
    const heard = (data: Uint8Array): void => {
      const text = decoder.decode(data);
      let message: unknown = null;
      try {
        if (/^[[{]/.test(text)) message = JSON.parse(text);
      } catch {
        // junk is counted by the mapping, with the message
      }
      const said = read(message, text);
      if (said.kind === 'error' || said.kind === 'ending') {
        end(said.kind === 'error' ? `${venue.title} refuses: ${said.reason}` : said.reason);
        return;
      }
      if (said.kind === 'acknowledged') confirmed++;
      else if (said.kind === 'ticks') fills?.read(data, said.ticks);
      if ('sequence' in said && Number.isSafeInteger(said.sequence)) {
        const number = said.sequence!;
        const missing = sequence === null ? 0 : number - sequence - 1;
        if (missing > 0)
          subscriber.next({ kind: 'gap', reason: `${missing} messages of the venue are missing`, missing: null });
        // one that was overtaken has been told as missing already
        sequence = Math.max(number, sequence ?? number);
      }
      subscriber.next({ kind: 'message', data });
      if (said.kind === 'leaving') subscriber.next({ kind: 'leaving', reason: said.reason });
      if (ready || said.kind === 'acknowledged' || confirmed < venue.confirms(symbols, channel)) return;
      ready = true;
      subscriber.next({ kind: 'ready' });
    };
    const connect = (): void => {
      const socket = openSocket(
        {
          ...edge,
          url,
          staleAfter,
          subscribe: venue.subscribe(symbols, channel),
          ...(venue.ping ? { ping: venue.ping } : {}),
        },
        scheduler,
      );
      subscriber.add(
        socket.subscribe({
          next(event) {
            if (event.kind === 'message') heard(event.data);
            else subscriber.next(event);
            if (event.kind !== 'open') return;
            later(CONFIRMED_MS, () => {
              if (confirmed >= venue.confirms(symbols, channel)) return;
              end(`${venue.title} has not confirmed the subscription within ${CONFIRMED_MS / 1000} s`);
            });
            if (venue.life)
              later(venue.life * 1000, () =>
                subscriber.next({ kind: 'leaving', reason: 'before the venue closes it' }),
              );
          },
          complete: () => subscriber.complete(),
        }),
      );
    };
    if (wait > 0) later(wait, connect);
    else connect();
  });
}
