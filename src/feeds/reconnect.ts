/** Links one after another: a feed that outlives its connections, and says what may be missing between them. */
import { asyncScheduler, Observable, type SchedulerLike, Subscription } from 'rxjs';
import type { FeedStatus } from '../types.ts';
import { Backoff } from './backoff.ts';
import type { FeedEvent, LinkEvent } from './feed.ts';

export interface ReconnectOptions {
  /** How the feed is called in its statuses: without secrets. */
  feed: string;
  /** A link that was open for as long starts the backoff anew when it closes, ms. */
  healthyAfter?: number;
  /** Why a feed is stale: how long it was silent. */
  staleAfter: number;
  /** Whether what was sent while no link was open is sent again, or known by its numbers, so that a reconnect is no gap. */
  resumes?: boolean | (() => boolean);
  /** Whether a message that came over two links is told apart from two messages: where one link takes over from another. */
  repeats?: boolean;
  random: () => number;
  scheduler?: SchedulerLike;
  now?: () => number;
}

/** Both links run for so long before the new one takes over, ms: what was on its way over the old one arrives. */
const OVERLAP_MS = 1000;
/** Events of the new one that are held back, and their bytes; then it takes over at once. */
const MOST_HELD = 10_000;
const MOST_BYTES = 4 << 20;

/** One link. */
interface Side {
  subscription: Subscription;
  openedAt: number | null;
  /** When it was heard last, and could take over; and that it should, once the other has been heard. */
  heardAt: number;
  readyAt: number;
  due: boolean;
  /** What it said before it took over. */
  held: LinkEvent[];
  bytes: number;
}

/**
 * Messages and statuses of a feed, for ever: never errors, never completes; unsubscribing closes the link.
 *
 * Statuses: `connecting`, `open`, `stale` (silent for `staleAfter`; `open` again with the next message, `closed` after as
 * long again), `closed` (with reason, attempt and the wait before the next one), and `gap` before the first message after a
 * reconnect, with the receive times between which messages may be missing. A link that says `leaving` stays until the next one
 * is `ready` and it was heard beside that one; then that one takes over, which is said as `open`, with the reason, and is no gap.
 * @param link one connection, from its opening to its end; it never errors
 */
export function reconnecting(link: () => Observable<LinkEvent>, options: ReconnectOptions): Observable<FeedEvent> {
  const { feed, random, scheduler = asyncScheduler, healthyAfter = 60_000, resumes = false, repeats = false } = options;
  const { staleAfter, now = () => scheduler.now() } = options;

  return new Observable<FeedEvent>((subscriber) => {
    const backoff = new Backoff({ random });
    const renewals = new Backoff({ from: 1000, random });
    let wait = 0;
    let lastMessage: number | null = null;
    let broken = false;
    let current: Side | null = null;
    let next: Side | null = null;
    /** Why it will take over. */
    let why = '';
    let timer = Subscription.EMPTY;
    subscriber.add(() => {
      for (const side of [current, next]) side?.subscription.unsubscribe();
      timer.unsubscribe();
    });

    function say(state: FeedStatus['state'], more: Partial<FeedStatus> = {}): void {
      subscriber.next({ kind: 'status', status: { feed, state, ...more }, received: now() });
    }

    function connect(): void {
      say('connecting', { attempt: backoff.attempt + 1 });
      const side = newSide();
      current = side;
      follow(side);
    }

    function newSide(): Side {
      const times = { openedAt: null, heardAt: Number.NEGATIVE_INFINITY, readyAt: Number.POSITIVE_INFINITY };
      return { subscription: new Subscription(), ...times, due: false, held: [], bytes: 0 };
    }

    function follow(side: Side): void {
      side.subscription.add(
        link().subscribe({
          next: (event) => (side === current ? told(side, event) : hold(side, event)),
          error: (error) => subscriber.error(error),
          complete: () => ended(side),
        }),
      );
    }

    /** One event of the link that the feed lives on. */
    function told(side: Side, event: LinkEvent): void {
      switch (event.kind) {
        case 'open':
          side.openedAt = scheduler.now();
          if (event.resumed) broken = false;
          say('open', event.resumed ? { resumed: true } : {});
          return;
        case 'awake':
          say('open', event.reason === undefined ? {} : { resumed: true, reason: event.reason });
          return;
        case 'stale':
          say('stale', { reason: `no message for ${staleAfter / 1000} s` });
          return;
        case 'ready':
          return;
        case 'leaving':
          renew(event.reason);
          return;
        case 'gap': {
          const { kind: _, ...gap } = event;
          say('gap', { from: lastMessage ?? now(), to: now(), ...gap });
          return;
        }
        case 'message': {
          const { data, ack } = event;
          const received = now();
          side.heardAt = scheduler.now();
          const missed = broken && lastMessage !== null && !goesOn();
          if (missed) say('gap', { from: lastMessage!, to: received, missing: null, reason: 'reconnected' });
          broken = false;
          lastMessage = received;
          subscriber.next({ kind: 'message', data, received, ...(ack ? { ack } : {}) });
          if (next?.due) takeOver();
          return;
        }
        default: {
          if (side.openedAt !== null && scheduler.now() - side.openedAt >= healthyAfter) backoff.reset();
          broken = true;
          wait = backoff.next();
          const retryInMs = next ? 0 : Math.round(wait);
          say('closed', { reason: event.reason, attempt: backoff.attempt, retryInMs });
        }
      }
    }

    function ended(side: Side): void {
      if (side !== current) return;
      current = null;
      if (next) takeOver();
      else timer = scheduler.schedule(connect, wait);
    }

    /** Opens the link that will take over. */
    function renew(reason: string): void {
      if (next || !current) return;
      const side = newSide();
      next = side;
      why = reason;
      follow(side);
    }

    /** One event of the link that will take over. */
    function hold(side: Side, event: LinkEvent): void {
      // left already
      if (side !== next) return;
      if (event.kind === 'closed') {
        next = null;
        const again = scheduler.schedule(() => renew(why), 1000 + renewals.next());
        current?.subscription.add(again);
        return;
      }
      if (event.kind === 'open') side.openedAt = scheduler.now();
      side.held.push(event);
      if (event.kind === 'message') side.bytes += event.data.length;
      if (event.kind === 'ready') {
        side.readyAt = scheduler.now();
        side.subscription.add(scheduler.schedule(() => side === next && meet(side), OVERLAP_MS));
      } else if (side.held.length > MOST_HELD || side.bytes > MOST_BYTES) takeOver();
    }

    /** The old link was heard while the new one was ready: nothing is between them. Else it is waited for, or ends. */
    function meet(side: Side): void {
      if (goesOn() || !current || current.heardAt >= side.readyAt) takeOver();
      else side.due = true;
    }

    function goesOn(): boolean {
      return typeof resumes === 'function' ? resumes() : resumes;
    }

    /** The new link goes on from where the old one is. What it said meanwhile is said again where that does no harm. */
    function takeOver(): void {
      const side = next!;
      next = null;
      renewals.reset();
      if (!current || current.heardAt < side.readyAt) broken = true;
      current?.subscription.unsubscribe();
      current = side;
      if (side.openedAt !== null) say('open', { reason: `renewed: ${why}` });
      const whole = broken || repeats;
      for (const event of side.held.splice(0)) {
        if (event.kind === 'open' || (event.kind === 'message' && !whole)) continue;
        told(side, event);
      }
    }

    connect();
  });
}
