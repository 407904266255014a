/** MQTT against a real mosquitto, which is killed where that matters. */
import { execFileSync } from 'node:child_process';
import { createServer, connect as dial, type Server } from 'node:net';
import { join } from 'node:path';
import type { Observable, Subscription } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { parseConfig } from '../../../src/config.ts';
import { type FeedEvent, feedOf, openFeed } from '../../../src/feeds/index.ts';
import { readKernels } from '../../../src/node/assets.ts';
import '../../../src/node/feeds/index.ts';
import { addressOf, filterFault, matches } from '../../../src/node/feeds/mqttTopic.ts';
import { openRecording } from '../../../src/node/recordingFile.ts';
import { Session } from '../../../src/node/session.ts';
import { FeedSocket } from '../../../src/node/socket.ts';
import { decodeJson } from '../../../src/recording/index.ts';
import type { FeedStatus, Tick } from '../../../src/types.ts';
import { whytick } from '../cli/whytick.ts';
import { freePort, Mosquitto } from './mosquitto.ts';

const until = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 20_000, interval: 10 });
const count = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => from + i);

/** A feed and all that it says. Reconnects at once. */
class Heard {
  readonly events: FeedEvent[] = [];
  readonly #feed: Observable<FeedEvent>;
  readonly #subscription: Subscription;

  constructor(
    from: string | Observable<FeedEvent>,
    options: object = {},
    environment: Record<string, string> = {},
    acks = true,
  ) {
    const edge = { WebSocket: FeedSocket, fetch, random: () => 0.02, environment };
    this.#feed = typeof from === 'string' ? openFeed({ ...feedOf(from), ...options }, edge) : from;
    this.#subscription = this.#feed.subscribe((event) => {
      this.events.push(event);
      if (acks && event.kind === 'message') event.ack?.();
    });
    all.push(this);
  }

  get messages(): { topic: string; payload: { value?: unknown }; retain: boolean; dup: boolean }[] {
    return this.events.flatMap((event) =>
      event.kind === 'message' ? [JSON.parse(new TextDecoder().decode(event.data))] : [],
    );
  }

  get values(): unknown[] {
    return this.messages.map(({ payload }) => payload.value);
  }

  statuses(state: FeedStatus['state']): FeedStatus[] {
    return this.events.flatMap((event) =>
      event.kind === 'status' && event.status.state === state ? [event.status] : [],
    );
  }

  get states(): string[] {
    return this.events.flatMap((event) => (event.kind === 'status' ? [event.status.state] : []));
  }

  async open(times = 1): Promise<this> {
    await until(() => expect(this.statuses('open').length).toBeGreaterThanOrEqual(times));
    return this;
  }

  /** The reason why it was closed first. */
  async closed(): Promise<string> {
    await until(() => expect(this.statuses('closed').length).toBeGreaterThan(0));
    return this.statuses('closed')[0]!.reason!;
  }

  /** The same feed, once more. */
  again(): Promise<Heard> {
    this.end();
    return new Heard(this.#feed).open();
  }

  end(): void {
    this.#subscription.unsubscribe();
  }
}

const all: Heard[] = [];
afterEach(() => {
  for (const heard of all.splice(0)) heard.end();
});

/** Of tests that leave nothing behind in it. */
let shared: Mosquitto;
const brokers: Mosquitto[] = [];
const broker = async (...args: Parameters<typeof Mosquitto.start>): Promise<Mosquitto> => {
  const started = await Mosquitto.start(...args);
  brokers.push(started);
  return started;
};
beforeAll(async () => {
  shared = await broker();
});
afterAll(() => Promise.all(brokers.map((each) => each.end())));

