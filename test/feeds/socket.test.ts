import type { Subscription } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { FeedEvent } from '../../src/feeds/feed.ts';
import { type SocketFeedOptions, socketFeed } from '../../src/feeds/socket.ts';
import { redactUrl } from '../../src/redact.ts';
import type { FeedStatus } from '../../src/types.ts';
import { type FakeSocket, fakeSockets, Time } from './virtual.ts';

const URL = 'ws://feed.example/ticks';

let time: Time;
let sockets: FakeSocket[];
let events: FeedEvent[];
let feed: Subscription;

function start(options: Partial<SocketFeedOptions> = {}): void {
  const fake = fakeSockets();
  time = new Time();
  sockets = fake.sockets;
  events = [];
  feed = socketFeed({ url: URL, WebSocket: fake.WebSocket, random: () => 0.5, scheduler: time, ...options }).subscribe({
    next: (event) => events.push(event),
    error: () => expect.unreachable('a feed never errors'),
    complete: () => expect.unreachable('a feed never completes'),
  });
}

const statuses = (): FeedStatus[] => events.flatMap((event) => (event.kind === 'status' ? [event.status] : []));
const states = (): string[] => statuses().map((status) => status.state);
const last = (): FeedStatus => statuses().at(-1)!;
const socket = (): FakeSocket => sockets.at(-1)!;
const messages = (): string[] =>
  events.flatMap((event) => (event.kind === 'message' ? [new TextDecoder().decode(event.data)] : []));

beforeEach(() => start());

describe('a socket that works', () => {
  it('gives messages as bytes with their receive time, text and binary alike', () => {
    socket().opens();
    time.pass(40);
    socket().says('{"a":1}');
    socket().says(new Uint8Array([0xff, 0]).buffer);
    expect(events.slice(2)).toEqual([
      { kind: 'message', data: new TextEncoder().encode('{"a":1}'), received: 40 },
      { kind: 'message', data: new Uint8Array([0xff, 0]), received: 40 },
    ]);
    expect(socket().binaryType).toBe('arraybuffer');
    expect(states()).toEqual(['connecting', 'open']);
  });

  it('takes receive times from the clock it is given', () => {
    start({ now: () => 1234.5 });
    socket().opens();
    socket().says('x');
    expect(events.at(-1)?.received).toBe(1234.5);
  });

  it('opens nothing before it is subscribed to, and lets go when it is no longer', () => {
    const fake = fakeSockets();
    const cold = socketFeed({ url: URL, WebSocket: fake.WebSocket, random: () => 0, scheduler: time });
    expect(fake.sockets).toEqual([]);
    cold.subscribe().unsubscribe();
    expect(fake.sockets[0]!.abandoned).toBe(true);
    socket().opens();
    feed.unsubscribe();
    time.pass(1e6);
    expect(sockets).toHaveLength(1);
    expect(socket().abandoned).toBe(true);
  });
});

