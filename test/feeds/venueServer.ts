/** Venues on loopback: each speaks as its documentation says, over a WebSocket and, where it can be asked for trades, over HTTP. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** Trade number n of every symbol: one unit, bought by its taker for 100 + n, so many seconds after this, ms since 1970. */
export const START = 1_700_000_000_000;
const at = (n: number): number => START + n * 1000;
const iso = (n: number): string => new Date(at(n)).toISOString();
const range = (numbers: readonly number[]) => [...numbers].sort((a, b) => b - a);

type Json = Record<string, unknown>;

interface Dialect {
  symbols: [string, string];
  /** Symbols of a subscription; [] for anything else. */
  subscribed(said: Json): string[];
  confirm(symbols: string[], said: Json): unknown[];
  /** @param sequence the number of the message on its connection */
  trade(symbol: string, n: number, sequence: number): unknown;
  /** What a subscription begins with: the latest trades, oldest first. */
  snapshot?(symbol: string, numbers: readonly number[], sequence: number): unknown;
  /** The answer to another message, and what is said without being asked. */
  answer?(said: unknown): unknown;
  heartbeat?(sequence: number): unknown;
  refusal: unknown;
  leaving?: unknown;
  /** An answer over HTTP, of all trades there were. */
  rest?(url: URL, numbers: readonly number[]): unknown;
}

/** Bitfinex' channel of a symbol. */
const channelOf = (symbol: string): number => (symbol === 'tBTCUSD' ? 17 : 18);

