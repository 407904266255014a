/**
 * `npm run train:demo`: trains demo/market.safetensors and demo/weather.safetensors by the commands that it prints, and adds how
 * their quantities are shown. The same bytes on every machine. Layers were chosen on the validation parts.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readModel, writeNative } from '../dist/model/formats/index.js';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Where the models go. */
const folder = process.argv[2] ?? 'demo';

const models = [
  {
    name: 'market',
    description: "S&P 500, daily 2000 to 2020: the next day's range",
    data: 'demo/sp500-2000.csv',
    target: 'log(high/low)',
    columns: ['logReturn(close)', 'log(high/low)', 'logReturn(volume)'],
    layers: 'lstm:48',
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
    description: "Seattle weather, daily 2012 to 2015: tomorrow's highest temperature",
    data: 'demo/seattle-weather.csv',
    target: 'temp_max',
    columns: ['temp_max', 'temp_min', 'precipitation', 'wind', 'sin(dayOfYear)', 'cos(dayOfYear)'],
    layers: 'gru:32',
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

for (const { name, description, data, target, columns, layers, display } of models) {
  const out = `${folder}/${name}.safetensors`;
  const options = { target, columns: columns.join(','), layers, out };
  const args = [
    'train',
    data,
    ...Object.entries(options).flatMap(([option, value]) => [`--${option}`, value]),
    '--force',
  ];
  console.log(`$ whytick ${args.map((arg) => (/^[\w./:,-]+$/.test(arg) ? arg : `"${arg}"`)).join(' ')}\n`);
  const { status } = spawnSync(process.execPath, ['dist/node/cli/index.js', ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'ignore'],
  });
  if (status !== 0) process.exit(status ?? 1);
  const file = new URL(out, `file://${root}`);
  const spec = readModel(readFileSync(file), out);
  const provenance = { description, origin: 'npm vega-datasets 3.2.1, BSD-3-Clause', ...spec.provenance };
  writeFileSync(file, writeNative({ ...spec, display, provenance }));
}
