import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/errors.ts';
import { readModel } from '../../../src/model/formats/index.ts';
import { parseSafetensors, toFloat64 } from '../../../src/model/formats/safetensors.ts';
import type { DenseSpec, LstmSpec } from '../../../src/model/spec.ts';
import { stateDict } from './models.ts';

const lstm = (prefix: string, layer: number, I: number, H: number, gates = 4) => ({
  [`${prefix}weight_ih_l${layer}`]: [gates * H, I],
  [`${prefix}weight_hh_l${layer}`]: [gates * H, H],
  [`${prefix}bias_ih_l${layer}`]: [gates * H],
  [`${prefix}bias_hh_l${layer}`]: [gates * H],
});
const linear = (prefix: string, I: number, O: number) => ({ [`${prefix}weight`]: [O, I], [`${prefix}bias`]: [O] });

describe('readTorch', () => {
  it('reads any prefixes and any number of layers', () => {
    const bytes = stateDict({
      ...lstm('net.encoder.', 0, 3, 2),
      ...lstm('net.encoder.', 1, 2, 2),
      ...lstm('net.encoder.', 2, 2, 2),
      ...linear('net.out.', 2, 2),
    });
    const spec = readModel(bytes, 'my.model.safetensors');
    expect(spec.format).toBe('torch');
    expect(spec.name).toBe('my.model');
    expect(spec.layers.map(({ name, inputs }) => [name, inputs])).toEqual([
      ['net.encoder_l0', 3],
      ['net.encoder_l1', 2],
      ['net.encoder_l2', 2],
      ['net.out', 2],
    ]);
    expect(spec.layers.slice(0, 3).map((layer) => (layer as LstmSpec).sequences)).toEqual([true, true, false]);
    expect(spec.outputs).toEqual(['net.out_0', 'net.out_1']);
    expect(spec.mode).toBe('stateful');
  });

  it('transposes the weights and adds the biases', () => {
    const bytes = stateDict({ ...lstm('', 0, 2, 1), ...linear('fc.', 1, 1) });
    const { tensors } = parseSafetensors(bytes, 'm');
    const values = (key: string) => toFloat64(tensors.get(key)!);
    const layer = readModel(bytes, 'm').layers[0] as LstmSpec;
    const ih = values('weight_ih_l0');
    expect([...layer.kernel]).toEqual([0, 2, 4, 6, 1, 3, 5, 7].map((i) => ih[i]));
    const [a, b] = [values('bias_ih_l0'), values('bias_hh_l0')];
    expect([...layer.bias]).toEqual([...a].map((value, i) => Math.fround(value + b[i]!)));
  });

  it('does without biases', () => {
    const spec = readModel(stateDict({ 'r.weight_ih_l0': [4, 1], 'r.weight_hh_l0': [4, 1], 'f.weight': [1, 1] }), 'm');
    expect([...(spec.layers[0] as LstmSpec).bias]).toEqual([0, 0, 0, 0]);
    expect([...(spec.layers[1] as DenseSpec).bias]).toEqual([0]);
  });

  it.each<[string, Record<string, number[]>, RegExp]>([
    [
      'a GRU',
      { ...lstm('r.', 0, 2, 4, 3), ...linear('f.', 4, 1) },
      /^invalid m r\.weight_ih_l0: 'a GRU' \(expected an LSTM/,
    ],
    ['a simple RNN', { ...lstm('r.', 0, 2, 4, 1), ...linear('f.', 4, 1) }, /'a simple RNN'/],
    [
      'a bidirectional one',
      { ...lstm('r.', 0, 2, 4), 'r.weight_ih_l0_reverse': [16, 2], ...linear('f.', 8, 1) },
      /^invalid m r\.weight_ih_l0_reverse: .*forward only/,
    ],
    [
      'a projection',
      { ...lstm('r.', 0, 2, 4), 'r.weight_hr_l0': [2, 4], ...linear('f.', 2, 1) },
      /weight_hr_l0.*without projection/,
    ],
    [
      'two recurrent modules',
      { ...lstm('a.', 0, 2, 4), ...lstm('b.', 0, 2, 4), ...linear('f.', 4, 1) },
      /recurrent modules: \["a","b"\]/,
    ],
    ['no Linear', lstm('r.', 0, 2, 4), /expected one nn\.LSTM and exactly one nn\.Linear/],
    ['two Linears', { ...lstm('r.', 0, 2, 4), ...linear('f.', 4, 2), ...linear('g.', 2, 1) }, /exactly one nn\.Linear/],
    ['something besides', { ...lstm('r.', 0, 2, 4), ...linear('f.', 4, 1), 'norm.gain': [4] }, /^invalid m norm\.gain/],
    ['a missing first layer', { ...lstm('r.', 1, 2, 4), ...linear('f.', 4, 1) }, /^invalid m r\.weight_ih_l0: nothing/],
    [
      'one bias of two',
      { 'r.weight_ih_l0': [4, 1], 'r.weight_hh_l0': [4, 1], 'r.bias_hh_l0': [4], ...linear('f.', 1, 1) },
      /bias_ih_l0/,
    ],
    [
      'a Linear of another width',
      { ...lstm('r.', 0, 2, 4), ...linear('f.', 5, 1) },
      /^invalid m f inputs: 5 \(expected 4/,
    ],
    [
      'a layer of another width',
      { ...lstm('r.', 0, 2, 4), ...lstm('r.', 1, 3, 4), ...linear('f.', 4, 1) },
      /r_l1 inputs: 3 \(expected 4/,
    ],
    [
      'a tensor of rank three',
      { ...lstm('r.', 0, 2, 4), 'r.weight_ih_l0': [16, 2, 1], ...linear('f.', 4, 1) },
      /\(expected shape \[any, any\]\)/,
    ],
  ])('refuses %s', (_, shapes, message) => {
    const bytes = stateDict(shapes);
    expect(() => readModel(bytes, 'm')).toThrow(ModelError);
    expect(() => readModel(bytes, 'm')).toThrow(message);
  });
});
