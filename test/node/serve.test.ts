/** A session on a feed of the test's own, from the socket of the feed to that of a dashboard. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { Explainer } from '../../src/explainer.ts';
import { writeNative } from '../../src/model/formats/index.ts';
import { type RunningServe, type ServeRun, startServe } from '../../src/node/serve.ts';
import { decodeFrame, type Hello, type Status, TickFlag, type WireTick } from '../../src/wire.ts';
import { smallModel } from '../engine/session.ts';
import { kernels } from '../kernels.ts';
import { whytick } from './cli/whytick.ts';
import { ask, connect, type Dialled } from './serving.ts';

const folder = mkdtempSync(join(tmpdir(), 'whytick-serve-'));
const path = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const spec = smallModel();
const model = path('model.safetensors', writeNative(spec));
const nameless = path('nameless.safetensors', writeNative({ ...spec, features: null, target: null }));
afterAll(() => rmSync(folder, { recursive: true }));

let feed: WebSocketServer;
let clients: WebSocket[];
let running: RunningServe | undefined;

beforeEach(async () => {
  clients = [];
  feed = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  feed.on('connection', (client) => clients.push(client));
  await new Promise((listening) => feed.once('listening', listening));
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  for (const client of feed.clients) client.terminate();
  feed.close();
});

const url = (): string => `ws://127.0.0.1:${(feed.address() as AddressInfo).port}/?key=secret`;
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 15_000, interval: 5 });
const ticks = ({ frames }: Dialled): WireTick[] => frames.flatMap((frame) => decodeFrame(frame).ticks);
const of = <T>({ texts }: Dialled, type: string): T[] => texts.filter((text) => text.type === type) as T[];

/** Starts a session on the feed and a dashboard that watches it. */
async function watch(options: ServeRun = {}): Promise<Dialled & { port: number }> {
  running = await startServe({ feed: url(), model, port: 0, log: 'fatal', ...options });
  const port = Number(new URL(running.url).port);
  const dashboard = await connect(port);
  await until(() => expect(clients.length).toBeGreaterThan(0));
  return { ...dashboard, port };
}

const tick = (n: number): string => JSON.stringify({ ts: 1e9 + n, x: n / 10, y: String(n * n), z: 'of no use' });

