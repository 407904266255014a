/** NATS and JetStream against a real server, which is killed, throttled and taken away in between. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type JetStreamManager, jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { concat, map, type Observable, type Subscription, takeWhile } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseEngineConfig } from '../../../src/engine.ts';
import { flatColumns } from '../../../src/feeds/discover.ts';
import {
  compileMapping,
  type FeedEvent,
  feedSchema,
  findFeed,
  flatMapping,
  openFeed,
} from '../../../src/feeds/index.ts';
import '../../../src/node/feeds/index.ts';
import { readKernels } from '../../../src/node/assets.ts';
import { covers, overlap, subjectFault } from '../../../src/node/feeds/natsSubjects.ts';
import { openRecording } from '../../../src/node/recordingFile.ts';
import { Session } from '../../../src/node/session.ts';
import type { FeedStatus, Tick } from '../../../src/types.ts';
import { NatsServer } from './natsServer.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'whytick-nats-test-'));
const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of cleanup.splice(0).reverse()) await each();
});
afterAll(() => rmSync(folder, { recursive: true }));

const until = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 20_000, interval: 10 });

async function serverWith(config?: string): Promise<NatsServer> {
  const server = await NatsServer.start(config);
  cleanup.push(() => server.close());
  return server;
}

async function client(server: NatsServer, options: object = {}): Promise<NatsConnection> {
  const connection = await connect({ servers: [server.host], reconnect: false, ...options });
  cleanup.push(() => connection.close());
  return connection;
}

/** A connection, and a stream `S` of the subjects `s.>`. */
async function streamOn(
  server: NatsServer,
  config: Partial<StreamConfig> = {},
): Promise<{ connection: NatsConnection; manager: JetStreamManager; publish: (...n: number[]) => Promise<void> }> {
  const connection = await client(server);
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'S', subjects: ['s.>'], ...config });
  const stream = manager.jetstream();
  const publish = async (...numbers: number[]): Promise<void> => {
    for (const n of numbers) await stream.publish('s.a', JSON.stringify({ n }));
  };
  return { connection, manager, publish };
}

function feedOn(url: string, options: object = {}): Observable<FeedEvent> {
  const source = feedSchema(url).parse({ url, ...options }) as Parameters<typeof openFeed>[0];
  const now = (): number => performance.timeOrigin + performance.now();
  return openFeed(source, { WebSocket: null as never, fetch, random: () => 0.2, now });
}

interface Followed {
  subscription: Subscription;
  statuses: FeedStatus[];
  messages: (FeedEvent & { kind: 'message' })[];
  /** What the messages hold. */
  heads(): Record<string, unknown>[];
}

function follow(url: string, options: object = {}): Followed {
  const statuses: FeedStatus[] = [];
  const messages: Followed['messages'] = [];
  const subscription = feedOn(url, options).subscribe((event) => {
    if (event.kind === 'message') messages.push(event);
    else statuses.push(event.status);
  });
  cleanup.push(() => subscription.unsubscribe());
  const heads = (): Record<string, unknown>[] => messages.map(({ data }) => JSON.parse(new TextDecoder().decode(data)));
  return { subscription, statuses, messages, heads };
}

const opened = ({ statuses }: Followed): Promise<unknown> => until(() => expect(statuses.at(-1)?.state).toBe('open'));
const closed = async (followed: Followed): Promise<string> => {
  await until(() => expect(followed.statuses.map(({ state }) => state)).toContain('closed'));
  followed.subscription.unsubscribe();
  return followed.statuses.find(({ state }) => state === 'closed')!.reason!;
};

let kernels: Awaited<ReturnType<typeof readKernels>>;
beforeAll(async () => {
  kernels = await readKernels();
});

let recordings = 0;
const byPlace = { time: { path: 'time' }, id: { path: 'place' }, features: { n: 'payload.n' } };

