/** What every market venue must keep: its messages are ticks, signs of life, confirmations or reasons to end, and nothing throws. */
import type { AddressInfo } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { Order } from '../../src/engine/order.ts';
import { ConfigError } from '../../src/errors.ts';
import { compileMapping, type FeedEvent, feedOf, openFeed } from '../../src/feeds/index.ts';
import { findVenue, venues } from '../../src/feeds/venues/index.ts';
import { CHANNELS, type Channel, COLUMNS } from '../../src/feeds/venues/venue.ts';
import { FeedSocket } from '../../src/node/socket.ts';
import { decodeSaved, encodeSaved } from '../../src/saved.ts';
import { fakeSockets, Time } from '../feeds/virtual.ts';

interface Example {
  symbols: string[];
  /** Confirmations of a subscription to `symbols`. */
  confirmed: unknown[];
  /** Those of another channel, where they differ. */
  confirmedOf?: Partial<Record<Channel, unknown[]>>;
  alive: unknown[];
  /** What ends the connection with a reason that contains this. */
  refused: [message: unknown, reason: string][];
  /** Trades of which something is missing. */
  damaged: unknown[];
  ending?: unknown;
  /** Said some time ahead: the next connection is opened first. */
  leaving?: unknown;
  /** A message by channel, what comes before it, and the ticks in it: key, time (ms), values, number or name. */
  ticks: Record<Channel, { before?: unknown[]; message: unknown; ticks: unknown[][] }>;
}