describe('an address', () => {
  it.each([
    ['mqtt://host/plant/+/temperature', 'plant/+/temperature'],
    ['mqtt://host/plant/#', 'plant/#'],
    ['mqtt://host/#', '#'],
    ['mqtts://host//leading/%23%3F', '/leading/#?'],
    ['mqtt://host', ''],
    ['mqtt+ws://host/path', ''],
  ])('%s listens to %j', (url, topic) => {
    expect(addressOf(url).topic).toBe(topic);
  });

  it('has a host, a port, a name and a password', () => {
    expect(addressOf('mqtts://me:p%40ss@[::1]:8884/a')).toMatchObject({
      transport: 'mqtts',
      host: '::1',
      port: 8884,
      username: 'me',
      password: 'p@ss',
    });
  });

  it.each([
    ['mqtt:///a', {}, "invalid feed.url: 'mqtt:///a' (expected a host)"],
    ['mqtt://h', {}, 'a topic behind the host, or feed.topics'],
    ['mqtt://h/a?b', {}, 'no query'],
    ['mqtt://h/%', {}, '% before two hexadecimal digits'],
    ['mqtt://h/a/#/b', {}, 'a topic filter behind the host: # at the end'],
    ['mqtt://h/a', { topics: ['a+/b'] }, 'a topic: + and # as whole levels'],
    ['mqtt://h/a', { qos: 2 }, '0 or 1'],
    ['mqtt://h/a', { version: 4 }, 'the version 5 or 3.1.1'],
    ['mqtt://h/a', { will: { topic: 'a/+' } }, 'no wildcards'],
    ['mqtt://h/a', { ca: 'x.pem' }, 'a URL that begins with mqtts:'],
    ['mqtts://h/a', { ca: 'none.pem' }, 'a file that can be read'],
    ['mqtts://h/a', { cert: 'package.json' }, 'cert and key together'],
  ])('%s %j is refused before anything starts', (url, options, message) => {
    const open = () => openFeed(parseConfig({ feed: { url, ...options }, mapping }).feed, {} as never);
    expect(open).toThrow(message);
  });
});

it('filters are those of the specification', () => {
  for (const [filter, topic] of [
    ['a/+/c', 'a/b/c'],
    ['a/#', 'a'],
    ['a/#', 'a/b/c'],
    ['+/+', '/finance'],
    ['/+', '/finance'],
    ['$share/g/a/+', 'a/b'],
    ['$SYS/#', '$SYS/a'],
  ] as const)
    expect([filter, topic, matches(filter, topic)]).toEqual([filter, topic, true]);
  for (const [filter, topic] of [
    ['a/+', 'a'],
    ['+', '/finance'],
    ['a/+', 'a/b/c'],
    ['a', 'a/b'],
    ['#', '$SYS/a'],
    ['+/a', '$SYS/a'],
  ] as const)
    expect([filter, topic, matches(filter, topic)]).toEqual([filter, topic, false]);
  for (const filter of ['', 'a+', 'a/#/b', '$share/g', '$share/+/a', 'a\0']) expect(filterFault(filter)).not.toBeNull();
});

const mapping = { time: { path: 'received' }, features: { value: 'payload.value' } };

