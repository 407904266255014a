/** Runs in Node and, bundled, in the page: models in the native format over windows, and what methods say of them. */
import { loadKernels } from '../../src/kernels.ts';
import { methods } from '../../src/methods/index.ts';
import { readModel } from '../../src/model/formats/index.ts';
import { Model } from '../../src/model/graph.ts';
import { attribute } from '../../src/offline/attribute.ts';

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
        return bits(model.output(0));
      })
      .join(' ');
  });
}

/** Every method's answer about the last of some ticks (F values each): bits of arrays, other numbers in full. */
export async function explanations(
  wasm: Uint8Array,
  { model: bytes, windows: [stream] }: Case,
  options: Readonly<Record<string, Record<string, number | string>>>,
): Promise<Record<string, string>> {
  const kernels = await loadKernels(wasm as Uint8Array<ArrayBuffer>);
  const spec = readModel(bytes, 'model');
  const told: Record<string, string> = {};
  for (const { name, supports } of methods) {
    if (supports(spec) !== true) continue;
    const asked = { method: name, options: options[name] ?? {}, window: 8, target: [0, 1], seed: 5 };
    const answers = await attribute(kernels, spec, stream!, asked);
    told[name] = JSON.stringify(answers, (key, value: unknown) =>
      key === 'ticks' || key === 'baseline' ? undefined : value instanceof Float32Array ? bits(value) : value,
    );
  }
  return told;
}

/** In hexadecimal. */
function bits(values: Float32Array): string {
  const bytes = new Uint8Array(values.slice().buffer);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
