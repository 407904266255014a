import { object, objects, text, type Venue } from './venue.ts';

const STREAMS = { trades: 'trade', ticker: 'ticker', candles: 'kline_1m' };

/** Number of the question that is asked as a sign of life. */
const ALIVE = 2;

/** Binance spot: trade ids count by one in every symbol. */
export const binance: Venue = {
  name: 'binance',
  title: 'Binance spot',
  endpoint: () => 'wss://stream.binance.com:9443/ws',
  dense: ['trades'],
  fill: {
    rest: 'https://api.binance.com',
    // those by number need an account: of the latest ones only so many are told to everyone
    path: ({ key }) => `/api/v3/trades?symbol=${encodeURIComponent(key)}&limit=1000`,
    once: true,
    trades: objects,
    time: 'ms',
    tick(trade, key) {
      const { id, price, qty, time, isBuyerMaker } = object(trade);
      return { key, time, values: [price, qty, taker(isBuyerMaker)], seq: id };
    },
  },
  time: 'ms',
  subscribe: (symbols, channel) => [
    { method: 'SUBSCRIBE', params: symbols.map((symbol) => `${symbol.toLowerCase()}@${STREAMS[channel]}`), id: 1 },
  ],
  confirms: () => 1,
  // its ping frames are answered by the socket and seen by nobody: a question of our own tells a quiet market from a dead link
  heartbeat: 20,
  ping: { every: 20, message: `{"method":"LIST_SUBSCRIPTIONS","id":${ALIVE}}` },
  limit: { connections: 300, seconds: 300 },
  // it closes after 24 h
  life: 23 * 3600,
  reader: (channel) => (message) => {
    const m = object(message);
    if ('error' in m) return { kind: 'error', reason: text(object(m.error).msg ?? m.error) };
    if ('code' in m && 'msg' in m) return { kind: 'error', reason: text(m.msg) };
    if ('result' in m) return { kind: m.id === ALIVE ? 'alive' : 'acknowledged' };
    if (object(m.event).e === 'serverShutdown' || m.e === 'serverShutdown')
      return { kind: 'leaving', reason: 'the venue says that it will restart' };
    const key = m.s;
    if (channel === 'trades' && m.e === 'trade')
      return { kind: 'ticks', ticks: [{ key, time: m.T, values: [m.p, m.q, taker(m.m)], seq: m.t }] };
    if (channel === 'ticker' && m.e === '24hrTicker')
      return { kind: 'ticks', ticks: [{ key, time: m.E, values: [m.b, m.a, m.c, m.v] }] };
    if (channel === 'candles' && m.e === 'kline') {
      const k = object(m.k);
      // x: the candle is closed
      if (k.x !== true) return { kind: 'alive' };
      return { kind: 'ticks', ticks: [{ key, time: k.t, values: [k.o, k.h, k.l, k.c, k.v] }] };
    }
    return { kind: 'other' };
  },
};

/** The taker's side, by whether the buyer is the maker. */
function taker(buyerMakes: unknown): number {
  return buyerMakes === true ? -1 : buyerMakes === false ? 1 : Number.NaN;
}