describe('reconnecting', () => {
  it.each([
    ['a clean close', (s: FakeSocket) => s.ends(1000, 'bye'), 'closed with 1000: bye'],
    ['an abnormal close', (s: FakeSocket) => s.ends(1006), 'closed with 1006'],
    ['an error', (s: FakeSocket) => s.fails('connect ECONNREFUSED'), 'connect ECONNREFUSED'],
  ])('comes after %s', (_name, happens, reason) => {
    socket().opens();
    happens(socket());
    expect(last()).toEqual({ feed: URL, state: 'closed', reason, attempt: 1, retryInMs: 250 });
    time.pass(249);
    expect(sockets).toHaveLength(1);
    time.pass(1);
    expect(sockets).toHaveLength(2);
    expect(last()).toEqual({ feed: URL, state: 'connecting', attempt: 2 });
  });

  it('comes after a constructor that throws', () => {
    start({
      WebSocket: class {
        constructor() {
          throw new SyntaxError('no such place');
        }
      } as unknown as SocketFeedOptions['WebSocket'],
    });
    expect(last()).toMatchObject({ state: 'closed', reason: 'no such place' });
    time.pass(250);
    expect(states()).toEqual(['connecting', 'closed', 'connecting', 'closed']);
  });

  it('comes after a server that does not answer', () => {
    time.pass(10_000);
    expect(last()).toMatchObject({ state: 'closed', reason: 'no answer within 10 s' });
    expect(socket().abandoned).toBe(true);
  });

  it('subscribes again on every open, in order', () => {
    start({ subscribe: ['hello', { op: 'subscribe', channel: 'trades' }] });
    socket().opens();
    socket().ends(1000);
    time.pass(250);
    expect(socket().sent).toEqual([]);
    socket().opens();
    expect(sockets.map((s) => s.sent)).toEqual([
      ['hello', '{"op":"subscribe","channel":"trades"}'],
      ['hello', '{"op":"subscribe","channel":"trades"}'],
    ]);
  });

  it('doubles the ceiling of its wait from 0.5 s to 30 s', () => {
    const waits = [];
    for (let i = 0; i < 9; i++) {
      socket().ends(1006);
      waits.push(last().retryInMs! * 2); // random is 0.5: half the ceiling
      time.pass(last().retryInMs!);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('draws each wait from all of [0, ceiling)', () => {
    const draws = [0, 0.999];
    start({ random: () => draws.shift()! });
    socket().ends(1006);
    expect(last().retryInMs).toBe(0);
    time.pass(0);
    socket().ends(1006);
    expect(last().retryInMs).toBe(999);
  });

  it('starts the backoff anew after a minute of health, and not before', () => {
    socket().ends(1006);
    time.pass(250);
    socket().opens();
    for (let s = 0; s < 59; s++) {
      time.pass(1000);
      socket().says('tick');
    }
    socket().ends(1006);
    expect(last()).toMatchObject({ attempt: 2, retryInMs: 500 });
    time.pass(500);
    socket().opens();
    for (let s = 0; s < 60; s++) {
      time.pass(1000);
      socket().says('tick');
    }
    socket().ends(1006);
    expect(last()).toMatchObject({ attempt: 1, retryInMs: 250 });
  });

  it('gives up a socket that sends more than it may', () => {
    start({ maxPayload: 4 });
    socket().opens();
    socket().says('12345');
    expect(messages()).toEqual([]);
    expect(last()).toMatchObject({ state: 'closed', reason: 'message of 5 bytes (expected at most 4)' });
  });
});

describe('silence', () => {
  beforeEach(() => {
    start({ staleAfter: 5000 });
    socket().opens();
    time.pass(1000);
    socket().says('tick');
  });

  it('is stale at the deadline, and open again with the next message', () => {
    time.pass(4999);
    expect(last().state).toBe('open');
    time.pass(1);
    expect(last()).toEqual({ feed: URL, state: 'stale', reason: 'no message for 5 s' });
    socket().says('tick');
    expect(states()).toEqual(['connecting', 'open', 'stale', 'open']);
    time.pass(5000);
    expect(last().state).toBe('stale');
  });

  it('for twice as long closes the socket and reconnects', () => {
    time.pass(10_000);
    expect(last()).toMatchObject({ state: 'closed', reason: 'silent for 10 s' });
    expect(socket().abandoned).toBe(true);
    time.pass(250);
    expect(sockets).toHaveLength(2);
  });

  it('from the first moment on counts too', () => {
    start({ staleAfter: 5000 });
    socket().opens();
    time.pass(5000);
    expect(last().state).toBe('stale');
  });

  it('is nothing where no deadline is set', () => {
    start({ staleAfter: 0 });
    socket().opens();
    time.pass(1e9);
    expect(states()).toEqual(['connecting', 'open']);
  });
});

describe('gaps', () => {
  it('are marked before the first message after a reconnect, with receive-time bounds', () => {
    socket().opens();
    time.pass(100);
    socket().says('one');
    time.pass(50);
    socket().ends(1006);
    time.pass(250);
    socket().opens();
    time.pass(600);
    expect(states()).not.toContain('gap');
    socket().says('two');
    socket().says('three');
    expect(events.slice(-3)).toMatchObject([
      { kind: 'status', status: { feed: URL, state: 'gap', from: 100, to: 1000, missing: null } },
      { kind: 'message' },
      { kind: 'message' },
    ]);
  });

  it('span several failed attempts as one', () => {
    socket().opens();
    socket().says('one');
    socket().ends(1000);
    for (let i = 0; i < 3; i++) {
      time.pass(last().retryInMs!);
      socket().fails('refused');
    }
    time.pass(last().retryInMs!);
    socket().opens();
    socket().says('two');
    expect(statuses().filter((status) => status.state === 'gap')).toEqual([
      { feed: URL, state: 'gap', from: 0, to: 250 + 500 + 1000 + 2000, missing: null, reason: 'reconnected' },
    ]);
  });

  it('are none before the first message ever, nor after a silence on one and the same socket', () => {
    start({ staleAfter: 5000 });
    socket().fails('refused');
    time.pass(250);
    socket().opens();
    socket().says('one');
    time.pass(6000);
    socket().says('two');
    expect(states()).toEqual(['connecting', 'closed', 'connecting', 'open', 'stale', 'open']);
  });
});

it.each([
  ['wss://user:pass@feed.example/v1?token=abc#x', 'wss://<secret>@feed.example/v1?<secret>#x'],
  ['ws://127.0.0.1:9000/', 'ws://127.0.0.1:9000/'],
])('names a feed without what may be secret: %s', (url, shown) => {
  expect(redactUrl(url)).toBe(shown);
});