describe.each([[5, 5] as const, ['3.1.1', 4] as const])('version %s', (version, protocolVersion) => {
  it('gives what is sent in envelopes, retained messages marked', async () => {
    const client = await shared.client({ protocolVersion });
    const base = `first/${protocolVersion}`;
    await client.publishAsync(`${base}/old`, '20.5', { qos: 1, retain: true });
    const heard = await new Heard(`${shared.url}/${base}/%2B`, { version, topics: [`${base}/x/#`] }).open();
    await client.publishAsync(`${base}/new`, '{"t": 21.50}', { qos: 1 });
    await client.publishAsync(`${base}/x/y`, 'on', { qos: 0 });
    await until(() => expect(heard.messages).toHaveLength(3));
    const received = expect.any(Number);
    expect(heard.messages).toEqual([
      { topic: `${base}/old`, qos: 1, retain: true, dup: false, received, payload: { value: 20.5 } },
      { topic: `${base}/new`, qos: 1, retain: false, dup: false, received, payload: { t: 21.5 } },
      { topic: `${base}/x/y`, qos: 0, retain: false, dup: false, received, payload: { value: 'on' } },
    ]);
    await client.publishAsync(`${base}/old`, '', { qos: 1, retain: true });
  });

  it('acknowledges in order once it is told to, and hears on meanwhile', async () => {
    const topic = `acks/${protocolVersion}`;
    const client = await shared.client({ protocolVersion });
    const first = await new Heard(`${shared.url}/${topic}`, { version }, {}, false).open();
    for (const i of count(6)) await client.publishAsync(topic, String(i), { qos: 1 });
    await until(() => expect(first.values).toEqual(count(6)));
    const acks = first.events.flatMap((event) => (event.kind === 'message' ? [event.ack!] : []));
    // 1 and 3 wait for 0 and 2
    for (const i of [1, 0, 3]) acks[i]!();
    const next = first.again();
    // after the goodbye it is too late
    setImmediate(() => acks[2]!());
    const second = await next;
    await until(() => expect(second.values).toEqual([2, 3, 4, 5]));
    expect(second.messages.map(({ dup }) => dup)).toEqual([true, true, true, true]);
    expect(second.statuses('open')[0]!.resumed).toBe(true);
    const third = await second.again();
    await client.publishAsync(topic, '6', { qos: 1 });
    await until(() => expect(third.values).toEqual([6]));
  });

  it('a reconnect is no gap where the session goes on, and one where it does not', async () => {
    const own = await broker();
    for (const [qos, gaps] of [[1, 0] as const, [0, 1] as const]) {
      const topic = `gap/${qos}`;
      const heard = await new Heard(`${own.url}/${topic}`, { version, qos }).open();
      await (await own.client()).publishAsync(topic, '1', { qos: 1 });
      await until(() => expect(heard.values).toEqual([1]));
      await own.kill();
      await until(() => expect(heard.states).toContain('closed'));
      await own.start();
      await heard.open(2);
      await (await own.client()).publishAsync(topic, '2', { qos: 1 });
      await until(() => expect(heard.values.at(-1)).toBe(2));
      expect(heard.statuses('gap').map(({ missing }) => missing)).toEqual(gaps ? [null] : []);
      heard.end();
    }
  });
});

