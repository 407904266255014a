/** The models that Keras made of the demos' series, with all inputs that these give them. */
import { readFile } from 'node:fs/promises';
import { compileColumns } from '../src/features/index.ts';
import { readModel } from '../src/model/formats/index.ts';
import type { ModelSpec } from '../src/model/spec.ts';
import { asset } from '../src/node/assets.ts';
import { readData } from '../src/node/data.ts';
import { kernels } from './kernels.ts';

const series = {
  market: { data: 'sp500-2000', columns: ['logReturn(close)', 'log(high/low)', 'logReturn(volume)'] },
  weather: {
    data: 'seattle-weather',
    columns: ['temp_max', 'temp_min', 'precipitation', 'wind', 'sin(dayOfYear)', 'cos(dayOfYear)'],
  },
};

/** @returns the model, its inputs (each F) in order, and its training mean */
export async function demo(
  name: keyof typeof series,
): Promise<{ spec: ModelSpec; stream: Float32Array[]; mean: Float32Array }> {
  const spec = readModel(await readFile(asset(`demo/${name}.keras`)), name);
  const columns = compileColumns(series[name].columns, kernels.math);
  const stream: Float32Array[] = [];
  for (const { values, time } of (await readData(asset(`demo/${series[name].data}.csv`))).rows) {
    const x = columns.push(values, time);
    if (x) stream.push(Float32Array.from(x));
  }
  return { spec, stream, mean: spec.mean! };
}
