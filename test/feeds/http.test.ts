/** HTTP feeds against a server of Node's own, on loopback. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Subscription } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Edge, type FeedEvent, feedOf, openFeed } from '../../src/feeds/index.ts';
import { FeedSocket } from '../../src/node/socket.ts';

let server: Server;
let asked: IncomingMessage[];
let answer: (response: ServerResponse, n: number) => void;
let events: FeedEvent[];
let feed: Subscription | undefined;

const edge: Edge = { WebSocket: FeedSocket, fetch, random: () => 0.02 };
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 5 });
const messages = (): string[] =>
  events.flatMap((event) => (event.kind === 'message' ? [new TextDecoder().decode(event.data)] : []));
const said = (): string[] =>
  events.flatMap(({ ...event }) =>
    event.kind === 'status' ? [`${event.status.state} ${event.status.reason ?? ''}`.trim()] : [],
  );

function follow(options: object = {}, user = ''): void {
  const url = `http://${user}127.0.0.1:${(server.address() as AddressInfo).port}/ticks?key=hush`;
  feed = openFeed({ ...feedOf(url), ...options }, edge).subscribe((event) => events.push(event));
}

beforeEach(async () => {
  [asked, events] = [[], []];
  server = createServer((request, response) => {
    asked.push(request);
    answer(response, asked.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(() => {
  feed?.unsubscribe();
  server.closeAllConnections();
  server.close();
});

const stream = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });

describe('Server-Sent Events', () => {
  it('are messages, however they are cut; comments are none', async () => {
    answer = (response) => {
      const bytes = Buffer.from(
        '\ufeff: hello\n\ndata: {"a":"é😀"}\r\n\r\nevent: x\ndata: 1\ndata: 2\n\n: beat\n\ndata: cut',
      );
      stream(response);
      for (const byte of bytes) response.write(Buffer.from([byte]));
    };
    follow();
    await until(() => expect(messages()).toEqual(['{"a":"é😀"}', '1\n2']));
    expect(said()).toEqual(['connecting', 'open']);
    feed!.unsubscribe();
    events = [];
    follow({ event: 'x' });
    await until(() => expect(messages()).toEqual(['1\n2']));
  });

  it('go on behind the last one that came, and the hole is said', async () => {
    answer = (response, n) => stream(response)[n === 1 ? 'end' : 'write'](`id: ${n}\ndata: ${n}\n\n`);
    follow();
    await until(() => expect(messages()).toEqual(['1', '2']));
    expect(asked.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1']);
    expect(said()).toEqual([
      'connecting',
      'open',
      'closed the stream has ended',
      'connecting',
      'open',
      'gap reconnected',
    ]);
  });

  it('that do not end are given up', async () => {
    answer = (response) => stream(response).write(`data: ${'x'.repeat(5 << 20)}`);
    follow();
    await until(() => expect(said().join()).toContain('closed an event is larger than 4194304 bytes'));
  });

  it('without a sign of life are stale, then connected anew', async () => {
    answer = (response) => stream(response).write('data: 1\n\n');
    follow({ staleAfter: 0.05 });
    await until(() => expect(asked.length).toBeGreaterThan(1));
    expect(said()).toEqual(expect.arrayContaining(['stale no message for 0.05 s', 'closed silent for 0.1 s']));
  });
});

describe('an address that is asked again', () => {
  it('gives an answer each time', async () => {
    answer = (response, n) => response.end(`{"n":${n}}`);
    follow({ every: 0.05 });
    await until(() => expect(messages().slice(0, 3)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']));
    expect(said()).toEqual(['connecting', 'open']);
  });

  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    ['an error', (response) => response.writeHead(503).end(), /^closed answered 503 Service Unavailable$/],
    ['a redirect', (response) => response.writeHead(302, { location: '/x' }).end(), /^closed .*redirect/],
    ['too much', (response) => response.end('x'.repeat(5 << 20)), /^closed an answer is larger than 4194304 bytes$/],
    ['a broken answer', (response) => response.writeHead(200, { 'content-length': 9 }).end('{'), /^closed ./],
    ['none', (response) => response.destroy(), /^closed ./],
  ])('%s ends the link with its reason, and it is asked anew', async (_, reply, reason) => {
    answer = (response, n) => (n === 2 ? reply(response) : response.end(String(n)));
    follow({ every: 0.05 });
    await until(() => expect(messages().slice(0, 2)).toEqual(['1', '3']));
    const closed = said().filter((text) => text.startsWith('closed'));
    expect(closed).toEqual([expect.stringMatching(reason)]);
    expect(said()).toContain('gap reconnected');
  });

  it('hears what the environment has, and tells nobody', async () => {
    answer = (response, n) => response.writeHead(n === 1 ? 200 : 500, 'no pa/ss here').end('1');
    const token = '$'.concat('{TOKEN}');
    const environment = { TOKEN: 'pa/ss', EMPTY: '' };
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}`;
    const source = { ...feedOf(url), every: 0.05, headers: { 'x-key': `as:${token}` } };
    feed = openFeed(source, { ...edge, environment }).subscribe((event) => events.push(event));
    await until(() => expect(said()).toContain(`closed answered 500 no ${token} here`));
    expect([asked[0]!.url, asked[0]!.headers['x-key']]).toEqual(['/pa%2Fss', 'as:pa/ss']);
    expect(JSON.stringify(events)).not.toMatch(/pa(\/|%2F)ss/);
    for (const name of ['EMPTY', 'NONE', 'constructor'])
      expect(() => openFeed({ ...feedOf(url), headers: { a: `\${${name}}` } }, { ...edge, environment })).toThrow(
        `invalid feed.headers.a: \${${name}} (expected ${name} in the environment)`,
      );
    const bad = { ...feedOf(url), headers: { a: `${token}\n` } };
    expect(() => openFeed(bad, { ...edge, environment })).toThrow(
      'invalid feed.headers.a (expected a name and a value that a header can have)',
    );
  });

  it('hears who asks, and tells nobody', async () => {
    answer = (response) => response.end('1');
    follow({}, 'me:pass%3Aw0rd@');
    await until(() => expect(messages()).toEqual(['1']));
    expect(asked[0]!.headers.authorization).toBe(`Basic ${Buffer.from('me:pass:w0rd').toString('base64')}`);
    expect(JSON.stringify(events)).not.toMatch(/w0rd|hush/);
  });
});