it('goes through a WebSocket', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/mqtt', handleProtocols: () => 'mqtt' });
  server.on('connection', (socket) => {
    const [web, tcp] = [createWebSocketStream(socket), dial(shared.port, '127.0.0.1')];
    for (const end of [web.pipe(tcp), tcp.pipe(web)]) end.on('error', () => {});
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `mqtt+ws://127.0.0.1:${(server.address() as { port: number }).port}/mqtt`;
  const heard = await new Heard(url, { topics: ['web'] }).open();
  await (await shared.client()).publishAsync('web', '1', { qos: 1 });
  await until(() => expect(heard.values).toEqual([1]));
  heard.end();
  await until(() => expect(server.clients.size).toBe(0));
  server.close();
});

it('a lost session is a gap', async () => {
  const own = await broker(['allow_anonymous true', 'persistence false']);
  const heard = await new Heard(`${own.url}/a`).open();
  await (await own.client()).publishAsync('a', '1', { qos: 1 });
  await until(() => expect(heard.values).toEqual([1]));
  await own.kill();
  await own.start();
  await heard.open(2);
  await (await own.client()).publishAsync('a', '2', { qos: 1 });
  await until(() => expect(heard.values).toEqual([1, 2]));
  expect(heard.statuses('gap')).toMatchObject([{ missing: null, reason: 'reconnected' }]);
});

it('what others send at QoS 0 is kept by no session: a reconnect is a gap then', async () => {
  const own = await broker();
  const heard = await new Heard(`${own.url}/a`).open();
  await (await own.client()).publishAsync('a', '1', { qos: 0 });
  await until(() => expect(heard.values).toEqual([1]));
  await own.kill();
  await own.start();
  await heard.open(2);
  await (await own.client()).publishAsync('a', '2', { qos: 1 });
  await until(() => expect(heard.values).toEqual([1, 2]));
  expect(heard.statuses('gap')).toMatchObject([{ missing: null, reason: 'reconnected' }]);
});

describe('a broker that is killed', () => {
  /** Sends numbers until each is acknowledged. */
  const publish = async (own: Mosquitto, numbers: number[]): Promise<void> => {
    const client = await own.client();
    for (const i of numbers) await client.publishAsync('line', JSON.stringify({ n: i, x: i / 4 }), { qos: 1 });
    // mosquitto acknowledges the last one before it saves it: an answer to something else comes after that
    await client.subscribeAsync('other');
    client.end();
  };

  it.each([
    ['seq', { seq: { path: 'payload.n' } }],
    ['id', { id: { path: 'payload.n' } }],
    ['neither', { redelivered: { path: 'dup' } }],
  ])('and comes back loses nothing that it acknowledged: %s', async (name, more) => {
    const own = await broker();
    const { kernels, hash: kernelsHash } = await readKernels();
    const ticks: Tick[] = [];
    const statuses: FeedStatus[] = [];
    const files: string[] = [];
    const run = (): Session => {
      const { feed, engine: config } = parseConfig({
        feed: { url: `${own.url}/line` },
        mapping: { time: { path: 'received' }, features: { n: 'payload.n', x: 'payload.x' }, ...more },
      });
      const record = join(own.folder, `${files.length}.mcap`);
      files.push(record);
      const edge = { WebSocket: FeedSocket, fetch, random: () => 0.02 };
      const session = new Session({
        kernels,
        kernelsHash,
        spec: null,
        config,
        feed: openFeed(feed, edge),
        source: feed,
        record,
      });
      session.engine.explained$.subscribe(({ tick }) => ticks.push(tick));
      session.engine.status$.subscribe((status) => statuses.push(status));
      session.start();
      return session;
    };
    const has = (n: number) => until(() => expect(new Set(ticks.map(({ values }) => values.n!)).size).toBe(n));
    const open = (times: number) =>
      until(() => expect(statuses.filter(({ state }) => state === 'open').length).toBe(times));

    let session = run();
    await open(1);
    await publish(own, count(20));
    await has(20);
    await session.stop();
    // nobody listens, and the broker dies with what it keeps for us
    await publish(own, count(20, 20));
    await own.kill();
    await own.start();
    session = run();
    await has(40);
    // killed as soon as everything came: what it sent and what we acknowledged may be forgotten
    await own.kill();
    await until(() => expect(statuses.at(-1)?.state).toBe('closed'));
    await own.start();
    await open(3);
    await publish(own, count(20, 40));
    await has(60);
    await session.stop();

    const sent = count(60);
    const seen = new Set<number>();
    const first = ticks.filter(({ values: { n } }) => !seen.has(n!) && seen.add(n!));
    expect(first.map(({ values }) => values)).toEqual(sent.map((n) => ({ n, x: n / 4 })));
    const others = ticks.filter((tick) => !first.includes(tick));
    if (name === 'neither') expect(others.filter(({ redelivered }) => !redelivered)).toEqual([]);
    else expect(others).toEqual([]);
    expect(statuses.filter(({ state }) => state === 'gap')).toEqual([]);
    const kept = new Set<number>();
    for (const file of files) {
      for await (const { records } of (await openRecording(file)).chunks()) {
        for (const { topic, data } of records)
          if (topic === 'tick') kept.add((decodeJson(data, topic) as Tick).values.n!);
      }
    }
    expect([...kept]).toEqual(sent);
  });
});

describe('the last will', () => {
  it('is said by the broker when we die, by us when we stop, and withdrawn when we are there', async () => {
    const said: string[] = [];
    const client = await shared.client();
    client.on('message', (topic, payload) => said.push(`${topic} ${payload}`));
    await client.subscribeAsync('state/whytick', { qos: 1 });
    const will = { topic: 'state/whytick', payload: 'gone', online: 'there' };
    const options = { will: { ...will, retain: false }, clientId: 'dying' };
    const heard = await new Heard(`${shared.url}/x`, options).open();
    await until(() => expect(said).toEqual(['state/whytick there']));
    // another one with the same id: the broker drops the first
    const thief = await shared.client({ clientId: 'dying', reconnectPeriod: 0 });
    await until(() => expect(said.slice(1, 3).sort()).toEqual(['state/whytick gone', 'state/whytick there']));
    expect(heard.statuses('closed')[0]!.reason).toBe(
      "the broker closed the connection; perhaps another client has the id 'dying'",
    );
    thief.end(true);
    heard.end();
    await until(() => expect(said.slice(3)).toEqual(['state/whytick gone']));
  });
});

describe('what goes wrong is said', () => {
  it('nobody listens there', async () => {
    const heard = new Heard(`mqtt://127.0.0.1:${await freePort()}/a`);
    expect(await heard.closed()).toMatch(/^connect ECONNREFUSED 127\.0\.0\.1:/);
    await until(() => expect(heard.statuses('closed').length).toBeGreaterThan(1));
  });

  it('a wrong password, which appears nowhere', async () => {
    const own = await broker(['allow_anonymous false', 'password_file %/passwords'], { passwords: '' });
    execFileSync('mosquitto_passwd', ['-b', own.path('passwords'), 'me', 'right one']);
    await own.kill();
    await own.start();
    const url = own.url.replace('//', `//me:\${PASSWORD}@`);
    for (const [version, reason] of [
      [5, 'connection refused: not authorized'],
      ['3.1.1', 'connection refused: not authorized'],
    ] as const) {
      const wrong = new Heard(`${url}/a`, { version }, { PASSWORD: 'hunter2' });
      expect(await wrong.closed()).toBe(reason);
      expect(JSON.stringify(wrong.events)).not.toContain('hunter2');
    }
    const right = await new Heard(`${url}/a`, {}, { PASSWORD: 'right one' }).open();
    expect(JSON.stringify(right.events)).not.toContain('right');
  });

  it.each([[5], ['3.1.1']])('a subscription that is not allowed, in version %s', async (version) => {
    const heard = new Heard(`mqtt://127.0.0.1:${await refusing()}/secret/%23`, { version });
    expect(await heard.closed()).toMatch(/^the broker refused the subscription to 'secret\/#': /);
    await until(() => expect(heard.statuses('closed').length).toBeGreaterThan(1));
    expect(heard.states).not.toContain('open');
  });

  it.each([
    [0x8e, "another client took over the id 'mine'; each needs a feed.clientId of its own"],
    [0x8b, 'the broker closed the connection: server shutting down'],
  ])('a broker that says goodbye with %i', async (code, reason) => {
    const port = await tiny((packet) => {
      if (packet[0] === 0x10) return Buffer.of(0x20, 3, 0, 0, 0);
      return Buffer.of(0x90, 4, packet[2]!, packet[3]!, 0, 1, 0xe0, 1, code);
    });
    const heard = new Heard(`mqtt://127.0.0.1:${port}/a`, { clientId: 'mine' });
    expect(await heard.closed()).toBe(reason);
  });

  it('a certificate that nobody vouches for; with its own as ca it is fine', async () => {
    const own = new Mosquitto([
      'allow_anonymous true',
      'cafile %/cert.pem',
      'certfile %/cert.pem',
      'keyfile %/key.pem',
    ]);
    brokers.push(own);
    try {
      execFileSync(
        'openssl',
        [
          ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
          ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', own.path('key.pem'), '-out', own.path('cert.pem')],
        ],
        { stdio: 'ignore' },
      );
    } catch (error) {
      console.warn(`skipped, no certificate: ${(error as Error).message}`);
      return;
    }
    await own.start();
    const url = `${own.url.replace('mqtt:', 'mqtts:')}/a`;
    expect(await new Heard(url).closed()).toMatch(/self-signed certificate/);
    await new Heard(url, { ca: own.path('cert.pem') }).open();
  });

  it('a broker that only knows 3.1.1 is asked in 3.1.1', async () => {
    const heard = await new Heard(`mqtt://127.0.0.1:${await old()}/a`).open();
    expect(heard.states).toEqual(['connecting', 'closed', 'connecting', 'open']);
  });

  it('a broker that answers no ping', async () => {
    const port = await tiny((packet) => {
      if (packet[0] === 0xc0) return Buffer.of();
      return packet[0] === 0x10 ? Buffer.of(0x20, 3, 0, 0, 0) : Buffer.of(0x90, 4, packet[2]!, packet[3]!, 0, 1);
    });
    const heard = new Heard(`mqtt://127.0.0.1:${port}/a`, { keepalive: 1 });
    expect(await heard.closed()).toBe('keepalive timeout');
  });

  it('silence is stale, not the end: the broker is there', async () => {
    const heard = await new Heard(`${shared.url}/quiet`, { staleAfter: 0.05 }).open();
    await until(() => expect(heard.states).toContain('stale'));
    const client = await shared.client();
    await new Promise((resolve) => setTimeout(resolve, 150));
    await client.publishAsync('quiet', '1', { qos: 1 });
    await until(() => expect(heard.states.slice(0, 4)).toEqual(['connecting', 'open', 'stale', 'open']));
    expect(heard.states).not.toContain('closed');
  });
});

it('a mapping is proposed, and recorded with, while nobody is thrown out', async () => {
  const heard = await new Heard(`${shared.url}/home/%23`).open();
  const client = await shared.client();
  let n = 0;
  const timer = setInterval(() => client.publish('home/hall', JSON.stringify({ t: 20 + n++ / 4 }), { qos: 1 }), 20);
  try {
    const config = shared.path('home.yaml');
    const shown = await whytick(['connect', `${shared.url}/home/#`, '--messages', '5', '--out', config]);
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining("'topic' tells 1 streams apart")]);
    expect(heard.states).toEqual(['connecting', 'open']);
    heard.end();
    const out = shared.path('home.mcap');
    const { code, stdout } = await whytick(['record', config, '--out', out, '--ticks', '5', '--json']);
    const counters = JSON.parse(stdout) as { ticks: number };
    expect([code, counters]).toMatchObject([0, { invalid: 0, gaps: 0 }]);
    // and what was kept for us meanwhile
    expect(counters.ticks).toBeGreaterThanOrEqual(5);
  } finally {
    clearInterval(timer);
  }
});

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