// shapes of messages as the venues' documentation gives them, with figures of our own
const T = 1_700_000_000_000;
const ISO = '2023-11-14T22:13:20.250Z';
const examples: Record<string, Example> = {
  binance: {
    symbols: ['BTCUSDT'],
    confirmed: [{ result: null, id: 1 }],
    alive: [{ result: ['btcusdt@trade'], id: 2 }],
    refused: [
      [{ error: { code: 2, msg: 'Invalid request' }, id: 1 }, 'Invalid request'],
      [{ code: 3, msg: 'Too many requests' }, 'Too many requests'],
    ],
    damaged: [
      { e: 'trade', t: 7, p: '1', q: '1', T, m: true },
      { e: 'trade', s: 'BTCUSDT', p: '1', q: '1', T, m: true },
      { e: 'trade', s: 'BTCUSDT', t: null, p: '1', q: '1', T, m: true },
      { e: 'trade', s: 'BTCUSDT', t: 7, p: '1', q: '1', T },
    ],
    leaving: { event: { e: 'serverShutdown', E: T } },
    ticks: {
      trades: {
        message: { e: 'trade', E: T + 9, s: 'BTCUSDT', t: 7, p: '100.5', q: '0.25', T: T + 250, m: true },
        ticks: [['BTCUSDT', T + 250, [100.5, 0.25, -1], 7]],
      },
      ticker: {
        message: { e: '24hrTicker', E: T, s: 'BTCUSDT', c: '100.5', b: '100', a: '101', v: '12' },
        ticks: [['BTCUSDT', T, [100, 101, 100.5, 12], null]],
      },
      candles: {
        message: {
          ...{ e: 'kline', E: T + 60_000, s: 'BTCUSDT' },
          k: { t: T, o: '1', h: '4', l: '0.5', c: '2', v: '9', x: true },
        },
        ticks: [['BTCUSDT', T, [1, 4, 0.5, 2, 9], null]],
      },
    },
  },
  coinbase: {
    symbols: ['BTC-USD'],
    confirmed: [{ type: 'subscriptions', channels: [{ name: 'matches', product_ids: ['BTC-USD'] }] }],
    alive: [{ type: 'heartbeat', sequence: 90, last_trade_id: 20, product_id: 'BTC-USD', time: ISO }],
    refused: [
      [
        { type: 'error', message: 'Failed to subscribe', reason: 'BTC-EUX is not a valid product' },
        'Failed to subscribe: BTC-EUX is not a valid product',
      ],
    ],
    damaged: [
      { type: 'match', trade_id: 1, side: 'buy', size: '1', price: '1', time: ISO },
      { type: 'match', trade_id: 1, side: 'buy', size: '1', price: '1', product_id: 'BTC-USD' },
      { type: 'match', trade_id: 1, side: 'b', size: '1', price: '1', product_id: 'BTC-USD', time: ISO },
    ],
    ticks: {
      trades: {
        // the maker sold: the taker bought
        message: {
          ...{ type: 'match', trade_id: 10, side: 'sell', size: '5.5', price: '400.25' },
          ...{ product_id: 'BTC-USD', sequence: 50, time: ISO },
        },
        ticks: [['BTC-USD', T + 250, [400.25, 5.5, 1], 10]],
      },
      ticker: {
        message: {
          ...{ type: 'ticker', product_id: 'BTC-USD', price: '100.5', volume_24h: '12', best_bid: '100' },
          ...{ best_ask: '101', time: ISO },
        },
        ticks: [['BTC-USD', T + 250, [100, 101, 100.5, 12], null]],
      },
      // made of trades
      candles: {
        message: {
          ...{ type: 'match', trade_id: 10, side: 'sell', size: '5.5', price: '400.25' },
          ...{ product_id: 'BTC-USD', sequence: 50, time: ISO },
        },
        ticks: [['BTC-USD', T + 250, [400.25, 5.5, 1], 10]],
      },
    },
  },
  'coinbase-advanced': {
    symbols: ['BTC-USD'],
    confirmed: [
      { channel: 'subscriptions', sequence_num: 0, events: [{ subscriptions: { market_trades: ['BTC-USD'] } }] },
      { channel: 'subscriptions', sequence_num: 1, events: [{ subscriptions: { heartbeats: ['heartbeats'] } }] },
    ],
    alive: [{ channel: 'heartbeats', sequence_num: 2, events: [{ heartbeat_counter: 1 }] }],
    refused: [[{ type: 'error', message: 'authentication failure' }, 'authentication failure']],
    damaged: [
      {
        channel: 'market_trades',
        events: [{ type: 'update', trades: [{ trade_id: '1', price: '1', size: '1', side: 'BUY', time: ISO }] }],
      },
    ],
    ticks: {
      trades: {
        // newest first
        message: {
          ...{ channel: 'market_trades', sequence_num: 3, timestamp: ISO },
          events: [
            {
              type: 'update',
              trades: [
                { trade_id: '12', product_id: 'BTC-USD', price: '101', size: '2', side: 'BUY', time: ISO },
                { trade_id: '11', product_id: 'BTC-USD', price: '100', size: '1', side: 'SELL', time: ISO },
              ],
            },
          ],
        },
        ticks: [
          ['BTC-USD', T + 250, [100, 1, 1], '11'],
          ['BTC-USD', T + 250, [101, 2, -1], '12'],
        ],
      },
      ticker: {
        message: {
          ...{ channel: 'ticker', sequence_num: 3, timestamp: ISO },
          events: [
            {
              type: 'update',
              tickers: [{ product_id: 'BTC-USD', price: '100.5', volume_24_h: '12', best_bid: '100', best_ask: '101' }],
            },
          ],
        },
        ticks: [['BTC-USD', T + 250, [100, 101, 100.5, 12], null]],
      },
      // five minutes each, newest first; the newest is open
      candles: {
        message: {
          ...{ channel: 'candles', sequence_num: 3, timestamp: ISO },
          events: [
            {
              type: 'snapshot',
              candles: [
                ...[{ start: '1700000400', open: '2', high: '2', low: '2', close: '2', volume: '1' }],
                ...[{ start: '1700000100', open: '1', high: '4', low: '0.5', close: '2', volume: '9' }],
              ].map((candle) => ({ ...candle, product_id: 'BTC-USD' })),
            },
          ],
        },
        ticks: [['BTC-USD', T + 100_000, [1, 4, 0.5, 2, 9], null]],
      },
    },
  },
  kraken: {
    symbols: ['BTC/USD', 'ETH/USD'],
    confirmed: [
      { method: 'subscribe', result: { channel: 'trade', symbol: 'BTC/USD' }, success: true },
      { method: 'subscribe', result: { channel: 'trade', symbol: 'ETH/USD' }, success: true },
    ],
    alive: [{ channel: 'heartbeat' }],
    refused: [
      [
        { method: 'subscribe', success: false, error: 'Currency pair not supported BTC/EUX', symbol: 'BTC/EUX' },
        'Currency pair not supported BTC/EUX',
      ],
      [{ method: 'subscribe', success: false, error: 'Already subscribed', symbol: 'BTC/USD' }, 'subscribed: BTC/USD'],
      [{ error: 'Exceeded msg rate' }, 'Exceeded msg rate'],
    ],
    damaged: [
      {
        ...{ channel: 'trade', type: 'update' },
        data: [{ side: 'buy', price: 1, qty: 1, trade_id: 1, timestamp: ISO }],
      },
    ],
    ending: { channel: 'status', type: 'update', data: [{ system: 'maintenance' }] },
    ticks: {
      trades: {
        message: {
          ...{ channel: 'trade', type: 'update' },
          data: [
            { symbol: 'ETH/USD', side: 'sell', price: 20.5, qty: 2, ord_type: 'market', trade_id: 5, timestamp: ISO },
            { symbol: 'ETH/USD', side: 'buy', price: 20, qty: 1, ord_type: 'limit', trade_id: 4, timestamp: ISO },
          ],
        },
        ticks: [
          ['ETH/USD', T + 250, [20, 1, 1], 4],
          ['ETH/USD', T + 250, [20.5, 2, -1], 5],
        ],
      },
      // without a time: that of receipt
      ticker: {
        message: {
          ...{ channel: 'ticker', type: 'update' },
          data: [{ symbol: 'BTC/USD', bid: 100, ask: 101, last: 100.5, volume: 12, vwap: 100.2, low: 90, high: 110 }],
        },
        ticks: [['BTC/USD', T, [100, 101, 100.5, 12], null]],
      },
      candles: {
        message: {
          ...{ channel: 'ohlc', type: 'snapshot' },
          data: [
            { interval_begin: '2023-11-14T22:14:00.000000000Z', open: 2, high: 2, low: 2, close: 2, volume: 1 },
            { interval_begin: '2023-11-14T22:13:00.000000000Z', open: 1, high: 4, low: 0.5, close: 2, volume: 9 },
          ].map((candle) => ({ ...candle, symbol: 'BTC/USD', interval: 1 })),
        },
        ticks: [['BTC/USD', T - 20_000, [1, 4, 0.5, 2, 9], null]],
      },
    },
  },
  bitfinex: {
    symbols: ['tBTCUSD'],
    confirmed: [{ event: 'subscribed', channel: 'trades', chanId: 17, symbol: 'tBTCUSD', pair: 'BTCUSD' }],
    alive: [
      [17, 'hb', 3],
      [17, 'tu', [401, T, -0.5, 100], 4],
    ],
    confirmedOf: {
      candles: [{ event: 'subscribed', channel: 'candles', chanId: 17, key: 'trade:1m:tBTCUSD' }],
      ticker: [{ event: 'subscribed', channel: 'ticker', chanId: 17, symbol: 'tBTCUSD', pair: 'BTCUSD' }],
    },
    refused: [
      [{ event: 'error', msg: 'symbol: invalid', code: 10300, symbol: 'tBTCEUX' }, 'symbol: invalid: tBTCEUX'],
      [{ event: 'error', msg: 'ERR_RATE_LIMIT', code: 11010 }, 'ERR_RATE_LIMIT'],
      [{ event: 'conf', status: 'FAILED' }, 'to number its messages: FAILED'],
    ],
    damaged: [
      [17, 'te', [401, T, null, 100], 2],
      [17, 'te', null, 2],
    ],
    ending: { event: 'info', code: 20051, msg: 'Stop/Restart Websocket Server' },
    ticks: {
      trades: {
        message: [17, 'te', [401, T + 250, -0.5, 100.25], 2],
        ticks: [['tBTCUSD', T + 250, [100.25, 0.5, -1], '401']],
      },
      // bid, its size, ask, its size, two changes, last, volume, high, low; without a time
      ticker: {
        message: [17, [100, 3, 101, 4, -1, -0.01, 100.5, 12, 110, 90], 2],
        ticks: [['tBTCUSD', T, [100, 101, 100.5, 12], null]],
      },
      // the close stands before the high
      candles: {
        before: [[17, [[T - 60_000, 9, 9, 9, 9, 9]], 2]],
        message: [17, [T, 1, 2, 4, 0.5, 9], 3],
        ticks: [['tBTCUSD', T - 60_000, [9, 9, 9, 9, 9], null]],
      },
    },
  },
  okx: {
    symbols: ['BTC-USDT'],
    confirmed: [{ event: 'subscribe', arg: { channel: 'trades', instId: 'BTC-USDT' }, connId: 'a4d3ae55' }],
    alive: ['pong'],
    refused: [
      [{ event: 'error', code: '60012', msg: 'Invalid request' }, 'Invalid request (60012)'],
      [{ event: 'error', code: '60014', msg: 'Requests too frequent' }, 'Requests too frequent (60014)'],
      [{ event: 'channel-conn-count-error', channel: 'trades', connCount: '30' }, 'too many connections to trades: 30'],
    ],
    damaged: [{ arg: { channel: 'trades' }, data: [{ tradeId: '1', px: '1', sz: '1', side: 'buy', ts: `${T}` }] }],
    leaving: { event: 'notice', code: '64008', msg: 'The connection will soon be closed for a service upgrade.' },
    ticks: {
      trades: {
        message: {
          arg: { channel: 'trades', instId: 'BTC-USDT' },
          data: [{ instId: 'BTC-USDT', tradeId: '13', px: '100.5', sz: '0.25', side: 'buy', ts: `${T + 250}` }],
        },
        ticks: [['BTC-USDT', T + 250, [100.5, 0.25, 1], '13']],
      },
      ticker: {
        message: {
          arg: { channel: 'tickers', instId: 'BTC-USDT' },
          data: [{ last: '100.5', askPx: '101', bidPx: '100', vol24h: '12', ts: `${T}` }],
        },
        ticks: [['BTC-USDT', T, [100, 101, 100.5, 12], null]],
      },
      candles: {
        message: {
          arg: { channel: 'candle1m', instId: 'BTC-USDT' },
          // the second is not closed
          data: [
            [`${T}`, '1', '4', '0.5', '2', '9', '18', '18', '1'],
            [`${T + 60_000}`, '2', '2', '2', '2', '0', '0', '0', '0'],
          ],
        },
        ticks: [['BTC-USDT', T, [1, 4, 0.5, 2, 9], null]],
      },
    },
  },
  bybit: {
    symbols: ['BTCUSDT'],
    confirmed: [{ success: true, ret_msg: 'subscribe', conn_id: '2324', op: 'subscribe' }],
    alive: [{ success: true, ret_msg: 'pong', conn_id: '2324', op: 'ping' }],
    refused: [
      [{ success: false, ret_msg: 'error:handler not found,topic:publicTrade.X', op: 'subscribe' }, 'publicTrade.X'],
      [{ retCode: 10006, retMsg: 'Too many visits!' }, 'Too many visits!'],
    ],
    damaged: [{ topic: 'publicTrade.BTCUSDT', data: [{ S: 'Sell', v: '1', p: '1', i: 'a' }] }],
    ticks: {
      trades: {
        message: {
          ...{ topic: 'publicTrade.BTCUSDT', type: 'snapshot', ts: T },
          data: [{ T: T + 250, s: 'BTCUSDT', S: 'Sell', v: '0.25', p: '100.5', i: '20f43950' }],
        },
        ticks: [['BTCUSDT', T + 250, [100.5, 0.25, -1], '20f43950']],
      },
      // the ticker has no bid and no ask: the book has
      ticker: {
        before: [
          {
            ...{ topic: 'orderbook.1.BTCUSDT', type: 'snapshot', ts: T },
            data: { s: 'BTCUSDT', b: [['99', '1']], a: [['101', '2']], u: 1 },
          },
          {
            ...{ topic: 'orderbook.1.BTCUSDT', type: 'delta', ts: T },
            data: {
              s: 'BTCUSDT',
              b: [
                ['99', '0'],
                ['100', '1'],
              ],
              a: [],
              u: 2,
            },
          },
        ],
        message: {
          ...{ topic: 'tickers.BTCUSDT', type: 'snapshot', ts: T + 5 },
          data: { symbol: 'BTCUSDT', lastPrice: '100.5', volume24h: '12' },
        },
        ticks: [['BTCUSDT', T + 5, [100, 101, 100.5, 12], null]],
      },
      candles: {
        message: {
          ...{ topic: 'kline.1.BTCUSDT', type: 'snapshot', ts: T },
          data: [{ start: T, open: '1', high: '4', low: '0.5', close: '2', volume: '9', confirm: true }],
        },
        ticks: [['BTCUSDT', T, [1, 4, 0.5, 2, 9], null]],
      },
    },
  },
};

