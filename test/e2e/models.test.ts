import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeNative } from '../../src/model/formats/index.ts';
import { layerKinds } from '../../src/model/layers/index.ts';
import type { LayerSpec } from '../../src/model/spec.ts';
import { outputWidth, wire } from '../../src/model/wiring.ts';
import { asset } from '../../src/node/assets.ts';
import { goldenCases, goldenModel, goldenTensors, goldenWindow, kerasKinds } from '../golden/golden.ts';
import { BUILDS, random } from '../kernels.ts';
import { modelOf, randomModel } from '../models.ts';
import { launch } from './browser.ts';
import { type Case, explanations, outputs } from './models.ts';

/** Every kind of layer by small models, and the golden ones. */
function cases(): (Case & { layers: LayerSpec[] })[] {
  const small = kerasKinds().map(({ inputs, window, layers, x }) => {
    const O = outputWidth(wire({ inputs, window, layers }, 'small'));
    const spec = { ...modelOf(inputs, O, layers), mode: 'windowed' as const, window };
    return { spec, windows: x.map((ticks) => ticks.map((values) => Array.from(values))) };
  });
  const golden = goldenCases('models').map(({ name, files }) => {
    const tensors = goldenTensors(name);
    return { spec: goldenModel(name, files[0]!), windows: [goldenWindow(tensors, 0).map((x) => Array.from(x))] };
  });
  return [...small, ...golden].map(({ spec, windows }) => ({ model: writeNative(spec), windows, layers: spec.layers }));
}

/** `outputs` and all it needs as one script. */
async function bundle(): Promise<string> {
  const entry = fileURLToPath(new URL('./models.ts', import.meta.url));
  const lib = { entry, formats: ['iife' as const], name: 'models', fileName: 'models' };
  const built = await build({ configFile: false, logLevel: 'silent', build: { write: false, minify: false, lib } });
  const [first] = Array.isArray(built) ? built : [built];
  if (!first || !('output' in first)) throw new Error('vite gave no output');
  return first.output[0].code;
}

describe('models in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it('there is one of every kind of layer', () => {
    const kinds = new Set(cases().flatMap(({ layers }) => layers.map(({ kind }) => kind)));
    expect(layerKinds.filter(({ kind }) => !kinds.has(kind))).toEqual([]);
  });

  it.each(BUILDS)('%s: every one gives the bytes that it gives in Node', async (name) => {
    const page = await browser.newPage();
    const [code, wasm] = await Promise.all([bundle(), readFile(asset(`dist/kernels/${name}.wasm`))]);
    await page.addScriptTag({ content: code });
    const all = cases();
    const here = await outputs(wasm, all);
    const there = await page.evaluate(
      async ([kernels, list]) => {
        const bytes = (text: string): Uint8Array => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
        const { models } = globalThis as unknown as { models: { outputs: typeof outputs } };
        const read = list.map(({ model, windows }) => ({ model: bytes(model), windows }));
        return models.outputs(bytes(kernels), read);
      },
      [base64(wasm), all.map(({ model, windows }) => ({ model: base64(model), windows }))] as const,
    );
    expect(there).toEqual(here);
    await page.close();
  });

  it('every method says what it says in Node, to the bit', async () => {
    const page = await browser.newPage();
    const [code, wasm] = await Promise.all([bundle(), readFile(asset('dist/kernels/whytick.wasm'))]);
    await page.addScriptTag({ content: code });
    const next = random(3);
    const stream = Array.from({ length: 40 }, () => [next(), next(), next()]);
    const model = writeNative(randomModel(3, [9], 2, 6));
    const options = { counterfactual: { threshold: 0.1 }, delta: { since: 35 }, timeshap: { coalitions: 64 } };
    const here = await explanations(wasm, { model, windows: [stream] }, options);
    expect(Object.keys(here).length).toBeGreaterThan(15);
    const there = await page.evaluate(
      async ([kernels, text, ticks, asked]) => {
        const bytes = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const { models } = globalThis as unknown as { models: { explanations: typeof explanations } };
        return models.explanations(bytes(kernels), { model: bytes(text), windows: [ticks] }, asked);
      },
      [base64(wasm), base64(model), stream, options] as const,
    );
    expect(there).toEqual(here);
    await page.close();
  });
});

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
