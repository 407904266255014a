import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { parseSafetensors, toFloat64 } from '../../src/model/formats/safetensors.ts';

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
