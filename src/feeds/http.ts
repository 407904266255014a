/** HTTP: Server-Sent Events where the answer is a `text/event-stream`, else an answer every so many seconds. */
import { createParser } from 'eventsource-parser';
import { asyncScheduler, Observable, type SchedulerLike } from 'rxjs';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { redactUrl } from '../redact.ts';
import { type Edge, feedKind, type LinkEvent } from './feed.ts';
import { reconnecting } from './reconnect.ts';
import { Silence } from './silence.ts';
import { MAX_PAYLOAD } from './socket.ts';

/** Within so many ms an answer begins, or the link is given up. */
const ANSWER_MS = 10_000;

export const http = feedKind({
  schemes: ['http', 'https'],
  summary: 'Server-Sent Events, or an address that is asked again and again',
  options: {
    /** Seconds from one question to the next; no matter to Server-Sent Events. */
    every: z.number().min(0.05).max(86_400).default(1),
    /** Of Server-Sent Events those of this name only. */
    event: z.string().optional(),
    /** Sent with every question. */
    headers: z.record(z.string(), z.string()).default({}),
  },
  open({ url, staleAfter, every, event, headers }, edge) {
    for (const [name, value] of Object.entries(headers))
      if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name) || !/^[\x20-\x7e]*$/.test(value))
        // without the value, which may be a secret
        throw new ConfigError(`invalid feed.headers.${name} (expected a name and a value that a header can have)`);
    const { scheduler = asyncScheduler } = edge;
    // who asks once an hour is not stale after half a minute
    const polled = staleAfter === 0 ? 0 : Math.max(staleAfter, 3 * every);
    /** Of the latest event: the next connection begins behind it, where the sender can. */
    const place = { id: '' };
    const link = (): Observable<LinkEvent> =>
      httpLink(url, { ...edge, scheduler, place, event, headers, every: every * 1000, silent: [staleAfter, polled] });
    return reconnecting(link, { ...edge, scheduler, staleAfter: staleAfter * 1000, feed: redactUrl(url) });
  },
});

interface LinkOptions extends Edge {
  scheduler: SchedulerLike;
  place: { id: string };
  event: string | undefined;
  headers: Readonly<Record<string, string>>;
  /** ms */
  every: number;
  /** Seconds of silence that are stale: of events, of answers. */
  silent: readonly [number, number];
}

/** One stream of events, or questions until one is not answered. Never errors. */
function httpLink(address: string, options: LinkOptions): Observable<LinkEvent> {
  const { fetch, scheduler, place, event, every, silent } = options;
  const { url, authorization } = withoutUser(address);
  const headers = { ...authorization, ...options.headers };
  return new Observable((subscriber) => {
    const abort = new AbortController();
    let silence: Silence | null = null;
    const end = (reason: string): void => {
      subscriber.next({ kind: 'closed', reason });
      subscriber.complete();
    };
    const open = (seconds: number): void => {
      if (silence) return;
      silence = new Silence(scheduler, seconds * 1000, {
        stale: () => subscriber.next({ kind: 'stale' }),
        awake: () => subscriber.next({ kind: 'awake' }),
        end,
      });
      subscriber.next({ kind: 'open' });
      subscriber.add(silence.start() ?? undefined);
    };
    const say = (data: Uint8Array): void => subscriber.next({ kind: 'message', data });

    async function ask(): Promise<void> {
      const late = scheduler.schedule(() => end(`no answer within ${ANSWER_MS / 1000} s`), ANSWER_MS);
      subscriber.add(late);
      const response = await fetch(url, {
        headers: { accept: 'text/event-stream, application/json;q=0.9, */*;q=0.5', ...headers, ...resuming() },
        redirect: 'error',
        cache: 'no-store',
        signal: abort.signal,
      });
      late.unsubscribe();
      if (!response.ok) throw new Error(`answered ${response.status} ${response.statusText}`.trim());
      const events = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '');
      open(silent[events ? 0 : 1]);
      if (events) await listen(response);
      else await take(response);
    }

    function resuming(): Record<string, string> {
      return place.id === '' ? {} : { 'last-event-id': place.id };
    }

    async function listen(response: Response): Promise<void> {
      const decoder = new TextDecoder();
      const encoder = new TextEncoder();
      let tooLong = false;
      const parser = createParser({
        maxBufferSize: MAX_PAYLOAD,
        onEvent({ id, event: name, data }) {
          // a header takes no other characters
          if (id !== undefined && /^[\x20-\x7e]*$/.test(id)) place.id = id;
          if (event === undefined || event === (name ?? 'message')) say(encoder.encode(data));
        },
        onError(error) {
          tooLong ||= error.type === 'max-buffer-size-exceeded';
        },
      });
      for await (const piece of pieces(response)) {
        // a comment is a sign of life as well
        silence?.heard();
        parser.feed(decoder.decode(piece, { stream: true }));
        if (tooLong) throw new Error(`an event is larger than ${MAX_PAYLOAD} bytes`);
      }
      end('the stream has ended');
    }

    async function take(response: Response): Promise<void> {
      const data = await readAll(response);
      silence?.heard();
      say(data);
      subscriber.add(scheduler.schedule(begin, every));
    }

    function begin(): void {
      ask().catch((error: unknown) => {
        if (!subscriber.closed) end(reasonOf(error));
      });
    }

    begin();
    return () => abort.abort();
  });
}

/** The body of an answer. @throws Error for one that is too large */
export async function readAll(response: Response): Promise<Uint8Array> {
  const held: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces(response)) {
    bytes += piece.byteLength;
    if (bytes > MAX_PAYLOAD) throw new Error(`an answer is larger than ${MAX_PAYLOAD} bytes`);
    held.push(piece);
  }
  const data = new Uint8Array(bytes);
  let at = 0;
  for (const piece of held) {
    data.set(piece, at);
    at += piece.byteLength;
  }
  return data;
}

async function* pieces({ body }: Response): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  if (!reader) return;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** `fetch` takes no address with a name and a password, and says it aloud. */
function withoutUser(address: string): { url: string; authorization: { authorization?: string } } {
  const url = new URL(address);
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = url.password = '';
  const bytes = new TextEncoder().encode(user);
  const basic = { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
  return { url: url.href, authorization: user === ':' ? {} : basic };
}

/** What went wrong, without the address. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return (cause as Error | undefined)?.message || message;
}
