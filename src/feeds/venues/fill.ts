/** Asks a venue for trades that its stream left out, and puts them where they belong, before what came after them. */
import { Observable, type SchedulerLike, type Subscriber } from 'rxjs';
import type { Edge, FeedEvent } from '../feed.ts';
import { readAll } from '../http.ts';
import { Restart } from '../restart.ts';
import { MAX_PAYLOAD } from '../socket.ts';
import { parseTime } from '../time.ts';
import { writeFilled } from './filled.ts';
import type { Hole, Venue, VenueTick } from './venue.ts';

/** So long messages are held back at most while trades are asked for, ms. */
const PATIENCE_MS = 5000;
/** And so many, of so many bytes. */
const MOST_MESSAGES = 10_000;
const MOST_BYTES = MAX_PAYLOAD;
/** From one question to the next, ms. */
const ASK_MS = 1000;
/** No question for so long after one that was not answered, ms; longer where the venue says so. */
const REST_MS = 60_000;

export interface FillOptions {
  venue: Venue;
  /** Where it is asked, without a path; null: nowhere, holes are only known. */
  rest: string | null;
  /** How the feed is called in its statuses. */
  feed: string;
  edge: Edge;
  scheduler: SchedulerLike;
}

/** Where a stream stands. */
interface Place {
  last: number;
  time: number;
  restart: Restart;
}

/** What waits for an answer, in order. */
interface Held {
  events: Extract<FeedEvent, { kind: 'message' }>[];
  bytes: number;
  abort: AbortController;
}

/** Trades by their numbers, and their times in ms. */
type Found = Map<number, { trade: unknown; time: number }>;

/** Follows the numbers of a venue's trades over all connections of a feed. */
export class Fills {
  readonly #options: FillOptions;
  readonly #places = new Map<string, Place>();
  readonly #ticks = new WeakMap<Uint8Array, readonly VenueTick[]>();
  #asked = Number.NEGATIVE_INFINITY;
  /** Nothing is asked before, ms. */
  #rests = Number.NEGATIVE_INFINITY;

  constructor(options: FillOptions) {
    this.#options = options;
  }

  /** What a message of a link was read as. */
  read(data: Uint8Array, ticks: readonly VenueTick[]): void {
    this.#ticks.set(data, ticks);
  }

  /** Whether so many streams are known, so that what they miss is. */
  knows(streams: number): boolean {
    return this.#places.size >= streams;
  }

