import { object, objects, side, text, type Venue } from './venue.ts';

/** Kraken v2: trade ids count by one in every pair; something is said every second. */
export const kraken: Venue = {
  name: 'kraken',
  title: 'Kraken',
  endpoint: () => 'wss://ws.kraken.com/v2',
  channels: ['trades'],
  time: 'iso',
  subscribe: (symbols) => [{ method: 'subscribe', params: { channel: 'trade', symbol: symbols, snapshot: true } }],
  // one for each symbol
  confirms: (symbols) => symbols.length,
  heartbeat: 1,
  limit: { connections: 150, seconds: 600 },
  reader: () => (message) => {
    const m = object(message);
    if (m.method === 'subscribe') {
      if (m.success === true) return { kind: 'acknowledged' };
      return { kind: 'error', reason: text(m.error) };
    }
    if (m.channel === 'heartbeat' || m.method === 'pong') return { kind: 'alive' };
    if (m.channel === 'status') {
      const { system } = object(objects(m.data)[0]);
      if (system !== undefined && system !== 'online')
        return { kind: 'ending', reason: `the venue is in ${text(system)}` };
      return { kind: 'other' };
    }
    if (m.channel !== 'trade') return { kind: 'other' };
    const ticks = objects(m.data)
      .map((trade) => ({
        key: trade.symbol,
        time: trade.timestamp,
        values: [trade.price, trade.qty, side(trade.side)],
        seq: trade.trade_id,
        ...(m.type === 'snapshot' ? { history: true } : {}),
      }))
      .sort((a, b) => Number(a.seq) - Number(b.seq));
    return { kind: 'ticks', ticks };
  },
};
