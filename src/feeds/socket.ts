/** WebSockets that outlive their connections. RxJS' own `webSocket` takes a clean close for the end and never notices silence. */
import { asyncScheduler, Observable, type SchedulerAction, type SchedulerLike } from 'rxjs';
import { z } from 'zod';
import { redactUrl } from '../redact.ts';
import { type FeedEvent, feedKind, type LinkEvent } from './feed.ts';
import { reconnecting } from './reconnect.ts';
import { Silence } from './silence.ts';

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

/** A page's sockets take no options, and compress as they like. */
export type SocketConstructor = new (url: string, options?: { deflate: boolean }) => Socket;

export interface SocketFeedOptions {
  url: string;
  WebSocket: SocketConstructor;
  /** Sent on every open, in order; objects as JSON. */
  subscribe?: readonly unknown[];
  /** Whether messages may come compressed. */
  deflate?: boolean;
  /** Said every so many seconds while it is open. */
  ping?: { every: number; message: string };
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

export const DEFAULT_STALE_AFTER = 30_000;
export const MAX_PAYLOAD = 4 << 20;

/** Any WebSocket: its messages as they come. */
export const socket = feedKind({
  schemes: ['ws', 'wss'],
  summary: 'any WebSocket',
  options: {
    /** Sent on every connection, in order: text as it is, anything else as JSON. */
    subscribe: z.array(z.unknown()).default([]),
    /** Whether messages may come compressed (permessage-deflate). */
    deflate: z.boolean().default(false),
  },
  open: ({ url, staleAfter, subscribe, deflate }, edge) =>
    socketFeed({ ...edge, url, subscribe, deflate, staleAfter: staleAfter * 1000 }),
});

/**
 * Messages and statuses of a WebSocket feed, see `reconnecting`.
 * @example
 * socketFeed({ url: 'wss://example.org/ticks', WebSocket, random: Math.random }).subscribe((event) => console.log(event));
 */
export function socketFeed(options: SocketFeedOptions): Observable<FeedEvent> {
  const { scheduler = asyncScheduler, staleAfter = DEFAULT_STALE_AFTER } = options;
  const link = (): Observable<LinkEvent> => openSocket(options, scheduler);
  return reconnecting(link, { ...options, scheduler, staleAfter, feed: redactUrl(options.url) });
}

/** One socket, from its constructor to its end. Never errors. */
export function openSocket(options: SocketFeedOptions, scheduler: SchedulerLike): Observable<LinkEvent> {
  const { url, WebSocket, subscribe = [], staleAfter = DEFAULT_STALE_AFTER } = options;
  const { connectTimeout = 10_000, maxPayload = MAX_PAYLOAD, deflate = false } = options;

  return new Observable((subscriber) => {
    let socket: Socket;
    try {
      socket = deflate ? new WebSocket(url, { deflate }) : new WebSocket(url);
    } catch (error) {
      end(messageOf(error));
      return;
    }
    socket.binaryType = 'arraybuffer';
    let trouble = '';
    const silence = new Silence(scheduler, staleAfter, {
      stale: () => subscriber.next({ kind: 'stale' }),
      awake: () => subscriber.next({ kind: 'awake' }),
      end,
    });

    function end(reason: string): void {
      subscriber.next({ kind: 'closed', reason });
      subscriber.complete();
    }

    const handshake = scheduler.schedule(() => end(`no answer within ${connectTimeout / 1000} s`), connectTimeout);
    subscriber.add(handshake);

    socket.onopen = () => {
      handshake.unsubscribe();
      subscriber.next({ kind: 'open' });
      try {
        for (const message of subscribe) socket.send(typeof message === 'string' ? message : JSON.stringify(message));
      } catch (error) {
        end(messageOf(error));
        return;
      }
      subscriber.add(silence.start() ?? undefined);
      const { ping } = options;
      if (!ping) return;
      const say = function (this: SchedulerAction<unknown>): void {
        socket.send(ping.message);
        this.schedule(undefined, ping.every * 1000);
      };
      subscriber.add(scheduler.schedule(say, ping.every * 1000));
    };
    socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
      silence.heard();
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
