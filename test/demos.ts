/** The demos' models, with all inputs that their series give them. */
import { readFile } from 'node:fs/promises';
import { compileColumns } from '../src/features/index.ts';
import { readModel } from '../src/model/formats/index.ts';
import type { ModelSpec } from '../src/model/spec.ts';
import { asset } from '../src/node/assets.ts';
import { readData } from '../src/node/data.ts';
import { kernels } from './kernels.ts';

const series = { market: 'sp500-2000', weather: 'seattle-weather' };

/** @returns the model, its inputs (each F) in order, and its training mean */
export async function demo(
  name: keyof typeof series,
): Promise<{ spec: ModelSpec; stream: Float32Array[]; mean: Float32Array }> {
  const spec = readModel(await readFile(asset(`demo/${name}.safetensors`)), name);
  const columns = compileColumns(spec.features!, kernels.math);
  const stream: Float32Array[] = [];
  for (const { values, time } of (await readData(asset(`demo/${series[name]}.csv`))).rows) {
    const x = columns.push(values, time);
    if (x) stream.push(Float32Array.from(x));
  }
  return { spec, stream, mean: spec.mean! };
}
