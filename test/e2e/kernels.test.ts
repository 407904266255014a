import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asset } from '../../src/node/assets.ts';
import { BUILDS } from '../kernels.ts';
import { launch } from './browser.ts';

/**
 * Runs in Node and in the page alike, so it may use nothing from outside: 200 steps of 37 branches of an LSTM(13) with a head,
 * then every scalar function on many values. Returns a checksum (FNV-1a) of all bits after each part.
 */
async function exercise(wasm: string): Promise<Record<string, string>> {
  const bytes = Uint8Array.from(atob(wasm), (c) => c.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(bytes, { env: { abort: () => {} } });
  const k = instance.exports as Record<string, (...args: number[]) => number> & { memory: WebAssembly.Memory };
  const [B, F, H, O, T] = [37, 3, 13, 5, 200];
  const Hp = 16;
  const alloc = (n: number): number => k.alloc!(4 * n);
  const at = {
    w: alloc((Hp / 4) * (F + H) * 16),
    bias: alloc(4 * Hp),
    h: alloc(B * Hp),
    next: alloc(B * Hp),
    c: alloc(B * Hp),
    x: alloc(B * 4),
    z: alloc(4 * Hp * B),
    slots: alloc(B),
    head: alloc(8 * H),
    headBias: alloc(8),
    out: alloc(B * 8),
  };
  const f = new Float32Array(k.memory.buffer);
  const ints = new Int32Array(k.memory.buffer);
  let seed = 12345;
  const next = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2147483648 - 1;
  };
  for (let i = at.w / 4; i < at.h / 4; i++) f[i] = next() / 2;
  for (let i = at.head / 4; i < at.out / 4; i++) f[i] = next();
  for (let b = 0; b < B; b++) ints[at.slots / 4 + b] = b;
  let hash = 2166136261;
  const take = (from: number, length: number): void => {
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ ints[from / 4 + i]!, 16777619) >>> 0;
  };
  for (let t = 0; t < T; t++) {
    for (let i = 0; i < B * 4; i++) f[at.x / 4 + i] = next() * 3;
    k.inputShare!(at.z, at.x, 4, at.w, at.bias, B, F, F + H, H, 4, 4);
    const [from, to] = t % 2 ? [at.next, at.h] : [at.h, at.next];
    k.lstmStep!(to, from, Hp, H, at.c, at.slots, B, at.z, at.slots, at.x, 4, 0, at.w + 64 * F, F + H, H);
    k.denseStep!(at.out, 8, to, Hp, at.slots, B, at.head, at.headBias, H, O);
    k.activate!(4, 1, at.out, at.slots, B, 8, O);
    take(to, B * Hp);
    take(at.out, B * 8);
  }
  const sums: Record<string, string> = { lstm: hash.toString(16) };
  const bits = new DataView(new ArrayBuffer(8));
  for (const name of ['exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'tanh']) {
    hash = 2166136261;
    for (let i = 0; i < 20_000; i++) {
      const y = k[name]!(name === 'log' ? Math.abs(next()) * 1000 : next() * 20);
      bits.setFloat64(0, Number.isNaN(y) ? 0 : y);
      hash = Math.imul(hash ^ bits.getUint32(0), 16777619) >>> 0;
      hash = Math.imul(hash ^ bits.getUint32(4), 16777619) >>> 0;
    }
    sums[name] = hash.toString(16);
  }
  return sums;
}

describe('kernels in Chromium', () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await launch();
    page = await browser.newPage();
  });
  afterAll(() => browser.close());

  it.each(BUILDS)('%s gives the bytes that it gives in Node', async (build) => {
    const wasm = (await readFile(asset(`dist/kernels/${build}.wasm`))).toString('base64');
    const here = await exercise(wasm);
    expect(await page.evaluate(exercise, wasm)).toEqual(here);
    expect(new Set(Object.values(here)).size).toBe(8);
  });
});
