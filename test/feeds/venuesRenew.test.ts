/** A link that will close and the one that takes over from it, in virtual time. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Order } from '../../src/engine/order.ts';
import { compileMapping, type FeedEvent, feedOf, openFeed } from '../../src/feeds/index.ts';
import type { Channel } from '../../src/feeds/venues/venue.ts';
import { type FakeSocket, fakeSockets, Time } from './virtual.ts';

const T = 1_700_000_000_000;
const trade = (t: number) => JSON.stringify({ ...{ e: 'trade', s: 'X', t, p: `${t}`, q: '1' }, T: T + t, m: true });
const ticker = (t: number) =>
  JSON.stringify({ ...{ e: '24hrTicker', E: T + t, s: 'X', c: `${t}`, b: '1', a: '2', v: '3' } });

let time: Time;
let sockets: FakeSocket[];
let events: FeedEvent[];

function open(channel: Channel = 'trades'): void {
  const fake = fakeSockets();
  const edge = { WebSocket: fake.WebSocket, fetch, random: () => 0, scheduler: time };
  const source = { ...feedOf('binance:X'), channel, staleAfter: 0, fill: false };
  openFeed(source, edge).subscribe((event) => events.push(event));
  sockets = fake.sockets;
  confirm(0);
}

function confirm(i: number): void {
  sockets[i]!.opens();
  sockets[i]!.says('{"result":null,"id":1}');
}

/** Statuses, and the ticks that are taken (with what is missing before them) or dropped. */
function came(channel: Channel = 'trades'): unknown[] {
  const mapping = compileMapping({ venue: 'binance', channel });
  const order = new Order(1024, false, mapping.dense);
  return events.flatMap((event): unknown[] => {
    if (event.kind === 'status') return [event.status.reason ?? event.status.state];
    return mapping.parse(event.data).ticks.map((tick) => {
      const place = order.check(tick);
      const n = tick.time - T;
      return place.take ? (place.missing ? `${n} after ${place.missing}` : n) : place.why;
    });
  });
}

beforeEach(() => {
  [time, events] = [new Time(), []];
});

/** The venue says that it will close. */
const leave = () => sockets[0]!.says('{"event":{"e":"serverShutdown","E":1}}');
const RENEWED = 'renewed: the venue says that it will restart';

it('binance closes after 24 hours: the next connection is opened an hour before', () => {
  open();
  time.pass(23 * 3600 * 1000 - 1);
  expect(sockets).toHaveLength(1);
  time.pass(1);
  expect(sockets).toHaveLength(2);
});

describe('a venue that will close', () => {
  it('opens the next connection, hears both for a second, then leaves the old one', () => {
    open();
    sockets[0]!.says(trade(1));
    leave();
    expect(sockets).toHaveLength(2);
    confirm(1);
    sockets[0]!.says(trade(2));
    // the new one is ahead of the old one
    sockets[1]!.says(trade(4));
    sockets[0]!.says(trade(3));
    time.pass(999);
    sockets[0]!.says(trade(4));
    sockets[1]!.says(trade(5));
    expect(sockets[0]!.abandoned).toBe(false);
    time.pass(1);
    expect(sockets.map(({ abandoned }) => abandoned)).toEqual([true, false]);
    sockets[1]!.says(trade(6));
    expect(came()).toEqual([...['connecting', 'open', 1, 2, 3, 4], ...[RENEWED, 'duplicate', 5, 6]]);
  });

  it('what the old one still lacked is a gap of so many', () => {
    open();
    sockets[0]!.says(trade(1));
    leave();
    confirm(1);
    sockets[1]!.says(trade(4));
    time.pass(1000);
    expect(came().slice(-2)).toEqual([RENEWED, '4 after 2']);
  });

  it('tickers, which nothing tells apart, come from one of them at a time', () => {
    open('ticker');
    sockets[0]!.says(ticker(1));
    leave();
    confirm(1);
    for (const n of [2, 3]) for (const socket of sockets) socket.says(ticker(n));
    time.pass(1000);
    sockets[1]!.says(ticker(4));
    expect(came('ticker')).toEqual(['connecting', 'open', 1, 2, 3, RENEWED, 4]);
  });

  it('goes on with the old one while the next cannot be had, and tries again', () => {
    open();
    leave();
    sockets[1]!.ends(1006);
    sockets[0]!.says(trade(1));
    time.pass(999);
    expect(sockets).toHaveLength(2);
    time.pass(1);
    expect(sockets).toHaveLength(3);
    // opens and is never confirmed
    sockets[2]!.opens();
    time.pass(5000);
    expect(sockets[2]!.abandoned).toBe(true);
    sockets[0]!.says(trade(2));
    time.pass(1000);
    confirm(3);
    sockets[3]!.says(trade(3));
    time.pass(1000);
    expect(came()).toEqual(['connecting', 'open', 1, 2, RENEWED, 3]);
  });

  it('where the old one is closed first, the next goes on as soon as it can', () => {
    open('ticker');
    sockets[0]!.says(ticker(1));
    leave();
    sockets[0]!.ends(1001);
    expect(sockets).toHaveLength(2);
    confirm(1);
    sockets[1]!.says(ticker(2));
    expect(came('ticker')).toEqual(['connecting', 'open', 1, 'closed with 1001', 'open', 'reconnected', 2]);
    expect(
      events.flatMap((e) => (e.kind === 'status' && e.status.state === 'closed' ? [e.status.retryInMs] : [])),
    ).toEqual([0]);
  });

  it('what waits is bounded: the next one takes over at once', () => {
    open();
    sockets[0]!.says(trade(1));
    leave();
    confirm(1);
    for (let n = 2; n < 10_010; n++) sockets[1]!.says(trade(n));
    expect(sockets[0]!.abandoned).toBe(true);
    expect(came().at(-1)).toBe(10_009);
  });

  it('nobody listens: both are closed', () => {
    const fake = fakeSockets();
    const edge = { WebSocket: fake.WebSocket, fetch, random: () => 0, scheduler: time };
    const feed = openFeed({ ...feedOf('binance:X'), staleAfter: 0 }, edge).subscribe();
    fake.sockets[0]!.opens();
    fake.sockets[0]!.says('{"result":null,"id":1}');
    fake.sockets[0]!.says('{"event":{"e":"serverShutdown","E":1}}');
    feed.unsubscribe();
    expect(fake.sockets.map(({ abandoned }) => abandoned)).toEqual([true, true]);
    time.pass(60_000);
    expect(fake.sockets).toHaveLength(2);
  });
});
