/** The feed over real sockets: `ws` on both ends, on loopback. */
import type { AddressInfo } from 'node:net';
import { firstValueFrom, type Subscription, timeout } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Edge, type FeedEvent, feedOf, openFeed } from '../../src/feeds/index.ts';
import { FeedSocket } from '../../src/node/socket.ts';
import type { FeedStatus } from '../../src/types.ts';

let server: WebSocketServer;
let clients: WebSocket[];
let said: string[];
let events: FeedEvent[];
let feed: Subscription | undefined;

function listen(port = 0, perMessageDeflate = false): Promise<void> {
  server = new WebSocketServer({ host: '127.0.0.1', port, perMessageDeflate });
  server.on('connection', (client) => {
    clients.push(client);
    client.on('message', (data) => said.push(String(data)));
  });
  return new Promise((resolve) => server.once('listening', resolve));
}

const port = (): number => (server.address() as AddressInfo).port;
const states = (): string[] => events.flatMap((event) => (event.kind === 'status' ? [event.status.state] : []));
const statuses = (state: FeedStatus['state']): FeedStatus[] =>
  events.flatMap((event) => (event.kind === 'status' && event.status.state === state ? [event.status] : []));
const messages = (): string[] =>
  events.flatMap((event) => (event.kind === 'message' ? [new TextDecoder().decode(event.data)] : []));
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 5 });

const edge: Edge = { WebSocket: FeedSocket, fetch, random: () => 0.02 };

function follow(options: { staleAfter?: number; subscribe?: unknown[]; deflate?: boolean } = {}): void {
  const url = `ws://127.0.0.1:${port()}/`;
  const { staleAfter = 0, subscribe = [], deflate = false } = options;
  const opened = openFeed({ url, staleAfter: staleAfter / 1000, subscribe, deflate }, edge);
  feed = opened.subscribe((event) => events.push(event));
}

beforeEach(async () => {
  [clients, said, events] = [[], [], []];
  await listen();
});

afterEach(() => {
  feed?.unsubscribe();
  for (const client of server.clients) client.terminate();
  server.close();
});

describe('a feed over loopback', () => {
  it.each([false, true])('takes compressed messages where that is asked for: %s', async (deflate) => {
    server.close();
    await listen(0, true);
    follow({ deflate });
    await until(() => expect(clients).toHaveLength(1));
    expect(clients[0]!.extensions).toBe(deflate ? 'permessage-deflate' : '');
    clients[0]!.send('x'.repeat(5000));
    await until(() => expect(messages()).toEqual(['x'.repeat(5000)]));
  });

  it('gives every message, byte for byte', async () => {
    follow();
    await until(() => expect(clients).toHaveLength(1));
    clients[0]!.send('{"text":"\ufeff\u00fc\ud83d\ude00"}');
    clients[0]!.send(Buffer.from([0, 255, 128]));
    await until(() => expect(messages()).toHaveLength(2));
    const data = events.flatMap((event) => (event.kind === 'message' ? [Buffer.from(event.data)] : []));
    expect(data).toEqual([Buffer.from('{"text":"\ufeff\u00fc\ud83d\ude00"}'), Buffer.from([0, 255, 128])]);
  });

  it.each([
    ['closes cleanly', (client: WebSocket) => client.close(1000, 'maintenance'), 'closed with 1000: maintenance'],
    ['dies', (client: WebSocket) => client.terminate(), 'closed with 1006'],
  ])('comes back when the server %s, subscribes again and marks the gap', async (_name, happens, reason) => {
    follow({ subscribe: [{ op: 'subscribe' }] });
    await until(() => expect(said).toEqual(['{"op":"subscribe"}']));
    clients[0]!.send('one');
    await until(() => expect(messages()).toEqual(['one']));
    happens(clients[0]!);
    await until(() => expect(said).toHaveLength(2));
    clients[1]!.send('two');
    await until(() => expect(messages()).toEqual(['one', 'two']));
    expect(states()).toEqual(['connecting', 'open', 'closed', 'connecting', 'open', 'gap']);
    expect(statuses('closed')[0]).toMatchObject({ reason, attempt: 1, retryInMs: 10 });
    const [one, two] = events.flatMap((event) => (event.kind === 'message' ? [event.received] : []));
    expect(statuses('gap')).toMatchObject([{ from: one, to: two, missing: null }]);
  });

  it('waits for a server that is not there, and says why', async () => {
    const at = port();
    server.close();
    const address = { address: () => ({ port: at }) };
    Object.assign(server, address);
    follow();
    await until(() => expect(statuses('closed').length).toBeGreaterThanOrEqual(2));
    expect(statuses('closed')[0]!.reason).toContain('ECONNREFUSED');
    await listen(at);
    await until(() => expect(states().at(-1)).toBe('open'));
  });

  it('comes back when the server falls silent', async () => {
    follow({ staleAfter: 50 });
    await until(() => expect(clients.length).toBeGreaterThanOrEqual(2));
    expect(states().slice(0, 5)).toEqual(['connecting', 'open', 'stale', 'closed', 'connecting']);
    expect(statuses('closed')[0]!.reason).toBe('silent for 0.1 s');
  });

  it('comes back after a message larger than 4 MiB', async () => {
    follow();
    await until(() => expect(clients).toHaveLength(1));
    clients[0]!.send('x'.repeat((4 << 20) + 1));
    await until(() => expect(clients).toHaveLength(2));
    expect(messages()).toEqual([]);
    expect(statuses('closed')[0]!.reason).toContain('Max payload size exceeded');
  });

  it('says goodbye when nobody listens any more, also while connecting', async () => {
    follow();
    feed!.unsubscribe();
    follow();
    await until(() => expect(clients.length).toBeGreaterThanOrEqual(1));
    const gone = new Promise<void>((resolve) => clients.at(-1)!.once('close', () => resolve()));
    feed!.unsubscribe();
    await gone;
    await until(() => expect(server.clients.size).toBe(0));
  });

  it('knows its schemes', async () => {
    for (const url of ['ftp://127.0.0.1', 'example', '', 'constructor:x']) {
      expect(() => openFeed({ url, staleAfter: 0 }, edge)).toThrow(/\(expected a URL that begins with ws:, wss:, /);
    }
    expect(() => feedOf('ftp://me:secret@x?key=1')).toThrow("'ftp://<secret>@x?<secret>'");
    const never = openFeed(feedOf('ws://127.0.0.1:1/'), edge).pipe(timeout(1000));
    expect(await firstValueFrom(never)).toMatchObject({ kind: 'status', status: { state: 'connecting' } });
  });
});
