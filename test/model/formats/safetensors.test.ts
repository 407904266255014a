import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/errors.ts';
import {
  isSafetensors,
  parseSafetensors,
  toFloat32,
  toFloat64,
  writeSafetensors,
} from '../../../src/model/formats/safetensors.ts';
import { goldenFile } from '../../golden/golden.ts';
import { mutations } from './fuzz.ts';

/** A container from a header and bytes, as another program would write it: no padding. */
function container(header: unknown, data: number[] = []): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const tensor = (dtype: string, shape: number[], bytes: number) => ({ dtype, shape, data_offsets: [0, bytes] });

describe('parseSafetensors', () => {
  it.each([
    // 1, -2 and the smallest subnormal, by IEEE 754's own layout.
    ['F16', [0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00], [1, -2, 2 ** -24]],
    ['BF16', [0x80, 0x3f, 0x00, 0xc0, 0x49, 0x40], [1, -2, 3.140625]],
    ['F32', [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0xc0, 0x7f], [1, -2, Number.NaN]],
    ['I32', [1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0, 1, 0, 0], [1, -2, 256]],
    ['I16', [1, 0, 0xfe, 0xff, 0, 1], [1, -2, 256]],
    ['I8', [1, 0xfe, 127], [1, -2, 127]],
    ['U8', [1, 0xfe, 127], [1, 254, 127]],
    ['BOOL', [1, 0, 1], [1, 0, 1]],
  ])('reads %s', (dtype, data, values) => {
    const bytes = container({ x: tensor(dtype, [3], data.length) }, data);
    expect([...toFloat64(parseSafetensors(bytes, 'f').tensors.get('x')!)]).toEqual(values);
    expect(isSafetensors(bytes)).toBe(true);
  });

  it('reads F64, I64 and the extremes of F16', () => {
    const view = new DataView(new ArrayBuffer(16));
    view.setFloat64(0, Math.PI, true);
    view.setBigInt64(8, -3n, true);
    const header = { a: tensor('F64', [1], 8), b: { dtype: 'I64', shape: [1, 1], data_offsets: [8, 16] } };
    const { tensors } = parseSafetensors(container(header, [...new Uint8Array(view.buffer)]), 'f');
    expect(toFloat64(tensors.get('a')!)[0]).toBe(Math.PI);
    expect(toFloat32(tensors.get('a')!)[0]).toBe(Math.fround(Math.PI));
    expect(toFloat64(tensors.get('b')!)[0]).toBe(-3);
    const half = parseSafetensors(container({ x: tensor('F16', [3], 6) }, [0xff, 0x7b, 0x00, 0xfc, 0x01, 0x7c]), 'f');
    expect([...toFloat64(half.tensors.get('x')!)]).toEqual([65504, Number.NEGATIVE_INFINITY, Number.NaN]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(), /^invalid f length: 0 \(expected at least 8 bytes/],
    ['a header longer than the file', container({}).subarray(0, 9), /^invalid f header length: 2 .*cut off/],
    ['an absurd header', new Uint8Array(16).fill(0xff), /^invalid f header length/],
    ['no JSON', container('{"x"'), /^invalid f header: '4 bytes'/],
    ['no UTF-8', container({}, []).map((b, i) => (i === 8 ? 0xff : b)), /^invalid f header/],
    ['a list', container('[1]'), /expected a JSON object of tensors/],
    ['no tensor', container({ x: 1 }), /^invalid f x: 1 \(expected a tensor/],
    ['an unknown type', container({ x: tensor('F8', [1], 1) }, [0]), /^invalid f x dtype: 'F8'/],
    ['a negative size', container({ x: tensor('F32', [-1], 4) }, [0, 0, 0, 0]), /^invalid f x shape: \[-1\]/],
    ['a fractional size', container({ x: tensor('F32', [0.5], 2) }, [0, 0]), /^invalid f x shape/],
    [
      'an overflowing shape',
      container({ x: tensor('F32', [2e9, 2e9, 2e9], 4) }, [0, 0, 0, 0]),
      /^invalid f x data_offsets/,
    ],
    ['bytes past the end', container({ x: tensor('F32', [2], 8) }, [0, 0, 0, 0]), /^invalid f x data_offsets.*cut off/],
    [
      'a shape of another size',
      container({ x: tensor('F32', [2], 4) }, [0, 0, 0, 0]),
      /expected 8 bytes for shape \[2\]/,
    ],
    [
      'bytes left over',
      container({ x: tensor('F32', [1], 4) }, [0, 0, 0, 0, 9]),
      /^invalid f length: '5 bytes of tensors'/,
    ],
    [
      'overlapping tensors',
      container({ x: tensor('F32', [1], 4), y: tensor('F32', [1], 4) }, [0, 0, 0, 0]),
      /^invalid f y data_offsets: \[0,4\] \(expected to begin at byte 4\)/,
    ],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => parseSafetensors(bytes, 'f')).toThrow(ModelError);
    expect(() => parseSafetensors(bytes, 'f')).toThrow(message);
  });

  it('keeps a file’s own __proto__ out of the way', () => {
    const { metadata } = parseSafetensors(container('{"__metadata__":{"__proto__":"x","a":"b"}}'), 'f');
    expect(metadata).toEqual({ a: 'b' });
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
  });
});

describe('writeSafetensors', () => {
  it('gives what it was given back, aligned to eight bytes', () => {
    const data = Float32Array.of(1.5, -0, 3e38, 1e-45, 5, 6);
    const bytes = writeSafetensors([['a', { shape: [2, 3], data }]], { note: 'ü' });
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
    const { metadata, tensors } = parseSafetensors(bytes, 'f');
    expect(metadata).toEqual({ note: 'ü' });
    expect(tensors.get('a')!.shape).toEqual([2, 3]);
    expect(toFloat32(tensors.get('a')!)).toEqual(data);
  });
});

describe('a damaged container', () => {
  it('gives tensors that lie within the file, or a ModelError', () => {
    let refused = 0;
    for (const bytes of mutations(goldenFile('torch-lstm-proj', 'model.safetensors'), 2000, 3)) {
      try {
        for (const tensor of parseSafetensors(bytes, 'm').tensors.values()) {
          const { shape } = tensor;
          expect(toFloat32(tensor)).toHaveLength(shape.reduce((product, n) => product * n, 1));
        }
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});
