import { object, objects, side, text, type Venue } from './venue.ts';

/** Coinbase Exchange: a match names its maker's side; its trade ids count by one in every product. */
export const coinbase: Venue = {
  name: 'coinbase',
  title: 'Coinbase Exchange',
  endpoint: () => 'wss://ws-feed.exchange.coinbase.com',
  channels: ['trades', 'ticker'],
  time: 'iso',
  subscribe: (symbols, channel) => [
    {
      type: 'subscribe',
      product_ids: symbols,
      channels: [channel === 'trades' ? 'matches' : 'ticker', 'heartbeat'],
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
    if (channel === 'trades' && (m.type === 'match' || m.type === 'last_match')) {
      const values = [m.price, m.size, -side(m.side)];
      // the last one before the subscription comes first
      const history = m.type === 'last_match';
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

/** Coinbase Advanced Trade: messages are numbered by connection, snapshots come newest first, sides are the makers'. */
export const coinbaseAdvanced: Venue = {
  name: 'coinbase-advanced',
  title: 'Coinbase Advanced Trade',
  endpoint: () => 'wss://advanced-trade-ws.coinbase.com',
  channels: ['trades', 'ticker'],
  time: 'iso',
  subscribe: (symbols, channel) => [
    { type: 'subscribe', channel: channel === 'trades' ? 'market_trades' : 'ticker', product_ids: symbols },
    { type: 'subscribe', channel: 'heartbeats' },
  ],
  confirms: () => 2,
  heartbeat: 1,
  limit: { connections: 8, seconds: 1 },
  reader: (channel) => (message) => {
    const m = object(message);
    if (m.type === 'error') return { kind: 'error', reason: text(m.message) };
    const sequence = typeof m.sequence_num === 'number' ? { sequence: m.sequence_num } : {};
    if (m.channel === 'subscriptions') return { kind: 'acknowledged', ...sequence };
    if (m.channel === 'heartbeats') return { kind: 'alive', ...sequence };
    const events = objects(m.events);
    if (channel === 'trades' && m.channel === 'market_trades') {
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
    if (channel === 'ticker' && m.channel === 'ticker') {
      const ticks = events.flatMap((event) =>
        objects(event.tickers).map((t) => ({
          key: t.product_id,
          time: m.timestamp,
          values: [t.best_bid, t.best_ask, t.price, t.volume_24_h],
        })),
      );
      return { kind: 'ticks', ticks, ...sequence };
    }
    return { kind: 'other', ...sequence };
  },
};
