import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { decodeFrame, type Hello, type Status, TickFlag } from '../../src/wire.ts';
import { whytick } from './cli/whytick.ts';
import { connect, type Dialled } from './serving.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'whytick-demo-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a demo until `use` is done with it, then interrupts it. */
async function demo<T>(
  args: string[],
  use: (dashboard: Dialled, port: number) => Promise<T>,
): Promise<{ result: T; code: number | null; stderr: string }> {
  const child = spawn(process.execPath, ['dist/node/cli/index.js', 'demo', ...args, '--no-open', '--port', '0'], {
    cwd: root,
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  try {
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
      child.once('exit', (code) => reject(new Error(`ended with ${code}: ${stderr}`)));
    });
    const port = Number(new URL(url).port);
    const result = await use(await connect(port), port);
    child.kill('SIGINT');
    return { result, code: await ended, stderr };
  } finally {
    child.kill('SIGKILL');
  }
}

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 30_000, interval: 20 });
const of = <T>({ texts }: Dialled, type: string): T[] => texts.filter((text) => text.type === type) as T[];
const all = ({ frames }: Dialled) => frames.flatMap((frame) => decodeFrame(frame).ticks);

describe('whytick demo', () => {
  it('prints its address, ends by itself and exits 0', async () => {
    const { code, stdout, stderr } = await whytick(['demo', 'market', '--duration', '3', '--no-open', '--port', '0']);
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\n$/);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('market: warms up, goes on live from November 2017, and its first live drift alert is that of February 2018', async () => {
    const { result, code } = await demo(['market', '--speed', '20'], async (dashboard) => {
      await until(() => expect(of(dashboard, 'alert').length).toBeGreaterThan(0));
      return dashboard;
    });
    expect(code).toBe(0);
    const ticks = all(result);
    const live = ticks.findIndex(({ flags }) => !(flags & TickFlag.history));
    expect(new Date(ticks[live]!.time).toISOString()).toBe('2017-11-01T00:00:00.000Z');
    expect(ticks[live]!.index).toBe(4486);
    const drifts = of<{ drift: { time: number; direction: string } }>(result, 'drift').map(({ drift }) => [
      new Date(drift.time).toISOString().slice(0, 10),
      drift.direction,
    ]);
    // the autumn of 2008 and its end, the flash crash, the downgrade of 2011
    expect(drifts.slice(0, 6)).toEqual([
      ['2008-09-18', 'up'],
      ['2008-11-03', 'down'],
      ['2008-12-24', 'down'],
      ['2010-05-06', 'up'],
      ['2011-08-09', 'up'],
      ['2018-02-06', 'up'],
    ]);
    expect(of<{ alert: object }>(result, 'alert')[0]).toMatchObject({
      alert: {
        rule: 'Residual drift',
        from: 'normal',
        to: 'firing',
        severity: 'critical',
        time: Date.UTC(2018, 1, 6),
      },
    });
    expect(of<Hello>(result, 'hello')[0]).toMatchObject({
      session: 'demo',
      stream: 'S&P 500, daily',
      features: [{ label: 'return', unit: '%' }, { label: 'range' }, { label: 'volume change' }],
      trainedUntil: Date.UTC(2014, 2, 18),
      validatedUntil: Date.UTC(2017, 2, 31),
      speed: 20,
    });
  });

  it('sensor: changes its speed when a dashboard says so, and begins again with a reset', async () => {
    const { result, code } = await demo(['sensor'], async (dashboard) => {
      dashboard.socket.send('{"type":"speed","value":1000}');
      await until(() =>
        expect(of<Status>(dashboard, 'status').at(-1)).toMatchObject({ speed: 1000, invalid: 0, late: 0 }),
      );
      await until(() => expect(all(dashboard).filter(({ flags }) => flags & TickFlag.reset).length).toBeGreaterThan(1));
      dashboard.socket.send('{"type":"speed","value":0}');
      await until(() => expect(of<{ message: string }>(dashboard, 'error')[0]?.message).toContain('invalid speed: 0'));
      return dashboard;
    });
    expect(code).toBe(0);
    const again = all(result).filter(({ flags }) => flags & TickFlag.reset);
    expect(again[1]).toMatchObject({ index: 0, time: Date.UTC(2012, 0, 1) });
  });

  it('records, completely, also when it is interrupted', async () => {
    const file = join(folder, 'demo.mcap');
    const { code } = await demo(['sensor', '--speed', '100', '--record', file], async (dashboard) => {
      await until(() => expect(of<Status>(dashboard, 'status').at(-1)!.recording!.ticks).toBeGreaterThan(1300));
    });
    expect(code).toBe(0);
    const verified = await whytick(['replay', file, '--verify']);
    expect(verified.stderr).toBe('');
    expect(verified.code).toBe(0);
  });

  it('refuses what cannot be', async () => {
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port));
    });
    const busy = await whytick(['demo', '--no-open', '--port', String(port)]);
    taken.close();
    expect([busy.code, busy.stdout]).toEqual([2, '']);
    expect(busy.stderr).toBe(`whytick: invalid port: ${port} (expected a free one: this is in use; 0 takes any)\n`);
    for (const wrong of [['weather'], ['--speed', '0'], ['--speed', 'fast'], ['--duration', '-1'], ['--fast']]) {
      expect((await whytick(['demo', '--no-open', ...wrong])).code, wrong.join(' ')).toBe(2);
    }
    const there = await whytick(['demo', '--no-open', '--port', '0', '--record', 'package.json']);
    expect([there.code, there.stdout]).toEqual([2, '']);
  });
});

describe('whytick doctor', () => {
  it('says what this machine supports', async () => {
    const { code, stdout } = await whytick(['doctor', '--json', '--port', '0']);
    expect(code).toBe(0);
    const { ok, checks } = JSON.parse(stdout);
    expect(ok).toBe(true);
    const of = (name: string) => checks.find((check: { name: string }) => check.name === name);
    expect(of('Node.js')).toEqual({ name: 'Node.js', state: 'ok', detail: process.versions.node });
    expect(of('WebAssembly SIMD').state).toBe('ok');
    expect(of('kernels').detail).toMatch(/^SHA-256 [0-9a-f]{64}$/);
    expect((await whytick(['doctor'])).stdout).toMatch(/^ok +whytick +\d/);
  });
});
