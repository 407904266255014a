/** Market venues over real sockets, through the engine: what comes, what is missing, what is asked for afterwards. */
import type { Subscription } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Engine, type LogRecord, parseEngineConfig } from '../../src/engine.ts';
import { feedOf, openFeed } from '../../src/feeds/index.ts';
import { FeedSocket } from '../../src/node/socket.ts';
import { wallNs } from '../../src/node/wall.ts';
import type { FeedStatus, Tick } from '../../src/types.ts';
import { isInput } from '../engine/session.ts';
import { kernels } from '../kernels.ts';
import { dialects, START, type VenueServer, venueServer } from './venueServer.ts';

let server: VenueServer;
let feed: Subscription | undefined;
afterEach(() => {
  feed?.unsubscribe();
  server.close();
});

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 5 });

interface Session {
  engine: Engine;
  ticks: Tick[];
  statuses: FeedStatus[];
  records: LogRecord[];
}

function newEngine(venue: string): Session {
  const config = parseEngineConfig({ mapping: { venue, channel: 'trades' } });
  const engine = new Engine({ kernels, spec: null, config, wall: wallNs });
  const session: Session = { engine, ticks: [], statuses: [], records: [] };
  engine.explained$.subscribe(({ tick }) => session.ticks.push(tick));
  engine.status$.subscribe((status) => session.statuses.push(status));
  engine.records$.subscribe((record) => session.records.push(record));
  return session;
}

async function follow(venue: string, fill = true): Promise<Session> {
  const session = newEngine(venue);
  const { endpoint, rest, symbols } = server;
  const source = { ...feedOf(`${venue}:${symbols.join(',')}`), endpoint, rest, fill };
  feed = openFeed(source, { WebSocket: FeedSocket, fetch, random: () => 0 }).subscribe((event) => {
    if (event.kind === 'message') session.engine.message(event.data);
    else session.engine.status(event.status);
  });
  await confirmed(1);
  return session;
}

/** So many connections have subscribed to everything. */
async function confirmed(connections: number): Promise<void> {
  const [, ...others] = server.symbols;
  const each = { bitfinex: 1 + others.length, 'coinbase-advanced': 2 }[currentVenue] ?? 1;
  await until(() => expect(server.confirmed).toBe(connections * each));
}
let currentVenue = '';

async function start(venue: string): Promise<void> {
  currentVenue = venue;
  server = await venueServer(venue);
}

const numbers = ({ ticks }: Session, key: string): number[] =>
  ticks.filter((tick) => tick.key === key).map(({ values }) => values.price! - 100);
const filled = ({ ticks }: Session): number[] =>
  ticks.flatMap((tick) => (tick.filled ? [tick.values.price! - 100] : []));
const gaps = ({ statuses }: Session): unknown[] =>
  statuses.flatMap(({ state, key, missing }) => (state === 'gap' ? [[key ?? null, missing]] : []));

/** One trade is lost on its way, four happen while nobody is connected, one comes after. */
async function aBadDay(session: Session): Promise<void> {
  const [a, b] = server.symbols;
  const heard = (key: string, n: number) => until(() => expect(numbers(session, key).at(-1)).toBe(n));
  for (const n of [1, 2]) for (const symbol of [a, b]) server.trade(symbol, n);
  server.heartbeat();
  server.trade(a, 3);
  server.trade(a, 4, true);
  server.trade(a, 5);
  await heard(a, 5);
  server.disconnect();
  for (const n of [6, 7, 8, 9]) server.trade(a, n);
  await confirmed(2);
  server.trade(a, 10);
  server.heartbeat();
  await heard(a, 10);
}

const all = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

describe.each([
  // of Binance nothing before the subscription is heard, of Coinbase the last trade, of Kraken (here) the last two
  { venue: 'binance', asked: [4, 6, 7, 8, 9], missing: [1, 4] },
  { venue: 'coinbase', asked: [4, 6, 7, 8], missing: [1, 3] },
  { venue: 'kraken', asked: [4, 6, 7], missing: [1, 2] },
])('$venue', ({ venue, asked, missing }) => {
  it('asks for what was missed: every trade comes, in order, and there is no gap', async () => {
    await start(venue);
    const session = await follow(venue);
    await aBadDay(session);
    const [a, b] = server.symbols;
    expect(numbers(session, a)).toEqual(all);
    expect(numbers(session, b)).toEqual([1, 2]);
    expect(filled(session)).toEqual(asked);
    expect(gaps(session)).toEqual([]);
    expect(session.ticks.map(({ values }) => values.side)).toEqual(Array(12).fill(1));
    const times = session.ticks.filter(({ key }) => key === a).map(({ time }) => Math.floor(time - START));
    expect(times).toEqual(all.map((n) => n * 1000));
    expect(session.engine.counters).toMatchObject({ filled: asked.length, gaps: 0, missing: 0, invalid: 0, late: 0 });
    expect(server.asked).toHaveLength(2);

    // what was filled was recorded as a message: a replay asks nobody
    const again = newEngine(venue);
    for (const record of session.records.filter(isInput)) again.engine.input(record);
    expect(again.records).toEqual(session.records);
    expect(filled(again)).toEqual(asked);
  });

  it('does not ask where it is told not to, and says exactly what is missing', async () => {
    await start(venue);
    const session = await follow(venue, false);
    await aBadDay(session);
    const [a] = server.symbols;
    expect(server.asked).toEqual([]);
    expect(numbers(session, a)).toEqual(all.filter((n) => !asked.includes(n)));
    expect(gaps(session)).toEqual(missing.map((count) => [a, count]));
    expect(session.engine.counters).toMatchObject({ gaps: 2, missing: missing[0]! + missing[1]!, filled: 0 });
  });

  it('says why it was not answered, then does not ask for a while, and the gaps stay', async () => {
    await start(venue);
    server.status = 429;
    const session = await follow(venue);
    await aBadDay(session);
    expect(server.asked).toHaveLength(1);
    expect(session.statuses.flatMap(({ state, reason }) => (state === 'open' && reason ? [reason] : []))).toEqual([
      'missing trades could not be had: answered 429 Too Many Requests',
    ]);
    expect(gaps(session)).toEqual(missing.map((count) => [server.symbols[0], count]));
  });

  it('a gap is what is left of it where not everything is told', async () => {
    await start(venue);
    server.knows = (n) => n !== 6;
    const session = await follow(venue);
    await aBadDay(session);
    const [a] = server.symbols;
    expect(filled(session)).toEqual(asked.filter((n) => n !== 6));
    expect(gaps(session)).toEqual([[a, 1]]);
  });
});

