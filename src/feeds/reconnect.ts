/** Links one after another: a feed that outlives its connections, and says what may be missing between them. */
import { asyncScheduler, defer, mergeMap, Observable, repeat, type SchedulerLike, timer } from 'rxjs';
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
  /** Whether what was sent while no link was open is sent again, so that a reconnect is no gap. */
  resumes?: boolean;
  random: () => number;
  scheduler?: SchedulerLike;
  now?: () => number;
}

/**
 * Messages and statuses of a feed, for ever: never errors, never completes; unsubscribing closes the link.
 *
 * Statuses: `connecting`, `open`, `stale` (silent for `staleAfter`; `open` again with the next message, `closed` after as
 * long again), `closed` (with reason, attempt and the wait before the next one), and `gap` before the first message after a
 * reconnect, with the receive times between which messages may be missing.
 * @param link one connection, from its opening to its end; it never errors
 */
export function reconnecting(link: () => Observable<LinkEvent>, options: ReconnectOptions): Observable<FeedEvent> {
  const { feed, random, scheduler = asyncScheduler, healthyAfter = 60_000, resumes = false } = options;
  const { staleAfter, now = () => scheduler.now() } = options;

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
        return link().pipe(mergeMap(told)).subscribe(subscriber);
      });
    });

    /** One event of a link, as the feed tells it. */
    function told(event: LinkEvent): FeedEvent[] {
      switch (event.kind) {
        case 'open':
          openedAt = scheduler.now();
          return [status('open')];
        case 'awake':
          return [status('open')];
        case 'stale':
          return [status('stale', { reason: `no message for ${staleAfter / 1000} s` })];
        case 'gap': {
          const { reason, missing } = event;
          return [status('gap', { from: lastMessage ?? now(), to: now(), missing, reason })];
        }
        case 'message': {
          const { data, ack } = event;
          const received = now();
          const message: FeedEvent = { kind: 'message', data, received, ...(ack ? { ack } : {}) };
          const missed = broken && lastMessage !== null && !resumes;
          const gap = missed ? { from: lastMessage!, to: received, missing: null } : null;
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
