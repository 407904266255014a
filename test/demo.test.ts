import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readModel } from '../src/model/formats/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'whytick-demo-'));
afterAll(() => rmSync(folder, { recursive: true }));
const trained = new Map<string, Buffer>();

it('the models of the demos are, byte for byte, what `npm run train:demo` makes', () => {
  const said = execFileSync(process.execPath, ['scripts/trainDemo.mjs', folder], { encoding: 'utf8' });
  expect(said).toMatch(/^\$ whytick train demo\/sp500-2000\.csv --target "log\(high\/low\)"/);
  for (const name of ['market', 'weather']) {
    trained.set(name, readFileSync(join(folder, `${name}.safetensors`)));
    expect(trained.get(name)!.equals(readFileSync(`demo/${name}.safetensors`)), name).toBe(true);
  }
});

it.each(['market', 'weather'])('%s: errs less than the model that Keras made, on the same part', (name) => {
  const { provenance } = readModel(trained.get(name)!, name);
  const { rmse } = provenance!.test as { rmse: number };
  const keras = JSON.parse(readFileSync(`demo/${name}.json`, 'utf8'));
  expect(rmse).toBeLessThan(0.975 * keras.test_rmse);
  expect(rmse).toBeLessThan(0.95 * keras.persistence_rmse);
});