describe.each([
  // numbered messages: a lost one is noticed; the last two trades come with the subscription
  { venue: 'coinbase-advanced', ticks: [1, 2, 3, 5, 8, 9, 10], gaps: 2 },
  { venue: 'bitfinex', ticks: [1, 2, 3, 5, 8, 9, 10], gaps: 2 },
  // nothing is numbered: only the reconnect is known
  { venue: 'okx', ticks: [1, 2, 3, 5, 10], gaps: 1 },
  { venue: 'bybit', ticks: [1, 2, 3, 5, 10], gaps: 1 },
])('$venue', ({ venue, ticks, gaps: count }) => {
  it('says that something is missing, of unknown size', async () => {
    await start(venue);
    const session = await follow(venue);
    await aBadDay(session);
    const [a, b] = server.symbols;
    expect(numbers(session, a)).toEqual(ticks);
    expect(numbers(session, b)).toEqual([1, 2]);
    expect(gaps(session)).toEqual(Array(count).fill([null, null]));
    expect(session.engine.counters).toMatchObject({ filled: 0, invalid: 0, late: 0 });
  });
});

describe.each(Object.keys(dialects))('%s', (venue) => {
  it('refuses: the reason and the next attempt are told, and once it no longer does, all goes on', async () => {
    await start(venue);
    server.refuses = true;
    const session = newEngine(venue);
    const { endpoint, symbols } = server;
    const edge = { WebSocket: FeedSocket, fetch, random: () => 0.1 };
    const source = { ...feedOf(`${venue}:${symbols.join(',')}`), endpoint };
    feed = openFeed(source, edge).subscribe((event) => {
      if (event.kind === 'message') session.engine.message(event.data);
      else session.engine.status(event.status);
    });
    const closed = () => session.statuses.filter(({ state }) => state === 'closed');
    await until(() => expect(closed()).toHaveLength(2));
    expect(closed().map(({ attempt, retryInMs }) => [attempt, retryInMs])).toEqual([
      [1, 50],
      [2, 100],
    ]);
    expect(closed()[0]!.reason).toMatch(/ refuses: /);
    server.refuses = false;
    await confirmed(1);
    server.trade(symbols[1], 1);
    await until(() => expect(numbers(session, symbols[1])).toEqual([1]));
  });
});

it.each(['binance', 'okx'])(
  '%s: says that it will close, and the next connection takes over without a gap',
  async (venue) => {
    await start(venue);
    const session = await follow(venue);
    const [a, b] = server.symbols;
    for (const symbol of [a, b]) server.trade(symbol, 1);
    server.leaves();
    await confirmed(2);
    // over both connections, the last ones until the old one was heard beside the new one
    for (const symbol of [a, b]) server.trade(symbol, 2);
    await until(() => {
      for (const symbol of [a, b]) server.trade(symbol, 3);
      expect(session.statuses.at(-1)!.reason ?? '').toMatch(/^renewed: /);
    });
    for (const symbol of [a, b]) server.trade(symbol, 4);
    await until(() => expect(numbers(session, b)).toEqual([1, 2, 3, 4]));
    expect(numbers(session, a)).toEqual([1, 2, 3, 4]);
    expect(session.statuses.map(({ state }) => state)).toEqual(['connecting', 'open', 'open']);
    expect(session.engine.counters).toMatchObject({ ticks: 8, gaps: 0, late: 0 });
    expect(session.engine.counters.duplicates).toBeGreaterThanOrEqual(4);
  },
);

it.each(['binance', 'okx'])('%s: closes before the next connection is ready, and that one goes on', async (venue) => {
  await start(venue);
  const session = await follow(venue);
  const [a, b] = server.symbols;
  for (const symbol of [a, b]) server.trade(symbol, 1);
  await until(() => expect(session.ticks).toHaveLength(2));
  server.leaves();
  await confirmed(2);
  server.disconnect(1);
  await until(() => expect(session.statuses.map(({ reason = '' }) => reason).join()).toContain('renewed: '));
  for (const symbol of [a, b]) server.trade(symbol, 2);
  await until(() => expect(numbers(session, b)).toEqual([1, 2]));
  expect(session.statuses.map(({ state }) => state)).toEqual(
    // nobody numbers OKX' trades
    ['connecting', 'open', 'closed', 'open', ...(venue === 'okx' ? ['gap'] : [])],
  );
});
