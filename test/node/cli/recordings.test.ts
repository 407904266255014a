import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { writeNative } from '../../../src/model/formats/index.ts';
import { openRecording } from '../../../src/node/recordingFile.ts';
import { decodeFrame } from '../../../src/wire.ts';
import { smallModel } from '../../engine/session.ts';
import { random } from '../../kernels.ts';
import { whytick } from './whytick.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'whytick-'));
const path = (name: string) => join(folder, name);
const until = async (done: () => boolean): Promise<void> => {
  while (!done()) await new Promise((next) => setTimeout(next, 10));
};

/** Sends flat JSON ticks with `time`, `x` and `y`, every two milliseconds, to whoever connects. */
async function startFeed() {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  /** When each message was sent, ms since 1970. */
  const sent: number[] = [];
  server.on('connection', (socket) => {
    const next = random(1);
    const timer = setInterval(() => {
      const n = sent.length;
      sent.push(Date.now());
      socket.send(JSON.stringify({ time: 1_600_000_000_000 + n, x: next(), y: next() }));
    }, 2);
    socket.on('close', () => clearInterval(timer));
  });
  const { port } = server.address() as AddressInfo;
  return { sent, url: `ws://127.0.0.1:${port}/?token=hunter2`, close: () => server.close() };
}

let feed: Awaited<ReturnType<typeof startFeed>>;
const model = path('model.safetensors');

beforeAll(async () => {
  feed = await startFeed();
  writeFileSync(model, writeNative(smallModel()));
});
afterAll(() => {
  feed.close();
  rmSync(folder, { recursive: true });
});

const record = (out: string, ...options: string[]) =>
  whytick(['record', '--feed', feed.url, '--model', model, '--out', out, ...options]);
const json = async (...args: string[]) => JSON.parse((await whytick([...args, '--json'])).stdout);

describe('record --ticks, then info, replay and predict', () => {
  const file = path('whole.mcap');
  let recorded: Awaited<ReturnType<typeof whytick>>;
  beforeAll(async () => {
    recorded = await record(file, '--ticks', '300', '--json');
  });

  it('ends by itself, says what it did, and keeps the feed talk on stderr', () => {
    expect(recorded.code).toBe(0);
    expect(JSON.parse(recorded.stdout)).toMatchObject({ file, state: 'complete', invalid: 0, late: 0 });
    expect(JSON.parse(recorded.stdout).ticks).toBeGreaterThanOrEqual(300);
    expect(recorded.stderr).toContain('feed open');
  });

  it('info tells what is in it', async () => {
    const info = await json('info', file);
    const of = (topic: string) => info.channels.find((channel: { topic: string }) => channel.topic === topic).messages;
    expect(info).toMatchObject({
      complete: true,
      truncated: null,
      damage: [],
      model: { inputs: 2, features: ['x', 'diff(y)'] },
    });
    expect(info.ticks).toBe(JSON.parse(recorded.stdout).ticks);
    expect(of('prediction')).toBe(info.ticks - 1);
    expect(of('attribution')).toBe(info.ticks - 1);
    expect(info.time.first).toBe(1_600_000_000_000);
    expect(info.hashes.output).toBe(info.hashes.recorded);
    expect((await whytick(['info', file])).stdout).toContain('state           complete');
  });

  it('replay --verify finds it equal', async () => {
    const { code, stdout } = await whytick(['replay', file, '--verify']);
    expect(stdout).toMatch(/^equal, byte for byte\n/);
    expect(code).toBe(0);
  });

  it('replay gives the recorded hash, at any speed', async () => {
    for (const args of [[], ['--speed', '10']]) {
      const result = await json('replay', file, ...args);
      expect(result).toMatchObject({ hashEqual: true });
    }
    expect(await json('replay', file, '--from', '#10', '--to', '#19')).toMatchObject({
      counts: { tick: 10 },
      hashEqual: null,
    });
  });

  it('is DATA for predict: the same predictions', async () => {
    const { rows } = await json('predict', file, '--model', model, '--at', '1,100,299');
    const recording = await openRecording(file);
    const found = new Map<number, number>();
    for await (const { records } of recording.chunks()) {
      for (const { topic, sequence, data } of records) {
        if (topic === 'prediction') found.set(sequence, JSON.parse(new TextDecoder().decode(data)).prediction);
      }
    }
    for (const { index, time, output } of rows) {
      expect(output[0]).toBe(found.get(index));
      expect(time).toBe(1_600_000_000_000 + index);
    }
    expect(rows).toHaveLength(3);
  });

  it('does not hold the secret of the feed', () => {
    expect(readFileSync(file).includes('hunter2')).toBe(false);
    expect(readFileSync(file).includes('<secret>')).toBe(true);
  });

  it('is not overwritten: exit 2', async () => {
    const before = readFileSync(file);
    const { code, stderr } = await record(file, '--ticks', '1');
    expect(code).toBe(2);
    expect(stderr).toContain('recordings are never overwritten');
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('a recording with a changed bit does not verify: exit 1, with its place', async () => {
    const damaged = readFileSync(file);
    damaged[insideChunk(damaged)]! ^= 1;
    writeFileSync(path('damaged.mcap'), damaged);
    const { code, stdout } = await whytick(['replay', path('damaged.mcap'), '--verify']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^NOT equal[\s\S]*damage: \d+ bytes at \d+/);
  });
});

it('without a model the columns are those of the first message, and only ticks are recorded', async () => {
  const file = path('ticks.mcap');
  expect((await whytick(['record', '--feed', feed.url, '--out', file, '--ticks', '20'])).code).toBe(0);
  const info = await json('info', file);
  expect(info.model).toBeNull();
  expect(info.channels.map(({ topic }: { topic: string }) => topic)).not.toContain('prediction');
  expect(await json('replay', file, '--verify')).toMatchObject({ equal: true, compared: { prediction: 0 } });
  const { counts } = await json('replay', file, '--model', model);
  expect(counts.prediction).toBe(counts.tick - 1);
});

/** Starts recording, and ends it with a signal after two seconds of ticks. */
async function recordUntil(signal: NodeJS.Signals, file: string) {
  const args = ['dist/node/cli/index.js', 'record', '--feed', feed.url, '--model', model, '--out', file];
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'ignore' });
  await until(() => existsSync(file));
  const begun = feed.sent.length;
  await until(() => feed.sent.length > begun + 1000);
  child.kill(signal);
  const killed = Date.now();
  const [code] = await once(child, 'exit');
  return { begun, killed, code };
}

