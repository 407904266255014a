/**
 * A WebSocket feed as an Observable that outlives its sockets. RxJS' own `webSocket` takes a clean close for the end of the
 * stream and never notices a silent socket; this one reconnects after both, subscribes again, and says what may be missing.
 */
import {
  asyncScheduler,
  defer,
  mergeMap,
  Observable,
  repeat,
  type SchedulerAction,
  type SchedulerLike,
  timer,
} from 'rxjs';
import { redactUrl } from '../redact.ts';
import type { FeedStatus } from '../types.ts';
import { Backoff } from './backoff.ts';

/** What this feed uses of a WebSocket: the browser's own fits, and that of `ws`. */
export interface Socket {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  /** Where there is one (`ws`): drops the connection without waiting for the other side's goodbye. */
  terminate?(): void;
}

export type SocketConstructor = new (url: string) => Socket;

export interface SocketFeedOptions {
  url: string;
  WebSocket: SocketConstructor;
  /** Sent on every open, in order; objects as JSON. */
  subscribe?: readonly unknown[];
  /** Silence after which the feed counts as stale, ms; after as long again the socket is given up. 0: never. */
  staleAfter?: number;
  /** Wait for a connection, ms. */
  connectTimeout?: number;
  /** A socket that was open for as long starts the backoff anew when it closes, ms. */
  healthyAfter?: number;
  /** Larger messages close the socket, bytes. */
  maxPayload?: number;
  /** Uniform in [0, 1), for the jitter. */
  random: () => number;
  scheduler?: SchedulerLike;
  /** Receive time, ms since 1970 UTC; the scheduler's clock by default. */
  now?: () => number;
}

export type FeedEvent =
  | { kind: 'message'; data: Uint8Array; received: number }
  | { kind: 'status'; status: FeedStatus; received: number };

/** Life of one socket. `closed` is always the last. */
type SocketEvent =
  | { kind: 'open' | 'stale' | 'awake' }
  | { kind: 'message'; data: Uint8Array }
  | { kind: 'closed'; reason: string };

export const DEFAULT_STALE_AFTER = 30_000;
export const MAX_PAYLOAD = 4 << 20;

/**
 * Messages and statuses of a WebSocket feed, for ever: never errors, never completes; unsubscribing closes the socket.
 *
 * Statuses: `connecting`, `open`, `stale` (silent for `staleAfter`; `open` again with the next message, `closed` after as
 * long again), `closed` (with reason, attempt and the wait before the next one), and `gap` before the first message after a
 * reconnect, with the receive times between which messages may be missing.
 * @example
 * socketFeed({ url: 'wss://example.org/ticks', WebSocket, random: Math.random }).subscribe((event) => console.log(event));
 */
export function socketFeed(options: SocketFeedOptions): Observable<FeedEvent> {
  const { url, random, scheduler = asyncScheduler, healthyAfter = 60_000, now = () => scheduler.now() } = options;
  const feed = redactUrl(url);

  return defer(() => {
    const backoff = new Backoff({ random });
    let wait = 0;
    let openedAt: number | null = null;
    let lastMessage: number | null = null;
    let broken = false;

    const status = (state: FeedStatus['state'], more: Partial<FeedStatus> = {}): FeedEvent => {
      return { kind: 'status', status: { feed, state, ...more }, received: now() };
    };

    const connection = defer(() => {
      const attempt = backoff.attempt + 1;
      return new Observable<FeedEvent>((subscriber) => {
        subscriber.next(status('connecting', { attempt }));
        return openSocket(options, scheduler).pipe(mergeMap(told)).subscribe(subscriber);
      });
    });

    /** One event of a socket, as the feed tells it. */
    function told(event: SocketEvent): FeedEvent[] {
      switch (event.kind) {
        case 'open':
          openedAt = scheduler.now();
          return [status('open')];
        case 'awake':
          return [status('open')];
        case 'stale':
          return [
            status('stale', { reason: `no message for ${(options.staleAfter ?? DEFAULT_STALE_AFTER) / 1000} s` }),
          ];
        case 'message': {
          const received = now();
          const message: FeedEvent = { kind: 'message', data: event.data, received };
          const gap = broken && lastMessage !== null ? { from: lastMessage, to: received, missing: null } : null;
          broken = false;
          lastMessage = received;
          return gap ? [status('gap', { ...gap, reason: 'reconnected' }), message] : [message];
        }
        default: {
          if (openedAt !== null && scheduler.now() - openedAt >= healthyAfter) backoff.reset();
          openedAt = null;
          broken = true;
          wait = backoff.next();
          const retryInMs = Math.round(wait);
          return [status('closed', { reason: event.reason, attempt: backoff.attempt, retryInMs })];
        }
      }
    }

    return connection.pipe(repeat({ delay: () => timer(wait, scheduler) }));
  });
}

