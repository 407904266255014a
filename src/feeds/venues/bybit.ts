import { object, objects, side, text, type Venue } from './venue.ts';

const TOPICS = { trades: 'publicTrade', ticker: '', candles: 'kline.1' };
/** In one request. */
const MOST_TOPICS = 10;

/** Bybit v5: trades have names, not numbers, so a reconnect is a gap of unknown size; it wants to hear a ping. */
export const bybit: Venue = {
  name: 'bybit',
  title: 'Bybit spot',
  endpoint: () => 'wss://stream.bybit.com/v5/public/spot',
  channels: ['trades', 'candles'],
  time: 'ms',
  subscribe: (symbols, channel) =>
    Array.from({ length: Math.ceil(symbols.length / MOST_TOPICS) }, (_, i) => ({
      op: 'subscribe',
      args: symbols.slice(i * MOST_TOPICS, (i + 1) * MOST_TOPICS).map((symbol) => `${TOPICS[channel]}.${symbol}`),
    })),
  confirms: (symbols) => Math.ceil(symbols.length / MOST_TOPICS),
  heartbeat: 20,
  ping: { every: 16, message: '{"op":"ping"}' },
  limit: { connections: 500, seconds: 300 },
  reader: (channel) => (message) => {
    const m = object(message);
    if (m.op === 'ping' || m.op === 'pong' || m.ret_msg === 'pong') return { kind: 'alive' };
    if (m.success === false) return { kind: 'error', reason: text(m.ret_msg) };
    if (m.op === 'subscribe') return { kind: 'acknowledged' };
    const topic = String(m.topic);
    if (!topic.startsWith(`${TOPICS[channel]}.`)) return { kind: 'other' };
    const key = topic.slice(TOPICS[channel].length + 1);
    if (channel === 'candles') {
      const closed = objects(m.data).filter(({ confirm }) => confirm === true);
      if (closed.length === 0) return { kind: 'alive' };
      const values = ({ open, high, low, close, volume }: Record<string, unknown>) => [open, high, low, close, volume];
      return { kind: 'ticks', ticks: closed.map((candle) => ({ key, time: candle.start, values: values(candle) })) };
    }
    const ticks = objects(m.data).map((one) => ({ key, time: one.T, values: [one.p, one.v, side(one.S)], id: one.i }));
    return { kind: 'ticks', ticks };
  },
};