it.each(['SIGINT', 'SIGTERM'] as const)('%s stops it cleanly: a complete file, exit 0', async (signal) => {
  const file = path(`${signal}.mcap`);
  expect((await recordUntil(signal, file)).code).toBe(0);
  expect(await json('info', file)).toMatchObject({ complete: true, truncated: null });
  expect(await json('replay', file, '--verify')).toMatchObject({ equal: true, trailing: 0, hashEqual: true });
});

it('kill -9 costs at most the last second: what is there opens, replays and verifies', async () => {
  const file = path('killed.mcap');
  const { begun, killed } = await recordUntil('SIGKILL', file);
  const info = await json('info', file);
  expect(info).toMatchObject({ complete: false, damage: [], hashes: { output: null } });
  const due = feed.sent.slice(begun).filter((at) => at < killed - 1000).length;
  expect(due).toBeGreaterThan(100);
  expect(info.ticks).toBeGreaterThanOrEqual(due);
  expect(await json('replay', file, '--verify')).toMatchObject({ equal: true, first: null, recordedHash: null });
  expect(await json('replay', file)).toMatchObject({ counts: { tick: info.ticks }, hashEqual: null });
});

it('a feed that is not there is tried again until the time is over, or it is asked to stop', async () => {
  const closed = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(closed, 'listening');
  const dead = `ws://127.0.0.1:${(closed.address() as AddressInfo).port}`;
  closed.close();
  const args = ['record', '--feed', dead, '--out', path('none.mcap')];
  const over = await whytick([...args, '--duration', '1']);
  expect(over.stderr.match(/feed closed \(connect ECONNREFUSED/g)!.length).toBeGreaterThan(1);
  expect(over.stderr).toContain('whytick: the feed sent nothing within 1 s');
  expect(over).toMatchObject({ code: 1, stdout: '' });

  const child = spawn(process.execPath, ['dist/node/cli/index.js', ...args], { cwd: root });
  let talk = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (talk += text));
  await until(() => talk.includes('feed closed'));
  child.kill('SIGTERM');
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(talk).toContain('whytick: stopped before the feed sent anything');
  expect(existsSync(path('none.mcap'))).toBe(false);
});

it('a range that ends before it begins is refused', async () => {
  const { code, stderr } = await whytick(['replay', path('whole.mcap'), '--from', '#20', '--to', '#10']);
  expect(stderr).toContain("invalid --to: '#10' (expected a place after --from #20)");
  expect(code).toBe(2);
});

/** A byte of a message in the middle of a recording: of JSON, which only chunks hold there. */
function insideChunk(bytes: Buffer): number {
  return bytes.indexOf('":', bytes.length >> 1);
}

it('a changed bit is found wherever it is', async () => {
  const bytes = readFileSync(path('whole.mcap'));
  const at = path('changed.mcap');
  // In the model, in a chunk, in the summary.
  for (const [place, code] of [
    [200, 2],
    [insideChunk(bytes), 1],
    [bytes.length - 60, 1],
  ] as const) {
    const changed = Uint8Array.from(bytes);
    changed[place]! ^= 4;
    writeFileSync(at, changed);
    const ran = await whytick(['replay', at, '--verify']);
    expect(`${ran.stdout}${ran.stderr}`).toContain('checksum of');
    expect(ran.code).toBe(code);
  }
});

