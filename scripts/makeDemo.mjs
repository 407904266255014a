/**
 * Writes demo/market.safetensors and demo/weather.safetensors from the Keras files beside them: the same weights, with
 * what feeds the model, what it predicts and how to show it. Needs `npm run build:lib` first; the same input gives the
 * same bytes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { readModel, writeNative } from '../dist/model/formats/index.js';

const demo = new URL('../demo/', import.meta.url);

const models = [
  {
    name: 'market',
    data: 'sp500-2000.csv',
    /** Data rows before the first input row: the first day has no return. */
    skipped: 1,
    features: ['logReturn(close)', 'log(high/low)', 'logReturn(volume)'],
    target: 'log(high/low)',
    display: {
      features: [
        { label: 'return', unit: '%', scale: 100 },
        { label: 'range', unit: '%', scale: 100 },
        { label: 'volume change', unit: '%', scale: 100 },
      ],
      target: { label: 'daily range', unit: '%', scale: 100 },
      axis: 'tick',
      tickMeans: '1 tick = 1 trading day',
    },
  },
  {
    name: 'weather',
    data: 'seattle-weather.csv',
    skipped: 0,
    features: ['temp_max', 'temp_min', 'precipitation', 'wind', 'sin(dayOfYear)', 'cos(dayOfYear)'],
    target: 'temp_max',
    display: {
      features: [
        { label: 'max temperature', unit: '°C', scale: 1 },
        { label: 'min temperature', unit: '°C', scale: 1 },
        { label: 'precipitation', unit: 'mm', scale: 1 },
        { label: 'wind', unit: 'm/s', scale: 1 },
        { label: 'season (sin)', unit: '', scale: 1 },
        { label: 'season (cos)', unit: '', scale: 1 },
      ],
      target: { label: 'max temperature', unit: '°C', scale: 1 },
      axis: 'time',
      tickMeans: '1 tick = 1 day',
    },
  },
];

for (const { name, data, skipped, features, target, display } of models) {
  const keras = readModel(readFileSync(new URL(`${name}.keras`, demo)), `${name}.keras`);
  const trained = JSON.parse(readFileSync(new URL(`${name}.json`, demo), 'utf8'));
  const times = readFileSync(new URL(data, demo), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => Date.parse(`${line.split(',')[0]}T00:00:00Z`));
  const spec = {
    ...keras,
    format: 'native',
    name,
    outputs: [target],
    features,
    target: { expression: target, output: 0 },
    horizon: 1,
    display,
    provenance: {
      description: trained.desc,
      data,
      origin: 'npm vega-datasets 3.2.1, BSD-3-Clause',
      convertedFrom: `${name}.keras`,
      epochs: trained.epochs,
      rows: {
        train: trained.train,
        validation: trained.validation - trained.train,
        test: trained.rows - trained.validation,
      },
      testRmse: { model: trained.test_rmse, persistence: trained.persistence_rmse, mean: trained.mean_rmse },
      // The last input row of each part.
      trainedUntil: times[trained.train - 1 + skipped],
      validatedUntil: times[trained.validation - 1 + skipped],
    },
  };
  writeFileSync(new URL(`${name}.safetensors`, demo), writeNative(spec));
}
