/** What is asked for over REST, and what becomes of what waits meanwhile: in virtual time, against answers that a test gives. */
import type { Subscription } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileMapping, type FeedEvent, feedOf, openFeed } from '../../src/feeds/index.ts';
import { type FakeSocket, fakeSockets, Time } from './virtual.ts';

const T = 1_700_000_000_000;
const trade = (t: number, s = 'X') => JSON.stringify({ ...{ e: 'trade', s, t, p: `${t}`, q: '1' }, T: T + t, m: true });
const rested = (id: number) => ({ id, price: `${id}`, qty: '1', time: T + id, isBuyerMaker: true });

interface Question {
  url: string;
  init: RequestInit;
  answer(body: unknown, init?: ResponseInit): Promise<void>;
  fail(message: string): Promise<void>;
}

let time: Time;
let socket: FakeSocket;
let sockets: FakeSocket[];
let asked: Question[];
let events: FeedEvent[];
let feed: Subscription;

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const fetch = ((url: string, init: RequestInit) =>
  new Promise((resolve, reject) => {
    asked.push({
      ...{ url, init },
      answer: (body, how) => {
        resolve(new Response(typeof body === 'string' ? body : JSON.stringify(body), how));
        return settled();
      },
      fail: (message) => {
        reject(new TypeError('fetch failed', { cause: new Error(message) }));
        return settled();
      },
    });
  })) as typeof globalThis.fetch;

/** Numbers of the ticks that came, and statuses that have a reason. */
function came(): unknown[] {
  const mapping = compileMapping({ venue: 'binance', channel: 'trades' });
  return events.flatMap((event) =>
    event.kind === 'message'
      ? mapping.parse(event.data).ticks.map(({ seq, filled }) => (filled ? `+${seq}` : seq))
      : (event.status.reason ?? []),
  );
}

function open(url: string, more: object = {}): void {
  const fake = fakeSockets();
  const edge = { WebSocket: fake.WebSocket, fetch, random: () => 0, scheduler: time };
  feed = openFeed({ ...feedOf(url), ...more }, edge).subscribe((event) => events.push(event));
  sockets = fake.sockets;
  socket = sockets[0]!;
  socket.opens();
  socket.says('{"result":null,"id":1}');
}

beforeEach(() => {
  [time, asked, events] = [new Time(), [], []];
});
afterEach(() => feed.unsubscribe());