/** One socket, from its constructor to its end. Never errors. */
function openSocket(options: SocketFeedOptions, scheduler: SchedulerLike): Observable<SocketEvent> {
  const { url, WebSocket, subscribe = [], staleAfter = DEFAULT_STALE_AFTER } = options;
  const { connectTimeout = 10_000, maxPayload = MAX_PAYLOAD } = options;

  return new Observable((subscriber) => {
    let socket: Socket;
    try {
      socket = new WebSocket(url);
    } catch (error) {
      end(messageOf(error));
      return;
    }
    socket.binaryType = 'arraybuffer';
    let trouble = '';
    let lastHeard = scheduler.now();
    let stale = false;

    /** Looks at the clock, not at every message: one timer is due at a time, whatever the rate. */
    function watch(this: SchedulerAction<unknown>): void {
      const silence = scheduler.now() - lastHeard;
      if (silence >= 2 * staleAfter) {
        end(`silent for ${(2 * staleAfter) / 1000} s`);
        return;
      }
      if (silence >= staleAfter && !stale) {
        stale = true;
        subscriber.next({ kind: 'stale' });
      }
      this.schedule(undefined, (stale ? 2 : 1) * staleAfter - silence);
    }

    function end(reason: string): void {
      subscriber.next({ kind: 'closed', reason });
      subscriber.complete();
    }

    const handshake = scheduler.schedule(() => end(`no answer within ${connectTimeout / 1000} s`), connectTimeout);
    subscriber.add(handshake);

    socket.onopen = () => {
      handshake.unsubscribe();
      lastHeard = scheduler.now();
      subscriber.next({ kind: 'open' });
      try {
        for (const message of subscribe) socket.send(typeof message === 'string' ? message : JSON.stringify(message));
      } catch (error) {
        end(messageOf(error));
        return;
      }
      if (staleAfter > 0) subscriber.add(scheduler.schedule(watch, staleAfter));
    };
    socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
      lastHeard = scheduler.now();
      if (stale) {
        stale = false;
        subscriber.next({ kind: 'awake' });
      }
      const bytes = typeof data === 'string' ? utf8.encode(data) : new Uint8Array(data);
      if (bytes.length > maxPayload) end(`message of ${bytes.length} bytes (expected at most ${maxPayload})`);
      else subscriber.next({ kind: 'message', data: bytes });
    };
    // The browser's error event says nothing, that of `ws` has a message; `close` follows in both.
    socket.onerror = ({ message }: { message?: string }) => {
      trouble = message ?? '';
    };
    socket.onclose = ({ code, reason }: { code: number; reason: string }) => {
      end(trouble || (reason ? `closed with ${code}: ${reason}` : `closed with ${code}`));
    };

    return () => abandon(socket);
  });
}

const utf8 = new TextEncoder();

/** Lets go of a socket in whatever state it is: nothing of it is heard again. */
function abandon(socket: Socket): void {
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.onerror = () => {}; // `ws` reports a close while connecting as an error, which must have a listener
  try {
    socket.close(1000);
  } finally {
    socket.terminate?.();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