/** Every field of a message, at any depth; `placed` has the message that each belongs to. */
const placed = new WeakMap<object, object>();
function placesOf(message: object, at: object = message): [Record<string, unknown>, string][] {
  placed.set(at, message);
  return Object.entries(at).flatMap(([field, value]) => {
    const within = typeof value === 'object' && value !== null ? placesOf(message, value) : [];
    return [[at as Record<string, unknown>, field], ...within] as [Record<string, unknown>, string][];
  });
}

const written = (message: unknown): string => (typeof message === 'string' ? message : JSON.stringify(message));
const bytes = (message: unknown): Uint8Array => new TextEncoder().encode(written(message));

describe.each(venues)('$name', (venue) => {
  const example = examples[venue.name]!;
  const mappingOf = (channel: Channel) => {
    const mapping = compileMapping({ venue: venue.name, channel });
    const before = [...(example.confirmedOf?.[channel] ?? example.confirmed), ...(example.ticks[channel].before ?? [])];
    for (const message of before)
      expect(mapping.parse(bytes(message), T)).toMatchObject({ ticks: [], invalid: [], ignored: 1 });
    return mapping;
  };
  const follow = (): { events: FeedEvent[]; sockets: ReturnType<typeof fakeSockets>['sockets']; time: Time } => {
    const { WebSocket, sockets } = fakeSockets();
    const [time, events]: [Time, FeedEvent[]] = [new Time(), []];
    const edge = { WebSocket, fetch, random: () => 0.5, scheduler: time };
    openFeed({ ...feedOf(`${venue.name}:${example.symbols.join(',')}`), fill: false }, edge).subscribe((event) =>
      events.push(event),
    );
    return { events, sockets, time };
  };
  const reasons = (events: FeedEvent[]): (string | undefined)[] =>
    events.flatMap((event) => (event.kind === 'status' ? [event.status.reason] : []));

  it.each(CHANNELS)('%s: ticks are what the message says', (channel) => {
    const { message, ticks } = example.ticks[channel];
    const mapping = mappingOf(channel);
    expect(mapping.columns).toEqual(COLUMNS[venue.made?.includes(channel) ? 'trades' : channel]);
    const mapped = mapping.parse(bytes(message), T);
    expect(mapped.invalid).toEqual([]);
    expect(
      mapped.ticks.map((tick) => [tick.key, tick.time, Object.values(tick.values), tick.seq ?? tick.id ?? null]),
    ).toEqual(ticks);
  });

  it('signs of life and confirmations are no ticks, and no junk', () => {
    const mapping = mappingOf('trades');
    for (const message of [...example.confirmed, ...example.alive])
      expect(mapping.parse(bytes(message)), written(message)).toMatchObject({ ticks: [], invalid: [], ignored: 1 });
  });

  it('a message without a trade in it is counted', () => {
    const mapping = mappingOf('trades');
    const empty = written(example.ticks.trades!.message).replace(/"(data|events)":\[.*\]/, '"$1":[]');
    const mapped = mapping.parse(bytes(Array.isArray(example.ticks.trades!.message) ? '[17,[],3]' : empty));
    expect(mapped.ticks.length + mapped.ignored).toBe(1);
  });

  it('junk is said, with its place, and never thrown', () => {
    const mapping = mappingOf('trades');
    const { message } = example.ticks.trades;
    expect(mapping.parse(bytes(message).subarray(0, -3)).invalid).toEqual([
      expect.stringMatching(/^invalid message: /),
    ]);
    const noPrice = written(message).replace(/"?(100\.25|100\.5|400\.25|20\.5)"?|"101"/g, '"x"');
    expect(mapping.parse(new TextEncoder().encode(noPrice)).invalid.join()).toMatch(/invalid price: /);
  });

  it.each(CHANNELS)('%s: no shape of a message throws, in the mapping or on the link', (channel) => {
    const mapping = mappingOf(channel);
    const { WebSocket, sockets } = fakeSockets();
    const edge = { WebSocket, fetch, random: () => 0.5, scheduler: new Time() };
    const url = `${venue.name}:${example.symbols.join(',')}`;
    const events: FeedEvent[] = [];
    openFeed({ ...feedOf(url), channel, fill: false }, edge).subscribe((event) => events.push(event));
    sockets[0]!.opens();
    const shapes = [null, 3, 'x', [], [null], [3], ['x'], [[]], {}];
    const { message } = example.ticks[channel];
    const damaged = Object.keys(message as object).flatMap((field) =>
      shapes.map((shape) =>
        JSON.stringify(
          Array.isArray(message)
            ? Object.assign([...message], { [field]: shape })
            : { ...(message as object), [field]: shape },
        ),
      ),
    );
    for (const junk of ['', '[]', '{}', '[null]', '[17]', '"x"', ...damaged]) {
      expect(() => mapping.parse(bytes(junk)), junk).not.toThrow();
      const before = events.length;
      sockets[0]!.says(junk);
      expect(events.length, junk).toBeGreaterThan(before);
    }
  });

  it('no field of a message throws, nor is believed, whatever stands there', () => {
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
    const shapes = [deep, '"constructor"', '"__proto__"', '{"toString":0,"valueOf":0}', `"${'x'.repeat(1000)}"`];
    const trade = example.ticks.trades!.message;
    for (const message of [trade, example.refused, example.ending ?? {}, ...example.confirmed]) {
      for (const [at, field] of placesOf(structuredClone(message) as object)) {
        const was = at[field];
        at[field] = '<place>';
        const text = written(placed.get(at));
        at[field] = was;
        for (const shape of shapes) {
          const { sockets, events } = follow();
          sockets[0]!.opens();
          const said = text.replace('"<place>"', () => shape);
          expect(() => mappingOf('trades').parse(bytes(said))).not.toThrow();
          sockets[0]!.says(said);
          expect(events.length).toBeGreaterThan(2);
          for (const reason of reasons(events).filter((each) => each !== undefined)) {
            expect(reason).toBeTypeOf('string');
            expect(reason!.length).toBeLessThan(300);
          }
        }
      }
    }
  });

  it('a trade without its symbol, time or side is counted, and no tick', () => {
    for (const damaged of example.damaged) {
      const mapped = mappingOf('trades').parse(bytes(damaged));
      expect([mapped.ticks, mapped.invalid.length], written(damaged)).toEqual([[], 1]);
    }
  });

  it('goes on after a reset of the stream', () => {
    const mapping = mappingOf('trades');
    mapping.reset();
    expect(mapping.parse(bytes(example.ticks.trades.message)).ticks).toHaveLength(example.ticks.trades.ticks.length);
  });

  it('a trade that is sent again after a reconnect is dropped', () => {
    const mapping = mappingOf('trades');
    const order = new Order(undefined, false, mapping.dense);
    const takes = () => mapping.parse(bytes(example.ticks.trades.message)).ticks.map((tick) => order.check(tick));
    expect(takes()).toEqual(example.ticks.trades.ticks.map(() => ({ take: true, missing: 0 })));
    order.reconnected();
    expect(takes()).toEqual(example.ticks.trades.ticks.map(() => ({ take: false, why: 'duplicate' })));
  });

  it('silence is stale and reconnected; what was missed is a gap', () => {
    const { sockets, time, events } = follow();
    const after = Math.max(5, 5 * venue.heartbeat);
    sockets[0]!.opens();
    for (const message of example.confirmed) sockets[0]!.says(written(message));
    time.pass(after * 1000);
    expect(reasons(events).at(-1)).toBe(`no message for ${after} s`);
    time.pass(after * 1000);
    expect(reasons(events).at(-1)).toBe(`silent for ${2 * after} s`);
    time.pass(1000);
    sockets[1]!.opens();
    sockets[1]!.says(written(example.confirmed[0]));
    const gaps = events.flatMap((e) => (e.kind === 'status' && e.status.state === 'gap' ? [e.status] : []));
    expect(gaps).toMatchObject([{ missing: null, reason: 'reconnected', from: 0 }]);
  });

  it('signs of life keep a market without trades open', () => {
    const { sockets, time, events } = follow();
    const life = example.alive[0];
    sockets[0]!.opens();
    for (const message of example.confirmed) sockets[0]!.says(written(message));
    for (let i = 0; i < 12; i++) {
      time.pass(venue.heartbeat * 1000);
      sockets[0]!.says(written(life));
    }
    expect(events.filter((e) => e.kind === 'status').map((e) => e.status.state)).toEqual(['connecting', 'open']);
  });

  it('over a real socket: its endpoint, several symbols, ticks, and the same again after a disconnect', async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await new Promise((resolve) => server.once('listening', resolve));
    const asked: string[] = [];
    server.on('connection', (client) => {
      let heard = 0;
      client.on('message', (data) => {
        asked.push(String(data));
        if (++heard < venue.subscribe(example.symbols, 'trades').length) return;
        for (const message of [...example.confirmed, ...example.alive, example.ticks.trades.message])
          client.send(written(message));
      });
    });
    const mapping = compileMapping({ venue: venue.name, channel: 'trades' });
    const order = new Order(undefined, false, mapping.dense);
    const [places, states]: [unknown[], string[]] = [[], []];
    const endpoint = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const source = { ...feedOf(`${venue.name}:${example.symbols.join(',')}`), endpoint };
    const feed = openFeed(source, { WebSocket: FeedSocket, fetch, random: () => 0 }).subscribe((event) => {
      if (event.kind === 'message')
        for (const tick of mapping.parse(event.data).ticks) places.push(order.check(tick).take);
      else {
        states.push(event.status.state);
        if (event.status.state === 'open') order.reconnected();
      }
    });
    try {
      const { length } = example.ticks.trades.ticks;
      const [taken, dropped] = [Array(length).fill(true), Array(length).fill(false)];
      await vi.waitFor(() => expect(places).toEqual(taken), { timeout: 10_000, interval: 5 });
      for (const client of server.clients) client.terminate();
      // OKX allows three connections a second: the second waits
      await vi.waitFor(() => expect(places).toEqual([...taken, ...dropped]), { timeout: 10_000, interval: 5 });
      expect(states.filter((state) => state !== 'gap')).toEqual(['connecting', 'open', 'closed', 'connecting', 'open']);
      // numbers tell what is missing, once every symbol has one
      const heard = new Set(example.ticks.trades.ticks.map(([key]) => key)).size;
      const known = venue.dense?.includes('trades') && heard === example.symbols.length;
      expect(states.includes('gap')).toBe(!known);
      const sent = venue.subscribe(example.symbols, 'trades').map(written);
      expect(asked).toEqual([...sent, ...sent]);
    } finally {
      feed.unsubscribe();
      for (const client of server.clients) client.terminate();
      server.close();
    }
  });

  it('asks for its symbols on every connection; a confirmed one stays', () => {
    const { sockets, time, events } = follow();
    expect(sockets[0]!.url).toBe(venue.endpoint('trades'));
    sockets[0]!.opens();
    const asked = sockets[0]!.sent.join().toLowerCase();
    for (const symbol of example.symbols) expect(asked).toContain(symbol.toLowerCase());
    expect(sockets[0]!.sent).toHaveLength(venue.subscribe(example.symbols, 'trades').length);
    for (const message of example.confirmed) sockets[0]!.says(written(message));
    time.pass(5000);
    expect(sockets[0]!.abandoned).toBe(false);
    expect(reasons(events).join()).not.toContain('confirmed');
    sockets[0]!.ends(1001);
    time.pass(1000);
    sockets[1]!.opens();
    expect(sockets[1]!.sent).toEqual(sockets[0]!.sent.filter((text) => text !== venue.ping?.message));
  });

  it.each(example.refused)(
    '%j ends the connection with the reason, and says when the next one is tried',
    (message, reason) => {
      const { sockets, events } = follow();
      sockets[0]!.opens();
      sockets[0]!.says(written(message));
      expect(sockets[0]!.abandoned).toBe(true);
      expect(events.at(-1)).toMatchObject({ status: { state: 'closed', attempt: 1, retryInMs: 250 } });
      expect(reasons(events).at(-1)).toMatch(`${venue.title} refuses: `);
      expect(reasons(events).at(-1)).toContain(reason);
    },
  );

  it('a subscription that is not confirmed in 5 s ends the connection with the reason', () => {
    const { sockets, time, events } = follow();
    sockets[0]!.opens();
    time.pass(5000);
    expect(reasons(events).join()).toContain('has not confirmed the subscription within 5 s');
  });

  if (example.ending)
    it('a notice that it will close is heeded', () => {
      const { sockets, events, time } = follow();
      sockets[0]!.opens();
      sockets[0]!.says(written(example.ending));
      expect(sockets[0]!.abandoned).toBe(true);
      expect(reasons(events).filter(Boolean)).toHaveLength(1);
      time.pass(1000);
      expect(sockets).toHaveLength(2);
    });

  if (example.leaving)
    it('a notice ahead of time opens the next connection, which takes over once it is confirmed and heard', () => {
      const { sockets, events, time } = follow();
      const confirm = (i: number) => {
        for (const message of example.confirmed) sockets[i]!.says(written(message));
      };
      sockets[0]!.opens();
      confirm(0);
      sockets[0]!.says(written(example.leaving));
      // OKX allows three connections a second: the second waits
      time.pass(1000);
      expect(sockets).toHaveLength(2);
      sockets[1]!.opens();
      confirm(1);
      time.pass(4000);
      expect(sockets[0]!.abandoned).toBe(false);
      sockets[1]!.says(written(example.alive[0]));
      time.pass(1000);
      // the old one may be dead: what it would have said since is known once it says anything
      expect(sockets[0]!.abandoned).toBe(false);
      sockets[0]!.says(written(example.alive[0]));
      expect(sockets[0]!.abandoned).toBe(true);
      const states = events.flatMap((event) => (event.kind === 'status' ? [event.status.state] : []));
      expect(states).toEqual(['connecting', 'open', 'open']);
      expect(reasons(events).at(-1)).toMatch(/^renewed: /);
    });

  if (venue.ping)
    it('is told at 80 % of its limit that somebody listens', () => {
      const { sockets, time } = follow();
      sockets[0]!.opens();
      for (const message of example.confirmed) sockets[0]!.says(written(message));
      time.pass(venue.ping!.every * 1000);
      expect(sockets[0]!.sent.at(-1)).toBe(venue.ping!.message);
    });
});

