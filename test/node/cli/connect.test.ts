import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { readConfigFile } from '../../../src/node/configFile.ts';
import { whytick } from './whytick.ts';

const folder = mkdtempSync(join(tmpdir(), 'whytick-connect-'));
let server: WebSocketServer;
let url: string;

/** A feed of two sensors that says nothing before it is asked, and answers with an acknowledgement. */
beforeAll(async () => {
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) => {
    socket.on('message', (asked) => {
      socket.send(JSON.stringify({ type: 'ack', of: JSON.parse(String(asked)) }));
      for (let n = 0; n < (String(asked) === '1' ? 0 : 40); n++) {
        const sensor = n % 2 ? 'attic' : 'cellar';
        socket.send(
          JSON.stringify({ type: 'data', sensor, seq: n >> 1, at: 1_700_000_000 + n, m: { c: 20 + n / 10, rh: '55' } }),
        );
      }
    });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => {
  for (const client of server.clients) client.terminate();
  server.close();
  rmSync(folder, { recursive: true });
});

it('shows what comes, and writes a config that reads it', async () => {
  const out = join(folder, 'feed.yaml');
  const { code, stdout, stderr } = await whytick(['connect', url, '--subscribe', '{"op":"all"}', '--out', out]);
  expect([code, stderr]).toEqual([0, `${out} is written: add a model, or record with it\n`]);
  expect(stdout).toContain("messages whose type is 'data' are ticks");
  expect(stdout).toMatch(/^attic +2023-11-14T22:13:57Z +23\.7 +55$/m);
  expect(readFileSync(out, 'utf8')).toMatch(/^# Proposed from 40 messages/);
  const { feed, engine } = await readConfigFile(out);
  expect(feed).toMatchObject({ url, subscribe: [{ op: 'all' }] });
  expect(engine.mapping).toMatchObject({
    match: { type: 'data' },
    time: { path: 'at', format: 's' },
    key: { path: 'sensor' },
    seq: { path: 'seq' },
    features: { c: 'm.c', rh: 'm.rh' },
  });
  const recorded = await whytick(['record', out, '--out', join(folder, 'r.mcap'), '--ticks', '40', '--json']);
  expect(JSON.parse(recorded.stdout)).toMatchObject({ ticks: 40, invalid: 0, gaps: 0, ignored: 1 });
});

it('says when nothing comes, or nothing that is a tick', async () => {
  const silent = await whytick(['connect', url, '--duration', '0.5']);
  expect([silent.code, silent.stderr]).toEqual([
    1,
    expect.stringMatching(/^whytick: nothing came from 127\.0\.0\.1:\d+ within 0\.5 s\n$/),
  ]);
  const { code, stdout } = await whytick(['connect', url, '--subscribe', '1', '--duration', '0.6', '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ messages: 1, mapping: null });
  const wrong = await whytick(['connect', 'gopher://x']);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(/^whytick: invalid feed\.url: 'gopher:\/\/x'/)]);
});