describe('serve', () => {
  it('sends dashboards what the model says of every tick, and why', async () => {
    const dashboard = await watch();
    for (let n = 0; n < 20; n++) clients[0]!.send(tick(n));
    await until(() => expect(ticks(dashboard)).toHaveLength(19)); // diff(y) has no value at the first tick
    const explainer = new Explainer(kernels, spec, { window: 64, eps: 1e-6 });
    let last: WireTick | undefined;
    for (let n = 0; n < 20; n++) {
      const time = (1e9 + n) * 1000;
      const e = explainer.push({ key: '', time, seq: null, values: { x: n / 10, y: n * n } });
      if (!e) continue;
      last = ticks(dashboard)[e.index]!;
      const byFeature = [0, 1].map((f) =>
        e.attribution!.values.reduce((sum, v, i) => (i % 2 === f ? sum + v : sum), 0),
      );
      expect(last).toMatchObject({
        index: e.index,
        time,
        prediction: Math.fround(e.prediction),
        flags: TickFlag.explained,
      });
      expect(last.input).toEqual(e.input);
      expect(last.events).toEqual(e.attribution!.events);
      for (const f of [0, 1]) expect(last.byFeature[f]).toBeCloseTo(byFeature[f]!, 6);
    }
    expect(last!.arrived).toBe(Math.fround(1.9));
    const [hello] = of<Hello>(dashboard, 'hello');
    expect(hello).toMatchObject({
      session: 'serve',
      features: [{ name: 'x' }, { name: 'diff(y)' }],
      window: 64,
      speed: null,
      shapley: { worlds: 14, estimator: 'worlds' },
      interval: { coverage: 0.9 },
    });
    await until(() => expect(of<Status>(dashboard, 'status').at(-1)).toMatchObject({ ticks: 19, adaptation: null }));
    // 14 worlds of 64 ticks are what 1,024 branches are enough for; they come with the cells of the newest tick
    const { shapley, cells } = decodeFrame(dashboard.frames.at(-1)!);
    expect(cells).not.toBeNull();
    expect(shapley!.values.subarray(64 - 19).every((value) => value !== 0)).toBe(true);
    expect(shapley!.values.subarray(0, 64 - 19).every((value) => value === 0)).toBe(true);
    expect(shapley!.standardErrors.some((error) => error > 0)).toBe(true);
  });

  it('a model that is to adapt goes on learning, and is compared with what it was', async () => {
    const dashboard = await watch({ adapt: true });
    for (let n = 0; n < 60; n++) clients[0]!.send(tick(n));
    await until(() => expect(of<Status>(dashboard, 'status').at(-1)).toMatchObject({ ticks: 59 }));
    const { adaptation } = of<Status>(dashboard, 'status').at(-1)!;
    expect(adaptation).toMatchObject({ on: true, stoppedAt: null, settled: 58 });
    expect(adaptation!.error).not.toBe(adaptation!.frozenError);
  });

  it.each([
    ['the config says so', 'explain: {window: 8, shapley: null}'],
    ['the model runs over windows', 'explain: {window: 8, mode: windowed}'],
    ['more branches would be needed', 'explain: {window: 511}'],
  ])('shows no Shapley values where %s', async (_name, explain) => {
    const config = path(
      'plain.yaml',
      `feed: {url: "${url()}"}\nmapping: {time: {path: ts, format: s}, features: {x: x, y: y}}\nmodel: model.safetensors\n${explain}`,
    );
    const dashboard = await watch({ feed: undefined, model: undefined, config });
    await until(() => expect(of<Hello>(dashboard, 'hello')[0]).toMatchObject({ shapley: null }));
  });

  it('counts junk, duplicates and late ticks, and goes on', async () => {
    const dashboard = await watch();
    for (const message of [
      tick(0),
      tick(1),
      tick(1),
      tick(0),
      '{',
      'null',
      '[]',
      '{"ts":1,"x":1e999,"y":2}',
      tick(2),
    ]) {
      clients[0]!.send(message);
    }
    await until(() => expect(of<Status>(dashboard, 'status').at(-1)).toMatchObject({ explained: 2 }));
    expect(of<Status>(dashboard, 'status').at(-1)).toMatchObject({
      duplicates: 1,
      late: 1,
      invalid: 4,
      feed: { state: 'open', feed: expect.stringContaining('?<secret>') },
    });
  });

  it('marks the gap after the feed broke, and shows that it did', async () => {
    const dashboard = await watch();
    for (let n = 0; n < 3; n++) clients[0]!.send(tick(n));
    await until(() => expect(ticks(dashboard)).toHaveLength(2));
    clients[0]!.terminate();
    await until(() => expect(clients).toHaveLength(2));
    clients[1]!.send(tick(7));
    await until(() => expect(ticks(dashboard)).toHaveLength(3));
    expect(ticks(dashboard).map(({ flags }) => flags & TickFlag.gap)).toEqual([0, 0, TickFlag.gap]);
    await until(() =>
      expect(of<Status>(dashboard, 'status').at(-1)).toMatchObject({ gaps: 1, feed: { state: 'open' } }),
    );
  });

  it('is ready while the feed is there, and lives without it', async () => {
    const { port } = await watch();
    await until(() => expect(clients).toHaveLength(1));
    await vi.waitFor(async () => expect((await ask(port, '/readyz')).body).toBe('yes\n'));
    for (const client of feed.clients) client.terminate();
    feed.close();
    await vi.waitFor(async () => expect((await ask(port, '/readyz')).body).toBe('no\n'));
    expect((await ask(port, '/livez')).body).toBe('yes\n');
  });

  it('tells a dashboard that this feed has no speed', async () => {
    const dashboard = await watch();
    dashboard.socket.send('{"type":"speed","value":2}');
    await until(() =>
      expect(of<{ message: string }>(dashboard, 'error')[0]?.message).toContain('whose speed can be set'),
    );
  });

  it('takes all columns of the feed for a model that names none', async () => {
    feed.on('connection', (client) => {
      client.send('{"type":"subscribed"}');
      for (let n = 0; n < 5; n++) client.send(tick(n));
    });
    const dashboard = await watch({ model: nameless });
    await until(() => expect(ticks(dashboard)).toHaveLength(5));
    expect([...ticks(dashboard)[4]!.input]).toEqual([Math.fround(0.4), 16]);
  });

  it('takes the columns that were asked for', async () => {
    const dashboard = await watch({ model: nameless, columns: 'y, x / 2' });
    for (let n = 0; n < 5; n++) clients[0]!.send(tick(n));
    await until(() => expect(ticks(dashboard)).toHaveLength(5));
    expect([...ticks(dashboard)[4]!.input]).toEqual([16, Math.fround(0.2)]);
  });
});

