/** What every market venue must keep: its messages are ticks, signs of life, confirmations or reasons to end, and nothing throws. */
import { describe, expect, it } from 'vitest';
import { compileMapping, type FeedEvent, feedOf, openFeed } from '../../src/feeds/index.ts';
import { venues } from '../../src/feeds/venues/index.ts';
import { type Channel, COLUMNS } from '../../src/feeds/venues/venue.ts';
import { fakeSockets, Time } from '../feeds/virtual.ts';

interface Example {
  symbols: string[];
  /** Confirmations of a subscription to `symbols`. */
  confirmed: unknown[];
  alive: unknown[];
  refused: unknown;
  ending?: unknown;
  /** A message by channel, and the ticks in it: key, time (ms), values, number or name. */
  ticks: Partial<Record<Channel, { message: unknown; ticks: unknown[][] }>>;
}

// shapes of messages as the venues' documentation gives them, with figures of our own
const T = 1_700_000_000_000;
const ISO = '2023-11-14T22:13:20.250Z';
const examples: Record<string, Example> = {
  binance: {
    symbols: ['BTCUSDT'],
    confirmed: [{ result: null, id: 1 }],
    alive: [],
    refused: { error: { code: 2, msg: 'Invalid request' }, id: 1 },
    ending: { event: { e: 'serverShutdown', E: T } },
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
    refused: { type: 'error', message: 'Failed to subscribe', reason: 'BTC-EUX is not a valid product' },
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
    },
  },
  'coinbase-advanced': {
    symbols: ['BTC-USD'],
    confirmed: [
      { channel: 'subscriptions', sequence_num: 0, events: [{ subscriptions: { market_trades: ['BTC-USD'] } }] },
      { channel: 'subscriptions', sequence_num: 1, events: [{ subscriptions: { heartbeats: ['heartbeats'] } }] },
    ],
    alive: [{ channel: 'heartbeats', sequence_num: 2, events: [{ heartbeat_counter: 1 }] }],
    refused: { type: 'error', message: 'authentication failure' },
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
    },
  },
  kraken: {
    symbols: ['BTC/USD', 'ETH/USD'],
    confirmed: [
      { method: 'subscribe', result: { channel: 'trade', symbol: 'BTC/USD' }, success: true },
      { method: 'subscribe', result: { channel: 'trade', symbol: 'ETH/USD' }, success: true },
    ],
    alive: [{ channel: 'heartbeat' }],
    refused: { method: 'subscribe', success: false, error: 'Currency pair not supported BTC/EUX' },
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
    },
  },
  bitfinex: {
    symbols: ['tBTCUSD'],
    confirmed: [{ event: 'subscribed', channel: 'trades', chanId: 17, symbol: 'tBTCUSD', pair: 'BTCUSD' }],
    alive: [
      [17, 'hb', 3],
      [17, 'tu', [401, T, -0.5, 100], 4],
    ],
    refused: { event: 'error', msg: 'symbol: invalid', code: 10300 },
    ending: { event: 'info', code: 20051, msg: 'Stop/Restart Websocket Server' },
    ticks: {
      trades: {
        message: [17, 'te', [401, T + 250, -0.5, 100.25], 2],
        ticks: [['tBTCUSD', T + 250, [100.25, 0.5, -1], '401']],
      },
    },
  },
  okx: {
    symbols: ['BTC-USDT'],
    confirmed: [{ event: 'subscribe', arg: { channel: 'trades', instId: 'BTC-USDT' }, connId: 'a4d3ae55' }],
    alive: ['pong'],
    refused: { event: 'error', code: '60012', msg: 'Invalid request' },
    ending: { event: 'notice', code: '64008', msg: 'The connection will soon be closed for a service upgrade.' },
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
    refused: { success: false, ret_msg: 'error:handler not found,topic:publicTrade.X', op: 'subscribe' },
    ticks: {
      trades: {
        message: {
          ...{ topic: 'publicTrade.BTCUSDT', type: 'snapshot', ts: T },
          data: [{ T: T + 250, s: 'BTCUSDT', S: 'Sell', v: '0.25', p: '100.5', i: '20f43950' }],
        },
        ticks: [['BTCUSDT', T + 250, [100.5, 0.25, -1], '20f43950']],
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

const written = (message: unknown): string => (typeof message === 'string' ? message : JSON.stringify(message));
const bytes = (message: unknown): Uint8Array => new TextEncoder().encode(written(message));

describe.each(venues)('$name', (venue) => {
  const example = examples[venue.name]!;
  const mappingOf = (channel: Channel) => {
    const mapping = compileMapping({ venue: venue.name, channel });
    for (const message of example.confirmed) mapping.parse(bytes(message));
    return mapping;
  };
  const follow = (): { events: FeedEvent[]; sockets: ReturnType<typeof fakeSockets>['sockets']; time: Time } => {
    const { WebSocket, sockets } = fakeSockets();
    const [time, events]: [Time, FeedEvent[]] = [new Time(), []];
    const edge = { WebSocket, fetch, random: () => 0.5, scheduler: time };
    openFeed(feedOf(`${venue.name}:${example.symbols.join(',')}`), edge).subscribe((event) => events.push(event));
    return { events, sockets, time };
  };
  const reasons = (events: FeedEvent[]): (string | undefined)[] =>
    events.flatMap((event) => (event.kind === 'status' ? [event.status.reason] : []));

  it.each(venue.channels)('%s: ticks are what the message says', (channel) => {
    const { message, ticks } = example.ticks[channel]!;
    const mapping = mappingOf(channel);
    expect(mapping.columns).toEqual(COLUMNS[channel]);
    const mapped = mapping.parse(bytes(message));
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

  it('junk is said, with its place, and never thrown', () => {
    const mapping = mappingOf('trades');
    const { message } = example.ticks.trades!;
    expect(mapping.parse(bytes(message).subarray(0, -3)).invalid).toEqual([
      expect.stringMatching(/^invalid message: /),
    ]);
    const noPrice = written(message).replace(/"?(100\.25|100\.5|400\.25|20\.5)"?|"101"/g, '"x"');
    expect(mapping.parse(new TextEncoder().encode(noPrice)).invalid.join()).toMatch(/invalid price: /);
    for (const junk of [
      '',
      '[]',
      '{}',
      '[null]',
      '[17]',
      '[17,"te"]',
      '{"data":[[]]}',
      '"x"',
      '{"events":[{"trades":3}]}',
    ])
      expect(mapping.parse(bytes(junk)).ticks, junk).toEqual([]);
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

  it('a subscription that is refused, or not confirmed in 5 s, ends the connection with the reason', () => {
    const refused = follow();
    refused.sockets[0]!.opens();
    refused.sockets[0]!.says(written(example.refused));
    expect(reasons(refused.events).join()).toContain(`${venue.title} refuses: `);
    expect(refused.sockets[0]!.abandoned).toBe(true);
    const silent = follow();
    silent.sockets[0]!.opens();
    silent.time.pass(5000);
    expect(reasons(silent.events).join()).toContain('has not confirmed the subscription within 5 s');
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

  if (venue.ping)
    it('is told at 80 % of its limit that somebody listens', () => {
      const { sockets, time } = follow();
      sockets[0]!.opens();
      for (const message of example.confirmed) sockets[0]!.says(written(message));
      time.pass(venue.ping!.every * 1000);
      expect(sockets[0]!.sent.at(-1)).toBe(venue.ping!.message);
    });
});

describe('venues that number their messages', () => {
  it.each([
    ['bitfinex', [17, 'hb', 1], [17, 'hb', 2], [17, 'hb', 5]],
    ...['coinbase-advanced'].map((name) => [
      name,
      ...[1, 2, 5].map((sequence_num) => ({ channel: 'heartbeats', sequence_num })),
    ]),
  ] as [string, unknown, unknown, unknown][])('%s: a jump is a gap, on its connection', (name, ...messages) => {
    const { WebSocket, sockets } = fakeSockets();
    const events: FeedEvent[] = [];
    const edge = { WebSocket, fetch, random: () => 0.5, scheduler: new Time() };
    openFeed(feedOf(`${name}:X`), edge).subscribe((event) => events.push(event));
    sockets[0]!.opens();
    for (const message of messages) sockets[0]!.says(JSON.stringify(message));
    const gaps = events.flatMap((event) =>
      event.kind === 'status' && event.status.state === 'gap' ? [event.status] : [],
    );
    expect(gaps).toMatchObject([{ missing: null, reason: '2 messages of the venue are missing' }]);
  });
});

describe('what a venue cannot do is said before anything opens', () => {
  const edge = { WebSocket: fakeSockets().WebSocket, fetch, random: () => 0.5 };
  it.each([
    [{ ...feedOf('kraken:') }, "invalid feed.url: 'kraken:' (expected 1 to 200 symbols, with commas between them)"],
    [
      { ...feedOf('kraken:BTC/USD'), channel: 'candles' },
      "invalid feed.channel: 'candles' (expected one that Kraken has: trades)",
    ],
  ])('%o', (source, message) => {
    expect(() => openFeed(source, edge)).toThrow(message);
  });
});