describe('venues that number their trades', () => {
  it.each([
    ['binance', (t: number) => ({ e: 'trade', s: 'X', t, p: '1', q: '1', T: T + t, m: true })],
    [
      'coinbase',
      (trade_id: number) => ({
        ...{ type: 'match', trade_id, side: 'buy', size: '1', price: '1' },
        ...{ product_id: 'X', time: ISO },
      }),
    ],
    [
      'kraken',
      (trade_id: number) => ({
        ...{ channel: 'trade', type: 'update' },
        data: [{ symbol: 'X', side: 'buy', price: 1, qty: 1, trade_id, timestamp: ISO }],
      }),
    ],
  ])('%s: a jump of the number is a gap of so many', (name, trade) => {
    const mapping = compileMapping({ venue: name, channel: 'trades' });
    const order = new Order(undefined, false, mapping.dense);
    const places = [7, 8, 11].flatMap((n) => mapping.parse(bytes(trade(n))).ticks.map((tick) => order.check(tick)));
    expect(places).toEqual([0, 0, 2].map((missing) => ({ take: true, missing })));
  });
});

it('bitfinex: a snapshot is history, oldest first, also within a millisecond', () => {
  const mapping = compileMapping({ venue: 'bitfinex', channel: 'trades' });
  mapping.parse(bytes(examples.bitfinex!.confirmed[0]));
  const trade = (id: number) => [id, T, 1, 10];
  const { ticks } = mapping.parse(bytes([17, [trade(3), trade(2), trade(1)], 1]));
  expect(ticks.map(({ id, history }) => [id, history])).toEqual([1, 2, 3].map((id) => [`${id}`, true]));
});

