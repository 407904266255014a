import { Candles } from './candles.ts';
import { object, rank, remembering, text, type Venue, type VenueTick } from './venue.ts';

/** Asks for a number of each message, as the last item of its list. */
const SEQUENCES = 65_536;
const ENDINGS: Readonly<Record<number, string>> = {
  20051: 'the venue says that it will restart',
  20060: 'the venue is in maintenance',
  20061: 'the venue ends its maintenance, and asks for new subscriptions',
};
const CANDLES = 'trade:1m:';

/** Bitfinex v2: lists by channel numbers that the subscription gave; a trade is said twice (`te`, `tu`), and taken once. */
export const bitfinex: Venue = {
  name: 'bitfinex',
  title: 'Bitfinex',
  endpoint: () => 'wss://api-pub.bitfinex.com/ws/2',
  time: 'ms',
  subscribe: (symbols, channel) => [
    { event: 'conf', flags: SEQUENCES },
    ...symbols.map((symbol) => ({
      event: 'subscribe',
      channel,
      ...(channel === 'candles' ? { key: `${CANDLES}${symbol}` } : { symbol }),
    })),
  ],
  most: 25,
  confirms: (symbols) => symbols.length,
  heartbeat: 15,
  limit: { connections: 20, seconds: 60 },
  reader(channel) {
    const symbols = new Map<unknown, string>();
    const candles = new Candles('ms');
    return remembering([symbols, candles.latest], (message) => {
      if (!Array.isArray(message)) {
        const m = object(message);
        if (m.event === 'error') {
          const about = m.symbol ?? m.pair ?? m.key;
          return { kind: 'error', reason: about === undefined ? text(m.msg) : `${text(m.msg)}: ${text(about)}` };
        }
        // without numbers nothing would tell that a message is missing
        if (m.event === 'conf' && m.status !== 'OK')
          return { kind: 'error', reason: `to number its messages: ${text(m.status)}` };
        const ending = m.event === 'info' && typeof m.code === 'number' ? ENDINGS[m.code] : undefined;
        if (ending) return { kind: 'ending', reason: ending };
        if (m.event === 'info' && object(m.platform).status === 0) return { kind: 'ending', reason: ENDINGS[20060]! };
        const symbol = channel === 'candles' ? m.key : m.symbol;
        if (m.event !== 'subscribed' || !Number.isSafeInteger(m.chanId) || typeof symbol !== 'string')
          return { kind: 'other' };
        // said twice it is one confirmation: another one may still be waited for
        const again = symbols.has(m.chanId);
        symbols.set(m.chanId, symbol.replace(CANDLES, ''));
        return { kind: again ? 'other' : 'acknowledged' };
      }
      const [chanId, what, trade] = message as [unknown, unknown, unknown];
      const key = symbols.get(chanId);
      const last = message.at(-1);
      const numbered = typeof last === 'number' && message.length > (Array.isArray(what) || what === 'hb' ? 2 : 3);
      const sequence = numbered ? { sequence: last } : {};
      if (what === 'hb') return { kind: 'alive', ...sequence };
      if (channel === 'ticker') {
        if (!Array.isArray(what)) return { kind: 'other', ...sequence };
        const [bid, , ask, , , , price, volume] = what;
        return { kind: 'ticks', ticks: [{ key, values: [bid, ask, price, volume] }], ...sequence };
      }
      if (channel === 'candles') {
        if (!Array.isArray(what)) return { kind: 'other', ...sequence };
        const snapshot = Array.isArray(what[0]) || what.length === 0;
        const ticks = candles.push(
          // the close stands before the high
          (snapshot ? what : [what]).map((candle: unknown) => {
            const [time, open, close, high, low, volume] = Array.isArray(candle) ? candle : [];
            return { key, time, values: [open, high, low, close, volume] };
          }),
          snapshot,
        );
        return ticks.length === 0 ? { kind: 'alive', ...sequence } : { kind: 'ticks', ticks, ...sequence };
      }
      if (what === 'te') return { kind: 'ticks', ticks: [tradeOf(trade, key)], ...sequence };
      if (!Array.isArray(what)) return { kind: 'alive', ...sequence };
      // the snapshot, newest first
      const ticks = what
        .map((one) => ({ ...tradeOf(one, key), history: true }))
        .reverse()
        .sort((a, b) => rank(a.time) - rank(b.time));
      return { kind: 'ticks', ticks, ...sequence };
    });
  },
};

function tradeOf(trade: unknown, key: string | undefined): VenueTick {
  const [id, time, amount, price] = Array.isArray(trade) ? trade : [];
  // the amount's sign is the taker's side
  const size = typeof amount === 'number' ? amount : Number.NaN;
  return { key, time, values: [price, Math.abs(size), Math.sign(size)], id };
}