describe('what is wrong is said before anything starts', () => {
  const run = (options: ServeRun) => startServe({ port: 0, log: 'fatal', ...options });

  it.each<[string, () => ServeRun, string]>([
    ['no feed', () => ({ model }), 'invalid feed: nothing (expected a CONFIG.yaml or --feed URL)'],
    [
      'no model',
      () => ({ feed: url(), columns: 'x' }),
      'invalid model: nothing (expected a model in CONFIG.yaml or --model FILE)',
    ],
    ['a feed of another kind', () => ({ feed: 'gopher://x/?k=v', model }), "invalid feed.url: 'gopher://x/?<secret>'"],
    ['a model that is not there', () => ({ feed: url(), model: '/nowhere/m.keras' }), 'there is none of that name'],
    ['columns that do not fit', () => ({ feed: url(), model, columns: 'x' }), 'invalid columns: ["x"] (expected 2'],
    ['an expression that is none', () => ({ feed: url(), model, columns: 'x, diff(' }), 'diff('],
    ['a config that is not there', () => ({ config: '/nowhere/c.yaml' }), "invalid CONFIG: '/nowhere/c.yaml'"],
    ['a config that is no YAML', () => ({ config: path('a.yaml', 'feed:\n  url: [') }), 'invalid a.yaml line 2'],
    [
      'a config with a wrong field',
      () => ({ config: path('b.yaml', 'feed:\n  url: ws://x\n  retries: 3\n') }),
      'invalid b.yaml line 3: feed.retries: 3 (expected no field of this name)',
    ],
    [
      'a mapping without a column that the model reads',
      () => ({
        config: path(
          'c.yaml',
          'feed: {url: ws://x}\nmapping: {time: {path: t}, features: {x: x}}\nmodel: model.safetensors',
        ),
      }),
      `invalid mapping.features: ["x"] (expected the column 'y')`,
    ],
    ['a recording that exists', () => ({ feed: url(), model, record: model }), 'never overwritten'],
    ['a token that is too short', () => ({ feed: url(), model, token: 'abc' }), 'at least 8'],
  ])('%s', async (_name, options, message) => {
    await expect(run(options())).rejects.toThrow(message);
  });

  it('exit 2, and no stack', async () => {
    const { code, stdout, stderr } = await whytick(['serve', '--feed', 'gopher://x', '--model', model]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /^whytick: invalid feed\.url: 'gopher:\/\/x' \(expected a URL that begins with ws:, wss:, .* or tail:\)$/m,
    );
    const taken = (feed.address() as AddressInfo).port;
    const busy = await whytick(['serve', '--feed', url(), '--model', model, '--port', String(taken)]);
    expect(busy.code).toBe(2);
    expect(busy.stderr).toContain(`invalid port: ${taken} (expected a free one`);
    expect((await whytick(['serve', '--port', '70000'])).code).toBe(2);
  });
});

describe('the token', () => {
  it('comes from the environment or a file, and is not repeated', async () => {
    const tokenFile = path('token', 'from-the-file-0123\n');
    running = await startServe({ feed: url(), model, port: 0, log: 'fatal', tokenFile });
    expect(running).toMatchObject({ needsToken: true, url: expect.not.stringContaining('token') });
    const port = Number(new URL(running.url).port);
    const bearer = (token: string) => ask(port, '/metrics', { headers: { authorization: `Bearer ${token}` } });
    expect((await bearer('from-the-file-0123')).status).toBe(200);
    expect((await ask(port, '/metrics')).status).toBe(401);
    await running.stop();
    vi.stubEnv('WHYTICK_TOKEN', 'from-the-environment');
    running = await startServe({ feed: url(), model, port: 0, log: 'fatal', tokenFile });
    vi.unstubAllEnvs();
    const headers = { authorization: 'Bearer from-the-environment' };
    expect((await ask(Number(new URL(running.url).port), '/metrics', { headers })).status).toBe(200);
  });

  it('that is made for an address beyond loopback stands in the printed one, once', async () => {
    running = await startServe({ feed: url(), model, port: 0, log: 'fatal', host: '0.0.0.0' });
    expect(running.url).toMatch(/^http:\/\/localhost:\d+\/#token=[\w-]{43}$/);
    expect(running.needsToken).toBe(false);
  });
});
