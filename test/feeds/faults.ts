/**
 * A proxy of faults between models of venues and the product: seeded, in virtual time, without a network. A model sends
 * messages in its venue's shapes and the proxy harms some of them; feed and engine are the product's own. What was sent, and
 * what of it was heard, stands in a ledger that knows nothing of the product's counters. `fetch` always fails.
 *
 * What is right for each fault, settled on paper. "Own gap" is the engine's record right before a tick, with the count that
 * is missing; "gap" is any gap record. They stand between the last tick of a stream before the loss and the first after it.
 *
 * | fault | trades numbered by one | messages numbered | nothing numbered |
 * |---|---|---|---|
 * | dropped, truncated, junk | own gap of exactly the jump | gap before the next message | cannot be known |
 * | sent twice | dropped as a duplicate | same | same (trades have names) |
 * | overtaken by later ones | own gap at the first overtaker, which counts it; then late | gap likewise; then late if its time is before the last tick's, else a tick | late, or a tick |
 * | connection ends, or is given up after silence | own gap of exactly the jump | gap of unknown size | gap of unknown size |
 * | stale, then awake: the same connection | as dropped: numbers go on | as dropped | cannot be known |
 * | venue's clock 5 s back | late until it has caught up; the next tick's own gap counts them too | late | late |
 * | value that is none, or too large | invalid; the next tick's own gap counts it too | invalid | invalid |
 * | trade before its channel is confirmed (Bitfinex) | | invalid: nobody knows its symbol | |
 * | 2 MB, foreign keys (`__proto__`) beside the venue's | as if they were not there | same | same |
 * | empty, refused, or a field of any other shape or 10,000 levels deep | ignored, invalid or the end of the connection; never thrown | same | same |
 *
 * A trade that comes again in a snapshot after a reconnect is a duplicate; one that was missed is a tick, behind the gap. One
 * that was lost earlier, while later ones came, is late; where it shares the last tick's millisecond it may be a tick.
 */
import { Engine, type EngineInput, type LogRecord, parseEngineConfig } from '../../src/engine.ts';
import { feedOf, openFeed } from '../../src/feeds/index.ts';
import { kernels, random } from '../kernels.ts';
import { FakeSocket, Time } from './virtual.ts';

/** One trade, as the venue knows it. Price and size as it writes them. */
export interface Trade {
  key: string;
  /** Counts by one in its symbol. */
  n: number;
  id: string;
  /** Number that the message gave it, where the venue numbers trades. */
  seq: number | null;
  time: number;
  price: string;
  size: string;
  side: 1 | -1;
}

export const nameOf = ({ key, id }: { key: string; id?: string }): string => `${key} ${id}`;

/** One message, as it was handed to the product. */
export interface Heard {
  text: string;
  /** Trades in it that are as the venue made them. */
  trades: Trade[];
  /** Names of further ones in it, of which anything may have become. */
  harmed: string[];
  /** Its number on the connection; null where it has none, or it cannot be read. */
  number: number | null;
  /** Whether its number can be read is for nobody to say. */
  unsure?: true;
  /** Something in it is not as the venue said it: it may be junk, or end the connection. */
  damaged: boolean;
  connection: number;
  /** Symbols whose trades the product can name by now. */
  named: ReadonlySet<string>;
}

/** One connection of a model. */
interface Connection {
  subscribed: boolean;
  greets?(): void;
  hears(text: string): void;
  trades(trades: Trade[]): void;
  alive(): void;
}

type Say = (body: unknown, trades?: Trade[], more?: { number?: number; names?: string }) => void;

export interface Model {
  name: string;
  url: string;
  symbols: [string, string];
  mapping: EngineInput['mapping'];
  options?: object;
  /** What it numbers. */
  numbers: 'trades' | 'messages' | 'nothing';
  /** Numbers of trades begin anew on some connections. */
  restarts?: true;
  /** A connection that it says will close may stand beside the next one. */
  overlaps?: true;
  /** A trade can only be named once its subscription is confirmed. */
  channels?: true;
  /** Seconds between its signs of life; 0: none of its own. */
  every: number;
  /** What it says when it refuses or leaves. */
  refusals: unknown[];
  connect(say: Say, market: Market, chance: Chance): Connection;
}