it('bitfinex: a channel is a symbol once it is confirmed, on its connection; until then its trades are junk', () => {
  const mapping = compileMapping({ venue: 'bitfinex' });
  const parse = (message: unknown) => mapping.parse(bytes(message));
  const trade = [17, 'te', [401, T, 1, 100], 2];
  parse(examples.bitfinex!.confirmed[0]);
  expect(parse(trade).ticks).toMatchObject([{ key: 'tBTCUSD' }]);
  mapping.connected!();
  expect(parse(trade)).toMatchObject({ ticks: [], invalid: [expect.stringMatching(/^invalid key: nothing/)] });
  parse({ event: 'subscribed', channel: 'trades', chanId: 17, symbol: 'tETHUSD' });
  expect(parse(trade).ticks).toMatchObject([{ key: 'tETHUSD' }]);
});

it.each([
  ['that comes twice is one', examples.bitfinex!.confirmed[0]],
  ['without the number of its channel is none', { event: 'subscribed', chanId: '18', symbol: 'tETHUSD' }],
])('bitfinex: a confirmation %s', (_, second) => {
  const { WebSocket, sockets } = fakeSockets();
  const time = new Time();
  openFeed(feedOf('bitfinex:tBTCUSD,tETHUSD'), { WebSocket, fetch, random: () => 0.5, scheduler: time }).subscribe();
  sockets[0]!.opens();
  for (const message of [examples.bitfinex!.confirmed[0], second]) sockets[0]!.says(JSON.stringify(message));
  time.pass(5000);
  expect(sockets[0]!.abandoned).toBe(true);
});

