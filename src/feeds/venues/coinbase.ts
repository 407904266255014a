import { Candles } from './candles.ts';
import { object, objects, remembering, side, text, type Venue } from './venue.ts';

/** Coinbase Exchange: a match names its maker's side; its trade ids count by one in every product. It has no candles. */
export const coinbase: Venue = {
  name: 'coinbase',
  title: 'Coinbase Exchange',
  endpoint: () => 'wss://ws-feed.exchange.coinbase.com',
  made: ['candles'],
  dense: ['trades', 'candles'],
  fill: {
    rest: 'https://api.exchange.coinbase.com',
    // newest first, from the one before `after`
    path: ({ key, to }) => `/products/${encodeURIComponent(key)}/trades?limit=1000&after=${to + 1}`,
    trades: objects,
    time: 'iso',
    tick(trade, key) {
      const { trade_id: seq, price, size, time, side: maker } = object(trade);
      return { key, time, values: [price, size, -side(maker)], seq };
    },
  },
  time: 'iso',
  subscribe: (symbols, channel) => [
    {
      type: 'subscribe',
      product_ids: symbols,
      channels: [channel === 'ticker' ? 'ticker' : 'matches', 'heartbeat'],
    },
  ],
  confirms: () => 1,
  heartbeat: 1,
  limit: { connections: 8, seconds: 1 },
  reader: (channel) => (message) => {
    const m = object(message);
    const key = m.product_id;
    if (m.type === 'error')
      return { kind: 'error', reason: [m.message, m.reason].filter(Boolean).map(text).join(': ') };
    if (m.type === 'subscriptions') return { kind: 'acknowledged' };
    if (m.type === 'heartbeat') return { kind: 'alive' };
    // the last one before the subscription comes first; it would begin a candle long ago
    const history = m.type === 'last_match';
    if (channel === 'candles' && history) return { kind: 'alive' };
    if (channel !== 'ticker' && (m.type === 'match' || history)) {
      const values = [m.price, m.size, -side(m.side)];
      return {
        kind: 'ticks',
        ticks: [{ key, time: m.time, values, seq: m.trade_id, ...(history ? { history } : {}) }],
      };
    }
    if (channel === 'ticker' && m.type === 'ticker')
      return { kind: 'ticks', ticks: [{ key, time: m.time, values: [m.best_bid, m.best_ask, m.price, m.volume_24h] }] };
    return { kind: 'other' };
  },
};

const ADVANCED = { trades: 'market_trades', ticker: 'ticker', candles: 'candles' };

/**
 * Coinbase Advanced Trade: messages are numbered by connection, snapshots come newest first, sides are the makers'. Its
 * candles are of five minutes.
 */
export const coinbaseAdvanced: Venue = {
  name: 'coinbase-advanced',
  title: 'Coinbase Advanced Trade',
  endpoint: () => 'wss://advanced-trade-ws.coinbase.com',
  time: 'iso',
  subscribe: (symbols, channel) => [
    { type: 'subscribe', channel: ADVANCED[channel], product_ids: symbols },
    { type: 'subscribe', channel: 'heartbeats' },
  ],
  confirms: () => 2,
  heartbeat: 1,
  limit: { connections: 8, seconds: 1 },
  reader(channel) {
    const candles = new Candles('s');
    return remembering([candles.latest], (message) => {
      const m = object(message);
      if (m.type === 'error') return { kind: 'error', reason: text(m.message) };
      const sequence = typeof m.sequence_num === 'number' ? { sequence: m.sequence_num } : {};
      if (m.channel === 'subscriptions') return { kind: 'acknowledged', ...sequence };
      if (m.channel === 'heartbeats') return { kind: 'alive', ...sequence };
      if (m.channel !== ADVANCED[channel]) return { kind: 'other', ...sequence };
      const events = objects(m.events);
      if (channel === 'trades') {
        const ticks = events.flatMap((event) =>
          objects(event.trades)
            .reverse()
            .map((trade) => ({
              key: trade.product_id,
              time: trade.time,
              values: [trade.price, trade.size, -side(trade.side)],
              id: trade.trade_id,
              ...(event.type === 'snapshot' ? { history: true } : {}),
            })),
        );
        return { kind: 'ticks', ticks, ...sequence };
      }
      if (channel === 'candles') {
        const ticks = events.flatMap((event) =>
          candles.push(
            objects(event.candles).map(({ product_id: key, start: time, open, high, low, close, volume }) => ({
              ...{ key, time, values: [open, high, low, close, volume] },
            })),
            event.type === 'snapshot',
          ),
        );
        return ticks.length === 0 ? { kind: 'alive', ...sequence } : { kind: 'ticks', ticks, time: 's', ...sequence };
      }
      const ticks = events.flatMap((event) =>
        objects(event.tickers).map((t) => ({
          key: t.product_id,
          time: m.timestamp,
          values: [t.best_bid, t.best_ask, t.price, t.volume_24_h],
        })),
      );
      return { kind: 'ticks', ticks, ...sequence };
    });
  },
};