/** A broker of a few bytes: answers each packet by its type. */
function tiny(answer: (packet: Buffer) => Buffer | null): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (packet) => {
      const bytes = answer(packet);
      if (bytes) socket.write(bytes);
      else socket.end();
    });
  });
  servers.push(server);
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  );
}

/** Mosquitto's own lists of rights say nothing of subscriptions: this one refuses them all. */
function refusing(): Promise<number> {
  let five = false;
  return tiny((packet) => {
    if (packet[0] === 0x10) {
      // the level stands behind the length and the name MQTT
      five = packet[8] === 5;
      return five ? Buffer.of(0x20, 3, 0, 0, 0) : Buffer.of(0x20, 2, 0, 0);
    }
    if (packet[0] !== 0x82) return null;
    const [high, low] = [packet[2]!, packet[3]!];
    return five ? Buffer.of(0x90, 4, high, low, 0, 0x87) : Buffer.of(0x90, 3, high, low, 0x80);
  });
}

/** Hangs up on version 5. */
function old(): Promise<number> {
  return tiny((packet) => {
    if (packet[0] === 0x10) return packet[8] === 4 ? Buffer.of(0x20, 2, 0, 0) : null;
    return packet[0] === 0x82 ? Buffer.of(0x90, 3, packet[2]!, packet[3]!, 1) : null;
  });
}
