/** The examples run as they are printed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';
import { startServe } from '../src/node/serve.ts';
import { decodeFrame } from '../src/wire.ts';
import { connect } from './node/serving.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
let child: ChildProcess | undefined;
afterEach(() => child?.kill());

it('examples/sensor.yaml explains what examples/feed.mjs sends', async () => {
  child = spawn(process.execPath, ['examples/feed.mjs', '0'], { cwd: root });
  const url = await new Promise<string>((resolve) =>
    child!.stdout!.once('data', (data) => resolve(String(data).trim())),
  );
  // Only the ports differ from what is printed: fixed ones may be in use here.
  const config = `${root}examples/sensor.test.yaml`;
  writeFileSync(config, readFileSync(`${root}examples/sensor.yaml`, 'utf8').replace('ws://127.0.0.1:9000', url));
  const running = await startServe({ config, port: 0, log: 'fatal' }).finally(() => rmSync(config));
  const { texts, frames } = await connect(Number(new URL(running.url).port));
  await vi.waitFor(() => expect(frames.flatMap((frame) => decodeFrame(frame).ticks).length).toBeGreaterThan(3), 10_000);
  expect(texts[0]).toMatchObject({ stream: 'Seattle weather', model: 'weather', features: { length: 6 } });
  await vi.waitFor(() =>
    expect(texts.findLast(({ type }) => type === 'status')).toMatchObject({ invalid: 0, late: 0, gaps: 0 }),
  );
  expect([...decodeFrame(frames.at(-1)!).ticks.at(-1)!.input.subarray(0, 2)].every((t) => t > -20 && t < 45)).toBe(
    true,
  );
  await running.stop();
});
