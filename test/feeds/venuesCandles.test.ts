/** Candles and tickers of venues that do not say all that others say, through the engine. */
import { describe, expect, it } from 'vitest';
import { Engine, type LogRecord, parseEngineConfig } from '../../src/engine.ts';
import { venues } from '../../src/feeds/venues/index.ts';
import { type Channel, COLUMNS } from '../../src/feeds/venues/venue.ts';
import type { Tick } from '../../src/types.ts';
import { isInput } from '../engine/session.ts';
import { kernels } from '../kernels.ts';

const T = 1_700_000_040_000; // 22:14:00
const MINUTE = 60_000;

/** Sends messages, each a second after the one before, from ten minutes after T on; [time since T, o, h, l, c, v] of each tick. */
function told(venue: string, messages: unknown[], channel: Channel = 'candles'): unknown[] {
  const session = run(venue, channel);
  for (const message of messages) session.send(message);
  const again = run(venue, channel);
  for (const record of session.records.filter(isInput)) again.engine.input(record);
  expect(again.records).toEqual(session.records);
  expect(session.engine.counters).toMatchObject({ invalid: 0, late: 0, duplicates: 0 });
  return session.ticks.map(({ time, values, history }) => [
    time - T,
    ...Object.values(values),
    ...(history ? ['old'] : []),
  ]);
}

function run(venue: string, channel: Channel) {
  let now = BigInt(T + 10 * MINUTE) * 1_000_000n;
  const config = parseEngineConfig({ mapping: { venue, channel } });
  const engine = new Engine({ kernels, spec: null, config, wall: () => now });
  const [ticks, records]: [Tick[], LogRecord[]] = [[], []];
  engine.explained$.subscribe(({ tick }) => ticks.push(tick));
  engine.records$.subscribe((record) => records.push(record));
  const pass = (seconds: number) => {
    now += BigInt(seconds) * 1_000_000_000n;
  };
  const send = (message: unknown) => {
    pass(1);
    engine.message(new TextEncoder().encode(JSON.stringify(message)));
  };
  return { engine, ticks, records, send, pass };
}

describe('a candle is told once the next one begins', () => {
  const cases: Record<string, (type: 'snapshot' | 'update', ...candles: [minute: number, close: number][]) => unknown> =
    {
      kraken: (type, ...candles) => ({
        ...{ channel: 'ohlc', type },
        data: candles.map(([minute, close]) => ({
          ...{ symbol: 'BTC/USD', open: 1, high: 9, low: 1, close, volume: 2, trades: 3, vwap: 1, interval: 1 },
          interval_begin: new Date(T + minute * MINUTE).toISOString().replace('.000Z', '.000000000Z'),
        })),
      }),
      bitfinex: (type, ...candles) => {
        const rows = candles.map(([minute, close]) => [T + minute * MINUTE, 1, close, 9, 1, 2]).reverse();
        return [17, type === 'snapshot' ? rows : rows[0], 1];
      },
      'coinbase-advanced': (type, ...candles) => ({
        ...{ channel: 'candles', sequence_num: 1 },
        events: [
          {
            type,
            candles: candles.map(([minute, close]) => ({
              ...{ start: `${T / 1000 + minute * 60}`, open: '1', high: '9', low: '1', close: `${close}`, volume: '2' },
              product_id: 'BTC-USD',
            })),
          },
        ],
      }),
    };
  const candle = (minute: number, close: number, ...old: string[]) => [minute * MINUTE, 1, 9, 1, close, 2, ...old];
  const first = { bitfinex: [{ event: 'subscribed', channel: 'candles', chanId: 17, key: 'trade:1m:tBTCUSD' }] };

  it.each(Object.entries(cases))('%s', (venue, says) => {
    const messages = [
      ...(first[venue as 'bitfinex'] ?? []),
      says('snapshot', [-2, 4], [-1, 5], [0, 6]),
      says('update', [0, 7]),
      says('update', [0, 8]),
      says('update', [1, 2]),
      // the last one again: it is closed
      says('update', [0, 9]),
      says('update', [1, 3]),
      says('update', [4, 4]),
    ];
    expect(told(venue, messages)).toEqual([
      ...[candle(-2, 4, 'old'), candle(-1, 5, 'old'), candle(0, 8)],
      candle(1, 3),
    ]);
  });

  it.each(Object.entries(cases))(
    '%s: what was open as a connection ended is told as the next one knows it',
    (venue, says) => {
      const messages = [
        ...(first[venue as 'bitfinex'] ?? []),
        says('snapshot', [0, 6]),
        says('update', [0, 7]),
        // a minute later, over another connection
        ...(first[venue as 'bitfinex'] ?? []),
        says('snapshot', [-1, 5], [0, 8], [1, 2]),
        says('update', [2, 3]),
      ];
      expect(told(venue, messages)).toEqual([candle(-1, 5, 'old'), candle(0, 8, 'old'), candle(1, 2)]);
      const beyond = [
        ...(first[venue as 'bitfinex'] ?? []),
        says('snapshot', [0, 6]),
        // the open one is not among them: how it ended nobody knows
        says('snapshot', [3, 5], [4, 8]),
        says('update', [5, 3]),
      ];
      expect(told(venue, beyond)).toEqual([candle(3, 5, 'old'), candle(4, 8)]);
    },
  );
});