/** A feed into a recording, as `whytick record` does it. */
function recording(feed: Observable<FeedEvent>, mapping: object = byPlace) {
  const path = join(folder, `${recordings++}.mcap`);
  const config = parseEngineConfig({ mapping });
  const session = new Session({
    kernels: kernels.kernels,
    kernelsHash: kernels.hash,
    spec: null,
    config,
    feed,
    source: {},
    record: path,
  });
  const statuses: FeedStatus[] = [];
  session.engine.status$.subscribe((status) => statuses.push(status));
  session.start();
  cleanup.push(() => session.stop());
  const gaps = (): FeedStatus[] => statuses.filter(({ state }) => state === 'gap');
  return { session, gaps, ticks: () => session.engine.counters.ticks, path };
}

async function recordedTicks(path: string): Promise<Tick[]> {
  const ticks: Tick[] = [];
  const file = await openRecording(path);
  for await (const { records } of file.chunks())
    for (const { topic, data } of records) if (topic === 'tick') ticks.push(JSON.parse(new TextDecoder().decode(data)));
  return ticks;
}

/** Stands between a client and a server, and can be cut. */
class Relay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  port = 0;
  /** Nobody gets through. */
  cut = false;
  /** All that clients said. */
  heard = '';

  constructor(to: number) {
    this.#server = createServer((near) => {
      if (this.cut) return void near.destroy();
      const far = dial(to, '127.0.0.1');
      near.on('data', (said) => {
        this.heard += said;
      });
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => {}).on('close', () => other.destroy());
        one.pipe(other);
      }
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as { port: number }).port;
  }

  /** Lets nothing through of what is connected, and tells neither side that the other is gone. */
  hold(): void {
    for (const socket of this.#sockets) socket.unpipe().pause().removeAllListeners('close');
  }

  disconnect(): void {
    this.cut = true;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  close(): void {
    this.disconnect();
    this.#server.close();
  }
}

async function relayTo(server: NatsServer): Promise<Relay> {
  const relay = new Relay(server.port);
  await relay.listen();
  cleanup.push(() => relay.close());
  return relay;
}

describe('subjects', () => {
  it.each(['a', 'a.*.c', '>', 'a.>', '$SYS.b', 'a,b'])('%s is one', (subject) => {
    expect(subjectFault(subject)).toBeNull();
  });
  it.each(['', 'a.', '.a', 'a..b', 'a b', 'a.>.b', 'a.b*', 'a>'])("'%s' is none", (subject) => {
    expect(subjectFault(subject)).not.toBeNull();
  });
  it.each([
    ['a.*', 'a.b', true, true],
    ['a.b', 'a.*', true, false],
    ['a.>', 'a.b.c', true, true],
    ['a.>', 'a', false, false],
    ['>', 'a.>', true, true],
    ['a.*.c', 'a.b.*', true, false],
    ['a.*', 'a.>', true, false],
    ['a.b', 'a.c', false, false],
    ['a', 'a.b', false, false],
  ])('%s and %s', (a, b, both, holds) => {
    expect(overlap(a, b)).toBe(both);
    expect(overlap(b, a)).toBe(both);
    expect(covers(a, b)).toBe(holds);
  });
});

describe('what can be known before anything is opened', () => {
  const seed = 'SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY';
  it.each([
    ['nats://h', {}, /invalid feed.url: 'nats:\/\/h' \(expected a subject: nats:/],
    ['nats:a', {}, /a host: nats:/],
    ['nats://h/a..b', {}, /invalid feed.subjects: 'a..b'/],
    ['nats://h/a.>,a.b', {}, /expected subjects of which none holds what 'a.>' does/],
    ['nats://h/a?strem=S', {}, /invalid feed.url: '\?strem' \(expected nothing but \?stream=NAME\)/],
    ['nats://h?stream=a.b', {}, /invalid feed.stream: 'a.b'/],
    ['nats://h/a', { stream: 'S', creds: '/none' }, /invalid feed.creds: '\/none' \(expected a file that can be read/],
    ['nats://h/a', { nkey: seed }, /invalid feed.nkey: <secret> \(expected the path of a file that holds it\)/],
  ])('%s %j', (url, options, message) => {
    expect(() => feedOn(url, options)).toThrow(message);
  });

  it.each([{ durable: 'a.b' }, { from: 'yesterday' }, { from: 0 }, { ackWait: 0 }, { tls: { crt: 'x' } }])(
    '%j',
    (options) => {
      expect(feedSchema('nats://h/a').safeParse({ url: 'nats://h/a', ...options }).success).toBe(false);
    },
  );
});

describe('subjects of a server', () => {
  it('are heard with wildcards, each message in an envelope of which a mapping can be made', async () => {
    const server = await serverWith();
    const publisher = await client(server);
    const feed = follow(`nats://${server.host}/plant.*.temp,alarm.>`);
    await opened(feed);
    const named = headers();
    named.set('Nats-Msg-Id', 'x7');
    publisher.publish('plant.1.temp', '{"t": 21.50}');
    publisher.publish('plant.1.pressure', '{"t": 1}');
    publisher.publish('alarm.fire.hall', '7', { headers: named });
    await until(() => expect(feed.messages).toHaveLength(2));
    expect(feed.heads()).toEqual([
      { subject: 'plant.1.temp', received: expect.any(Number), payload: { t: 21.5 } },
      { subject: 'alarm.fire.hall', received: expect.any(Number), id: 'x7', payload: { value: 7 } },
    ]);
    expect(feed.messages[0]!.ack).toBeUndefined();
    expect(feed.statuses.map(({ state }) => state)).toEqual(['connecting', 'open']);

    const { envelope } = findFeed('nats://h/a')!;
    const said = (envelope as (source: object) => never)({ url: 'nats://h/a' });
    expect(flatColumns(feed.messages[0]!.data, said)).toEqual(['t']);
    const { ticks } = compileMapping(flatMapping(['t'], said)).parse(feed.messages[0]!.data);
    expect(ticks).toMatchObject([{ key: 'plant.1.temp', values: { t: 21.5 }, seq: null }]);
  });

  it('are heard again after the server was killed, behind a gap of unknown size', async () => {
    const server = await serverWith();
    const feed = follow(`nats://${server.host}/a`);
    await opened(feed);
    (await client(server)).publish('a', '1');
    await until(() => expect(feed.messages).toHaveLength(1));
    await server.kill();
    await until(() => expect(feed.statuses.at(-1)).toMatchObject({ state: 'closed', retryInMs: expect.any(Number) }));
    await server.start();
    await opened(feed);
    (await client(server)).publish('a', '2');
    await until(() => expect(feed.messages).toHaveLength(2));
    expect(feed.statuses.at(-1)).toMatchObject({ state: 'gap', missing: null, reason: 'reconnected' });
    expect(feed.statuses.find(({ state }) => state === 'closed')!.reason).toBe('the server has closed the connection');
  });

  it('that are quiet are not stale as long as the server answers', async () => {
    const server = await serverWith();
    const relay = await relayTo(server);
    const feed = follow(`nats://127.0.0.1:${relay.port}/a`, { staleAfter: 1 });
    await opened(feed);
    // three in a second: it would have been given up after six
    await until(() => expect(relay.heard.match(/PING/g)!.length).toBeGreaterThan(8));
    expect(feed.statuses.map(({ state }) => state)).toEqual(['connecting', 'open']);
    server.signal('SIGSTOP');
    await until(() => expect(feed.statuses.map(({ state }) => state)).toContain('closed'));
    expect(feed.statuses.map(({ state }) => state).slice(0, 4)).toEqual(['connecting', 'open', 'stale', 'closed']);
    server.signal('SIGCONT');
    await opened(feed);
  });
});

describe('who is too slow', () => {
  it('is dropped by the server, and told that something is missing', async () => {
    const server = await serverWith('max_payload: 65536\nmax_pending: 65536\nwrite_deadline: "200ms"');
    const relay = await relayTo(server);
    const feed = follow(`nats://127.0.0.1:${relay.port}/a`);
    await opened(feed);
    const publisher = await client(server);
    publisher.publish('a', '1');
    await until(() => expect(feed.messages).toHaveLength(1));
    relay.hold();
    const much = 'x'.repeat(60_000);
    while (server.log.every((line) => !line.includes('Slow Consumer'))) {
      publisher.publish('a', much);
      await publisher.flush();
    }
    relay.disconnect();
    await until(() => expect(feed.statuses.map(({ state }) => state)).toContain('closed'));
    relay.cut = false;
    await opened(feed);
    publisher.publish('a', '2');
    await until(() => expect(feed.messages).toHaveLength(2));
    expect(feed.statuses.at(-1)).toMatchObject({ state: 'gap', missing: null, reason: 'reconnected' });
  });
});

describe('what goes wrong is said', () => {
  const users = `authorization { users = [
    { user: anna, password: right, permissions: { subscribe: ["allowed.>", "_INBOX.>"] } }
  ] }`;

  it('wrong credentials, a missing permission', async () => {
    const server = await serverWith(users);
    const good = follow(`nats://anna:right@${server.host}/allowed.x`);
    await opened(good);
    const wrong = await closed(follow(`nats://anna:wrong@${server.host}/allowed.x`));
    expect(wrong).toBe('the server refuses these credentials: Authorization Violation');
    const none = await closed(follow(`nats://${server.host}/allowed.x`));
    expect(none).toBe(wrong);
    const options = { user: 'anna', password: 'right' };
    expect(await closed(follow(`nats://${server.host}/secret.x`, options))).toBe(
      'no permission to subscribe to secret.x',
    );
    expect(good.statuses[0]!.feed).toBe(`nats://<secret>@${server.host}/allowed.x`);
  });

  it('an unknown stream, a consumer of another sort, JetStream that is off', async () => {
    const server = await serverWith();
    const { manager } = await streamOn(server);
    const url = `nats://${server.host}/s.>`;
    expect(await closed(follow(url, { stream: 'NONE' }))).toBe("there is no stream 'NONE'");
    await manager.consumers.add('S', { durable_name: 'other', ack_policy: 'explicit', filter_subject: 's.b' });
    expect(await closed(follow(url, { stream: 'S', durable: 'other' }))).toBe(
      "the consumer 'other' takes s.b: choose another `durable`",
    );
    await manager.consumers.add('S', { durable_name: 'idle', ack_policy: 'none' });
    expect(await closed(follow(url, { stream: 'S', durable: 'idle' }))).toMatch(/has the ack policy 'none'/);
    const poor = await serverWith('accounts { A: { users: [ { user: anna, password: right } ] } }');
    expect(await closed(follow(`nats://anna:right@${poor.host}/s.>`, { stream: 'S' }))).toBe(
      'JetStream not enabled for account',
    );
    // nats-server before 2.10
    const several = { stream: 'S', subjects: ['s.b', 's.c'] };
    if (/^2\.[0-9]\./.test((await client(server)).info!.version))
      expect(await closed(follow(`nats://${server.host}`, several))).toBe("'filter_subjects' requires server 2.10.0");
  });

  it('a port where nobody answers, a server that speaks something else, one that shuts down', async () => {
    const gone = await NatsServer.create();
    cleanup.push(() => gone.close());
    expect(await closed(follow(`nats://${gone.host}/a`))).toBe('connection refused');
    const other = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    cleanup.push(() => other.close());
    const { port } = other.address() as { port: number };
    expect(await closed(follow(`nats://127.0.0.1:${port}/a`))).toBe('unexpected response from server');

    const server = await serverWith('lame_duck_duration: "30s"\nlame_duck_grace_period: "5s"');
    const feed = follow(`nats://${server.host}/a`);
    await opened(feed);
    server.signal('SIGUSR2');
    expect(await closed(feed)).toBe('the server is about to shut down');
  });

  it('a consumer that is taken away', async () => {
    const server = await serverWith();
    const { manager, publish } = await streamOn(server);
    const feed = follow(`nats://${server.host}/s.>`, { stream: 'S', durable: 'd', from: 'all' });
    await opened(feed);
    await publish(1);
    await until(() => expect(feed.messages).toHaveLength(1));
    await manager.consumers.delete('S', 'd');
    await until(() =>
      expect(feed.statuses.find(({ state }) => state === 'closed')?.reason).toMatch(/consumer deleted/i),
    );
    await publish(2);
    // made anew it begins behind what was had, not where `from` says
    await until(() => expect(feed.messages).toHaveLength(2));
    expect(feed.heads().map(({ payload }) => payload)).toEqual([{ n: 1 }, { n: 2 }]);
    expect(feed.statuses.filter(({ state }) => state === 'gap')).toEqual([]);
  });

  it('certificates', async () => {
    const file = (name: string): string => join(folder, name);
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
    execFileSync('openssl', [...made, '-keyout', file('key.pem'), '-out', file('cert.pem'), ...subject], {
      stdio: 'ignore',
    });
    const server = await serverWith(`tls { cert_file: "${file('cert.pem')}", key_file: "${file('key.pem')}" }`);
    expect(await closed(follow(`nats+tls://${server.host}/a`))).toBe('TLS: self-signed certificate');
    expect(await closed(follow(`nats://${server.host}/a`))).toBe('TLS: self-signed certificate');
    const trusting = follow(`nats+tls://${server.host}/a`, { tls: { ca: file('cert.pem') } });
    await opened(trusting);
    const bare = await serverWith();
    expect(await closed(follow(`nats+tls://${bare.host}/a`))).toBe("server does not support 'tls'");
  });

  it('nkeys let in, other ones do not', async () => {
    const { nkeys } = await import('@nats-io/transport-node');
    const [mine, other] = [nkeys.createUser(), nkeys.createUser()];
    const server = await serverWith(`authorization { users = [ { nkey: ${mine.getPublicKey()} } ] }`);
    const keys = [mine, other].map((pair, i) => {
      writeFileSync(join(folder, `${i}.nk`), `${new TextDecoder().decode(pair.getSeed())}\n`);
      return join(folder, `${i}.nk`);
    });
    await opened(follow(`nats://${server.host}/a`, { nkey: keys[0] }));
    expect(await closed(follow(`nats://${server.host}/a`, { nkey: keys[1] }))).toMatch(/^the server refuses these/);
    writeFileSync(join(folder, 'bad.nk'), 'SUAnonsense\n');
    const reason = await closed(follow(`nats://${server.host}/a`, { nkey: join(folder, 'bad.nk') }));
    expect(reason).not.toContain('nonsense');
    writeFileSync(join(folder, 'bad.creds'), 'nonsense\n');
    expect(await closed(follow(`nats://${server.host}/a`, { creds: join(folder, 'bad.creds') }))).toBe(
      'unable to parse credentials',
    );
  });
});

describe('a stream', () => {
  it('is a tick exactly once for every message that JetStream acknowledged, whoever dies in between', async () => {
    const server = await serverWith();
    await streamOn(server);
    const relay = await relayTo(server);
    const options = { stream: 'S', from: 'all' };
    const { session, gaps, ticks, path } = recording(feedOn(`nats://127.0.0.1:${relay.port}/s.>`, options));

    const acknowledged: number[] = [];
    let n = 0;
    /** Every number is tried once; what was not acknowledged may have been kept or not. */
    const publishTo = async (count: number): Promise<void> => {
      const connection = await client(server);
      const stream = (await jetstreamManager(connection)).jetstream();
      while (acknowledged.length < count && !connection.isClosed()) {
        const tried = ++n;
        await stream.publish('s.a', JSON.stringify({ n: tried })).then(
          () => acknowledged.push(tried),
          () => {},
        );
      }
      await connection.close();
    };
    const restart = async (): Promise<void> => {
      await server.kill();
      await server.start();
    };
    const publishing = async (count: number): Promise<void> => {
      while (acknowledged.length < count) await publishTo(count).catch(() => {});
    };

    await publishing(300);
    relay.disconnect();
    await publishing(600);
    await restart();
    relay.cut = false;
    const more = publishing(1500);
    await until(() => expect(acknowledged.length).toBeGreaterThan(900));
    await restart();
    await until(() => expect(acknowledged.length).toBeGreaterThan(1200));
    relay.disconnect();
    relay.cut = false;
    await more;
    await until(() => expect(ticks()).toBeGreaterThanOrEqual(acknowledged.length));
    await session.stop();

    const counts = new Map<number, number>();
    for (const { values } of await recordedTicks(path)) counts.set(values.n!, (counts.get(values.n!) ?? 0) + 1);
    expect(acknowledged.filter((each) => counts.get(each) !== 1)).toEqual([]);
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
    expect(gaps()).toEqual([]);
    expect(session.engine.counters).toMatchObject({ late: 0, invalid: 0, redelivered: 0 });
  });

  it('is taken whole where a connection dies without a word', async () => {
    const server = await serverWith();
    const { publish } = await streamOn(server);
    const relay = await relayTo(server);
    const options = { stream: 'S', from: 'all', staleAfter: 1 };
    const { session, gaps, ticks, path } = recording(feedOn(`nats://127.0.0.1:${relay.port}/s.>`, options));
    let n = 0;
    const publishMore = (): Promise<void> => publish(++n);
    await publishMore();
    await until(() => expect(ticks()).toBe(1));
    relay.hold();
    // as far as the server knows these are taken
    while (n < 20) await publishMore();
    const connections = (): number => relay.heard.split('CONNECT {').length - 1;
    await until(() => expect(connections()).toBe(2));
    while (n < 500) await publishMore();
    await until(() => expect(ticks()).toBe(n));
    await session.stop();
    expect(gaps()).toEqual([]);
    const kept = (await recordedTicks(path)).map(({ values }) => values.n!);
    expect(kept).toEqual(Array.from({ length: n }, (_, i) => i + 1));
  });

  it('is sent again where it was not acknowledged: marked, or dropped by the place in the stream', async () => {
    const server = await serverWith();
    const { publish, manager } = await streamOn(server);
    await publish(1, 2, 3);
    const url = `nats://${server.host}?stream=S`;
    const options = { durable: 'd', from: 'all' };
    const without = (feed: Observable<FeedEvent>): Observable<FeedEvent> =>
      feed.pipe(map((event) => (event.kind === 'message' ? { ...event, ack: undefined as never } : event)));
    let seen = 0;
    const dropped = without(feedOn(url, options)).pipe(
      takeWhile((event) => event.kind !== 'message' || ++seen < 3, true),
    );
    const known = recording(concat(dropped, without(feedOn(url, options))));
    await until(() => expect(known.session.engine.counters).toMatchObject({ ticks: 3, duplicates: 3 }));
    await known.session.stop();
    expect((await manager.consumers.info('S', 'd')).num_ack_pending).toBe(3);

    const { id, ...unnamed } = { ...byPlace, redelivered: { path: 'redelivered' } };
    const marked = recording(feedOn(url, options), unnamed);
    await until(() => expect(marked.session.engine.counters).toMatchObject({ ticks: 3, redelivered: 3 }));
    await marked.session.stop();
    expect((await recordedTicks(marked.path)).map(({ redelivered }) => redelivered)).toEqual([true, true, true]);
    await until(async () => expect((await manager.consumers.info('S', 'd')).num_ack_pending).toBe(0));
    expect(marked.gaps()).toEqual([]);
  });

  it('waits for whoever is slow to acknowledge, and sends nothing twice meanwhile', async () => {
    const server = await serverWith();
    const { publish, connection, manager } = await streamOn(server);
    const answers: string[] = [];
    connection.subscribe('$JS.ACK.S.d.>', { callback: (_, message) => void answers.push(message.string()) });
    const feed = follow(`nats://${server.host}`, { stream: 'S', durable: 'd', ackWait: 1, maxAckPending: 2 });
    await opened(feed);
    await publish(1, 2, 3);
    await until(() => expect(answers.filter((answer) => answer === '+WPI').length).toBeGreaterThan(6));
    expect(feed.messages).toHaveLength(2);
    expect((await manager.consumers.info('S', 'd')).num_redelivered).toBe(0);
    feed.messages[0]!.ack!();
    await until(() => expect(feed.messages).toHaveLength(3));
    // what is acknowledged right after the feed ended still gets there
    feed.subscription.unsubscribe();
    feed.messages[1]!.ack!();
    feed.messages[2]!.ack!();
    await until(async () => expect((await manager.consumers.info('S', 'd')).num_ack_pending).toBe(0));
    expect(feed.heads().map(({ payload }) => payload)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it('goes on where the last session ended', async () => {
    const server = await serverWith();
    const { publish } = await streamOn(server);
    const url = `nats://${server.host}/s.>`;
    await publish(1, 2);
    const first = recording(feedOn(url, { stream: 'S', from: 'all' }));
    await until(() => expect(first.ticks()).toBe(2));
    await first.session.stop();
    await publish(3, 4, 5);
    const second = recording(feedOn(url, { stream: 'S', from: 'all' }));
    await until(() => expect(second.ticks()).toBe(3));
    await second.session.stop();
    const all = [...(await recordedTicks(first.path)), ...(await recordedTicks(second.path))];
    expect(all.map(({ values }) => values.n)).toEqual([1, 2, 3, 4, 5]);
    expect([...first.gaps(), ...second.gaps()]).toEqual([]);
  });

  it('is recorded whole by a process that is killed and the one after it', async () => {
    const server = await serverWith();
    const { publish, manager } = await streamOn(server);
    const feed = { url: `nats://${server.host}/s.>`, stream: 'S', durable: 'd', from: 'all' };
    const config = join(folder, 'killed.yaml');
    writeFileSync(config, JSON.stringify({ feed, mapping: byPlace }));
    const out = ['first.mcap', 'second.mcap'].map((name) => join(folder, name));
    const recorder = async (file: string): Promise<ChildProcess> => {
      const args = ['dist/node/cli/index.js', 'record', config, '--out', file];
      const child = spawn(process.execPath, args, { cwd: root, stdio: 'ignore' });
      cleanup.push(() => void child.kill('SIGKILL'));
      return child;
    };
    const acknowledged = async (): Promise<number> => {
      const info = await manager.consumers.info('S', 'd').catch(() => null);
      return info?.ack_floor.stream_seq ?? 0;
    };
    const numbers = Array.from({ length: 3000 }, (_, i) => i);
    const publishing = publish(...numbers);
    const first = await recorder(out[0]!);
    await until(async () => expect(await acknowledged()).toBeGreaterThan(100));
    first.kill('SIGKILL');
    await once(first, 'exit');
    const second = await recorder(out[1]!);
    await publishing;
    await until(async () => expect(await acknowledged()).toBe(numbers.length));
    second.kill('SIGTERM');
    await once(second, 'exit');
    const [before, after] = [await recordedTicks(out[0]!), await recordedTicks(out[1]!)];
    const kept = [...before, ...after].map(({ values }) => values.n!);
    expect(before.length).toBeGreaterThan(100);
    expect([...new Set(kept)].sort((a, b) => a - b)).toEqual(numbers);
    // what the first one had recorded and not acknowledged, the second one has again
    expect(kept.length - numbers.length).toBeLessThanOrEqual(1000);
  });

  it.each([
    ['new', [6]],
    ['all', [1, 2, 3, 4, 5, 6]],
    ['last', [5, 6]],
    [4, [4, 5, 6]],
    ['2001-01-01T00:00:00Z', [1, 2, 3, 4, 5, 6]],
  ])('begins %s', async (from, expected) => {
    const server = await serverWith();
    const { publish } = await streamOn(server);
    await publish(1, 2, 3, 4, 5);
    const feed = follow(`nats://${server.host}?stream=S`, { from });
    await opened(feed);
    await publish(6);
    await until(() => expect(feed.heads().map(({ payload }) => (payload as { n: number }).n)).toEqual(expected));
    expect(feed.statuses.filter(({ state }) => state === 'gap')).toEqual([]);
    expect(feed.heads()[0]).toEqual({
      subject: 's.a',
      seq: expected[0],
      place: expect.stringMatching(new RegExp(`^${expected[0]}@\\d{19}$`)),
      time: expect.any(Number),
      redelivered: false,
      payload: { n: expected[0] },
    });
  });

  it('that discarded messages while nobody took them says how many', async () => {
    const server = await serverWith();
    const { publish, manager } = await streamOn(server, { max_msgs: 10 });
    const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const url = `nats://${server.host}`;
    const options = { stream: 'S', from: 'all' };
    const some = { ...options, durable: 'some', subjects: 's.a' };
    await publish(...numbers(1, 5));
    for (const each of [options, some]) {
      const before = recording(feedOn(url, each));
      await until(() => expect(before.ticks()).toBe(5));
      await before.session.stop();
    }
    await publish(...numbers(6, 35));
    await manager.streams.deleteMessage('S', 30);
    const after = recording(feedOn(url, options));
    await until(() => expect(after.ticks()).toBe(9));
    const reason = "the stream 'S' no longer holds them";
    expect(after.gaps()).toMatchObject([
      { missing: 20, reason },
      { missing: 1, reason },
    ]);
    // of one subject among others nobody knows
    const filtered = recording(feedOn(url, some));
    await until(() => expect(filtered.ticks()).toBe(9));
    expect(filtered.gaps()).toMatchObject([{ missing: null, reason }]);
    // a subject that is all of the stream leaves nothing out
    const asked = recording(feedOn(url, { ...options, subjects: ['s.>'], from: 20 }));
    await until(() => expect(asked.ticks()).toBe(9));
    expect(asked.gaps().map(({ missing }) => missing)).toEqual([6, 1]);
  });

  it('of which another program takes as well has gaps', async () => {
    const server = await serverWith();
    const { publish, manager } = await streamOn(server);
    const feed = follow(`nats://${server.host}`, { stream: 'S', durable: 'd', from: 'all', maxAckPending: 1 });
    await opened(feed);
    await publish(1);
    await until(() => expect(feed.messages).toHaveLength(1));
    const other = await manager.jetstream().consumers.get('S', 'd');
    // a second one waits while the first is busy, and gets what comes next
    const stolen = other.fetch({ max_messages: 50, expires: 5000 });
    await publish(2, 3, 4, 5);
    let got = 0;
    void (async () => {
      for await (const message of await stolen) {
        got++;
        message.ack();
      }
    })();
    const acknowledging = setInterval(() => feed.messages.forEach(({ ack }) => void ack!()), 5);
    cleanup.push(() => clearInterval(acknowledging));
    await until(() => expect(got).toBeGreaterThan(0));
    await publish(6, 7, 8, 9);
    await until(() =>
      expect(feed.statuses.find(({ state }) => state === 'gap')?.reason).toBe(
        "another program takes from the consumer 'd' as well",
      ),
    );
  });

  it('that is made anew begins anew', async () => {
    const server = await serverWith();
    const { publish, manager } = await streamOn(server);
    const feed = follow(`nats://${server.host}`, { stream: 'S', durable: 'd', from: 'all' });
    await opened(feed);
    await publish(1, 2, 3);
    await until(() => expect(feed.messages).toHaveLength(3));
    await manager.streams.delete('S');
    await until(() => expect(feed.statuses.map(({ state }) => state)).toContain('closed'));
    await manager.streams.add({ name: 'S', subjects: ['s.>'] });
    await publish(4);
    await until(() => expect(feed.messages).toHaveLength(4));
    expect(feed.heads()[3]).toMatchObject({ seq: 1, payload: { n: 4 } });
    expect(feed.statuses.filter(({ state }) => state === 'gap')).toMatchObject([
      { missing: null, reason: "the stream 'S' began anew" },
    ]);
  });
});
