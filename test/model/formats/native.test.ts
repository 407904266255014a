import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/errors.ts';
import { readModel, writeNative } from '../../../src/model/formats/index.ts';
import { parseSafetensors, toFloat32, writeSafetensors } from '../../../src/model/formats/safetensors.ts';
import type { ModelSpec } from '../../../src/model/spec.ts';
import { mutations } from './fuzz.ts';
import { demoFile, smallModel } from './models.ts';

type Meta = Record<string, unknown> & { layers: Record<string, unknown>[] };
type Tensors = Map<string, { shape: number[]; data: Float32Array }>;

/** The small model's file with its metadata or tensors changed. */
function changed(change: (meta: Meta, tensors: Tensors) => void): Uint8Array {
  const { metadata, tensors } = parseSafetensors(writeNative(smallModel()), 'small');
  const meta = JSON.parse(metadata.whytick!);
  const data: Tensors = new Map(
    [...tensors].map(([key, tensor]) => [key, { shape: tensor.shape, data: toFloat32(tensor) }]),
  );
  change(meta, data);
  return writeSafetensors(data, { whytick: JSON.stringify(meta) });
}

describe('the native format', () => {
  it('gives a model back as it was written, byte for byte', () => {
    const bytes = writeNative(smallModel());
    const spec = readModel(bytes, 'small.safetensors');
    expect(spec).toEqual(smallModel());
    expect(writeNative(spec)).toEqual(bytes);
  });

  it('writes nothing that belongs to no field of a layer', () => {
    const spec = smallModel();
    const [first, ...others] = spec.layers;
    const burdened = { ...first!, rows: ['a secret'] } as unknown as (typeof spec.layers)[0];
    expect(writeNative({ ...spec, layers: [burdened, ...others] })).toEqual(writeNative(spec));
  });

  it('keeps the errors that intervals begin with', () => {
    const spec = { ...smallModel(), errors: Float32Array.of(0.5, -1, 2) };
    expect(readModel(writeNative(spec), 'small')).toEqual(spec);
    const wrong = { ...spec, errors: Float32Array.of(0.5, Number.NaN) };
    expect(() => writeNative(wrong)).toThrow('errors');
  });

  it('writes the same bytes whatever order the fields were made in', () => {
    const spec = smallModel();
    const reversed = spec.layers.map((layer) => Object.fromEntries(Object.entries(layer).reverse()));
    expect(writeNative({ ...spec, layers: reversed as unknown as ModelSpec['layers'] })).toEqual(writeNative(spec));
  });

  it('does without what a file need not say', () => {
    const bare = {
      ...smallModel(),
      features: null,
      target: null,
      mean: null,
      window: null,
      display: null,
      provenance: null,
    };
    expect(readModel(writeNative(bare), 'bare')).toEqual(bare);
  });

  it.each<[string, (meta: Meta, tensors: Tensors) => void, RegExp]>([
    ['a later format', (meta) => (meta.format = 2), /^invalid m metadata\.format: 2 \(expected 1/],
    [
      'an unknown layer',
      (meta) => (meta.layers[2]!.kind = 'capsule'),
      /^invalid m metadata\.layers\[2\]\.kind: 'capsule' \(expected one of activation, .*lstm/,
    ],
    ['no layers', (meta) => (meta.layers = 3 as never), /^invalid m metadata\.layers: 3/],
    [
      'a missing tensor',
      (_, tensors) => tensors.delete('low.bias'),
      /^invalid m low bias: nothing \(expected a tensor 'low\.bias'\)/,
    ],
    [
      'a tensor of another shape',
      (_, tensors) => tensors.set('low.kernel', { shape: [4, 2], data: new Float32Array(8) }),
      /^invalid m low kernel: \[4,2\] \(expected shape \[2, 4\]\)/,
    ],
    [
      'a tensor too many',
      (_, t) => t.set('low.extra', { shape: [0], data: new Float32Array() }),
      /^invalid m low\.extra/,
    ],
    [
      'a weight that is no number',
      (_, tensors) => (tensors.get('high.recurrent')!.data[5] = Number.NaN),
      /^invalid m high recurrent\[5\]: NaN \(expected a finite number\)/,
    ],
    ['a negative variance', (_, t) => (t.get('norm.variance')!.data[1] = -1), /^invalid m norm variance\[1\]: -1/],
    ['layers that do not fit', (meta) => (meta.layers[1]!.inputs = 3), /^invalid m drop inputs: 3 \(expected 2/],
    ['two layers of a name', (meta) => (meta.layers[1]!.name = 'norm'), /^invalid m norm: 'norm' \(expected a name/],
    [
      'an LSTM after the last step',
      (meta) => (meta.layers[2]!.sequences = false),
      /^invalid m high inputs: '\[1\]' \(expected a sequence of shape \[ticks, values\]\)/,
    ],
    [
      'an unknown activation',
      (meta) => (meta.layers[4]!.activation = 'foo'),
      /^invalid m head\.1 activation: 'foo' \(expected one of linear/,
    ],
    ['too few outputs', (meta) => (meta.outputs = ['a']), /^invalid m outputs: 1 \(expected 2/],
    ['too few features', (meta) => (meta.features = ['x']), /^invalid m features: 1 \(expected 2/],
    [
      'a target that is not there',
      (meta) => (meta.target = { expression: 'x', output: 2 }),
      /^invalid m target output: 2 \(expected below 2\)/,
    ],
    [
      'a horizon of zero',
      (meta) => (meta.horizon = 0),
      /^invalid m metadata\.horizon: 0 \(expected a whole number from 1 on\)/,
    ],
    [
      'an unknown mode',
      (meta) => (meta.mode = 'both'),
      /^invalid m metadata\.mode: 'both' \(expected one of stateful, windowed\)/,
    ],
    [
      'a display of another model',
      (meta) => ((meta.display as Meta).features = []),
      /^invalid m metadata\.display\.features/,
    ],
  ])('refuses %s', (_, change, message) => {
    const bytes = changed(change);
    expect(() => readModel(bytes, 'm')).toThrow(ModelError);
    expect(() => readModel(bytes, 'm')).toThrow(message);
  });

  it('refuses every beginning of a file', () => {
    const bytes = writeNative(smallModel());
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readModel(bytes.subarray(0, length), 'm'), `${length} bytes`).toThrow(ModelError);
    }
  });

  it('never fails otherwise than by a ModelError on damaged bytes', () => {
    const bytes = writeNative(smallModel());
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at]! ^= 0x55;
      try {
        readModel(damaged, 'm');
      } catch (error) {
        expect(error, `byte ${at}`).toBeInstanceOf(ModelError);
      }
    }
  });
});

it('2,000 mutated native models are read or refused', () => {
  let refused = 0;
  for (const bytes of mutations(writeNative(smallModel()), 2000, 9)) {
    try {
      readModel(bytes, 'm');
    } catch (error) {
      expect(error).toBeInstanceOf(ModelError);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(1000);
});

describe('the demo models', () => {
  it('market: says what it is', () => {
    const spec = readModel(demoFile('market.safetensors'), 'market');
    expect(spec.features).toEqual(['logReturn(close)', 'log(high/low)', 'logReturn(volume)']);
    expect(spec.target).toEqual({ expression: 'log(high/low)', output: 0 });
    expect(spec.provenance!.validatedUntil).toBe(Date.parse('2017-03-31T00:00:00Z'));
  });
});
