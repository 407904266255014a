import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/errors.ts';
import { readModel } from '../../../src/model/formats/index.ts';
import type { DenseSpec, LstmSpec, ModelSpec } from '../../../src/model/spec.ts';
import { goldenFile, goldenModel } from '../../golden/golden.ts';
import { mutations } from './fuzz.ts';
import { realModels } from './keras/files.ts';
import { demoFile } from './models.ts';

type Weight = { name: string; shape: number[]; dtype: string; quantization?: Record<string, unknown>; group?: string };
type Json = {
  format: string;
  modelTopology: Record<string, unknown>;
  weightsManifest: { paths: string[]; weights: Weight[] }[];
};

const seed = (): { json: Json; shard: Uint8Array } => ({
  json: JSON.parse(new TextDecoder().decode(goldenFile('keras-seed', 'tfjs/model.json'))),
  shard: goldenFile('keras-seed', 'tfjs/group1-shard1of1.bin'),
});

/** Reads a model.json with its shards. */
function read(json: unknown, shards: Record<string, Uint8Array>): ModelSpec {
  const beside = (name: string): Uint8Array => {
    const shard = shards[name];
    if (!shard) throw new Error(`no such file: ${name}`);
    return shard;
  };
  const text = typeof json === 'string' ? json : JSON.stringify(json);
  return readModel(new TextEncoder().encode(text), 'm', { beside });
}

/** A Dense of one column, its kernel as it is given. */
function column(weight: Partial<Weight>, ...bytes: number[]): Float32Array {
  const config = { name: 'd', units: 1, use_bias: false, batch_input_shape: [null, null, 3] };
  const layers = [{ class_name: 'Dense', config }];
  const modelTopology = { class_name: 'Sequential', config: { name: 's', layers } };
  const weights = [{ name: 'd/kernel', shape: [3, 1], dtype: 'float32', ...weight }];
  const json = { modelTopology, weightsManifest: [{ paths: ['w'], weights }] };
  return (read(json, { w: Uint8Array.from(bytes) }).layers[0] as DenseSpec).kernel;
}