export class Chance {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = random(seed);
  }

  /** Uniform in [0, 1). */
  readonly uniform = (): number => (this.#next() + 1) / 2;

  /** From `a` to `b`, both included. */
  int(a: number, b: number): number {
    return a + Math.floor(this.uniform() * (b - a + 1));
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)]!;
  }
}

/** Makes trades, also while nobody listens. */
class Market {
  readonly made = new Map<string, Trade[]>();
  /** Ms by which the venue's clock is wrong. */
  shift = 0;
  readonly #now: () => number;
  #count = 0;

  constructor(symbols: readonly string[], now: () => number) {
    this.#now = now;
    for (const symbol of symbols) this.made.set(symbol, []);
  }

  trade(key: string): Trade {
    const made = this.made.get(key)!;
    const count = this.#count++;
    const n = 100 + made.length;
    const trade: Trade = {
      ...{ key, n, id: `${n}`, seq: null, time: Math.floor(this.#now()) + this.shift },
      ...{ price: `${1000 + count}.${1 + (count % 9)}`, size: `0.${1 + (count % 7)}`, side: count % 3 ? 1 : -1 },
    };
    made.push(trade);
    return trade;
  }

  /** The latest, oldest first. */
  recent(key: string, most: number): Trade[] {
    return this.made.get(key)!.slice(-most);
  }
}

/** Microseconds belong to the millisecond, so that no two trades of one go back. */
const micros = ({ time }: Trade): string => String((time * 7) % 1000).padStart(3, '0');
const iso = (trade: Trade): string => new Date(trade.time).toISOString().replace('Z', `${micros(trade)}Z`);
const exact = (trade: Trade): Trade => ({ ...trade, time: trade.time + Number(micros(trade)) / 1000 });
const numbered = (trade: Trade): Trade => ({ ...trade, seq: trade.n });
const word = (side: number, [buy, sell]: readonly [string, string]): string => (side > 0 ? buy : sell);
const signed = ({ side, size }: Trade): number => side * Number(size);

export const models: readonly Model[] = [
  {
    ...{ name: 'binance', url: 'binance:BTCUSDT,ETHUSDT', symbols: ['BTCUSDT', 'ETHUSDT'] },
    ...{ mapping: { venue: 'binance' }, numbers: 'trades', overlaps: true, every: 0 },
    refusals: [{ error: { code: 2, msg: 'Invalid request' }, id: 1 }, { event: { e: 'serverShutdown', E: 1 } }],
    connect: (say) => ({
      subscribed: false,
      hears(text) {
        const { method, id, params } = JSON.parse(text);
        if (method === 'SUBSCRIBE') this.subscribed = true;
        say({ result: method === 'SUBSCRIBE' ? null : [params], id });
      },
      trades(trades) {
        for (const t of trades) {
          const { key: s, n, price: p, size: q, time: T } = t;
          say({ e: 'trade', E: T + 3, s, t: n, p, q, T, m: t.side < 0, M: true }, [numbered(t)]);
        }
      },
      alive() {},
    }),
  },
  {
    ...{ name: 'coinbase', url: 'coinbase:BTC-USD,ETH-USD', symbols: ['BTC-USD', 'ETH-USD'] },
    ...{ mapping: { venue: 'coinbase' }, numbers: 'trades', every: 1 },
    refusals: [{ type: 'error', message: 'Failed to subscribe', reason: 'BTC-EUX is not a valid product' }],
    connect(say, market) {
      let sequence = 9000;
      const match = (type: string, t: Trade): void => {
        const body = {
          ...{ type, trade_id: t.n, maker_order_id: 'ac928c66', side: word(t.side, ['sell', 'buy']), size: t.size },
          ...{ price: t.price, product_id: t.key, sequence: sequence++, time: iso(t) },
        };
        say(body, [numbered(exact(t))]);
      };
      return {
        subscribed: false,
        hears(text) {
          const { product_ids, channels } = JSON.parse(text);
          this.subscribed = true;
          say({ type: 'subscriptions', channels: channels.map((name: string) => ({ name, product_ids })) });
          for (const key of product_ids) for (const t of market.recent(key, 1)) match('last_match', t);
        },
        trades(trades) {
          for (const t of trades) match('match', t);
        },
        alive() {
          for (const key of market.made.keys()) {
            const last_trade_id = market.recent(key, 1)[0]?.n ?? 0;
            say({ type: 'heartbeat', sequence, last_trade_id, product_id: key, time: '2023-11-14T22:13:20.000000Z' });
          }
        },
      };
    },
  },
  {
    ...{ name: 'coinbase-advanced', url: 'coinbase-advanced:BTC-USD,ETH-USD', symbols: ['BTC-USD', 'ETH-USD'] },
    ...{ mapping: { venue: 'coinbase-advanced' }, numbers: 'messages', every: 1 },
    refusals: [{ type: 'error', message: 'authentication failure' }],
    connect(say, market) {
      let number = 0;
      const tell = (channel: string, events: unknown[], trades: Trade[] = []): void => {
        const at = { client_id: '', timestamp: '2023-11-14T22:13:20.000000Z' };
        say({ channel, ...at, sequence_num: number, events }, trades, { number });
        number++;
      };
      const written = (t: Trade) => ({
        ...{ trade_id: t.id, product_id: t.key, price: t.price, size: t.size },
        ...{ side: word(t.side, ['SELL', 'BUY']), time: iso(t) },
      });
      return {
        subscribed: false,
        hears(text) {
          const { channel, product_ids } = JSON.parse(text);
          tell('subscriptions', [{ subscriptions: { [channel]: product_ids ?? [channel] } }]);
          if (channel !== 'market_trades') return;
          this.subscribed = true;
          const recent: Trade[][] = product_ids.map((key: string) => market.recent(key, 6));
          // newest first
          const events = recent.map((trades) => ({ type: 'snapshot', trades: trades.map(written).reverse() }));
          tell('market_trades', events, recent.flat().map(exact));
        },
        trades(trades) {
          tell('market_trades', [{ type: 'update', trades: trades.map(written).reverse() }], trades.map(exact));
        },
        alive: () => tell('heartbeats', [{ current_time: '2023-11-14 22:13:20', heartbeat_counter: number }]),
      };
    },
  },
  {
    ...{ name: 'kraken', url: 'kraken:BTC/USD,ETH/USD', symbols: ['BTC/USD', 'ETH/USD'] },
    ...{ mapping: { venue: 'kraken' }, numbers: 'trades', every: 1 },
    refusals: [
      { method: 'subscribe', success: false, error: 'Currency pair not supported BTC/EUX' },
      { channel: 'status', type: 'update', data: [{ system: 'maintenance' }] },
    ],
    connect(say, market) {
      const tell = (type: string, trades: Trade[]): void => {
        const data = trades.map((t) => ({
          ...{ symbol: t.key, side: word(t.side, ['buy', 'sell']), price: Number(t.price), qty: Number(t.size) },
          ...{ ord_type: 'limit', trade_id: t.n, timestamp: iso(t) },
        }));
        say({ channel: 'trade', type, data }, trades.map(exact).map(numbered));
      };
      return {
        subscribed: false,
        greets() {
          const data = [{ system: 'online', api_version: 'v2', connection_id: 12, version: '2.0.9' }];
          say({ channel: 'status', type: 'update', data });
        },
        hears(text) {
          const { symbol: symbols } = JSON.parse(text).params;
          for (const symbol of symbols)
            say({ method: 'subscribe', result: { channel: 'trade', snapshot: true, symbol }, success: true });
          this.subscribed = true;
          for (const symbol of symbols) tell('snapshot', market.recent(symbol, 8));
        },
        trades: (trades) => tell('update', trades),
        alive: () => say({ channel: 'heartbeat' }),
      };
    },
  },
  {
    ...{ name: 'bitfinex', url: 'bitfinex:tBTCUSD,tETHUSD', symbols: ['tBTCUSD', 'tETHUSD'] },
    ...{ mapping: { venue: 'bitfinex' }, numbers: 'messages', channels: true, every: 15 },
    refusals: [
      { event: 'error', msg: 'symbol: invalid', code: 10300 },
      { event: 'info', code: 20051, msg: 'Stop' },
    ],
    connect(say, market, chance) {
      let number = 1;
      const channels = new Map<string, number>();
      // of few, so that a connection gives a symbol the number that another one had before
      const free = chance.uniform() < 0.5 ? [17, 18, 19] : [18, 17, 19];
      const tell = (body: unknown[], trades: Trade[] = []): void => {
        say([...body, number], trades, { number });
        number++;
      };
      const written = (t: Trade): number[] => [t.n, t.time, signed(t), Number(t.price)];
      return {
        subscribed: false,
        greets: () => say({ event: 'info', version: 2, serverId: 'a8', platform: { status: 1 } }),
        hears(text) {
          const { event, symbol, flags } = JSON.parse(text);
          if (event === 'conf') {
            say({ event: 'conf', status: 'OK', flags });
            return;
          }
          const chanId = free.shift()!;
          channels.set(symbol, chanId);
          say({ event: 'subscribed', channel: 'trades', chanId, symbol, pair: symbol.slice(1) }, [], { names: symbol });
          this.subscribed = channels.size === market.made.size;
          const recent = market.recent(symbol, 6);
          tell([chanId, recent.map(written).reverse()], recent);
        },
        trades(trades) {
          for (const t of trades) {
            tell([channels.get(t.key), 'te', written(t)], [t]);
            tell([channels.get(t.key), 'tu', written(t)]);
          }
        },
        alive() {
          for (const channel of channels.values()) tell([channel, 'hb']);
        },
      };
    },
  },
  {
    ...{ name: 'okx', url: 'okx:BTC-USDT,ETH-USDT', symbols: ['BTC-USDT', 'ETH-USDT'] },
    ...{ mapping: { venue: 'okx' }, numbers: 'nothing', overlaps: true, every: 0 },
    refusals: [
      { event: 'error', code: '60012', msg: 'Invalid request' },
      { event: 'notice', code: '64008', msg: 'soon' },
    ],
    connect: (say) => ({
      subscribed: false,
      hears(text) {
        if (text === 'ping') {
          say('pong');
          return;
        }
        for (const arg of JSON.parse(text).args) say({ event: 'subscribe', arg, connId: 'a4d3ae55' });
        this.subscribed = true;
      },
      trades(trades) {
        const data = trades.map((t) => ({
          ...{ instId: t.key, tradeId: t.id, px: t.price, sz: t.size },
          ...{ side: word(t.side, ['buy', 'sell']), ts: `${t.time}`, count: '1' },
        }));
        say({ arg: { channel: 'trades', instId: trades[0]!.key }, data }, trades);
      },
      alive() {},
    }),
  },
  {
    ...{ name: 'bybit', url: 'bybit:BTCUSDT,ETHUSDT', symbols: ['BTCUSDT', 'ETHUSDT'] },
    ...{ mapping: { venue: 'bybit' }, numbers: 'nothing', every: 0 },
    refusals: [{ success: false, ret_msg: 'error:handler not found', op: 'subscribe' }],
    connect: (say) => ({
      subscribed: false,
      hears(text) {
        const { op } = JSON.parse(text);
        if (op === 'subscribe') this.subscribed = true;
        say({ success: true, ret_msg: op === 'ping' ? 'pong' : 'subscribe', conn_id: '2324e924', req_id: '', op });
      },
      trades(trades) {
        const named = trades.map((t) => ({ ...t, id: `20f43950-d8dd-5b31-9112-${t.n}` }));
        const data = named.map((t) => ({
          ...{ T: t.time, s: t.key, S: word(t.side, ['Buy', 'Sell']), v: t.size, p: t.price },
          ...{ L: 'PlusTick', i: t.id, BT: false },
        }));
        say({ topic: `publicTrade.${named[0]!.key}`, type: 'snapshot', ts: named[0]!.time + 2, data }, named);
      },
      alive() {},
    }),
  },
  {
    ...{ name: 'a mapping of one’s own', url: 'ws://feed.example/', symbols: ['a', 'b'] },
    ...{ numbers: 'trades', restarts: true, every: 5, refusals: [{ type: 'error', reason: 'no' }] },
    ...{ options: { subscribe: [{ op: 'subscribe' }], staleAfter: 12 } },
    mapping: {
      match: { type: 'trade' },
      time: { path: 'at', format: 'ms' },
      key: { path: 'symbol' },
      features: { price: 'price', size: 'size', side: 'side' },
      seq: { path: 'n' },
      id: { path: 'id' },
    },
    connect(say, market, chance) {
      const begin = new Map(
        [...market.made].map(([key, made]) => [key, chance.uniform() < 0.3 ? made.length + 99 : 0]),
      );
      return {
        subscribed: false,
        hears() {
          this.subscribed = true;
          say({ type: 'subscribed' });
        },
        trades(trades) {
          for (const t of trades) {
            const [seq, id] = [t.n - begin.get(t.key)!, `${t.key}:${t.n}`];
            const { key: symbol, time: at, price, size, side } = t;
            say({ type: 'trade', symbol, n: seq, id, at, price, size, side }, [{ ...t, seq, id }]);
          }
        },
        alive: () => say({ type: 'heartbeat' }),
      };
    },
  },
];

/** Faults of the next message, or of the next one with trades. */
const OF_MESSAGES = [
  ...(['drop', 'duplicate', 'reorder', 'delay', 'truncate', 'value', 'empty', 'foreign keys', 'shape'] as const),
  ...(['refusal', '2 MB'] as const),
] as const;
/** Faults of the connection, or of the venue. */
const OF_LINKS = ['close 1006', 'close 1000', 'half-open', 'silence', 'clock'] as const;
type FaultOfMessage = (typeof OF_MESSAGES)[number];
export const FAULTS = [...OF_MESSAGES, ...OF_LINKS];
const isOfMessages = (kind: string): boolean => (OF_MESSAGES as readonly string[]).includes(kind);

interface Fault {
  kind: (typeof FAULTS)[number];
  step: number;
  /** Messages, places, steps or ms, as the kind has it. */
  by: number;
  /** Messages that pass before it. */
  skip: number;
}

const nest = (open: string, close: string): string => `${open.repeat(10_000)}1${close.repeat(10_000)}`;
const NO_VALUES = ['NaN', '"NaN"', 'null', '1e308', '"1e308"', '1e999', '-1e999', '[]', '{}'];
const SHAPES = [
  ...[nest('[', ']'), nest('{"a":', '}'), '"__proto__"', '"constructor"', '{"__proto__":{"price":1}}', '[[]]', 'null'],
  ...['{"constructor":{"prototype":1}}', '{"toString":0,"valueOf":0}', '1e308', '"NaN"', '""', '[]', '{}', 'false'],
];
const PAD = 'x'.repeat(2_000_000);
const PLACE = '"<place>"';

type Message = Omit<Heard, 'connection' | 'named'> & { names?: string | undefined };

/** The message with something else in place of one of its fields, at any depth. */
function reshaped(message: Message, chance: Chance): Message {
  const body = JSON.parse(message.text);
  const places: [Record<string, unknown>, string][] = [];
  const collect = (at: Record<string, unknown>): void => {
    for (const [field, value] of Object.entries(at)) {
      // a venue is believed which symbol it confirms
      if (message.names === undefined || field === 'event' || field === 'chanId') places.push([at, field]);
      if (typeof value === 'object' && value !== null) collect(value as Record<string, unknown>);
    }
  };
  collect(body);
  const [at, field] = chance.pick(places);
  at[field] = JSON.parse(PLACE);
  return {
    text: JSON.stringify(body).replace(PLACE, () => chance.pick(SHAPES)),
    ...{ trades: [], harmed: message.trades.map(nameOf), damaged: true },
    ...{ number: message.number, unsure: true },
  };
}

/** The message with no usable price in its first trade. */
function priceless(message: Message, chance: Chance): Message {
  const [first, ...rest] = message.trades;
  const value = chance.pick(NO_VALUES);
  const text = message.text.replace(new RegExp(`"?${first!.price.replace('.', '\\.')}"?`), value);
  const junk = value === 'NaN';
  return { text, trades: junk ? [] : rest, harmed: [], number: junk ? null : message.number, damaged: true };
}

/** What becomes of a message by faults that leave its place alone. */
function harmed(kind: FaultOfMessage, message: Message, { refusals }: Model, chance: Chance): Message[] {
  const { text } = message;
  const isObject = text.startsWith('{');
  const junk = (said: string): Message => ({ text: said, trades: [], harmed: [], number: null, damaged: true });
  switch (kind) {
    case 'duplicate':
      return [message, message];
    case 'truncate':
      return [junk(text.slice(0, chance.int(1, text.length - 1)))];
    case 'empty':
      return [junk(''), message];
    case 'foreign keys':
      if (!isObject) return [junk('["__proto__"]'), junk('{"event":"info","code":"constructor"}'), message];
      return [{ ...message, text: `{"__proto__":{"price":1},"constructor":{"prototype":{"a":1}},${text.slice(1)}` }];
    case '2 MB':
      if (!isObject) return [junk(`["${PAD}"]`), message];
      return [{ ...message, text: `{"pad":"${PAD}",${text.slice(1)}` }];
    case 'value':
      return [priceless(message, chance)];
    case 'shape':
      return [/^[[{]/.test(text) ? reshaped(message, chance) : message];
    case 'refusal':
      return [reshaped(junk(JSON.stringify(chance.pick(refusals))), chance), message];
    default:
      return [message];
  }
}

/** One socket as the proxy holds it. */
interface Wire {
  socket: FakeSocket;
  number: number;
  venue: Connection | null;
  /** Half-open: nothing goes either way, and nobody says so. */
  dead: boolean;
  ended: boolean;
  /** Of what the product said, how much the venue has heard. */
  heard: number;
  aliveAt: number;
  openedAt: number;
  named: Set<string>;
  /** Messages that later ones overtake, and how many still do. */
  overtaken: { message: Message; left: number }[];
  /** Messages that wait, and until when. */
  waiting: Message[];
  until: number;
}

/** How a run went: the ledger, and all that the product said. */
export interface Run {
  faults: string[];
  hits: Set<string>;
  heard: Heard[];
  /** Trades after the last fault: all of them must arrive. */
  last: Trade[];
  log: LogRecord[];
  /** Ticks, late, duplicates, invalid and ignored, before each message and at the end. */
  counts: number[][];
  counters: Engine['counters'];
  /** By tick: whether it stands behind a gap. */
  gapBefore: boolean[];
  thrown: unknown[];
  mostTimers: number;
  mostSockets: number;
  /** Ms for which no socket was there. */
  longestAlone: number;
  /** Messages heard by the time that each was handed on. */
  reach: number[];
  /** Connections that began while another one was alive. */
  met: Set<number>;
  /** Whether a connection was there again in time after the last fault. */
  recovered: boolean;
}

const T0 = 1_700_000_000_000;

export function configOf({ mapping }: Model): ReturnType<typeof parseEngineConfig> {
  const rule = { on: 'input.price', detector: 'page-hinkley', options: { threshold: 40, delta: 1 } };
  return parseEngineConfig({ mapping, alerts: [{ name: 'price', ...rule, keepFiringFor: 7 }] });
}

/** One run: everything in it follows from the seed. */
export async function run(model: Model, seed: number): Promise<Run> {
  const chance = new Chance(seed);
  const jitter = new Chance(seed + 1e6);
  const time = new Time();
  const now = (): number => T0 + time.frame;
  const market = new Market(model.symbols, now);
  const wires: Wire[] = [];
  const armed: Fault[] = [];
  const result: Run = {
    ...{ faults: [], hits: new Set(), heard: [], last: [], log: [], counts: [], gapBefore: [], thrown: [] },
    ...{
      mostTimers: 0,
      mostSockets: 0,
      longestAlone: 0,
      met: new Set(),
      reach: [],
      recovered: false,
      counters: {} as Engine['counters'],
    },
  };
  let [refusals, mute, aloneSince] = [0, false, now()];

  const engine = new Engine({
    ...{ kernels, spec: null, config: configOf(model) },
    wall: () => BigInt(T0) * 1_000_000n + BigInt(Math.round(time.frame * 1e6)),
  });
  result.counters = engine.counters;
  const count = (): void => {
    const { ticks, late, duplicates, invalid, ignored } = engine.counters;
    result.counts.push([ticks, late, duplicates, invalid, ignored]);
  };
  engine.records$.subscribe((record) => {
    result.log.push(record);
    if (record.topic === 'feed/message') count();
  });
  engine.explained$.subscribe(({ gapBefore }) => result.gapBefore.push(gapBefore));

  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      result.thrown.push(error);
    }
  };

  const deliver = (wire: Wire, { names, ...message }: Message): void => {
    if (wire.socket.onmessage === null || wire.ended) return;
    if (names !== undefined && !message.damaged) wire.named = new Set([...wire.named, names]);
    result.heard.push({ ...message, connection: wire.number, named: wire.named });
    attempt(() => wire.socket.says(message.text));
  };
  const pass = (wire: Wire, message: Message): void => {
    if (now() < wire.until || wire.waiting.length > 0) {
      wire.waiting.push(message);
      return;
    }
    deliver(wire, message);
    for (const each of wire.overtaken) each.left--;
    for (const { message: late } of wire.overtaken.filter(({ left }) => left <= 0)) deliver(wire, late);
    wire.overtaken = wire.overtaken.filter(({ left }) => left > 0);
  };
  /** From the venue to the proxy. */
  const transmit = (wire: Wire, message: Message): void => {
    if (wire.dead || wire.ended || mute) return;
    const fault = armed.find(({ kind }) => kind !== 'value' || message.trades.length > 0);
    if (!fault) {
      pass(wire, message);
      return;
    }
    if (fault.skip-- > 0) {
      pass(wire, message);
      return;
    }
    const kind = fault.kind as FaultOfMessage;
    result.hits.add(kind);
    if (kind !== 'drop' || --fault.by <= 0) armed.splice(armed.indexOf(fault), 1);
    if (kind === 'reorder') wire.overtaken.push({ message, left: fault.by });
    if (kind === 'delay') wire.until = now() + fault.by;
    if (kind === 'drop' || kind === 'reorder') return;
    for (const each of harmed(kind, message, model, chance)) pass(wire, each);
  };

  const open = (wire: Wire): void => {
    const say: Say = (body, trades = [], { number, names } = {}) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      transmit(wire, { text, trades, harmed: [], number: number ?? null, damaged: false, names });
    };
    wire.venue = model.connect(say, market, chance);
    wire.openedAt = wire.aliveAt = now();
    attempt(() => wire.socket.opens());
    wire.venue.greets?.();
  };
  const end = (wire: Wire, code: number): void => {
    if (wire.ended) return;
    wire.ended = true;
    attempt(() => wire.socket.ends(code));
  };
  /** The venue's and the proxy's turn. */
  const serve = (): void => {
    for (const wire of wires) {
      if (wire.socket.abandoned || wire.ended || wire.dead) continue;
      if (!wire.venue) {
        if (refusals > 0) {
          refusals--;
          end(wire, 1006);
          continue;
        }
        open(wire);
      }
      const said = wire.socket.sent.slice(wire.heard);
      wire.heard = wire.socket.sent.length;
      for (const text of mute ? [] : said) wire.venue!.hears(text);
      if (model.every > 0 && wire.venue?.subscribed && now() - wire.aliveAt >= model.every * 1000) {
        wire.aliveAt = now();
        wire.venue.alive();
      }
      if (now() < wire.until) continue;
      for (const message of wire.waiting.splice(0)) pass(wire, message);
    }
  };
  const watch = (): void => {
    result.mostTimers = Math.max(result.mostTimers, time.actions.length);
    const sockets = wires.filter(({ socket, ended }) => !ended && !socket.abandoned).length;
    result.mostSockets = Math.max(result.mostSockets, sockets);
    if (sockets > 0) aloneSince = now();
    result.longestAlone = Math.max(result.longestAlone, now() - aloneSince);
    const alive = wires.filter(isFine);
    if (alive.length > 1) result.met.add(alive.at(-1)!.number);
  };
  const wait = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 1000) {
      attempt(() => time.pass(Math.min(left, 1000)));
      serve();
      attempt(() => engine.advance());
      watch();
      // what was asked of `fetch` fails by now
      for (let i = 0; i < 6; i++) await null;
    }
  };
  const isFine = (wire: Wire | undefined): wire is Wire =>
    Boolean(wire?.venue?.subscribed && !wire.dead && !wire.ended && !wire.socket.abandoned);
  const connected = (): Wire | null => {
    const wire = wires.at(-1);
    return isFine(wire) ? wire : null;
  };
  const trade = (key: string, size = 1): Trade[] => {
    const trades = Array.from({ length: size }, () => market.trade(key));
    for (const wire of wires) if (isFine(wire)) wire.venue!.trades(trades);
    return trades;
  };

  const edge = {
    WebSocket: class extends FakeSocket {
      constructor(url: string) {
        super(url);
        wires.push({
          ...{ socket: this, number: wires.length, venue: null, dead: false, ended: false, heard: 0, aliveAt: 0 },
          ...{ openedAt: 0, named: new Set(), overtaken: [], waiting: [], until: 0 },
        });
      }
    },
    fetch: () => Promise.reject(new TypeError('fetch failed')),
    ...{ random: jitter.uniform, scheduler: time, now },
  };
  const source = { ...feedOf(model.url), ...model.options };
  const stale = source.staleAfter * 1000;

  const happen = async ({ kind, by }: Fault): Promise<void> => {
    const wire = connected();
    if (!wire) return;
    result.hits.add(kind);
    if (kind === 'clock') market.shift = -5000;
    if (kind === 'close 1006' || kind === 'close 1000') {
      refusals = by % 3;
      end(wire, kind === 'close 1006' ? 1006 : 1000);
    }
    if (kind === 'half-open') {
      wire.dead = true;
      for (let i = 0; i < by; i++) trade(model.symbols[i % 2]!);
      await wait(2 * stale + 2000);
    }
    if (kind === 'silence') {
      mute = true;
      for (let i = 0; i < by; i++) trade(model.symbols[i % 2]!);
      await wait(Math.round(stale * 1.3));
      mute = false;
    }
  };

  // RxJS throws what nobody caught from a timeout: there is no real time here, so each of these is an error
  const { setTimeout: real } = globalThis;
  const timeouts: (() => void)[] = [];
  globalThis.setTimeout = ((handler: () => void) => timeouts.push(handler)) as unknown as typeof setTimeout;
  try {
    for (let i = 0; i < 7; i++) market.trade(chance.pick(model.symbols));
    const feed = openFeed(source, edge).subscribe({
      next(event) {
        if (event.kind === 'status') {
          engine.status(event.status);
          return;
        }
        result.reach.push(result.heard.length);
        engine.message(event.data);
      },
      error: (error) => result.thrown.push(error),
      complete: () => result.thrown.push(new Error('the feed completed')),
    });

    const steps = chance.int(50, 90);
    const plan = planned(steps, chance);
    let rightAgain = 0;
    for (let step = 0; step < steps; step++) {
      if (step === rightAgain) market.shift = 0;
      for (const fault of plan.filter((each) => each.step === step)) {
        result.faults.push(`step ${step}: ${fault.kind} (${fault.by}${fault.skip > 0 ? `, after ${fault.skip}` : ''})`);
        if (fault.kind === 'clock') rightAgain = step + fault.by;
        if (isOfMessages(fault.kind)) armed.push(fault);
        else await happen(fault);
      }
      trade(chance.pick(model.symbols), chance.pick([1, 1, 1, 2, 3]));
      await wait(chance.pick([1, 20, 90, 400, 1000]));
    }

    // the faults end; a connection that died without a word is still to be found out
    armed.length = 0;
    [refusals, market.shift] = [0, 0];
    for (const wire of wires.slice(-1)) for (const { message } of wire.overtaken.splice(0)) deliver(wire, message);
    const patience = now() + 2 * stale + 120_000;
    const fine = (): boolean => connected() !== null && now() - connected()!.openedAt > 7000;
    while (now() < patience && !(fine() && now() >= connected()!.until)) await wait(1000);
    result.recovered = fine();
    for (let i = 0; i < 6; i++) {
      const key = model.symbols[i % 2]!;
      result.last.push(...trade(key));
      await wait(50);
    }
    feed.unsubscribe();
    engine.end();
    count();
  } finally {
    globalThis.setTimeout = real;
  }
  for (const handler of timeouts) attempt(handler);
  return result;
}

/** Two to seven faults; many strike while a connection begins. */
function planned(steps: number, chance: Chance): Fault[] {
  const plan: Fault[] = [];
  for (let i = chance.int(2, 7); i > 0; i--) {
    const kind = chance.pick(chance.uniform() < 0.3 ? OF_LINKS : OF_MESSAGES);
    // large messages cost most of the time that all runs take
    if (kind === '2 MB' && chance.uniform() < 0.88) continue;
    const step = chance.uniform() < 0.15 ? 0 : chance.int(1, steps - 10);
    const by = kind === 'delay' ? chance.int(100, 3000) : kind === 'clock' ? chance.int(3, 9) : chance.int(1, 5);
    plan.push({ kind, step, by, skip: step === 0 ? chance.int(0, 5) : 0 });
    if (!isOfMessages(kind) && chance.uniform() < 0.5) {
      const next = chance.pick(OF_MESSAGES.filter((each) => each !== '2 MB'));
      plan.push({ kind: next, step, by: chance.int(1, 5), skip: chance.int(0, 5) });
    }
  }
  return plan.sort((a, b) => a.step - b.step);
}
