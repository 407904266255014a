import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { Watch } from '../../src/drift/watch.ts';
import { Explainer } from '../../src/explainer.ts';
import { readModel } from '../../src/model/formats/index.ts';
import { asset, readKernels } from '../../src/node/assets.ts';
import { readData } from '../../src/node/data.ts';

it('residuals of the market model that Keras made drift on the days that were published for it', async () => {
  const { kernels } = await readKernels();
  const spec = {
    ...readModel(await readFile(asset('demo/market.keras')), 'market.keras'),
    features: ['logReturn(close)', 'log(high/low)', 'logReturn(volume)'],
    target: { expression: 'log(high/low)', output: 0 },
  };
  const explainer = new Explainer(kernels, spec, { method: 'none' });
  const watch = new Watch({
    name: 'residual drift',
    on: 'residual',
    standardise: { from: 250 },
    detector: 'page-hinkley',
    options: { delta: 0.25, threshold: 20, mode: 'both' },
  });
  const days: [string, string][] = [];
  for (const { index, time, values } of (await readData(asset('demo/sp500-2000.csv'))).rows) {
    const explanation = explainer.push({ key: '', time, seq: null, values });
    if (!explanation) continue;
    const event = watch.update({ value: explanation.residual, index, time });
    if (event) days.push([new Date(time).toISOString().slice(0, 10), event.direction]);
  }
  expect(days).toEqual([
    ['2008-10-14', 'up'],
    ['2017-11-20', 'down'],
    ['2020-03-12', 'up'],
  ]);
});