export const dialects: Record<string, Dialect> = {
  binance: {
    symbols: ['BTCUSDT', 'ETHUSDT'],
    subscribed: ({ method, params }) =>
      method === 'SUBSCRIBE' ? (params as string[]).map((name) => name.split('@')[0]!.toUpperCase()) : [],
    confirm: (_, { id }) => [{ result: null, id }],
    answer: (said) => ((said as Json).method === 'LIST_SUBSCRIPTIONS' ? { result: [], id: 2 } : undefined),
    trade: (s, t) => ({ ...{ e: 'trade', E: at(t) + 5, s, t, p: `${100 + t}`, q: '1' }, T: at(t), m: false, M: true }),
    refusal: { error: { code: 2, msg: 'Invalid request: unknown stream' }, id: 1 },
    leaving: { event: { e: 'serverShutdown', E: START } },
    rest: (url, numbers) =>
      url.pathname === '/api/v3/trades' && url.searchParams.get('limit') === '1000'
        ? numbers.map((id) => ({
            ...{ id, price: `${100 + id}`, qty: '1', quoteQty: `${100 + id}`, time: at(id) },
            ...{ isBuyerMaker: false, isBestMatch: true },
          }))
        : undefined,
  },
  coinbase: {
    symbols: ['BTC-USD', 'ETH-USD'],
    subscribed: ({ type, product_ids }) => (type === 'subscribe' ? (product_ids as string[]) : []),
    confirm: (product_ids, { channels }) => [
      { type: 'subscriptions', channels: (channels as string[]).map((name) => ({ name, product_ids })) },
    ],
    trade: (product_id, trade_id) => match('match', product_id, trade_id),
    snapshot: (product_id, numbers) => match('last_match', product_id, numbers.at(-1)!),
    heartbeat: () => ({
      ...{ type: 'heartbeat', sequence: 90, last_trade_id: 0, product_id: 'BTC-USD', time: iso(0) },
    }),
    refusal: { type: 'error', message: 'Failed to subscribe', reason: 'BTC-EUX is not a valid product' },
    rest(url, numbers) {
      const after = Number(url.searchParams.get('after'));
      if (!/^\/products\/[A-Z-]+\/trades$/.test(url.pathname)) return undefined;
      return range(numbers)
        .filter((n) => n < after)
        .map((trade_id) => ({ trade_id, side: 'sell', size: '1', price: `${100 + trade_id}`, time: iso(trade_id) }));
    },
  },
  'coinbase-advanced': {
    symbols: ['BTC-USD', 'ETH-USD'],
    subscribed: ({ type, product_ids = [] }) => (type === 'subscribe' ? (product_ids as string[]) : []),
    confirm: () => [{ channel: 'subscriptions', events: [{ subscriptions: {} }] }],
    trade: (symbol, n, sequence_num) => advanced('update', symbol, [n], sequence_num),
    snapshot: (symbol, numbers, sequence_num) => advanced('snapshot', symbol, numbers, sequence_num),
    heartbeat: (sequence_num) => ({ channel: 'heartbeats', sequence_num, events: [{ heartbeat_counter: 1 }] }),
    refusal: { type: 'error', message: 'rate limit exceeded' },
  },
  kraken: {
    symbols: ['BTC/USD', 'ETH/USD'],
    subscribed: ({ method, params }) => (method === 'subscribe' ? ((params as Json).symbol as string[]) : []),
    confirm: (symbols) =>
      symbols.map((symbol) => ({ method: 'subscribe', result: { channel: 'trade', symbol }, success: true })),
    trade: (symbol, n) => krakenTrades('update', symbol, [n]),
    snapshot: (symbol, numbers) => krakenTrades('snapshot', symbol, numbers),
    heartbeat: () => ({ channel: 'heartbeat' }),
    refusal: { method: 'subscribe', success: false, error: 'Currency pair not supported BTC/EUX' },
    rest(url, numbers) {
      const since = Number(url.searchParams.get('since')) / 1e6;
      if (url.pathname !== '/0/public/Trades' || url.searchParams.get('pair')?.includes('/')) return undefined;
      const trades = numbers
        .filter((n) => at(n) > since)
        .map((n) => [`${100 + n}`, '1', at(n) / 1000 + 1e-7, 'b', 'm', '', n]);
      return { error: [], result: { XXBTZUSD: trades, last: `${at(numbers.at(-1) ?? 0)}000000` } };
    },
  },
  bitfinex: {
    symbols: ['tBTCUSD', 'tETHUSD'],
    subscribed: ({ event, symbol }) => (event === 'subscribe' ? [symbol as string] : []),
    confirm: ([symbol]) => [{ event: 'subscribed', channel: 'trades', chanId: channelOf(symbol!), symbol }],
    answer: (said) => ((said as Json).event === 'conf' ? { event: 'conf', status: 'OK' } : undefined),
    trade: (symbol, n, sequence) => [channelOf(symbol), 'te', [n, at(n), 1, 100 + n], sequence],
    snapshot: (symbol, numbers, sequence) => [
      channelOf(symbol),
      range(numbers).map((n) => [n, at(n), 1, 100 + n]),
      sequence,
    ],
    heartbeat: (sequence) => [17, 'hb', sequence],
    refusal: { event: 'error', msg: 'symbol: invalid', code: 10300, symbol: 'tBTCEUX' },
  },
  okx: {
    symbols: ['BTC-USDT', 'ETH-USDT'],
    subscribed: ({ op, args }) => (op === 'subscribe' ? (args as Json[]).map(({ instId }) => instId as string) : []),
    confirm: (symbols) =>
      symbols.map((instId) => ({ event: 'subscribe', arg: { channel: 'trades', instId }, connId: 'a4d3ae55' })),
    answer: (said) => (said === 'ping' ? 'pong' : undefined),
    trade: (instId, n) => ({
      arg: { channel: 'trades', instId },
      data: [{ instId, tradeId: `${n}`, px: `${100 + n}`, sz: '1', side: 'buy', ts: `${at(n)}`, count: '1' }],
    }),
    refusal: { event: 'error', code: '60014', msg: 'Requests too frequent' },
    leaving: { event: 'notice', code: '64008', msg: 'The connection will soon be closed for a service upgrade.' },
  },
  bybit: {
    symbols: ['BTCUSDT', 'ETHUSDT'],
    subscribed: ({ op, args }) => (op === 'subscribe' ? (args as string[]).map((topic) => topic.split('.')[1]!) : []),
    confirm: () => [{ success: true, ret_msg: 'subscribe', conn_id: '2324', op: 'subscribe' }],
    answer: (said) => ((said as Json).op === 'ping' ? { success: true, ret_msg: 'pong', op: 'ping' } : undefined),
    trade: (s, n) => ({
      ...{ topic: `publicTrade.${s}`, type: 'snapshot', ts: at(n) },
      data: [{ T: at(n), s, S: 'Buy', v: '1', p: `${100 + n}`, L: 'PlusTick', i: `${s}-${n}`, BT: false }],
    }),
    refusal: { success: false, ret_msg: 'error:handler not found,topic:publicTrade.X', op: 'subscribe' },
  },
};

function match(type: string, product_id: string, trade_id: number): Json {
  // the maker sold
  return {
    ...{ type, trade_id, side: 'sell', size: '1', price: `${100 + trade_id}`, product_id },
    time: iso(trade_id),
  };
}

