import { Candles } from './candles.ts';
import { type Json, object, objects, rank, remembering, side, text, type Venue } from './venue.ts';

const NAMES = { trades: 'trade', ticker: 'ticker', candles: 'ohlc' };

/** Kraken v2: trade ids count by one in every pair; something is said every second. */
export const kraken: Venue = {
  name: 'kraken',
  title: 'Kraken',
  endpoint: () => 'wss://ws.kraken.com/v2',
  dense: ['trades'],
  fill: {
    rest: 'https://api.kraken.com',
    // since: a time in ns, so that what was already heard in its millisecond comes again
    path: ({ key, after }) =>
      `/0/public/Trades?pair=${encodeURIComponent(key.replace('/', ''))}&since=${Math.floor(after) - 1}000000`,
    // beside the pair's trades, by a name of its own, stands where they end
    trades: (answer) => Object.values(object(object(answer).result)).find(Array.isArray) ?? [],
    time: 's',
    tick(trade, key) {
      const [price, size, time, word, , , seq] = Array.isArray(trade) ? trade : [];
      return { key, time, values: [price, size, word === 'b' ? 1 : word === 's' ? -1 : Number.NaN], seq };
    },
  },
  time: 'iso',
  subscribe: (symbols, channel) => [
    {
      method: 'subscribe',
      params: {
        channel: NAMES[channel],
        symbol: symbols,
        ...(channel === 'candles' ? { interval: 1 } : {}),
        snapshot: true,
      },
    },
  ],
  // one for each symbol
  confirms: (symbols) => symbols.length,
  heartbeat: 1,
  limit: { connections: 150, seconds: 600 },
  reader(channel) {
    const candles = new Candles('iso');
    return remembering([candles.latest], (message) => {
      const m = object(message);
      if (m.success === false || ('error' in m && !('channel' in m))) return { kind: 'error', reason: refusal(m) };
      if (m.method === 'subscribe') return { kind: 'acknowledged' };
      if (m.channel === 'heartbeat' || m.method === 'pong') return { kind: 'alive' };
      if (m.channel === 'status') {
        const { system } = object(objects(m.data)[0]);
        if (system !== undefined && system !== 'online')
          return { kind: 'ending', reason: `the venue is in ${text(system)}` };
        return { kind: 'other' };
      }
      if (m.channel !== NAMES[channel]) return { kind: 'other' };
      const snapshot = m.type === 'snapshot';
      if (channel === 'candles') {
        const ticks = candles.push(
          objects(m.data).map(({ symbol: key, interval_begin: time, open, high, low, close, volume }) => ({
            ...{ key, time, values: [open, high, low, close, volume] },
          })),
          snapshot,
        );
        return ticks.length === 0 ? { kind: 'alive' } : { kind: 'ticks', ticks };
      }
      if (channel === 'ticker') {
        const ticks = objects(m.data).map(({ symbol: key, timestamp, bid, ask, last, volume }) => ({
          // as it is documented a ticker has no time
          ...{ key, values: [bid, ask, last, volume], ...(timestamp === undefined ? {} : { time: timestamp }) },
        }));
        return { kind: 'ticks', ticks };
      }
      const ticks = objects(m.data)
        .map((trade) => ({
          key: trade.symbol,
          time: trade.timestamp,
          values: [trade.price, trade.qty, side(trade.side)],
          seq: trade.trade_id,
          ...(snapshot ? { history: true } : {}),
        }))
        .sort((a, b) => rank(a.seq) - rank(b.seq));
      return { kind: 'ticks', ticks };
    });
  },
};

/** Why, and of which symbol. */
function refusal({ error, symbol }: Json): string {
  const reason = text(error);
  return typeof symbol === 'string' && !reason.includes(symbol) ? `${reason}: ${symbol}` : reason;
}
