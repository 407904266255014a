/** WebSocket in to WebSocket out: a feed and a dashboard in a process of their own, everything between them in this one. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { WebSocket, WebSocketServer } from 'ws';
import { parseEngineConfig } from '../dist/engine.js';
import { readKernels } from '../dist/node/assets.js';
import { startDashboard } from '../dist/node/dashboard.js';
import { Session } from '../dist/node/session.js';
import { openSource } from '../dist/node/setup.js';
import { lstmModel, ms, random, row } from './measure.mjs';

const [H, K, F] = [32, 32, 5];
const RATE = 1000;
const SECONDS = 10;
const BAR = 20;

export async function benchPipeline() {
  const { kernels, hash } = await readKernels();
  const spec = lstmModel(F, H);
  const folder = mkdtempSync(join(tmpdir(), 'whytick-bench-'));
  const other = fork(fileURLToPath(import.meta.url), ['other']);
  const [{ url }] = await once(other, 'message');
  const config = parseEngineConfig({
    mapping: {
      time: { path: 't', format: 'ms' },
      seq: { path: 'n' },
      features: Object.fromEntries(spec.features.map((name) => [name, name])),
    },
    explain: { window: K, eps: 0 },
  });
  const source = { url, subscribe: [], staleAfter: 30 };
  const record = join(folder, 'bench.mcap');
  const session = new Session({ kernels, kernelsHash: hash, spec, config, feed: openSource(source), source, record });
  const dashboard = await startDashboard({
    host: '127.0.0.1',
    port: 0,
    source: session.engine,
    engine: () => session.engine,
    kernels,
    about: { session: 'serve', stream: 'bench', spec, config },
    feed: url,
    tickMs: session.tickMs,
    recording: () => session.recording(),
    log: pino({ level: 'silent' }),
  });
  const latencies = [];
  dashboard.hub.onLatency = (latency) => latencies.push(latency);
  session.start();
  other.send({ port: dashboard.port });
  const [{ sent, seen }] = await once(other, 'message');
  await session.stop();
  await dashboard.close();
  const { ticks, gaps } = session.engine.counters;
  const recorded = session.recording().ticks;
  other.kill();
  rmSync(folder, { recursive: true });

  const sorted = Float64Array.from(latencies).sort();
  const at = (p) => sorted[Math.ceil(p * sorted.length) - 1];
  const lost = Math.max(sent - ticks, sent - recorded, sent - seen) + gaps;
  const p99 = at(0.99);
  return row(
    `WebSocket in to out, ${RATE} ticks/s for ${SECONDS} s, H = ${H}, K = ${K}, F = ${F}`,
    `p99 ${ms(p99)}, median ${ms(at(0.5))}`,
    `${sent} sent, ${recorded} recorded, ${seen} shown`,
    `${lost} lost`,
    `${BAR} ms, none`,
    p99 <= BAR && lost === 0,
  );
}

/** The other process: a feed that starts once the dashboard is connected, and that dashboard. */
async function feedAndDashboard() {
  const next = random(5);
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const connected = once(server, 'connection');
  process.send({ url: `ws://127.0.0.1:${server.address().port}/` });
  const [{ port }] = await once(process, 'message');
  const dashboard = new WebSocket(`ws://127.0.0.1:${port}/ws`, { origin: `http://127.0.0.1:${port}` });
  let seen = 0;
  dashboard.on('message', (data, isBinary) => {
    if (isBinary) seen += data.readUInt16LE(2);
  });
  const [[feed]] = await Promise.all([connected, once(dashboard, 'open')]);
  const from = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(RATE * SECONDS, Math.floor(((performance.now() - from) * RATE) / 1000));
    for (; sent < due; sent++) {
      const values = Object.fromEntries(Array.from({ length: F }, (_, f) => [`x${f}`, next()]));
      feed.send(JSON.stringify({ t: 1_700_000_000_000 + sent, n: sent, ...values }));
    }
    if (sent < RATE * SECONDS) return;
    clearInterval(timer);
    setTimeout(() => process.send({ sent, seen }), 500);
  }, 1);
}

if (process.argv[2] === 'other' && process.send) await feedAndDashboard();