describe('a jump of the numbers', () => {
  it('holds back what comes after it until the answer is there', async () => {
    open('binance:X,Y');
    for (const n of [1, 2, 5, 6]) socket.says(trade(n));
    socket.says(trade(70, 'Y'));
    expect(came()).toEqual([1, 2]);
    expect(asked.map(({ url, init }) => [url, init.redirect])).toEqual([
      ['https://api.binance.com/api/v3/trades?symbol=X&limit=1000', 'error'],
    ]);
    await asked[0]!.answer([1, 2, 3, 4, 5, 6].map(rested));
    expect(came()).toEqual([1, 2, '+3', '+4', 5, 6, 70]);
    socket.says(trade(7));
    expect(came().at(-1)).toBe(7);
  });

  it('in what was held back is asked for too, a second later', async () => {
    open('binance:X,Y');
    for (const n of [1, 3, 4, 6]) socket.says(trade(n));
    for (const n of [7, 8]) socket.says(trade(n, 'Y'));
    await asked[0]!.answer([rested(2)]);
    expect(came()).toEqual([1, '+2', 3, 4]);
    time.pass(999);
    expect(asked).toHaveLength(1);
    time.pass(1);
    await settled();
    expect(asked).toHaveLength(2);
    await asked[1]!.answer([rested(5)]);
    expect(came()).toEqual([1, '+2', 3, 4, '+5', 6, 7, 8]);
  });

  it('is left as it is after 5 s without an answer, and nothing is asked for a minute', async () => {
    open('binance:X');
    for (const n of [1, 3]) socket.says(trade(n));
    time.pass(4999);
    expect(came()).toEqual([1]);
    time.pass(1);
    expect(came()).toEqual([1, 'missing trades could not be had: no answer within 5 s', 3]);
    expect(asked[0]!.init.signal!.aborted).toBe(true);
    await asked[0]!.answer([rested(2)]);
    socket.says(trade(5));
    expect(came().slice(3)).toEqual([5]);
    for (let i = 0; i < 60; i++) {
      time.pass(1000);
      socket.says('{"result":[],"id":2}');
    }
    socket.says(trade(7));
    expect(came().slice(3)).toEqual([5]);
    await asked[1]!.answer([rested(6)]);
    expect(came().slice(3)).toEqual([5, '+6', 7]);
  });

  it.each([
    ['messages', 10_000, trade(4)],
    ['bytes', 5, JSON.stringify({ e: 'junk', of: 'x'.repeat(1 << 20) })],
  ])('is left as it is where too many %s wait', (_, most, message) => {
    open('binance:X');
    for (const n of [1, 3]) socket.says(trade(n));
    const before = events.length;
    for (let i = 1; i < most - 1; i++) socket.says(message);
    expect(events.length === before).toBe(true);
    for (let i = 0; i < 2; i++) socket.says(message);
    const reasons = events.flatMap((event) => (event.kind === 'status' ? (event.status.reason ?? []) : []));
    expect(reasons).toEqual(['missing trades could not be had: too much was waiting']);
    expect(events.filter(({ kind }) => kind === 'message').length).toBeGreaterThanOrEqual(2 + most);
  });

  it.each([
    ['no JSON', (one: Question) => one.answer('<html>'), /is not valid JSON/],
    ['too large', (one: Question) => one.answer(`"${'x'.repeat(4 << 20)}"`), /larger than 4194304 bytes/],
    ['a refusal', (one: Question) => one.answer({}, { status: 418 }), /answered 418/],
    ['no network', (one: Question) => one.fail('connect ECONNREFUSED'), /could not be had: connect ECONNREFUSED/],
  ])('is left as it is where the answer is %s', async (_, answer, reason) => {
    open('binance:X');
    for (const n of [1, 3]) socket.says(trade(n));
    await answer(asked[0]!);
    expect(came()).toEqual([1, expect.stringMatching(reason), 3]);
  });

  it.each([null, 3, '"x"', {}, [null], [{}], [{ id: '2' }], [rested(99)]])(
    '%j is an answer without trades',
    async (body) => {
      open('binance:X');
      for (const n of [1, 3]) socket.says(trade(n));
      await asked[0]!.answer(body);
      expect(came()).toEqual([1, 3]);
    },
  );

  it('waits as long as the venue says', async () => {
    open('binance:X', { staleAfter: 0 });
    for (const n of [1, 3]) socket.says(trade(n));
    await asked[0]!.answer({}, { status: 429, headers: { 'retry-after': '120' } });
    time.pass(119_999);
    socket.says(trade(5));
    expect(asked).toHaveLength(1);
    time.pass(1);
    socket.says(trade(7));
    expect(asked).toHaveLength(2);
  });

  it('is not asked about once nobody listens', async () => {
    open('binance:X');
    for (const n of [1, 3]) socket.says(trade(n));
    feed.unsubscribe();
    expect(asked[0]!.init.signal!.aborted).toBe(true);
    await asked[0]!.answer([rested(2)]);
    expect(came()).toEqual([1]);
  });

  it('of numbers that begin anew is none', () => {
    open('binance:X');
    for (const n of [1000, 1, 2, 3, 4]) socket.says(trade(n).replace(`${T + n}`, `${T + 5000 - n}`));
    // times that go back: nothing begins anew
    expect(asked).toEqual([]);
    for (const n of [1, 2, 3, 4]) socket.says(trade(n).replace(`${T + n}`, `${T + 6000 + n}`));
    socket.says(trade(6).replace(`${T + 6}`, `${T + 7000}`));
    expect(asked).toHaveLength(1);
  });

  it('another host is not asked about, unless it is named', () => {
    open('binance:X', { endpoint: 'ws://127.0.0.1:1' });
    for (const n of [1, 3]) socket.says(trade(n));
    expect(asked).toEqual([]);
    feed.unsubscribe();
    open('binance:X', { endpoint: 'ws://127.0.0.1:1', rest: 'http://127.0.0.1:2/' });
    for (const n of [1, 3]) socket.says(trade(n));
    expect(asked.map(({ url }) => url)).toEqual(['http://127.0.0.1:2/api/v3/trades?symbol=X&limit=1000']);
  });
});

