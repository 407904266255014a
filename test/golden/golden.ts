import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect } from 'vitest';
import { readModel } from '../../src/model/formats/index.ts';
import { parseSafetensors, toFloat64 } from '../../src/model/formats/safetensors.ts';
import type { LayerSpec, ModelSpec } from '../../src/model/spec.ts';

const folder = (name: string): URL => new URL(`./${name}/`, import.meta.url);

/** One folder of this one, as its `case.json` describes it. */
export interface GoldenCase {
  name: string;
  /** Model files, such as `model.keras` or `tfjs/model.json`. */
  files: string[];
  /** Names of its tensors, inputs included, in the order of the file. */
  tensors: string[];
}

/** Every case of a group: `models` (black boxes left out), `black boxes`, `metrics` or `stateful`. */
export function goldenCases(group: 'models' | 'black boxes' | 'metrics' | 'stateful'): GoldenCase[] {
  const names = readdirSync(folder('.')).filter((name) => existsSync(new URL('case.json', folder(name))));
  return names.flatMap((name) => {
    const { group: found, tensors } = JSON.parse(new TextDecoder().decode(goldenFile(name, 'case.json')));
    const its = name.startsWith('onnx-blackbox-') ? 'black boxes' : found;
    return its === group ? [{ name, files: modelFiles(name), tensors: Object.keys(tensors) }] : [];
  });
}

function modelFiles(name: string): string[] {
  const files = readdirSync(folder(name), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => posix.basename(file).startsWith('model.')).sort();
}

/** A model file of a case, as its reader reads it. */
export function goldenModel(name: string, file: string): ModelSpec {
  const beside = (other: string): Uint8Array => goldenFile(name, posix.join(posix.dirname(file), other));
  return readModel(goldenFile(name, file), posix.basename(file), { beside });
}

/** The bytes of one file of one golden case. */
export function goldenFile(name: string, file: string): Uint8Array {
  return readFileSync(new URL(`./${name}/${file}`, import.meta.url));
}

export interface GoldenTensor {
  shape: number[];
  data: Float64Array;
  /** The values of `data[i, j, ...]`, everything below the indices given. */
  row(...indices: number[]): Float64Array;
}

/** The tensors of one golden case by name. */
export function goldenTensors(name: string): Record<string, GoldenTensor> {
  const { tensors } = parseSafetensors(goldenFile(name, 'tensors.safetensors'), name);
  const out: Record<string, GoldenTensor> = {};
  for (const [key, tensor] of tensors) {
    const data = toFloat64(tensor);
    const { shape } = tensor;
    out[key] = {
      shape,
      data,
      row(...indices) {
        const size = shape.slice(indices.length).reduce((a, b) => a * b, 1);
        const at = indices.reduce((a, index, d) => a * shape[d]! + index, 0) * size;
        return data.subarray(at, at + size);
      },
    };
  }
  return out;
}

/** A small model of Keras' layers, with windows and all that its last layer gives for them. */
export interface KerasKind {
  name: string;
  atol: number;
  inputs: number;
  window: number;
  layers: LayerSpec[];
  /** Windows of T rows of F values. */
  x: Float32Array[][];
  y: number[][];
}

/** The models of `keras-kinds`. */
export function kerasKinds(): KerasKind[] {
  const lists = ['from', 'shape'];
  // in a layer every list of numbers is a tensor
  const revive = (key: string, value: unknown) =>
    Array.isArray(value) && typeof value[0] === 'number' && !lists.includes(key) ? Float32Array.from(value) : value;
  const found: (Omit<KerasKind, 'layers'> & { layers: object[] })[] = JSON.parse(
    new TextDecoder().decode(goldenFile('keras-kinds', 'figures.json')),
  );
  return found.map((kind) => ({
    ...kind,
    x: kind.x.map((ticks) => ticks.map((values) => Float32Array.from(values))),
    layers: kind.layers.map((layer) =>
      Object.fromEntries(Object.entries(layer).map(([key, value]) => [key, revive(key, value)])),
    ) as unknown as LayerSpec[],
  }));
}

/** Input n of a case as a window of T rows (of tokens: of one value). */
export function goldenWindow({ x }: Record<string, GoldenTensor>, n: number): Float64Array[] {
  return Array.from({ length: x!.shape[1]! }, (_, t) => x!.row(n, t));
}

/** Every value within `atol + rtol * |expected|`. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { atol = 2e-6, rtol = 1e-5 }: { atol?: number; rtol?: number } = {},
  what = 'value',
): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const gap = Math.abs(actual[i]! - expected[i]!);
    if (!(gap <= atol + rtol * Math.abs(expected[i]!))) {
      expect.fail(`${what}[${i}]: ${actual[i]} is not within ${atol} + ${rtol} relative of ${expected[i]}`);
    }
  }
}
