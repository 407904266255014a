import { mkdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, type Running, start } from './browser.ts';

const shots = new URL('../../docs/screenshots/', import.meta.url);
const keep = process.env.WHYTICK_SCREENSHOTS === '1';

let demo: Running;
let browser: Browser;
let page: Page;
const errors: string[] = [];
const loaded: Promise<number>[] = [];

beforeAll(async () => {
  demo = await start(['demo', 'market', '--no-open', '--port', '0']);
  browser = await launch();
  page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('response', (response) => {
    if (response.status() === 200) loaded.push(response.body().then((body) => gzipSync(body).length));
  });
  await page.goto(demo.url);
});

afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

/** How many colours a canvas holds. */
function colours(canvas: Locator): Promise<number> {
  return canvas.evaluate((node) => {
    const { width, height } = node as HTMLCanvasElement;
    const { data } = (node as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height);
    return new Set(new Uint32Array(data.buffer)).size;
  });
}

const region = (name: string) => page.getByRole('region', { name, exact: true });

describe('dashboard of the market demo', () => {
  it('shows a prediction that moves, beside what arrived', async () => {
    const hero = region('Next').getByTestId('next');
    await expect.poll(() => hero.textContent(), { timeout: 20_000 }).toMatch(/^\d+\.\d+%$/);
    const seen = new Set<string | null>();
    await expect.poll(async () => seen.add(await hero.textContent()).size, { timeout: 10_000 }).toBeGreaterThan(3);
    await expect(region('Arrived').textContent()).resolves.toMatch(/predicted \d.*off by/);
    await expect(page.getByTestId('interval').textContent()).resolves.toMatch(/^90\u202f% interval \d.* to \d/);
    await expect(page.getByTestId('held').textContent()).resolves.toMatch(/^(in|out)side \d.* to \d/);
    await expect(region('Going well').textContent()).resolves.toMatch(/\d\d\.\d%inside the 90\u202f% interval/);
    await expect(page.getByTestId('status').textContent()).resolves.toMatch(/^Live/);
  });

  it('loads in under 120 KB, its font included', async () => {
    const sizes = await Promise.all(loaded);
    expect(sizes.length).toBeGreaterThanOrEqual(4);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(120_000);
  });

  it('says why in a sentence that the attribution supports', async () => {
    const told = page.getByTestId('why');
    await expect
      .poll(() => told.textContent(), { timeout: 10_000 })
      .toMatch(/^(Without the .*, the model would say .* instead of |No single value )/);
  });

  it('fills the heat map and the tracks', async () => {
    expect(await colours(page.getByTestId('heat-map'))).toBeGreaterThan(20);
    for (const name of ['Off by', 'What moved each prediction', 'How far back it looks']) {
      expect(await colours(page.getByRole('figure', { name }).locator('canvas'))).toBeGreaterThan(4);
    }
    for (const name of [/range/i, 'Drift']) {
      const figure = page.getByRole('figure', { name });
      expect(await colours(figure.locator('canvas').first())).toBeGreaterThan(4);
      await expect(figure.getAttribute('aria-describedby')).resolves.toMatch(/summary$/);
    }
  });

  it('shows what ticks are worth over random worlds, with standard errors', async () => {
    const figure = page.getByRole('figure', { name: 'Shapley values of ticks' });
    await expect.poll(() => colours(figure.locator('canvas')), { timeout: 10_000 }).toBeGreaterThan(4);
    const box = page.locator('.shapley-box');
    await expect(box.textContent()).resolves.toMatch(
      /14 random worlds, ± 1 standard error.*Sum [+−]\d.*older ticks and sampling.*together/,
    );
  });

  it('raises a drift alert within 25 seconds of the start', async () => {
    await expect.poll(() => region('Alerts').textContent(), { timeout: 25_000 }).toMatch(/firing.*since .* 20\d\d/);
    if (!keep) return;
    mkdirSync(shots, { recursive: true });
    await page.screenshot({ path: new URL('overview-dark.png', shots).pathname });
  });

  it('pauses drawing while data goes on, and returns to live by one key', async () => {
    const chip = page.getByTestId('status');
    await page.getByRole('button', { name: /^Pause drawing/ }).click();
    // figures follow four times a second: five ticks after the click they have come to rest
    await expect
      .poll(() => chip.textContent(), { timeout: 10_000 })
      .toMatch(/^Paused\s*([5-9]|\d\d+) ticks behind live/);
    const next = await region('Next').textContent();
    await expect
      .poll(() => chip.textContent(), { timeout: 10_000 })
      .toMatch(/^Paused\s*([2-9]\d|\d\d\d+) ticks behind live/);
    expect(await region('Next').textContent()).toBe(next);
    await page.keyboard.press('l');
    await expect.poll(() => chip.textContent()).toMatch(/^Live/);
  });

  it('explains the tick that is clicked, until Escape', async () => {
    const figure = page.getByRole('figure', { name: 'What moved each prediction' });
    const box = (await figure.boundingBox())!;
    await page.mouse.click(box.x + 600, box.y + 60);
    const back = page.getByRole('button', { name: 'Follow newest' });
    await back.waitFor();
    const title = page.getByRole('heading', { name: /^Why \d.*%$/ }).last();
    const selected = await title.textContent();
    await page.waitForTimeout(500);
    expect(await title.textContent()).toBe(selected);
    await page.keyboard.press('Escape');
    await back.waitFor({ state: 'hidden' });
  });

  it('asks another method about a tick that came before the page did, beside the live one', async () => {
    const figure = page.getByRole('figure', { name: 'What moved each prediction' });
    const box = (await figure.boundingBox())!;
    await page.mouse.click(box.x + 100, box.y + 60);
    const why = page.locator('#why');
    await expect.poll(() => why.textContent(), { timeout: 10_000 }).toMatch(/selected: .*Without the /);
    await page.getByLabel('Method').selectOption('integrated-gradients');
    const asked = region('Integrated gradients');
    const agreement = asked.getByTestId('agreement');
    await expect.poll(() => agreement.textContent(), { timeout: 20_000 }).toMatch(/rank ρ, \d+ largest[−\d.]+/);
    expect(await colours(asked.getByTestId('asked-heat-map'))).toBeGreaterThan(10);
    expect(await asked.textContent()).toMatch(/Mind: .*The parts add up to .*; gap/);
    expect(await page.locator('#spoken').textContent()).toMatch(/^Integrated gradients: /);
    if (keep) await page.screenshot({ path: new URL('asked-dark.png', shots).pathname });
    // arrow keys go on to the next tick, and ask about it
    const when = await why.getByText(/^selected: /).textContent();
    await page.locator('body').click({ position: { x: 5, y: 60 } });
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => why.getByText(/^selected: /).textContent()).not.toBe(when);
    await expect.poll(() => asked.textContent(), { timeout: 10_000 }).toMatch(/\d steps/);
  });

  it('shows how far a long question is, and takes it back', async () => {
    await page.getByLabel('Method').selectOption('augmented-occlusion');
    const asked = region('Augmented occlusion');
    await expect.poll(() => asked.textContent(), { timeout: 20_000 }).toMatch(/\d steps/);
    await asked.getByText('Options', { exact: true }).click();
    await asked.getByLabel('samples').fill('50000');
    await asked.getByRole('button', { name: 'Ask again' }).click();
    await expect.poll(() => asked.textContent(), { timeout: 10_000 }).toMatch(/about .*, \d+\u202f%/);
    await asked.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => asked.textContent()).toMatch(/cancelled/);
  });

  it('says in its panel what is wrong with a question, and chooses methods by number', async () => {
    const asked = region('Augmented occlusion');
    await asked.getByLabel('samples').fill('1');
    await asked.getByRole('button', { name: 'Ask', exact: true }).click();
    await expect
      .poll(() => asked.textContent(), { timeout: 10_000 })
      .toMatch(/no answer.*Invalid --option samples: 1 \(expected a whole number from 2 on\)/);
    await page.getByTestId('status').click();
    await page.keyboard.press('1');
    await asked.waitFor({ state: 'hidden' });
    await page.keyboard.press('2');
    await region('Integrated gradients').waitFor();
    await page.keyboard.press('Escape');
    await region('Integrated gradients').getByText('no tick is selected').waitFor();
    await page.keyboard.press('1');
  });

  it('sets the speed of the feed', async () => {
    const five = page
      .getByRole('group', { name: 'Speed of the feed' })
      .getByRole('button', { name: '5×', exact: true });
    await five.click();
    await expect.poll(() => five.getAttribute('aria-pressed')).toBe('true');
    await page.getByRole('button', { name: '1×', exact: true }).click();
  });

  it('is light where the system is, follows the toggle, and keeps the choice', async () => {
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    expect(await ground()).toBe('rgb(12, 15, 20)');
    await page.emulateMedia({ colorScheme: 'light' });
    await expect.poll(ground).toBe('rgb(246, 246, 244)');
    if (keep) await page.screenshot({ path: new URL('overview-light.png', shots).pathname });
    const toggle = page.getByRole('button', { name: /^Theme/ });
    await toggle.click();
    await toggle.click();
    await expect.poll(ground).toBe('rgb(12, 15, 20)');
    expect(await page.evaluate(() => localStorage.getItem('whytick.theme'))).toBe('dark');
    await toggle.click();
    await page.emulateMedia({ colorScheme: 'dark' });
  });

  it.each([
    [390, 844],
    [360, 740],
  ])('fits a screen of %i x %i without sideways scrolling', async (width, height) => {
    await page.setViewportSize({ width, height });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    const labels = page.getByRole('figure', { name: /range/i }).locator('canvas').first();
    await expect.poll(() => colours(labels)).toBeGreaterThan(4);
    if (keep && width === 390) await page.screenshot({ path: new URL('narrow-dark.png', shots).pathname });
  });

  it('says that the connection is lost when the server stops, and wrote no error before', async () => {
    expect(errors).toEqual([]);
    await demo.stop();
    await expect.poll(() => page.getByTestId('status').textContent(), { timeout: 15_000 }).toMatch(/^No data for/);
    await page.getByRole('button', { name: 'Retry now' }).waitFor();
    expect(await page.title()).toMatch(/^LOST/);
  });
});
