/** From messages to ticks: what a mapping costs, how many messages a second one core takes, and many keys at once. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { Engine, parseEngineConfig } from '../dist/engine.js';
import { compileMapping } from '../dist/feeds/index.js';
import { readKernels } from '../dist/node/assets.js';
import { Session } from '../dist/node/session.js';
import { openSource } from '../dist/node/setup.js';
import { lstmModel, medians, ms, row } from './measure.mjs';

const START = 1_700_000_000_000;
const N = 100_000;
const range = { min: 0, max: 1e6 };
const trades = {
  time: { path: 'T', format: 'ms' },
  seq: { path: 't' },
  features: { price: { path: 'p', ...range }, size: { path: 'q', ...range } },
};
const bars = { open: 'first(price)', high: 'max(price)', low: 'min(price)', close: 'last(price)', volume: 'sum(size)' };

/** A trade of about 100 bytes, a tenth of a millisecond after the last. */
function trade(i) {
  const [p, q] = [(40_000 + (i % 100) / 10).toFixed(2), (0.01 + (i % 7) / 100).toFixed(5)];
  const T = START + Math.floor(i / 10);
  return JSON.stringify({ e: 'trade', E: T, s: 'BTCUSDT', t: i, p, q, T, m: i % 2 === 0 });
}

const rate = (n, took) => `${Math.round(n / took).toLocaleString('en')},000/s`;

export async function benchFeeds() {
  const { kernels } = await readKernels();
  const texts = Array.from({ length: N }, (_, i) => trade(i));
  const datas = texts.map((text) => new TextEncoder().encode(text));
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const mapping = compileMapping(trades);
  const config = parseEngineConfig({ mapping: { ...trades, key: { path: 's' }, resample: { every: '1s', bars } } });
  let sum = 0;
  const [parse, decodeAndParse, mapped, whole] = await medians([
    () => {
      for (const text of texts) sum += JSON.parse(text).T;
    },
    () => {
      for (const data of datas) sum += JSON.parse(decoder.decode(data)).T;
    },
    () => {
      for (const data of datas) sum += mapping.parse(data).ticks[0].time;
    },
    () => {
      const engine = new Engine({ kernels, spec: null, config, wall: () => BigInt(START + N) * 1_000_000n });
      for (const data of datas) engine.message(data);
      sum += engine.counters.ticks;
      if (engine.counters.invalid + engine.counters.gaps > 0) throw new Error('the bench feeds junk');
    },
  ]);
  const cost = (mapped - decodeAndParse) / parse;
  const each = ms(parse / N);
  const bytes = Math.round(datas.reduce((all, { byteLength }) => all + byteLength, 0) / N);
  if (!Number.isFinite(sum)) throw new Error('the bench feeds junk');
  const met = [];
  const say = (...cells) => met.push(row(...cells));
  say(
    `a mapping with two columns, numbers and ranges, ${bytes} B of JSON`,
    ms((mapped - decodeAndParse) / N),
    `JSON.parse ${each}`,
    `${cost.toFixed(2)} times`,
    '0.8 times',
    cost <= 0.8,
  );
  say(
    'parse, mapping, order and bars of a second, one core',
    rate(N, whole),
    `JSON.parse ${rate(N, parse)}`,
    `${(whole / parse).toFixed(1)} times its time`,
    '300,000/s',
    N / whole >= 300,
  );
  met.push(await benchLoopback(), await benchKeys());
  return met.every(Boolean);
}

/** As many as come from a loopback socket, recorded. */
async function benchLoopback() {
  const { kernels, hash } = await readKernels();
  const folder = mkdtempSync(join(tmpdir(), 'whytick-bench-'));
  const other = fork(fileURLToPath(import.meta.url), ['floods']);
  const [{ url }] = await once(other, 'message');
  const config = parseEngineConfig({ mapping: trades });
  const source = { url, subscribe: [], staleAfter: 30 };
  const record = join(folder, 'bench.mcap');
  const session = new Session({
    ...{ kernels, kernelsHash: hash, spec: null, config, source, record },
    feed: openSource(source),
  });
  const [warm, all] = [FLOOD / 4, FLOOD];
  let from = 0;
  let took = 0;
  const done = new Promise((resolve) => {
    session.engine.explained$.subscribe(({ sequence }) => {
      if (sequence + 1 === warm) from = performance.now();
      if (sequence + 1 < all) return;
      took = performance.now() - from;
      resolve();
    });
  });
  session.start();
  await done;
  await session.stop();
  other.kill();
  rmSync(folder, { recursive: true });
  const { ticks } = session.recording();
  return row(
    `WebSocket to recording, ${all.toLocaleString('en')} trades`,
    rate(all - warm, took),
    `${all} sent, ${ticks} recorded`,
    `${all - ticks} lost`,
    '60,000/s',
    (all - warm) / took >= 60 && ticks === all,
  );
}

const FLOOD = 400_000;
const [KEYS, HZ, SECONDS] = [1000, 10, 10];
const [H, K, F] = [16, 16, 3];

/** Many streams, each with a model of its own state, explained at every tick; late is what comes after its time. */
async function benchKeys() {
  const { kernels } = await readKernels();
  const spec = lstmModel(F, H);
  const config = parseEngineConfig({
    mapping: {
      ...{ time: { path: 't', format: 'ms' }, key: { path: 'k', most: KEYS }, seq: { path: 'n' } },
      features: Object.fromEntries(spec.features.map((name) => [name, name])),
    },
    explain: { window: K, eps: 0 },
  });
  const engine = new Engine({ kernels, spec, config, wall: () => BigInt(Math.round(performance.timeOrigin * 1e6)) });
  const encoder = new TextEncoder();
  const step = 1000 / HZ / KEYS;
  const latencies = new Float64Array(KEYS * HZ * SECONDS);
  const data = (i) => {
    const [k, n] = [`s${i % KEYS}`, Math.floor(i / KEYS)];
    return encoder.encode(JSON.stringify({ k, n, t: START + n, x0: (i % 13) / 7, x1: (i % 5) / 3, x2: (i % 3) - 1 }));
  };
  // every model is there before the clock starts
  for (let i = 0; i < KEYS * K; i++) engine.message(data(i));
  const from = performance.now();
  let busy = 0;
  await new Promise((resolve) => {
    let i = 0;
    const timer = setInterval(() => {
      const began = performance.now();
      const due = Math.min(latencies.length, Math.floor((began - from) / step));
      for (; i < due; i++) {
        engine.message(data(KEYS * K + i));
        latencies[i] = performance.now() - (from + (i + 1) * step);
      }
      busy += performance.now() - began;
      if (i < latencies.length) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
  const share = busy / (performance.now() - from);
  latencies.sort();
  const p99 = latencies[Math.ceil(0.99 * latencies.length) - 1];
  const { explained, ticks } = engine.counters;
  return row(
    `${KEYS} keys at ${HZ} ticks/s, explained, H = ${H}, K = ${K}, F = ${F}`,
    `p99 ${ms(p99)}`,
    `${Math.round(100 * share)} % of one core`,
    `${ticks - explained} not explained`,
    '50 ms',
    p99 < 50 && explained === ticks,
  );
}

/** The other process: sends trades as fast as they are taken. */
async function flood() {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  process.send({ url: `ws://127.0.0.1:${server.address().port}/` });
  const [socket] = await once(server, 'connection');
  let i = 0;
  const push = () => {
    while (i < FLOOD && socket.bufferedAmount < 1 << 20) socket.send(trade(i++));
    if (i < FLOOD) setTimeout(push, 1);
  };
  push();
}

if (process.send && process.argv[2] === 'floods') await flood();