it('bybit: at most ten topics a request, each of them confirmed', () => {
  const bybit = findVenue('bybit')!;
  const symbols = Array.from({ length: 25 }, (_, i) => `S${i}`);
  const requests = bybit.subscribe(symbols, 'trades') as { args: string[] }[];
  expect(requests.map(({ args }) => args.length)).toEqual([10, 10, 5]);
  expect(requests.flatMap(({ args }) => args)).toEqual(symbols.map((symbol) => `publicTrade.${symbol}`));
  expect(bybit.confirms(symbols, 'trades')).toBe(3);
  // two topics a symbol
  expect(bybit.confirms(symbols, 'ticker')).toBe(5);
});

it('okx: a candle that has grown is read as before', () => {
  const mapping = compileMapping({ venue: 'okx', channel: 'candles' });
  const candle = (confirm: string) => [`${T}`, '1', '4', '0.5', '2', '9', '18', '18', confirm, 'new'];
  const arg = { channel: 'candle1m', instId: 'X' };
  expect(mapping.parse(bytes({ arg, data: [candle('0')] })).ticks).toEqual([]);
  expect(mapping.parse(bytes({ arg, data: [null] }))).toMatchObject({ ticks: [], invalid: { length: 1 } });
  expect(mapping.parse(bytes({ arg, data: [candle('1')] })).ticks).toHaveLength(1);
});

