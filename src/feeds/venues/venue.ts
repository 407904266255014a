/** What a market venue is: how it is asked, what its messages mean, and what it wants to hear. */
import type { Saved, Saves } from '../../saved.ts';
import type { TimeFormat } from '../time.ts';

export const CHANNELS = ['trades', 'ticker', 'candles'] as const;
export type Channel = (typeof CHANNELS)[number];

/** Columns of a tick by channel; `side` of a trade is 1 where the buyer took, -1 where the seller did. */
export const COLUMNS: Readonly<Record<Channel, readonly string[]>> = {
  trades: ['price', 'size', 'side'],
  ticker: ['bid', 'ask', 'last', 'volume'],
  candles: ['open', 'high', 'low', 'close', 'volume'],
};

/** What one message is. */
export type Said =
  | {
      kind: 'ticks';
      /** Oldest first. Values as sent: numbers or decimal text. */
      ticks: VenueTick[];
      /** How their times are written, where that is not as everywhere else at this venue. */
      time?: TimeFormat;
      /** Number of the message on its connection, where the venue numbers those. */
      sequence?: number;
    }
  /** A subscription is confirmed; a sign of life; nothing of interest. */
  | { kind: 'acknowledged' | 'alive' | 'other'; sequence?: number }
  /** The venue refuses something, is about to close, or says so some time ahead: the next connection is opened first. */
  | { kind: 'error' | 'ending' | 'leaving'; reason: string };

/** Everything as sent: the mapping checks it. */
export interface VenueTick {
  key: unknown;
  /** Left out where the venue does not say it: then it is that of receipt. */
  time?: unknown;
  values: readonly unknown[];
  /** The venue's number of it in its stream, where that is dense; else its name, where it has one. */
  seq?: unknown;
  id?: unknown;
  /** From before the subscription. */
  history?: boolean;
}

/** Trades that must be there, by their numbers: what came before and after them is known. */
export interface Hole {
  key: string;
  from: number;
  to: number;
  /** Event times of the tick before and the tick after it, ms. */
  after: number;
  before: number;
}

/** How a venue is asked for trades that were missed. */
export interface Fill {
  /** Where, without a path. */
  readonly rest: string;
  /** Path and query of a question about the trades of a hole. */
  path(hole: Hole): string;
  /** The trades of an answer, as sent, in any order. */
  trades(answer: unknown): readonly unknown[];
  /** One of them, as a tick with a number. */
  tick(trade: unknown, key: string): VenueTick & { seq: unknown };
  /** How their times are written. */
  readonly time: TimeFormat;
  /** A second question would have the same answer. */
  readonly once?: true;
}

export interface Venue {
  /** The scheme of its URLs. */
  readonly name: string;
  readonly title: string;
  /** Its WebSocket. */
  endpoint(channel: Channel): string;
  /** Channels that are made of its trades, since it sends none. */
  readonly made?: readonly Channel[];
  /** Channels whose ticks are numbered one by one in each symbol, whatever the connection. */
  readonly dense?: readonly Channel[];
  /** How trades of those are asked for that were missed. */
  readonly fill?: Fill;
  /** How its times are written. */
  readonly time: TimeFormat;
  /** Symbols that one connection may have, where that is fewer than usual. */
  readonly most?: number;
  /** Sent on every connection. */
  subscribe(symbols: readonly string[], channel: Channel): unknown[];
  /** Subscriptions that it confirms, each by a message. */
  confirms(symbols: readonly string[], channel: Channel): number;
  /** Seconds between signs of life. */
  readonly heartbeat: number;
  /** What it wants to hear, at 80 % of its limit; or what it answers, where its own signs of life are out of sight. */
  readonly ping?: { every: number; message: string };
  /** Connections that it allows in so many seconds, from one address. */
  readonly limit: { connections: number; seconds: number };
  /** Seconds after which it closes by itself: left before. */
  readonly life?: number;
  /** Reads messages of one connection: it may remember what it was told. @param text as received */
  reader(channel: Channel): Reader;
}

export type Reader = ((message: unknown, text: string) => Said) & Partial<Saves>;

/** A reader that remembers something: lists of pairs of JSON, which can be saved. */
export function remembering(memory: readonly Map<unknown, unknown>[], read: Reader): Reader {
  return Object.assign(read, {
    save: () => JSON.stringify(memory.map((map) => [...map])),
    load(saved: Saved) {
      const lists = JSON.parse(saved as string) as [unknown, unknown][][];
      for (const [i, map] of memory.entries()) {
        map.clear();
        for (const [key, value] of lists[i]!) map.set(key, value);
      }
    },
  });
}

/** Of a reason. */
const MOST_LETTERS = 200;

export type Json = Record<string, unknown>;

/** An object, or an empty one. */
export function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** A list of objects, or an empty one. */
export function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(object) : [];
}

/** What a venue gives as its reason: cut where it is long, and nested however deep. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, MOST_LETTERS);
  try {
    return JSON.stringify(value ?? null).slice(0, MOST_LETTERS);
  } catch {
    return 'something nested too deep to be shown';
  }
}

/** What to sort by; 0 for what is no number, which the mapping refuses. */
export function rank(value: unknown): number {
  return typeof value === 'number' || typeof value === 'string' ? Number(value) || 0 : 0;
}

/** 1 where the word for the taker's side is that of a buyer. */
export function side(word: unknown): number {
  const said = typeof word === 'string' ? word.toLowerCase() : '';
  return said === 'buy' ? 1 : said === 'sell' ? -1 : Number.NaN;
}
