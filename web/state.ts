/** What the page as a whole is: one word for the chip, decided from the socket and from what the server says of its feed. */

import type { Link } from './connection.ts';
import { age, brief } from './format.ts';
import type { Store } from './store.ts';

export type Kind = 'connecting' | 'waiting' | 'live' | 'replay' | 'stale' | 'feed' | 'lost' | 'mismatch';

export interface PageState {
  kind: Kind;
  /** The chip: its word, and what follows it. */
  word: string;
  detail: string;
  /** How old the last tick is (ms, receive clock), while connected by the server's word; NaN before the first. */
  age: number;
}

/** @param now ms of `performance.now()` */
export function pageState(store: Store, link: Link, now: number): PageState {
  const sinceTick = now - store.tickAt;
  if (store.mismatch) return { kind: 'mismatch', word: 'Another version', detail: '', age: sinceTick };
  if (link.phase !== 'open' && link.opened) {
    const lost = now - link.heardAt;
    return { kind: 'lost', word: `No data for ${age(lost)}`, detail: '', age: lost };
  }
  if (link.phase !== 'open') {
    const refused = link.attempt > 0;
    return {
      kind: refused ? 'lost' : 'connecting',
      word: refused ? (store.error ? 'Not let in' : 'No server') : 'Connecting',
      detail: '',
      age: Number.NaN,
    };
  }
  const { status, series } = store;
  const old = tickAge(store, now);
  if (!status || !series || series.end === 0)
    return { kind: 'waiting', word: 'Waiting for the first tick', detail: '', age: Number.NaN };
  const { feed } = status;
  if (feed.state === 'stale') {
    return { kind: 'stale', word: `No tick for ${brief(old)}`, detail: feed.reason ?? '', age: old };
  }
  if (feed.state === 'closed' || feed.state === 'connecting') {
    const attempt = feed.attempt ? `attempt ${feed.attempt}` : (feed.reason ?? '');
    return { kind: 'feed', word: 'Feed reconnecting', detail: attempt, age: old };
  }
  const rate = `${status.ticksPerSecond.toFixed(status.ticksPerSecond < 10 ? 1 : 0)} tick/s`;
  const gaps = status.gaps === 0 ? 'no gaps' : `${status.gaps} gap${status.gaps === 1 ? '' : 's'}`;
  const replay = store.hello?.session === 'replay';
  return {
    kind: replay ? 'replay' : 'live',
    word: replay ? 'Replay' : 'Live',
    detail: [replay ? 'not live' : '', rate, `data ${brief(old)} old`, gaps].filter(Boolean).join(' · '),
    age: old,
  };
}

/** Age of the newest tick: the server's receive clock against its own now, plus what passed since it said so. */
export function tickAge(store: Store, now: number): number {
  const { status, tickAt } = store;
  if (!status || status.lastReceived === null) return now - tickAt;
  const told = Math.max(0, status.now - status.lastReceived) + (now - store.statusAt);
  return Number.isFinite(tickAt) ? Math.min(told, now - tickAt) : told;
}
