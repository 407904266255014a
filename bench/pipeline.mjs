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
import { decodeFrame } from '../dist/wire.js';
import { lstmModel, median, ms, random, row } from './measure.mjs';

const [H, K, F] = [32, 32, 5];
const RATE = 1000;
const SECONDS = 10;
const BAR = 20;
/** A question that takes longer than a second: it is cancelled. */
const QUESTION = { method: 'kernel-shap', options: { players: 'ticks', coalitions: 100_000 } };
const ON_DEMAND_BAR = 1.25;

/** A session on a feed and a dashboard of another process, which does as `mode` says. */
async function startPipeline(mode) {
  const { kernels, hash } = await readKernels();
  const spec = lstmModel(F, H);
  const folder = mkdtempSync(join(tmpdir(), 'whytick-bench-'));
  const other = fork(fileURLToPath(import.meta.url), [mode]);
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
  session.start();
  other.send({ port: dashboard.port });
  const stop = async () => {
    await session.stop();
    await dashboard.close();
    other.kill();
    rmSync(folder, { recursive: true });
  };
  return { session, dashboard, other, stop };
}

export async function benchPipeline() {
  const { session, dashboard, other, stop } = await startPipeline('other');
  const latencies = [];
  dashboard.hub.onLatency = (latency) => latencies.push(latency);
  const [{ sent, seen }] = await once(other, 'message');
  await stop();
  const { ticks, gaps } = session.engine.counters;
  const recorded = session.recording().ticks;
  const at = percentiles(latencies);
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

/** The same while a thread answers a long question, and while it does not, a second each in turn: medians of the seconds. */
export async function benchOnDemand() {
  const { session, dashboard, other, stop } = await startPipeline('asks');
  const seconds = { idle: [], busy: [] };
  let now = null;
  session.onTickMs = (took) => now?.ticks.push(took);
  dashboard.hub.onLatency = (latency) => now?.sent.push(latency);
  const { progress } = await new Promise((resolve) => {
    other.on('message', (told) => {
      if (told.phase === undefined) resolve(told);
      else seconds[told.phase].push((now = { ticks: [], sent: [] }));
    });
  });
  await stop();
  const of = (phase, what, p) => median(seconds[phase].map((second) => percentiles(second[what])(p)));
  const ratio = of('busy', 'ticks', 0.99) / of('idle', 'ticks', 0.99);
  const met = row(
    `time of a tick, ${RATE} ticks/s, while a thread answers a question`,
    `p99 ${ms(of('busy', 'ticks', 0.99))}, median ${ms(of('busy', 'ticks', 0.5))}`,
    `while it does not ${ms(of('idle', 'ticks', 0.99))}, ${ms(of('idle', 'ticks', 0.5))}`,
    `${ratio.toFixed(2)} times`,
    `${ON_DEMAND_BAR} times`,
    ratio <= ON_DEMAND_BAR && progress > 0,
  );
  row(
    'the same, WebSocket in to out',
    `p99 ${ms(of('busy', 'sent', 0.99))}, median ${ms(of('busy', 'sent', 0.5))}`,
    `while it does not ${ms(of('idle', 'sent', 0.99))}, ${ms(of('idle', 'sent', 0.5))}`,
    `${(of('busy', 'sent', 0.99) / of('idle', 'sent', 0.99)).toFixed(2)} times`,
  );
  return met;
}

function percentiles(values) {
  const sorted = Float64Array.from(values).sort();
  return (p) => sorted[Math.ceil(p * sorted.length) - 1];
}

/** The other process: a feed that starts once the dashboard is connected, and that dashboard. */
async function feedAndDashboard(asks) {
  const next = random(5);
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const connected = once(server, 'connection');
  process.send({ url: `ws://127.0.0.1:${server.address().port}/` });
  const [{ port }] = await once(process, 'message');
  const dashboard = new WebSocket(`ws://127.0.0.1:${port}/ws`, { origin: `http://127.0.0.1:${port}` });
  let seen = 0;
  let progress = 0;
  let newest = { index: -1, time: 0 };
  dashboard.on('message', (data, isBinary) => {
    if (!isBinary) {
      const { type, message } = JSON.parse(data);
      if (type === 'progress') progress++;
      if (type === 'explain-error' && message.startsWith('invalid')) throw new Error(message);
      return;
    }
    seen += data.readUInt16LE(2);
    newest = decodeFrame(data).ticks.at(-1) ?? newest;
  });
  const [[feed]] = await Promise.all([connected, once(dashboard, 'open')]);
  const from = performance.now();
  let sent = 0;
  let id = 0;
  const phases = asks
    ? setInterval(() => {
        if (id++ % 2 === 0) {
          const { index, time } = newest;
          dashboard.send(JSON.stringify({ type: 'explain', id, index, time, ...QUESTION }));
        } else dashboard.send(JSON.stringify({ type: 'cancel', id: id - 1 }));
        // what the change itself costs belongs to the phase that it begins
        process.send({ phase: id % 2 === 1 ? 'busy' : 'idle' });
      }, 1000)
    : null;
  const timer = setInterval(() => {
    const due = Math.min(RATE * SECONDS, Math.floor(((performance.now() - from) * RATE) / 1000));
    for (; sent < due; sent++) {
      const values = Object.fromEntries(Array.from({ length: F }, (_, f) => [`x${f}`, next()]));
      feed.send(JSON.stringify({ t: 1_700_000_000_000 + sent, n: sent, ...values }));
    }
    if (sent < RATE * SECONDS) return;
    clearInterval(timer);
    clearInterval(phases);
    setTimeout(() => process.send({ sent, seen, progress }), 500);
  }, 1);
}

if (process.send && ['other', 'asks'].includes(process.argv[2])) await feedAndDashboard(process.argv[2] === 'asks');
