import { object, text, type Venue } from './venue.ts';

/** Asks for a number of each message, as the last item of its list. */
const SEQUENCES = 65_536;
const ENDINGS: Readonly<Record<number, string>> = {
  20051: 'the venue says that it will restart',
  20060: 'the venue is in maintenance',
};

/** Bitfinex v2: lists by channel numbers that the subscription gave; a trade is said twice (`te`, `tu`), and taken once. */
export const bitfinex: Venue = {
  name: 'bitfinex',
  title: 'Bitfinex',
  endpoint: () => 'wss://api-pub.bitfinex.com/ws/2',
  channels: ['trades'],
  time: 'ms',
  subscribe: (symbols) => [
    { event: 'conf', flags: SEQUENCES },
    ...symbols.map((symbol) => ({ event: 'subscribe', channel: 'trades', symbol })),
  ],
  most: 25,
  confirms: (symbols) => symbols.length,
  heartbeat: 15,
  limit: { connections: 20, seconds: 60 },
  reader() {
    const symbols = new Map<unknown, string>();
    return (message) => {
      if (!Array.isArray(message)) {
        const m = object(message);
        if (m.event === 'error') return { kind: 'error', reason: text(m.msg) };
        if (m.event === 'info' && ENDINGS[m.code as number])
          return { kind: 'ending', reason: ENDINGS[m.code as number]! };
        if (m.event !== 'subscribed') return { kind: 'other' };
        symbols.set(m.chanId, String(m.symbol));
        return { kind: 'acknowledged' };
      }
      const [channel, what, trade] = message as [unknown, unknown, unknown];
      const key = symbols.get(channel);
      const last = message.at(-1);
      const numbered = typeof last === 'number' && message.length > (Array.isArray(what) || what === 'hb' ? 2 : 3);
      const sequence = numbered ? { sequence: last } : {};
      if (what === 'hb') return { kind: 'alive', ...sequence };
      if (key === undefined) return { kind: 'other', ...sequence };
      const tickOf = (one: unknown, history: boolean) => {
        const [id, time, amount, price] = Array.isArray(one) ? one : [];
        // the amount's sign is the taker's side
        const size = typeof amount === 'number' ? amount : Number.NaN;
        return { key, time, values: [price, Math.abs(size), Math.sign(size)], id, ...(history ? { history } : {}) };
      };
      if (what === 'te') return { kind: 'ticks', ticks: [tickOf(trade, false)], ...sequence };
      if (!Array.isArray(what)) return { kind: 'alive', ...sequence };
      // the snapshot, newest first
      const ticks = what
        .map((one) => tickOf(one, true))
        .reverse()
        .sort((a, b) => Number(a.time) - Number(b.time));
      return { kind: 'ticks', ticks, ...sequence };
    };
  },
};
