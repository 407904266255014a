/** The page beyond loopback, in a real browser: plain http on an address of this machine, with a token. */
import { type ChildProcess, spawn } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../node/serving.ts';
import { launch, type Running, start } from './browser.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const outside = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

describe.skipIf(!outside)(`beyond loopback${outside ? '' : ' (skipped: this machine has no other address)'}`, () => {
  let feed: ChildProcess;
  let server: Running;
  let browser: Browser;

  beforeAll(async () => {
    feed = spawn(process.execPath, ['examples/feed.mjs', '0'], { cwd: root });
    const url = await new Promise<string>((resolve) =>
      feed.stdout!.once('data', (data) => resolve(String(data).trim())),
    );
    const config = ['serve', 'examples/sensor.yaml', '--feed', url];
    server = await start([...config, '--host', outside!, '--port', '0']);
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    feed?.kill();
  });

  async function open(url: string): Promise<{ page: Page; errors: string[] }> {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(url);
    return { page, errors };
  }

  it('the printed address shows the stream, and the token leaves the address and stays out of reach of scripts', async () => {
    expect(server.url).toMatch(new RegExp(`^http://${outside}:\\d+/#token=[\\w-]{43}$`));
    const { page, errors } = await open(server.url);
    await expect.poll(() => page.getByTestId('status').textContent(), { timeout: 20_000 }).toMatch(/^Live/);
    expect(page.url()).not.toContain('token');
    expect(await page.evaluate(() => document.cookie)).toBe('');
    expect(errors).toEqual([]);
    await page.reload();
    await expect.poll(() => page.getByTestId('status').textContent(), { timeout: 20_000 }).toMatch(/^Live/);
    await page.context().close();
  });

  it('without the token the page shows nothing, and says so', async () => {
    const { page } = await open(server.url.replace(/#.*/, ''));
    await expect.poll(() => page.getByTestId('status').textContent(), { timeout: 20_000 }).toMatch(/^Not let in/);
    expect(await page.locator('body').innerText()).toContain('This server needs a token.');
    await page.context().close();
    const port = Number(new URL(server.url).port);
    expect((await ask(port, '/metrics', { address: outside! })).status).toBe(401);
  });
});
