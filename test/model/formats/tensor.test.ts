import { describe, expect, it } from 'vitest';
import { type Dtype, type Tensor, toFloat32, toFloat64 } from '../../../src/model/formats/tensor.ts';

/** A tensor whose bytes begin at an odd place of a larger buffer, as those of a file may. */
function odd(dtype: Dtype, shape: number[], values: ArrayBufferView): Tensor {
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const bytes = new Uint8Array(raw.length + 4).subarray(3, 3 + raw.length);
  bytes.set(raw);
  return { dtype, shape, bytes };
}

const six = Float32Array.of(0, 1, 2, 3, 4, 5);

describe('toFloat32', () => {
  it.each<[Dtype, ArrayBufferView, number[]]>([
    ['F64', Float64Array.of(0.1, -1e300, 3), [Math.fround(0.1), Number.NEGATIVE_INFINITY, 3]],
    ['F32', Float32Array.of(1.5, -0, 1e-45), [1.5, -0, Math.fround(1e-45)]],
    ['F16', Uint16Array.of(0x3c00, 0xc000, 0x0001), [1, -2, 2 ** -24]],
    ['BF16', Uint16Array.of(0x3f80, 0xc000, 0x4049), [1, -2, 3.140625]],
    ['I64', BigInt64Array.of(1n, -2n, 1n << 40n), [1, -2, 2 ** 40]],
    ['I32', Int32Array.of(1, -2, 1 << 30), [1, -2, 2 ** 30]],
    ['I16', Int16Array.of(1, -2, 32767), [1, -2, 32767]],
    ['I8', Int8Array.of(1, -2, 127), [1, -2, 127]],
    ['U8', Uint8Array.of(1, 254, 127), [1, 254, 127]],
    ['BOOL', Uint8Array.of(1, 0, 1), [1, 0, 1]],
  ])('reads %s wherever it lies', (dtype, values, expected) => {
    expect([...toFloat32(odd(dtype, [3], values))]).toEqual(expected);
  });

  it('copies: the file may go', () => {
    const tensor: Tensor = { dtype: 'F32', shape: [6], bytes: new Uint8Array(six.slice().buffer) };
    const copy = toFloat32(tensor);
    tensor.bytes.fill(0xff);
    expect([...copy]).toEqual([...six]);
  });

  it('takes the bytes of Node’s Buffer, whose slices are views', () => {
    const buffer = Buffer.alloc(27);
    buffer.set(new Uint8Array(six.buffer), 3);
    const tensor: Tensor = { dtype: 'F32', shape: [2, 3], bytes: buffer.subarray(3) };
    expect([...toFloat32(tensor)]).toEqual([...six]);
    expect([...toFloat32(tensor, [1, 0])]).toEqual([0, 3, 1, 4, 2, 5]);
  });

  it('lays axes out in another order', () => {
    const ramp = Float32Array.from({ length: 24 }, (_, i) => i);
    const values = toFloat32(odd('F32', [2, 3, 4], ramp), [2, 1, 0]);
    // value (k, j, i) of the copy is (i, j, k) of the tensor: 12 i + 4 j + k
    expect([...values.subarray(0, 8)]).toEqual([0, 12, 4, 16, 8, 20, 1, 13]);
    expect(values[23]).toBe(23);
  });

  it('follows strides', () => {
    const at = (shape: number[], strides: number[], axes?: number[]) => [
      ...toFloat32({ ...odd('F32', shape, six), strides }, axes),
    ];
    expect(at([3, 2], [1, 3])).toEqual([0, 3, 1, 4, 2, 5]);
    expect(at([3, 2], [1, 3], [1, 0])).toEqual([0, 1, 2, 3, 4, 5]);
    expect(at([3], [2])).toEqual([0, 2, 4]);
    expect(at([2, 2], [0, 1])).toEqual([0, 1, 0, 1]);
    expect(at([0, 2], [1, 1])).toEqual([]);
  });

  it('reads a number without axes', () => {
    expect([...toFloat32(odd('F32', [], Float32Array.of(7)))]).toEqual([7]);
    expect([...toFloat64({ ...odd('I64', [], BigInt64Array.of(-3n)), strides: [] })]).toEqual([-3]);
  });
});
