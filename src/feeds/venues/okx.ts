import { object, objects, side, text, type Venue } from './venue.ts';

const NAMES = { trades: 'trades', ticker: 'tickers', candles: 'candle1m' };
/** Where a candle says whether it is closed: '1', or '0'. */
const CLOSED = 8;
const HOST = 'wss://ws.okx.com:8443/ws/v5';

/** OKX v5: nothing numbers trades, so a reconnect is a gap of unknown size; it wants to hear the text `ping`. */
export const okx: Venue = {
  name: 'okx',
  title: 'OKX',
  endpoint: (channel) => `${HOST}/${channel === 'candles' ? 'business' : 'public'}`,
  time: 'ms',
  subscribe: (symbols, channel) => [
    { op: 'subscribe', args: symbols.map((instId) => ({ channel: NAMES[channel], instId })) },
  ],
  confirms: (symbols) => symbols.length,
  heartbeat: 30,
  ping: { every: 24, message: 'ping' },
  limit: { connections: 3, seconds: 1 },
  reader: (channel) => (message, raw) => {
    if (raw === 'pong') return { kind: 'alive' };
    const m = object(message);
    const { channel: name, instId } = object(m.arg);
    if (m.event === 'error') return { kind: 'error', reason: `${text(m.msg)} (${text(m.code)})` };
    if (m.event === 'channel-conn-count-error')
      return { kind: 'error', reason: `too many connections to ${text(m.channel)}: ${text(m.connCount)}` };
    // half a minute ahead
    if (m.event === 'notice') return { kind: 'leaving', reason: text(m.msg) };
    if (m.event === 'subscribe') return { kind: 'acknowledged' };
    if (name !== NAMES[channel] || !Array.isArray(m.data)) return { kind: 'other' };
    const key = instId;
    if (channel === 'candles') {
      const candles = m.data.map((candle): unknown[] => (Array.isArray(candle) ? candle : []));
      // one that is no list goes on, to be counted as junk
      const closed = candles.filter((candle) => candle.length === 0 || candle[CLOSED] === '1');
      if (closed.length === 0) return { kind: 'alive' };
      return { kind: 'ticks', ticks: closed.map(([t, o, h, l, c, v]) => ({ key, time: t, values: [o, h, l, c, v] })) };
    }
    const ticks = objects(m.data).map((one) =>
      channel === 'trades'
        ? { key, time: one.ts, values: [one.px, one.sz, side(one.side)], id: one.tradeId }
        : { key, time: one.ts, values: [one.bidPx, one.askPx, one.last, one.vol24h] },
    );
    return { kind: 'ticks', ticks };
  },
};
