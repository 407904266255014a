/** Runs in Node and, bundled, in the page: models in the native format, each over its windows. */
import { loadKernels } from '../../src/kernels.ts';
import { readModel } from '../../src/model/formats/index.ts';
import { Model } from '../../src/model/graph.ts';

/** A model's file and its windows (N, T, F). */
export interface Case {
  model: Uint8Array;
  windows: number[][][];
}

/** The bits of all outputs of each model, in hexadecimal. */
export async function outputs(wasm: Uint8Array, cases: readonly Case[]): Promise<string[]> {
  const kernels = await loadKernels(wasm as Uint8Array<ArrayBuffer>);
  return cases.map(({ model: bytes, windows }) => {
    const spec = readModel(bytes, 'model');
    return windows
      .map((window) => {
        const model = new Model(kernels, spec, { window: window.length });
        for (const x of window) model.stepOne(x);
        const bits = new Uint8Array(model.output(0).slice().buffer);
        return Array.from(bits, (byte) => byte.toString(16).padStart(2, '0')).join('');
      })
      .join(' ');
  });
}
