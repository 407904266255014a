import { type Json, object, objects, rank, remembering, side, text, type Venue } from './venue.ts';

const TOPICS = { trades: 'publicTrade', ticker: 'tickers', candles: 'kline.1' };
/** Best bid and ask: its ticker of the spot market has neither. */
const BOOK = 'orderbook.1';
/** In one request. */
const MOST_TOPICS = 10;

/** Bybit v5: trades have names, not numbers, so a reconnect is a gap of unknown size; it wants to hear a ping. */
export const bybit: Venue = {
  name: 'bybit',
  title: 'Bybit spot',
  endpoint: () => 'wss://stream.bybit.com/v5/public/spot',
  time: 'ms',
  subscribe(symbols, channel) {
    const topics = symbols.flatMap((symbol) => [
      ...(channel === 'ticker' ? [`${BOOK}.${symbol}`] : []),
      `${TOPICS[channel]}.${symbol}`,
    ]);
    return Array.from({ length: Math.ceil(topics.length / MOST_TOPICS) }, (_, i) => ({
      op: 'subscribe',
      args: topics.slice(i * MOST_TOPICS, (i + 1) * MOST_TOPICS),
    }));
  },
  confirms: (symbols, channel) => bybit.subscribe(symbols, channel).length,
  heartbeat: 20,
  ping: { every: 16, message: '{"op":"ping"}' },
  limit: { connections: 500, seconds: 300 },
  reader(channel) {
    const books = new Map<string, { bid?: unknown; ask?: unknown }>();
    return remembering([books], (message) => {
      const m = object(message);
      if (m.op === 'ping' || m.op === 'pong' || m.ret_msg === 'pong') return { kind: 'alive' };
      if (m.success === false) return { kind: 'error', reason: text(m.ret_msg) };
      if (typeof m.retCode === 'number' && m.retCode !== 0) return { kind: 'error', reason: text(m.retMsg) };
      if (m.op === 'subscribe') return { kind: 'acknowledged' };
      const topic = typeof m.topic === 'string' ? m.topic : '';
      if (channel === 'ticker' && topic.startsWith(`${BOOK}.`)) {
        const symbol = topic.slice(BOOK.length + 1);
        const { b, a } = object(m.data);
        const before = m.type === 'snapshot' ? {} : books.get(symbol);
        books.set(symbol, { bid: best(b) ?? before?.bid, ask: best(a) ?? before?.ask });
        return { kind: 'alive' };
      }
      if (!topic.startsWith(`${TOPICS[channel]}.`)) return { kind: 'other' };
      const key = topic.slice(TOPICS[channel].length + 1);
      if (channel === 'ticker') {
        const book = books.get(key);
        if (!book) return { kind: 'alive' };
        const { lastPrice, volume24h } = object(m.data);
        return { kind: 'ticks', ticks: [{ key, time: m.ts, values: [book.bid, book.ask, lastPrice, volume24h] }] };
      }
      if (channel === 'candles') {
        const closed = objects(m.data).filter(({ confirm }) => confirm === true);
        if (closed.length === 0) return { kind: 'alive' };
        const values = ({ open, high, low, close, volume }: Json) => [open, high, low, close, volume];
        return { kind: 'ticks', ticks: closed.map((candle) => ({ key, time: candle.start, values: values(candle) })) };
      }
      const ticks = objects(m.data).map((one) => ({
        ...{ key, time: one.T, values: [one.p, one.v, side(one.S)], id: one.i },
      }));
      return { kind: 'ticks', ticks };
    });
  },
};

/** The price of one side of a book of one level; a size of 0 takes one away. */
function best(levels: unknown): unknown {
  if (!Array.isArray(levels)) return undefined;
  const level = levels.findLast((one) => Array.isArray(one) && rank(one[1]) !== 0);
  return level?.[0];
}