describe('candles that a venue does not send are made of its trades', () => {
  const match = (trade_id: number, price: number, size: number, ms: number, type = 'match') => ({
    ...{ type, trade_id, side: 'buy', size: `${size}`, price: `${price}`, product_id: 'BTC-USD' },
    time: new Date(T + ms).toISOString(),
  });
  const trades = [
    match(6, 50, 1, -3_600_000, 'last_match'),
    ...[match(7, 10, 1, 0), match(8, 14, 2, 20_000), match(9, 9, 0.5, 40_000), match(10, 12, 1, 59_999)],
    match(11, 13, 3, MINUTE),
  ];

  it('once a later trade closes them', () => {
    expect(told('coinbase', trades)).toEqual([[0, 10, 14, 9, 12, 4.5]]);
  });

  it('or once nothing has come for a minute', () => {
    const session = run('coinbase', 'candles');
    for (const trade of trades) session.send(trade);
    session.pass(59);
    session.engine.advance();
    expect(session.ticks).toHaveLength(1);
    session.pass(1);
    session.engine.advance();
    expect(session.ticks[1]).toMatchObject({ time: T + MINUTE, values: { open: 13, close: 13, volume: 3 } });
  });

  it('of another length, or with other columns, where that is asked for', () => {
    const { mapping } = parseEngineConfig({
      mapping: { venue: 'coinbase', channel: 'candles', resample: { every: '5m', lateness: '2s' } },
    });
    expect(mapping.resample).toMatchObject({ every: 300, lateness: 2, bars: { open: 'first(price)' } });
    // what was read can be read again
    expect(parseEngineConfig({ mapping } as never).mapping).toEqual(mapping);
    const resample = { every: '1m', bars: { trades: 'count(price)' } };
    const counted = parseEngineConfig({ mapping: { venue: 'coinbase', channel: 'candles', resample } });
    expect(counted.mapping.resample!.bars).toEqual({ trades: 'count(price)' });
  });
});

it.each(venues)('$name: its candles have the columns of candles, whoever makes them', ({ name }) => {
  const { resample } = parseEngineConfig({ mapping: { venue: name, channel: 'candles' } }).mapping;
  expect(resample ? Object.keys(resample.bars!) : COLUMNS.candles).toEqual(COLUMNS.candles);
});

it('a ticker without a time has that of its receipt, and the same in a replay', () => {
  const bitfinex = [
    { event: 'subscribed', channel: 'ticker', chanId: 17, symbol: 'tBTCUSD' },
    [17, [100, 3, 101, 4, -1, -0.01, 100.5, 12, 110, 90], 1],
    [17, [100, 3, 102, 4, -1, -0.01, 100.5, 12, 110, 90], 2],
  ];
  expect(told('bitfinex', bitfinex, 'ticker')).toEqual([
    [10 * MINUTE + 2000, 100, 101, 100.5, 12],
    [10 * MINUTE + 3000, 100, 102, 100.5, 12],
  ]);
  const data = [{ symbol: 'BTC/USD', bid: 100, ask: 101, last: 100.5, volume: 12 }];
  const timestamp = new Date(T + 5).toISOString();
  const kraken = [
    { channel: 'ticker', type: 'snapshot', data: [{ ...data[0], timestamp }] },
    { channel: 'ticker', type: 'update', data },
  ];
  expect(told('kraken', kraken, 'ticker')).toEqual([
    [5, 100, 101, 100.5, 12],
    [10 * MINUTE + 2000, 100, 101, 100.5, 12],
  ]);
});

it('bybit: bid and ask of a ticker are those of the book before it', () => {
  const book = (type: string, b: unknown, a: unknown) => ({
    ...{ topic: 'orderbook.1.X', type, ts: T, data: { s: 'X', b, a, u: 1, seq: 1 } },
  });
  const ticker = (ms: number) => ({
    ...{ topic: 'tickers.X', type: 'snapshot', ts: T + ms, data: { symbol: 'X', lastPrice: '5', volume24h: '12' } },
  });
  const messages = [
    ticker(0), // nothing is known of the book
    book('snapshot', [['4', '1']], [['6', '1']]),
    ticker(1),
    book(
      'delta',
      [
        ['4', '0'],
        ['4.5', '2'],
      ],
      [],
    ),
    ticker(2),
    book('snapshot', [['4', '1']], [['5.5', '1']]),
    ticker(3),
  ];
  expect(told('bybit', messages, 'ticker')).toEqual([
    [1, 4, 6, 5, 12],
    [2, 4.5, 6, 5, 12],
    [3, 4, 5.5, 5, 12],
  ]);
});