it('replay --serve shows it on a dashboard until it is stopped', async () => {
  const args = ['dist/node/cli/index.js', 'replay', path('whole.mcap'), '--serve', '--speed', '100', '--json'];
  const child = spawn(process.execPath, args, { cwd: root });
  let [out, talk] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (talk += text));
  await until(() => talk.includes('The recording is over'));
  const origin = /http:\/\/127\.0\.0\.1:\d+/.exec(talk)![0];
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws`, { origin });
  const frames: Buffer[] = [];
  let hello = '';
  socket.on('message', (data, isBinary) => {
    if (isBinary) frames.push(data as Buffer);
    else hello ||= String(data);
  });
  await until(() => frames.length > 0);
  expect(JSON.parse(hello)).toMatchObject({ type: 'hello', session: 'replay', stream: 'whole.mcap', speed: 100 });
  expect(decodeFrame(frames[0]!).ticks[0]!.time).toBe(1_600_000_000_001);
  child.kill('SIGINT');
  expect((await once(child, 'exit'))[0]).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ hashEqual: true });
});

describe('bad calls: exit 2, one line that says what was expected', () => {
  beforeAll(() => {
    writeFileSync(path('empty.mcap'), '');
    writeFileSync(path('table.mcap'), 'time,close\n1,2\n');
  });
  it.each([
    [['info', 'none.mcap'], "invalid FILE: 'none.mcap' (expected a file that exists)"],
    [['info', path('empty.mcap')], "invalid empty.mcap: 'an empty file' (expected an MCAP recording)"],
    [['replay', path('table.mcap')], "invalid table.mcap: 'a file that begins otherwise' (expected an MCAP recording)"],
    [['replay', path('whole.mcap'), '--from', 'noon'], "invalid --from: 'noon'"],
    [['replay', path('whole.mcap'), '--speed', '5000'], 'Expected a number from 0.1 to 1000'],
    [['replay', path('whole.mcap'), '--verify', '--loop'], 'cannot be used with'],
    [['replay', path('ticks.mcap'), '--serve'], 'expected a recording with a model, or --model FILE'],
    [['record', '--feed', 'ws://127.0.0.1:1'], "required option '--out <file>'"],
    [['record', '--out', path('x.mcap')], 'invalid feed: nothing'],
    [['record', '--feed', 'ftp://example.org', '--out', path('x.mcap')], 'expected a URL that begins with ws:'],
  ])('whytick %j', async (args, message) => {
    const { code, stdout, stderr } = await whytick(args);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(2);
    expect(stdout).toBe('');
  });
});

describe('recover', () => {
  const [whole, cut] = [path('r.mcap'), path('cut.mcap')];

  it('writes what is intact beside the file, or in its place, and never over another', async () => {
    await record(whole, '--ticks', '400');
    const bytes = readFileSync(whole);
    expect(await whytick(['recover', whole])).toMatchObject({
      code: 0,
      stdout: `${whole} is whole: nothing was written\n`,
    });
    writeFileSync(cut, bytes.subarray(0, bytes.length - 20_000));
    const found = await json('recover', cut);
    expect(found).toMatchObject({ file: path('cut.recovered.mcap'), lost: [{ reason: expect.any(String) }] });
    expect(await json('replay', found.file, '--verify')).toMatchObject({ equal: true, hashEqual: true });
    const again = await whytick(['recover', cut]);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('recordings are never overwritten')]);
    expect(await json('recover', cut, '--in-place')).toMatchObject({ file: cut, records: found.records });
    expect(readFileSync(cut)).toEqual(readFileSync(found.file));
    expect(await json('info', cut)).toMatchObject({ complete: true, damage: [] });
    expect(existsSync(`${cut}.recovering`)).toBe(false);
  });

  it('slice makes a part of it, which verifies', async () => {
    const part = path('part.mcap');
    const found = await json('slice', whole, '--from', '#300', '--to', '#310', '--out', part);
    expect(found).toMatchObject({ file: part, ticks: 311 - found.first });
    expect(found.first).toBeLessThanOrEqual(300);
    expect(await json('replay', part, '--verify')).toMatchObject({ equal: true, hashEqual: true });
    const twice = await whytick(['slice', whole, '--out', part]);
    expect([twice.code, twice.stderr]).toEqual([2, expect.stringContaining('never overwritten')]);
    const none = await whytick(['slice', whole, '--to', '2001-01-01', '--out', path('none.mcap')]);
    expect([none.code, existsSync(path('none.mcap'))]).toEqual([2, false]);
  });
});
