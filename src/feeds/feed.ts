/** What a feed is: something that sends messages and says how it is, for ever. */
import type { Observable, SchedulerLike } from 'rxjs';
import type { z } from 'zod';
import type { FeedStatus } from '../types.ts';
import type { Envelope } from './envelope.ts';
import type { AnyMapping } from './mapping.ts';
import type { Environment } from './secrets.ts';
import type { SocketConstructor } from './socket.ts';

export type FeedEvent =
  | {
      kind: 'message';
      data: Uint8Array;
      received: number;
      /** Where the sender keeps a message until it is acknowledged: to be called once it cannot be lost any more. */
      ack?: () => void;
    }
  | { kind: 'status'; status: FeedStatus; received: number };

/** Life of one connection. `closed` is always the last. */
export type LinkEvent =
  /** `resumed`: what was sent while no link was open is sent again, so that this one begins without a gap. */
  | { kind: 'open'; resumed?: boolean }
  | { kind: 'stale' }
  /** With a reason: not silence has ended, but something is worth saying. */
  | { kind: 'awake'; reason?: string }
  | { kind: 'message'; data: Uint8Array; ack?: () => void }
  /** Everything that was asked for comes: it could take over from another link; it will close, and another should. */
  | { kind: 'ready' }
  | { kind: 'leaving'; reason: string }
  /** The other side says what is missing: ticks, or null where it does not say how many; of one stream, or of all. */
  | { kind: 'gap'; reason: string; missing: number | null; key?: string }
  | { kind: 'closed'; reason: string };

/** What feeds use of the machine or of the page that they run on. */
export interface Edge {
  WebSocket: SocketConstructor;
  fetch: typeof globalThis.fetch;
  /** Uniform in [0, 1), for jitter. */
  random: () => number;
  /** What `${NAME}` stands for; nothing on a page. */
  environment?: Environment;
  scheduler?: SchedulerLike;
  /** Receive time, ms since 1970 UTC; the scheduler's clock by default. */
  now?: () => number;
}

/** What all feeds have in a config file. */
export interface FeedSource {
  url: string;
  /** Seconds of silence after which it counts as stale; it is connected anew after as long again. 0: never. */
  staleAfter: number;
}

/** A kind of feed, as `index.ts` lists it; those that need the machine join the list from `src/node/feeds`. */
export interface FeedKind<Shape extends z.ZodRawShape = z.ZodRawShape> {
  /** Schemes of its URLs, without the colon. */
  readonly schemes: readonly string[];
  /** What it is, in one line, for people. */
  readonly summary: string;
  /** Its options beside those of all feeds, as a config file has them. */
  readonly options: Shape;
  /** What was read cannot be read again: a pipe. */
  readonly once?: true;
  /** What its messages mean, where that is always the same: the default of `mapping`. @throws ConfigError */
  mapping?(source: FeedSource & z.infer<z.ZodObject<Shape>>): AnyMapping;
  /** Where its messages are envelopes around what was sent; a function where they depend on its options. */
  readonly envelope?: Envelope | ((source: FeedSource & z.infer<z.ZodObject<Shape>>) => Envelope);
  /** A source for somebody who only has a look, where listening otherwise leaves traces: a session, a place in a queue. */
  visit?(source: FeedSource & z.infer<z.ZodObject<Shape>>): FeedSource & z.infer<z.ZodObject<Shape>>;
  /**
   * Opens nothing yet: that is what subscribing does. Never errors; completes only where there is an end (a file).
   * @throws ConfigError for a URL or options that cannot be
   */
  open(source: FeedSource & z.infer<z.ZodObject<Shape>>, edge: Edge): Observable<FeedEvent>;
}

/** Infers the options of a kind. */
export function feedKind<Shape extends z.ZodRawShape>(kind: FeedKind<Shape>): FeedKind {
  return kind as unknown as FeedKind;
}
