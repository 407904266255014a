/** Questions of dashboards about recent ticks, from socket to socket, while the feed goes on. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { writeNative } from '../../src/model/formats/index.ts';
import { readMessage } from '../../src/node/messages.ts';
import { type RunningServe, startServe } from '../../src/node/serve.ts';
import { decodeFrame, type Hello, type ServerMessage, type WireExplanation, type WireTick } from '../../src/wire.ts';
import { smallModel } from '../engine/session.ts';
import { connect, type Dialled } from './serving.ts';

const folder = mkdtempSync(join(tmpdir(), 'whytick-ask-'));
const config = join(folder, 'serve.json');
writeFileSync(join(folder, 'model.safetensors'), writeNative(smallModel()));
afterAll(() => rmSync(folder, { recursive: true }));

let feed: WebSocketServer;
let client: WebSocket;
let running: RunningServe;

beforeEach(async () => {
  feed = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise((listening) => feed.once('listening', listening));
  const connected = new Promise<WebSocket>((resolve) => feed.once('connection', resolve));
  const { port } = feed.address() as AddressInfo;
  const mapping = { time: { path: 't', format: 'ms' }, key: { path: 'key' }, features: { x: 'x', y: 'y' } };
  const explain = { window: 8, eps: 0, recent: 50 };
  writeFileSync(
    config,
    JSON.stringify({
      feed: { url: `ws://127.0.0.1:${port}` },
      mapping: { ...mapping, reset: { type: 'reset' } },
      explain,
      model: 'model.safetensors',
    }),
  );
  running = await startServe({ config, port: 0, log: 'fatal' });
  client = await connected;
});
afterEach(async () => {
  await running.stop();
  for (const each of feed.clients) each.terminate();
  feed.close();
});

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 15_000, interval: 5 });
const of = <T extends ServerMessage['type']>({ texts }: Dialled, type: T) =>
  texts.filter((text) => text.type === type) as unknown as Extract<ServerMessage, { type: T }>[];
const ticks = ({ frames }: Dialled): WireTick[] => frames.flatMap((frame) => decodeFrame(frame).ticks);
const cellsOf = ({ frames }: Dialled, index: number): Float32Array => {
  const frame = frames.map(decodeFrame).find(({ cells, ticks: all }) => cells && all[cells.at]!.index === index);
  return frame!.cells!.values;
};
const send = (from: number, to: number): void => {
  for (let n = from; n < to; n++) {
    client.send(JSON.stringify({ key: 'shown', t: n, x: (n * n) % 7, y: n % 5 }));
    client.send(JSON.stringify({ key: 'other', t: n, x: -n, y: n % 3 }));
  }
};
const dashboard = () => connect(Number(new URL(running.url).port));
const ask = ({ socket }: Dialled, id: number, more: object = {}): void =>
  socket.send(
    JSON.stringify({ type: 'explain', id, index: 30, time: 31, method: 'rolling-occlusion', options: {}, ...more }),
  );
const answer = async (page: Dialled, id: number): Promise<WireExplanation> => {
  await until(() => expect(of(page, 'explanation').some((message) => message.id === id)).toBe(true));
  return of(page, 'explanation').find((message) => message.id === id)!.explanation;
};
const refusal = async (page: Dialled, id: number): Promise<string> => {
  await until(() => expect(of(page, 'explain-error').some((message) => message.id === id)).toBe(true));
  return of(page, 'explain-error').find((message) => message.id === id)!.message;
};

describe('a dashboard', () => {
  it('is told what it may ask', async () => {
    const page = await dashboard();
    const [hello] = of(page, 'hello');
    expect(hello).toMatchObject({
      live: { method: 'rolling-occlusion', options: { eps: 0 } },
      recent: 50,
    } satisfies Partial<Hello>);
    const named = (name: string) => hello!.methods.find((method) => method.name === name)!;
    expect(named('rolling-occlusion')).toMatchObject({ supported: true, options: { eps: 0 } });
    expect(named('counterfactual').options.threshold).toBeNull();
    expect(named('attention').supported).toMatch(/attention/);
    for (const { caveat, summary } of hello!.methods) expect([caveat, summary]).not.toContain('');
  });

  it('gets the cells that the shown stream had at a recent tick, and other methods beside', async () => {
    const page = await dashboard();
    for (let n = 0; n < 40; n++) {
      send(n, n + 1); // one by one, so that the cells of every tick come
      await until(() => expect(ticks(page).length).toBe(n));
    }
    ask(page, 1);
    const live = cellsOf(page, 30);
    const explanation = await answer(page, 1);
    expect(explanation).toMatchObject({ method: 'rolling-occlusion', index: 30, window: 8, options: { eps: 0 } });
    expect(Float32Array.from(explanation.values!.flat())).toEqual(live);
    expect(Math.fround(explanation.output)).toBe(ticks(page)[30]!.prediction);
    ask(page, 2, { method: 'integrated-gradients', options: { steps: 16 }, baseline: 'last' });
    const gradients = await answer(page, 2);
    expect(gradients.options).toEqual({ steps: 16, rule: 'gauss-legendre' });
    expect(gradients.values).toHaveLength(8);
    send(40, 60);
    await until(() => expect(ticks(page)).toHaveLength(59));
  });

  it('is told what is wrong with a question; nobody else hears of it', async () => {
    const [page, other] = [await dashboard(), await dashboard()];
    ask(page, 0);
    expect(await refusal(page, 0)).toBe("invalid key: '' (expected a stream that is explained)");
    send(0, 101);
    await until(() => expect(ticks(page)).toHaveLength(100));
    for (const [id, more, message] of [
      [1, { method: 'nonsense' }, "invalid --method: 'nonsense' (expected one of ablation, "],
      [2, { method: 'attention' }, "invalid method: 'attention' (expected another one: "],
      [3, { index: 49, time: 50 }, 'invalid index: 49 (expected 50 to 99)'],
      [4, { index: 60, time: 7 }, 'invalid time: 7 (expected 61, the time of tick 60: the stream began again since)'],
      [5, { index: 60, time: 61, options: { eps: -1 } }, 'invalid --option eps: -1 (expected a number from 0 on)'],
      [6, { index: 60, time: 61, options: { steps: 3 } }, "invalid --option steps: '3' (expected one of rolling-occ"],
      [7, { index: 60, time: 61, options: { eps: 'x' } }, "invalid --option eps: 'x' (expected a number)"],
      [
        11,
        { index: 60, time: 61, options: { eps: 1e9 } },
        'invalid --option eps: 1000000000 (expected at most 100000)',
      ],
      [8, { index: 60, time: 61, baseline: [1] }, 'invalid baseline: [1] (expected 2 numbers, one a feature)'],
      [9, { index: 60, time: 61, target: 'y9' }, "invalid --target: 'y9' (expected argmax or one of 0 (y0))"],
      [12, { index: 60, time: 61, target: 'all' }, "invalid --target: 'all' (expected argmax or one of 0 (y0))"],
    ] as const) {
      ask(page, id, more);
      expect(await refusal(page, id)).toContain(message);
    }
    client.send('{"type":"reset"}');
    send(200, 220);
    await until(() => expect(ticks(page).at(-1)).toMatchObject({ index: 18 }));
    ask(page, 10, { index: 60, time: 61 });
    expect(await refusal(page, 10)).toBe('invalid index: 60 (expected 0 to 18)');
    expect([of(other, 'explain-error'), of(other, 'explanation'), of(page, 'error')]).toEqual([[], [], []]);
  });

  it('takes a question back, and hears how far one is', async () => {
    const page = await dashboard();
    send(0, 40);
    await until(() => expect(ticks(page)).toHaveLength(39));
    ask(page, 1, { method: 'augmented-occlusion', options: { samples: 100_000 } });
    await until(() => expect(of(page, 'progress').length).toBeGreaterThan(1));
    const [first, second] = of(page, 'progress');
    expect([first!.id, second!.total]).toEqual([1, first!.total]);
    expect(second!.done).toBeGreaterThan(first!.done);
    page.socket.send('{"type":"cancel","id":1}');
    expect(await refusal(page, 1)).toBe('cancelled');
    ask(page, 2);
    await answer(page, 2);
  });
});

describe('a message', () => {
  const whole = { type: 'explain', id: 1, index: 2, time: 3, method: 'lime', options: { a: 1, b: 'c', d: true } };

  it('is read as it is meant', () => {
    expect(readMessage('{"type":"speed","value":2}')).toEqual({ type: 'speed', value: 2 });
    expect(readMessage('{"type":"cancel","id":2}')).toEqual({ type: 'cancel', id: 2 });
    expect(readMessage(JSON.stringify(whole))).toEqual({ ...whole, baseline: null, target: null });
  });

  it.each([
    [{ id: -1 }, 'invalid message.id: -1 (expected at least 0)'],
    [{ id: 1.5 }, 'invalid message.id: 1.5'],
    [{ index: '2' }, "invalid message.index: '2' (expected a number)"],
    [{ time: null }, 'invalid message.time: null (expected a number)'],
    [{ method: 7 }, 'invalid message.method: 7 (expected a string)'],
    [{ options: { samples: [1] } }, 'invalid message.options.samples: [1]'],
    [{ options: { players: 'x'.repeat(5000) } }, 'invalid message.options.players'],
    [{ baseline: 'median' }, "invalid message.baseline: 'median'"],
    [{ target: -1 }, 'invalid message.target: -1'],
    [{ more: 1 }, 'invalid message.more: 1 (expected no field of this name)'],
  ])('%j is refused by name', (change, message) => {
    expect(() => readMessage(JSON.stringify({ ...whole, ...change }))).toThrow(message);
  });

  it.each(['{', 'null', '[]', '"explain"', '{"type":"reset"}', '{"type":"constructor"}', '{"type":7}'])(
    '%s is none',
    (text) => expect(() => readMessage(text)).toThrow('invalid message: '),
  );
});