function advanced(type: string, product_id: string, numbers: readonly number[], sequence_num: number): Json {
  const trades = range(numbers).map((n) => ({
    ...{ trade_id: `${n}`, product_id, price: `${100 + n}`, size: '1', side: 'SELL', time: iso(n) },
  }));
  return { channel: 'market_trades', timestamp: iso(0), sequence_num, events: [{ type, trades }] };
}

function krakenTrades(type: string, symbol: string, numbers: readonly number[]): Json {
  const data = numbers.map((trade_id) => ({
    ...{ symbol, side: 'buy', price: 100 + trade_id, qty: 1, ord_type: 'market', trade_id, timestamp: iso(trade_id) },
  }));
  return { channel: 'trade', type, data };
}

interface Client {
  socket: WebSocket;
  symbols: Set<string>;
  sequence: number;
}

export interface VenueServer {
  symbols: [string, string];
  /** Its WebSocket and its HTTP, as options of a feed. */
  endpoint: string;
  rest: string;
  /** What was asked over HTTP. */
  asked: string[];
  /** Connections that were confirmed so far. */
  confirmed: number;
  /** Answers every subscription with a refusal; every question over HTTP with this status. */
  refuses: boolean;
  status: number;
  /** Which trades HTTP knows. */
  knows: (n: number) => boolean;
  /** A trade happens: every connection that subscribed is told, unless its message is lost. */
  trade(symbol: string, n: number, lost?: boolean): void;
  heartbeat(): void;
  /** Says that it will close. */
  leaves(): void;
  /** Drops all connections, or the oldest so many, without a goodbye. */
  disconnect(most?: number): void;
  close(): void;
}

/** @param latest trades of a symbol that a subscription begins with, where the venue does that */
export async function venueServer(name: string, latest = 2): Promise<VenueServer> {
  const dialect = dialects[name]!;
  const happened = new Map<string, number[]>();
  const clients = new Set<Client>();
  const write = (client: Client, message: unknown) =>
    client.socket.send(typeof message === 'string' ? message : JSON.stringify(message));

  const http = createServer((request, response) => {
    const url = new URL(request.url!, 'http://venue');
    server.asked.push(request.url!);
    const symbol = dialect.symbols.find((one) => request.url!.replace('%2F', '').includes(one.replace('/', '')));
    const answer = dialect.rest?.(url, happened.get(symbol ?? '')?.filter(server.knows) ?? []);
    response.statusCode = answer === undefined ? 404 : server.status;
    response.end(JSON.stringify(answer ?? {}));
  });
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket) => {
    const client: Client = { socket, symbols: new Set(), sequence: 0 };
    clients.add(client);
    socket.on('close', () => clients.delete(client));
    socket.on('message', (data) => {
      const text = String(data);
      const said: unknown = /^[[{]/.test(text) ? JSON.parse(text) : text;
      const answer = dialect.answer?.(said);
      if (answer !== undefined) write(client, answer);
      const subscribed = typeof said === 'object' ? dialect.subscribed(said as Json) : [];
      if (server.refuses) write(client, dialect.refusal);
      else if (subscribed.length > 0 || (said as Json).channel === 'heartbeats') {
        for (const message of dialect.confirm(subscribed, said as Json)) write(client, message);
        server.confirmed++;
      }
      for (const symbol of server.refuses ? [] : subscribed) {
        client.symbols.add(symbol);
        const numbers = happened.get(symbol)?.slice(-latest) ?? [];
        if (dialect.snapshot && numbers.length > 0) write(client, dialect.snapshot(symbol, numbers, ++client.sequence));
      }
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;

  const server: VenueServer = {
    symbols: dialect.symbols,
    endpoint: `ws://127.0.0.1:${port}/`,
    rest: `http://127.0.0.1:${port}`,
    ...{ asked: [], confirmed: 0, refuses: false, status: 200, knows: () => true },
    trade(symbol, n, lost = false) {
      happened.set(symbol, [...(happened.get(symbol) ?? []), n]);
      for (const client of clients) {
        if (!client.symbols.has(symbol)) continue;
        const message = dialect.trade(symbol, n, ++client.sequence);
        if (!lost) write(client, message);
      }
    },
    heartbeat() {
      for (const client of clients) if (dialect.heartbeat) write(client, dialect.heartbeat(++client.sequence));
    },
    leaves() {
      for (const client of clients) write(client, dialect.leaving);
    },
    disconnect(most = clients.size) {
      for (const client of [...clients].slice(0, most)) {
        clients.delete(client);
        client.socket.terminate();
      }
    },
    close() {
      server.disconnect();
      sockets.close();
      http.close();
    },
  };
  return server;
}