it('a deadline that is asked for is kept, whatever it is', () => {
  expect(feedOf('kraken:BTC/USD').staleAfter).toBe(5);
  const { WebSocket, sockets } = fakeSockets();
  const [time, events]: [Time, FeedEvent[]] = [new Time(), []];
  const edge = { WebSocket, fetch, random: () => 0.5, scheduler: time };
  openFeed({ ...feedOf('coinbase:BTC-USD'), staleAfter: 30 }, edge).subscribe((event) => events.push(event));
  sockets[0]!.opens();
  sockets[0]!.says(JSON.stringify(examples.coinbase!.confirmed[0]));
  time.pass(29_999);
  expect(events.at(-1)!.kind).toBe('message');
  time.pass(1);
  expect(events.at(-1)).toMatchObject({ status: { state: 'stale', reason: 'no message for 30 s' } });
});

describe('venues that number their messages', () => {
  it.each([
    ['bitfinex', (number: number) => [17, 'hb', number]],
    ['coinbase-advanced', (sequence_num: number) => ({ channel: 'heartbeats', sequence_num })],
  ] as const)('%s: a jump is a gap, on its connection; one that was overtaken is none', (name, message) => {
    const { WebSocket, sockets } = fakeSockets();
    const events: FeedEvent[] = [];
    const edge = { WebSocket, fetch, random: () => 0.5, scheduler: new Time() };
    openFeed(feedOf(`${name}:X`), edge).subscribe((event) => events.push(event));
    sockets[0]!.opens();
    for (const number of [1, 2, 5, 4, 6, 1e308, 7, 9]) sockets[0]!.says(JSON.stringify(message(number)));
    const gaps = events.flatMap((event) =>
      event.kind === 'status' && event.status.state === 'gap' ? [event.status] : [],
    );
    expect(gaps).toMatchObject(
      [2, 1].map((n) => ({ missing: null, reason: `${n} messages of the venue are missing` })),
    );
  });
});

