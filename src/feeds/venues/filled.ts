/** Trades that were asked for afterwards, as one message of the feed: recorded like any other, and read by the venue's mapping. */
import { type Fill, type Hole, object, type Said } from './venue.ts';

/** What such a message says. */
export type Filled = Extract<Said, { kind: 'ticks' }> & Pick<Hole, 'after' | 'before'>;

const MARK = 'fill';

/** @param trades those of the hole, oldest first, as the venue sent them */
export function writeFilled({ key, after, before }: Hole, trades: readonly unknown[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ whytick: MARK, key, after, before, trades }));
}

/** Null for another message. */
export function readFilled(fill: Fill, message: unknown): Filled | null {
  const { whytick, key, after, before, trades } = object(message);
  if (whytick !== MARK || typeof key !== 'string' || !Array.isArray(trades)) return null;
  if (typeof after !== 'number' || typeof before !== 'number') return null;
  return { kind: 'ticks', ticks: trades.map((trade) => fill.tick(trade, key)), time: fill.time, after, before };
}