describe('readTfjs', () => {
  it.each(['keras-seed', 'keras-gru', 'keras-gru-v1'])('%s is the model of the .keras', (name) => {
    const spec = goldenModel(name, 'tfjs/model.json');
    expect(spec.format).toBe('tfjs');
    expect({ ...spec, format: 'keras' }).toEqual(goldenModel(name, 'model.keras'));
  });

  it('reads tensors that lie across shards', () => {
    const { json, shard } = seed();
    const [group] = json.weightsManifest;
    group!.paths = ['a.bin', './b.bin', 'sub/c.bin'];
    const shards = { 'a.bin': shard.slice(0, 5), 'b.bin': shard.slice(5, 20_001), 'sub/c.bin': shard.slice(20_001) };
    expect(read(json, shards)).toEqual(goldenModel('keras-seed', 'tfjs/model.json'));
  });

  it('reads fields in camel case', () => {
    const { json, shard } = seed();
    const camel = (key: string) => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const rename = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(rename);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [camel(key), rename(item)]));
    };
    const { class_name, config } = json.modelTopology.model_config as Record<string, unknown>;
    json.modelTopology = rename({ class_name, config }) as Record<string, unknown>;
    expect(json.modelTopology).toHaveProperty('className', 'Sequential');
    expect(read(json, { 'group1-shard1of1.bin': shard })).toEqual(goldenModel('keras-seed', 'tfjs/model.json'));
  });

  it('hard_sigmoid is that of Keras 2', () => {
    const { source, read: readReal } = realModels('tfjs-4').find(({ name }) => name === 'bidirectional')!;
    expect(new TextDecoder().decode(source('model.json').bytes)).toContain('"recurrent_activation":"hard_sigmoid"');
    expect((readReal('model.json').layers[0] as LstmSpec).recurrentActivation).toBe('hard_sigmoid_2');
  });

  it('reads halves', () => {
    // 1, -2 and the largest number below 1
    const quantization = { dtype: 'float16', original_dtype: 'float32' };
    expect([...column({ quantization }, 0x00, 0x3c, 0x00, 0xc0, 0xff, 0x3b)]).toEqual([1, -2, 1 - 2 ** -11]);
  });

  it('reads steps between a least and a largest value', () => {
    const bytes = { dtype: 'uint8', scale: 0.5, min: -1, original_dtype: 'float32' };
    expect([...column({ quantization: bytes }, 0, 2, 255)]).toEqual([-1, 0, 126.5]);
    const words = { dtype: 'uint16', scale: 0.25, min: 1, original_dtype: 'float32' };
    expect([...column({ quantization: words }, 4, 0, 0, 1, 0xff, 0xff)]).toEqual([2, 65, 1 + 65_535 / 4]);
  });

  it('does not read what an optimizer left', () => {
    const { json, shard } = seed();
    json.weightsManifest[0]!.weights.push({ name: 'm', shape: [2], dtype: 'float32', group: 'optimizer' });
    const longer = new Uint8Array(shard.length + 8);
    longer.set(shard);
    expect(read(json, { 'group1-shard1of1.bin': longer })).toEqual(goldenModel('keras-seed', 'tfjs/model.json'));
  });

  const manifest = (json: Json) => json.weightsManifest[0]!;
  it.each<[string, (json: Json) => unknown, RegExp]>([
    [
      'a missing shard',
      (json) => (manifest(json).paths = ['other.bin']),
      /^invalid m other\.bin: 'no such file: other\.bin' \(expected a shard/,
    ],
    [
      'a short shard',
      (json) => manifest(json).weights.push({ name: 'more', shape: [7], dtype: 'float32' }),
      /^invalid m group1-shard1of1\.bin: '\d+ bytes' \(expected 28 more, for more\)/,
    ],
    [
      'bytes left over',
      (json) => manifest(json).weights.pop(),
      /^invalid m group1.*: '480808 bytes' \(expected 480768, those of its tensors\)/,
    ],
    ['a shard named twice', (json) => manifest(json).paths.push(manifest(json).paths[0]!), /'a shard named twice'/],
    [
      'a tensor named twice',
      (json) => (manifest(json).weights[1]!.name = 'lstm/kernel'),
      /^invalid m lstm\/kernel: 'two tensors'/,
    ],
    [
      'a tensor of no layer',
      (json) => (manifest(json).weights[7]!.name = 'dense/boas'),
      /^invalid m dense bias: nothing/,
    ],
    [
      'a type that is unknown',
      (json) => (manifest(json).weights[0]!.dtype = 'string'),
      /^invalid m lstm\/kernel dtype: 'string'/,
    ],
    [
      'whole numbers',
      (json) => (manifest(json).weights[0]!.dtype = 'int32'),
      /^invalid m lstm kernel type: 'int32' \(expected floating/,
    ],
    [
      'a shape below zero',
      (json) => (manifest(json).weights[0]!.shape = [-8, -512]),
      /shape\[0\]: -8 \(expected a whole number/,
    ],
    [
      'a shape without end',
      (json) => (manifest(json).weights[0]!.shape = new Array(40).fill(2 ** 53 - 1)),
      /Infinity more, for lstm/,
    ],
    [
      'a shape that is no number',
      (json) => (manifest(json).weights[0]!.shape = [...new Array(40).fill(2 ** 53 - 1), 0]),
      /NaN more, for lstm\/kernel/,
    ],
    [
      'steps without a scale',
      (json) => (manifest(json).weights[0]!.quantization = { dtype: 'uint8', min: 0 }),
      /quantization\.scale: nothing/,
    ],
    [
      'steps of another kind',
      (json) => (manifest(json).weights[0]!.quantization = { dtype: 'int4' }),
      /quantization\.dtype: 'int4'/,
    ],
    [
      'a graph model',
      (json) => (json.format = 'graph-model'),
      /^invalid m format: 'graph-model' \(expected a layers-model/,
    ],
    ['a graph', (json) => (json.modelTopology = { node: [] }), /graph-model/],
    ['no topology', (json) => Reflect.deleteProperty(json, 'modelTopology'), /^invalid m\.modelTopology: nothing/],
    ['no weights', (json) => Reflect.deleteProperty(json, 'weightsManifest'), /^invalid m\.weightsManifest: nothing/],
    ['no model', (json) => (json.modelTopology = {}), /config\.class_name: nothing/],
  ])('refuses %s', (_, change, message) => {
    const { json, shard } = seed();
    change(json);
    const shards = { 'group1-shard1of1.bin': shard };
    expect(() => read(json, shards)).toThrow(ModelError);
    expect(() => read(json, shards)).toThrow(message);
  });

  it.each([
    '/etc/passwd',
    '../w.bin',
    'a/../../w.bin',
    'a\\..\\w.bin',
    'C:w.bin',
    'file:///w.bin',
    'https://x/w.bin',
    'a//b',
    'a\0b',
    '',
    '.',
  ])('does not follow the path %j', (path) => {
    const { json } = seed();
    manifest(json).paths = [path];
    const asked: string[] = [];
    const bytes = new TextEncoder().encode(JSON.stringify(json));
    const beside = (name: string) => {
      asked.push(name);
      return new Uint8Array();
    };
    expect(() => readModel(bytes, 'm', { beside })).toThrow(/weightsManifest paths: .*expected a file beside it/);
    expect(asked).toEqual([]);
  });

  it('says what is missing where nothing lies beside the file', () => {
    const bytes = goldenFile('keras-seed', 'tfjs/model.json');
    expect(() => readModel(bytes, 'm')).toThrow(/^invalid m group1-shard1of1\.bin: nothing \(expected the shard/);
  });

  it('leaves other JSON alone', () => {
    expect(() => read({ layers: [], note: 'modelTopology' }, {})).toThrow(/'a JSON file'/);
    expect(() => readModel(demoFile('market.keras').slice(0, 3), 'm')).toThrow(/3 bytes of an unknown kind/);
  });

  it('reads or refuses damaged files, whatever was damaged', () => {
    const { source } = realModels('tfjs-4').find(({ name }) => name === 'graph')!;
    const { bytes, beside } = source('model.json');
    let refused = 0;
    for (const damaged of mutations(bytes, 2000, 4)) {
      try {
        readModel(damaged, 'm', { beside });
      } catch (error) {
        expect(error).toBeInstanceOf(ModelError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});