describe('what a venue cannot do is said before anything opens', () => {
  const edge = { WebSocket: fakeSockets().WebSocket, fetch, random: () => 0.5 };
  it.each([
    [{ ...feedOf('kraken:') }, "invalid feed.url: 'kraken:' (expected 1 to 200 symbols, with commas between them)"],
    [{ ...feedOf('kraken:%') }, "invalid feed.url: 'kraken:%' (expected 1 to 200 symbols, with commas between them)"],
    [
      { ...feedOf(`bitfinex:${Array(26).fill('tX').join()}`) },
      `invalid feed.url: 'bitfinex:${Array(23).fill('tX').join().slice(0, 68)}...' (expected 1 to 25 symbols, with commas between them)`,
    ],
  ])('%o', (source, message) => {
    const open = () => openFeed(source, edge);
    expect(open).toThrow(ConfigError);
    expect(open).toThrow(message);
  });
});

it.each(venues.flatMap((venue) => CHANNELS.map((channel) => [venue, channel] as const)))(
  '$0.name, $1: what a mapping remembers of a connection can be saved',
  (venue, channel) => {
    const { confirmed, alive, ticks } = examples[venue.name]!;
    const messages = [...confirmed, ...alive, ...(ticks[channel].before ?? []), ticks[channel].message].map(bytes);
    const make = () => compileMapping({ venue: venue.name, channel });
    for (let n = 0; n <= messages.length; n++) {
      const [whole, resumed] = [make(), make()];
      for (const message of messages.slice(0, n)) whole.parse(message);
      resumed.load(decodeSaved(encodeSaved(whole.save())));
      for (const message of [...messages.slice(n), ...messages])
        expect(resumed.parse(message)).toEqual(whole.parse(message));
    }
  },
);