  /** The events of a feed, and what was missing in them; never errors or completes by itself. */
  into(source: Observable<FeedEvent>): Observable<FeedEvent> {
    return new Observable((subscriber) => {
      let held: Held | null = null;
      subscriber.add(() => held?.abort.abort());
      const over = (): void => {
        held = null;
      };
      return source.subscribe({
        next: (event) => {
          if (event.kind !== 'message') {
            subscriber.next(event);
            return;
          }
          if (held) {
            held.events.push(event);
            held.bytes += event.data.length;
            if (held.events.length > MOST_MESSAGES || held.bytes > MOST_BYTES) held.abort.abort('too much was waiting');
            return;
          }
          const holes = this.#holes(event.data);
          if (holes.length === 0 || !this.#asks) {
            subscriber.next(event);
            return;
          }
          held = { events: [event], bytes: event.data.length, abort: new AbortController() };
          this.#fill(held, holes, subscriber, over);
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
  }

  get #asks(): boolean {
    const { rest, scheduler } = this.#options;
    return rest !== null && scheduler.now() >= this.#rests;
  }

  /** Holes before the ticks of a message, which are taken as heard. */
  #holes(data: Uint8Array): Hole[] {
    const holes: Hole[] = [];
    for (const { key, seq, time: sent } of this.#ticks.get(data) ?? []) {
      if (typeof key !== 'string' || typeof seq !== 'number' || !Number.isSafeInteger(seq)) continue;
      const time = parseTime(sent, this.#options.venue.time);
      if (Number.isNaN(time)) continue;
      const place = this.#places.get(key);
      if (!place) {
        const restart = new Restart();
        restart.onward(time);
        this.#places.set(key, { last: seq, time, restart });
        continue;
      }
      if (seq <= place.last) {
        if (place.restart.passed(time)) Object.assign(place, { last: seq, time });
        continue;
      }
      if (seq > place.last + 1)
        holes.push({ key, from: place.last + 1, to: seq - 1, after: place.time, before: Math.max(place.time, time) });
      place.restart.onward(time);
      Object.assign(place, { last: seq, time: Math.max(place.time, time) });
    }
    return holes;
  }

  /** Asks for one hole after another; whatever comes of it, all that is held goes on, in order. */
  #fill(held: Held, holes: Hole[], subscriber: Subscriber<FeedEvent>, over: () => void): void {
    const { scheduler, edge, feed } = this.#options;
    const now = edge.now ?? (() => scheduler.now());
    const { signal } = held.abort;
    const found: Found = new Map();
    let hole: Hole | null = null;
    let done = false;
    const tell = (): void => {
      if (hole && found.size > 0)
        subscriber.next({ kind: 'message', data: writeFilled(hole, inOrder(found)), received: now() });
      hole = null;
      found.clear();
    };
    /** Up to a message with holes before it. */
    const goOn = (asks: boolean): Hole[] => {
      while (held.events.length > 0) {
        subscriber.next(held.events.shift()!);
        const next = held.events[0] ? this.#holes(held.events[0].data) : [];
        if (next.length > 0 && asks && this.#asks) return next;
      }
      return [];
    };
    const end = (trouble: string | null): void => {
      if (done) return;
      done = true;
      late.unsubscribe();
      tell();
      if (trouble !== null) {
        this.#rests = Math.max(this.#rests, scheduler.now() + REST_MS);
        const reason = `missing trades could not be had: ${trouble}`;
        subscriber.next({ kind: 'status', status: { feed, state: 'open', reason }, received: now() });
      }
      goOn(false);
      over();
    };
    const late = scheduler.schedule(() => held.abort.abort(`no answer within ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
    signal.addEventListener('abort', () => end(String(signal.reason)));
    const ask = async (): Promise<void> => {
      for (let next = holes; next.length > 0; next = goOn(true)) {
        for (hole of next) {
          await this.#ask(hole, signal, found);
          if (done) return;
          tell();
        }
      }
    };
    ask().then(
      () => end(null),
      (error: Error) => end((error.cause as Error | undefined)?.message || error.message),
    );
  }

  /** Finds the trades of a hole, as far as they can be had. @throws what went wrong */
  async #ask(hole: Hole, signal: AbortSignal, found: Found): Promise<void> {
    const fill = this.#options.venue.fill!;
    let { from, to, after } = hole;
    while (from <= to) {
      const before = found.size;
      for (const trade of fill.trades(await this.#answer(fill.path({ ...hole, from, to, after }), signal))) {
        const { seq, time } = fill.tick(trade, hole.key);
        if (typeof seq === 'number' && seq >= hole.from && seq <= hole.to)
          found.set(seq, { trade, time: parseTime(time, fill.time) });
      }
      if (found.size === before || fill.once) return;
      for (let one = found.get(from); one; one = found.get(++from)) after = one.time;
      while (found.has(to)) to--;
    }
  }

  /** An answer of the venue, in its turn. */
  async #answer(path: string, signal: AbortSignal): Promise<unknown> {
    const { rest, scheduler, edge } = this.#options;
    const wait = this.#asked + ASK_MS - scheduler.now();
    this.#asked = Math.max(scheduler.now(), this.#asked + ASK_MS);
    if (wait > 0) await pause(wait, scheduler, signal);
    signal.throwIfAborted();
    const response = await edge.fetch(`${rest}${path}`, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      cache: 'no-store',
      signal,
    });
    if (!response.ok) {
      const seconds = Number(response.headers.get('retry-after'));
      if (seconds > 0) this.#rests = scheduler.now() + Math.min(seconds, 3600) * 1000;
      await response.body?.cancel();
      throw new Error(`answered ${response.status} ${response.statusText}`.trim());
    }
    return JSON.parse(new TextDecoder().decode(await readAll(response)));
  }
}

function inOrder(found: Found): unknown[] {
  return Array.from(found.keys())
    .sort((a, b) => a - b)
    .map((seq) => found.get(seq)!.trade);
}

function pause(ms: number, scheduler: SchedulerLike, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = scheduler.schedule(() => resolve(), ms);
    signal.addEventListener('abort', () => {
      timer.unsubscribe();
      reject(signal.reason);
    });
  });
}