it('coinbase: asks page by page, newest first', async () => {
  open('coinbase:BTC-USD');
  const one = (trade_id: number) => ({
    ...{ trade_id, side: 'buy', size: '1', price: `${trade_id}`, time: new Date(T + trade_id).toISOString() },
  });
  for (const n of [1, 3000]) socket.says(JSON.stringify({ type: 'match', product_id: 'BTC-USD', ...one(n) }));
  const page = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, i) => one(from - i));
  const pages: [number, number][] = [...[[2999, 2000] as [number, number], [1999, 1000] as [number, number]], [999, 1]];
  for (const [from, to] of pages) {
    expect(asked.at(-1)!.url).toBe(
      `https://api.exchange.coinbase.com/products/BTC-USD/trades?limit=1000&after=${from + 1}`,
    );
    await asked.at(-1)!.answer(page(from, to));
    time.pass(1000);
    await settled();
  }
  expect(asked).toHaveLength(3);
  const mapping = compileMapping({ venue: 'coinbase' });
  const ticks = events.flatMap((event) => (event.kind === 'message' ? mapping.parse(event.data).ticks : []));
  expect(ticks.map(({ seq }) => seq)).toEqual(Array.from({ length: 3000 }, (_, i) => i + 1));
  expect(ticks.filter(({ filled }) => filled)).toHaveLength(2998);
  expect(ticks[1]).toMatchObject({ key: 'BTC-USD', time: T + 2, values: { price: 2, size: 1, side: -1 } });
});

it('kraken: asks from the last trade on, and puts what comes between the trades before and after', async () => {
  open('kraken:BTC/USD');
  const live = (trade_id: number, timestamp: string) =>
    JSON.stringify({
      ...{ channel: 'trade', type: 'update' },
      data: [{ symbol: 'BTC/USD', side: 'buy', price: 1, qty: 1, ord_type: 'limit', trade_id, timestamp }],
    });
  socket.says(live(1, '2023-11-14T22:13:20.500123Z'));
  socket.says(live(4, '2023-11-14T22:13:20.500130Z'));
  expect(asked[0]!.url).toBe('https://api.kraken.com/0/public/Trades?pair=BTCUSD&since=1700000000499000000');
  // the first one a digit too early, the second one too late
  const result = {
    XXBTZUSD: [
      ['1', '2', 1700000000.5001225, 's', 'm', '', 2],
      ['1', '2', 1700000000.5001309, 'b', 'l', '', 3],
    ],
    last: '1700000000500130900',
  };
  await asked[0]!.answer({ error: [], result });
  const mapping = compileMapping({ venue: 'kraken' });
  const ticks = events.flatMap((event) => (event.kind === 'message' ? mapping.parse(event.data).ticks : []));
  expect(ticks.map(({ seq, values, filled = false }) => [seq, values.side, filled])).toEqual([
    [1, 1, false],
    [2, -1, true],
    [3, 1, true],
    [4, 1, false],
  ]);
  const times = ticks.map((tick) => tick.time);
  expect(times[1]).toBe(times[0]);
  expect(times[2]).toBe(times[3]);
});

it('a message of the venue that looks like a filled one is read as such, and junk in it is counted', () => {
  const mapping = compileMapping({ venue: 'binance' });
  const parse = (message: object) => mapping.parse(new TextEncoder().encode(JSON.stringify(message)));
  const envelope = { whytick: 'fill', key: 'X', after: T, before: T + 9, trades: [rested(2), null] };
  expect(parse(envelope)).toMatchObject({ ticks: [{ seq: 2, filled: true }], invalid: { length: 1 } });
  for (const wrong of [{ key: 3 }, { after: null }, { before: 'x' }, { trades: {} }])
    expect(parse({ ...envelope, ...wrong })).toMatchObject({ ticks: [], ignored: 1 });
});
