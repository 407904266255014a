import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/errors.ts';
import { readModel } from '../../../src/model/formats/index.ts';
import { eraOf } from '../../../src/model/formats/keras/build.ts';
import type { LstmSpec } from '../../../src/model/spec.ts';
import { goldenCases, goldenFile, goldenModel } from '../../golden/golden.ts';
import { mutations } from './fuzz.ts';
import { realModels } from './keras/files.ts';

const mha = goldenFile('keras-mha', 'model.h5');
const both = goldenCases('models').filter(({ files }) => files.includes('model.h5'));

/** Another text of the same length in place of every one that is found. */
function swap(bytes: Uint8Array, from: string, to: string): Uint8Array {
  expect(to).toHaveLength(from.length);
  const text = Buffer.from(bytes).toString('latin1');
  expect(text).toContain(from);
  return new Uint8Array(Buffer.from(text.replaceAll(from, to), 'latin1'));
}

describe('readH5', () => {
  it('finds the golden files', () => {
    expect(both.length).toBeGreaterThanOrEqual(13);
  });

  it.each(both.map(({ name }) => name))('%s is the model of the .keras', (name) => {
    const spec = goldenModel(name, 'model.h5');
    expect(spec.format).toBe('h5');
    expect({ ...spec, format: 'keras' }).toEqual(goldenModel(name, 'model.keras'));
  });

  it('knows what hard_sigmoid is by the version that wrote the file', () => {
    const old = realModels('keras-2').find(({ name }) => name === 'act')!;
    const of = (bytes: Uint8Array) => (readModel(bytes, 'm').layers[1] as LstmSpec).recurrentActivation;
    const { bytes } = old.source('model.h5');
    expect(of(bytes)).toBe('hard_sigmoid_2');
    expect(of(swap(bytes, '2.6.0', '3.6.0'))).toBe('hard_sigmoid');
  });

  it.each<[string | undefined, boolean, boolean]>([
    [undefined, true, true],
    ['1.2.2', true, false],
    ['2.2.4', true, false],
    ['2.2.4-tf', true, true],
    ['2.15.0', true, true],
    ['3.0.0', false, true],
    ['10.1', false, true],
  ])('a file of Keras %s: legacy %s, zeros for padding in Bidirectional %s', (version, legacy, bidirectionalZeros) => {
    expect(eraOf(version)).toEqual({ legacy, bidirectionalZeros });
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      'weights alone',
      swap(mha, 'model_config', 'model_confix'),
      /^invalid m: 'weights alone' \(expected a whole model, as/,
    ],
    [
      'HDF5 of another kind',
      swap(swap(mha, 'model_config', 'model_confix'), 'model_weights', 'other_weights'),
      /^invalid m: 'an HDF5 file of another kind' \(expected a model of Keras/,
    ],
    [
      'a configuration that is no JSON',
      swap(mha, '{"class_name": "Func', '{"class_name"; "Func'),
      /^invalid m config: .*JSON/,
    ],
    ['an unknown layer', swap(mha, '"Concatenate"', '"Konkatenate"'), /^invalid m concat: 'a Konkatenate layer'/],
    [
      'other units',
      swap(mha, '"units": 32', '"units": 31'),
      /^invalid m lstm kernel: \[5,128\] \(expected shape \[5, 124\]\)/,
    ],
    [
      'a layer of another name than its weights',
      swap(mha, '"mha"', '"mhb"'),
      /^invalid m mhb query kernel: nothing \(expected a tensor called kernel; the layer has none\)/,
    ],
    [
      'weights of another name',
      swap(mha, 'recurrent_kernel', 'recurrent_colonel'.slice(0, 16)),
      /^invalid m lstm recurrent_kernel: nothing .* the layer has .*lstm_cell\/kernel, /,
    ],
    ['an activation that is none', swap(mha, '"tanh"', '"tonh"'), /^invalid m lstm\.activation: 'tonh'/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readModel(bytes, 'm')).toThrow(ModelError);
    expect(() => readModel(bytes, 'm')).toThrow(message);
  });

  it('refuses weights that no layer has', () => {
    const bare = swap(mha, '"use_bias": true', '"use_bias":false');
    expect(() => readModel(bare, 'm')).toThrow(/^invalid m dense\/bias: 'a tensor' \(expected only tensors/);
  });

  it('refuses every beginning of a file', () => {
    for (let length = 0; length < mha.length; length += length < 4000 ? 16 : 499) {
      expect(() => readModel(mha.subarray(0, length), 'm'), `${length} bytes`).toThrow(ModelError);
    }
  });

  it('reads or refuses damaged files, whatever was damaged', () => {
    let refused = 0;
    for (const bytes of mutations(mha, 2000, 3)) {
      try {
        readModel(bytes, 'm');
      } catch (error) {
        expect(error).toBeInstanceOf(ModelError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
  });
});
