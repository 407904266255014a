import { object, text, type Venue } from './venue.ts';

const STREAMS = { trades: 'trade', ticker: 'ticker', candles: 'kline_1m' };

/** Binance spot: trade ids count by one in every symbol. */
export const binance: Venue = {
  name: 'binance',
  title: 'Binance spot',
  endpoint: () => 'wss://stream.binance.com:9443/ws',
  channels: ['trades', 'ticker', 'candles'],
  time: 'ms',
  subscribe: (symbols, channel) => [
    { method: 'SUBSCRIBE', params: symbols.map((symbol) => `${symbol.toLowerCase()}@${STREAMS[channel]}`), id: 1 },
  ],
  confirms: () => 1,
  // a ping frame, which the socket answers by itself
  heartbeat: 20,
  limit: { connections: 300, seconds: 300 },
  // it closes after 24 h
  life: 23 * 3600,
  reader: (channel) => (message) => {
    const m = object(message);
    if ('error' in m) return { kind: 'error', reason: text(object(m.error).msg ?? m.error) };
    if ('result' in m) return { kind: 'acknowledged' };
    if (object(m.event).e === 'serverShutdown' || m.e === 'serverShutdown')
      return { kind: 'ending', reason: 'the venue says that it will restart' };
    const key = String(m.s);
    if (channel === 'trades' && m.e === 'trade') {
      // m: the buyer is the maker
      const values = [m.p, m.q, m.m === true ? -1 : 1];
      return { kind: 'ticks', ticks: [{ key, time: m.T, values, seq: m.t }] };
    }
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
