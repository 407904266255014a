import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/errors.ts';
import { readModel } from '../../../src/model/formats/index.ts';
import type { DenseSpec, LstmSpec, NormalizationSpec } from '../../../src/model/spec.ts';
import { goldenFile } from '../../golden/golden.ts';
import { type Config, changeKeras, changeWeights, demoFile } from './models.ts';

const seed = goldenFile('keras-seed', 'model.keras');
const market = demoFile('market.keras');

/** The configuration of the layer of that name. */
const layer = (config: Config, name: string) => config.config.layers.find((l) => l.config.name === name)!;

describe('readKeras', () => {
  it('reads a Functional chain with a free length', () => {
    const spec = readModel(market, 'market.keras');
    expect(spec.layers.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'normalization normalization',
      'lstm lstm',
      'dense head',
      'rescaling units',
    ]);
    expect(spec).toMatchObject({
      format: 'keras',
      name: 'market',
      inputs: 3,
      outputs: ['units'],
      mode: 'stateful',
      window: null,
    });
    expect(spec).toMatchObject({ features: null, target: null, provenance: null });
    expect(spec.mean).toEqual((spec.layers[0] as NormalizationSpec).mean);
  });

  it('reads a Sequential model with a fixed length, each layer its own weights', () => {
    const spec = readModel(seed, 'seed.keras');
    expect(spec).toMatchObject({ inputs: 8, mode: 'windowed', window: 20, mean: null });
    expect(spec.layers.map(({ inputs }) => inputs)).toEqual([8, 128, 64]);
    expect((spec.layers[0] as LstmSpec).sequences).toBe(true);
    expect(spec.outputs).toEqual(Array.from({ length: 10 }, (_, i) => `dense_${i}`));
  });

  it('takes groups by class and order, whatever the layers are called', () => {
    const renamed = changeKeras(seed, (config) => {
      layer(config, 'lstm').config.name = 'first';
      layer(config, 'lstm_1').config.name = 'lstm';
    });
    const [first, second] = readModel(renamed, 'm').layers as LstmSpec[];
    expect([first!.name, second!.name]).toEqual(['first', 'lstm']);
    expect(second!.kernel).toEqual((readModel(seed, 'm').layers[1] as LstmSpec).kernel);
  });

  it('is stateful where the file carries states over, whatever its length', () => {
    const carried = changeKeras(seed, (config) => (layer(config, 'lstm').config.stateful = true));
    expect(readModel(carried, 'm')).toMatchObject({ mode: 'stateful', window: null });
  });

  it('folds an Activation into the Dense below it', () => {
    const split = changeKeras(seed, (config) => {
      layer(config, 'dense').config.activation = 'linear';
      config.config.layers.push({ class_name: 'Activation', config: { name: 'softmax', activation: 'softmax' } });
    });
    expect(readModel(split, 'm').layers).toEqual(readModel(seed, 'm').layers);
  });

  it('does without biases', () => {
    const bare = changeKeras(seed, (config) => {
      layer(config, 'lstm').config.use_bias = false;
      layer(config, 'dense').config.use_bias = false;
    });
    const { layers } = readModel(bare, 'm');
    expect((layers[0] as LstmSpec).bias).toEqual(new Float32Array(512));
    expect((layers[2] as DenseSpec).bias).toEqual(new Float32Array(10));
  });

  it('takes a Normalization’s numbers from the configuration where they were given', () => {
    const given = changeKeras(market, (config) => {
      Object.assign(layer(config, 'normalization').config, { mean: [[1, 2, 3]], variance: 4 });
    });
    const spec = readModel(given, 'm');
    expect(spec.layers[0]).toMatchObject({ mean: Float32Array.of(1, 2, 3), variance: Float32Array.of(4, 4, 4) });
    expect(spec.mean).toEqual(Float32Array.of(1, 2, 3));
  });

  it.each<[string, Uint8Array, (config: Config) => void, RegExp]>([
    [
      'another activation',
      seed,
      (c) => (layer(c, 'lstm').config.activation = 'relu'),
      /layers\[1\]\.config\.activation: 'relu' \(expected 'tanh'/,
    ],
    [
      'another gate',
      seed,
      (c) => (layer(c, 'lstm').config.recurrent_activation = 'hard_sigmoid'),
      /recurrent_activation: 'hard_sigmoid'/,
    ],
    [
      'going backwards',
      seed,
      (c) => (layer(c, 'lstm').config.go_backwards = true),
      /go_backwards: true \(expected false/,
    ],
    [
      'another layer',
      seed,
      (c) => (layer(c, 'lstm_1').class_name = 'GRU'),
      /^invalid m lstm_1: 'a GRU layer' \(expected layers of Activation, Dense/,
    ],
    [
      'an activation of one’s own',
      seed,
      (c) => (layer(c, 'dense').config.activation = { class_name: 'Mine' }),
      /activation: \{"class_name":"Mine"\}/,
    ],
    [
      'an unknown activation',
      seed,
      (c) => (layer(c, 'dense').config.activation = 'foo'),
      /^invalid m dense activation: 'foo'/,
    ],
    [
      'other units than the weights',
      seed,
      (c) => (layer(c, 'lstm').config.units = 64),
      /^invalid m lstm kernel: \[8,512\] \(expected shape \[8, 256\]\)/,
    ],
    [
      'units that are no number',
      seed,
      (c) => (layer(c, 'lstm').config.units = '9'),
      /units: '9' \(expected a whole number/,
    ],
    [
      'more layers than weights',
      seed,
      (c) => void c.config.layers.push({ class_name: 'Dense', config: { name: 'd', units: 1 } }),
      /^invalid m d kernel/,
    ],
    [
      'no features',
      seed,
      (c) => (layer(c, 'input_layer').config.batch_shape = [null, 20, null]),
      /^invalid m input shape: \[null,20,null\]/,
    ],
    [
      'a flat input',
      seed,
      (c) => (layer(c, 'input_layer').config.batch_shape = [null, 20]),
      /expected \[batch, ticks, features\]/,
    ],
    [
      'another class of model',
      seed,
      (c) => (c.class_name = 'Mine'),
      /class_name: 'Mine' \(expected Sequential or Functional\)/,
    ],
    [
      'two outputs',
      market,
      (c) =>
        (c.config.output_layers = [
          ['head', 0, 0],
          ['units', 0, 0],
        ]),
      /output_layers.*exactly one layer/,
    ],
    [
      'a branch left over',
      market,
      (c) => (c.config.output_layers = ['head', 0, 0]),
      /^invalid m units: 'Rescaling' \(expected one chain/,
    ],
    [
      'a chain that bites its tail',
      market,
      (c) => (layer(c, 'lstm').inbound_nodes = layer(c, 'units').inbound_nodes),
      /a cycle/,
    ],
    [
      'two inputs of a layer',
      market,
      (c) => (layer(c, 'head').inbound_nodes = [{ args: [[], []], kwargs: {} }]),
      /^invalid m head: 'Dense'/,
    ],
  ])('refuses %s', (_, bytes, change, message) => {
    const file = changeKeras(bytes, change);
    expect(() => readModel(file, 'm')).toThrow(ModelError);
    expect(() => readModel(file, 'm')).toThrow(message);
  });

  it('refuses every hundredth beginning of a file, and every one near its end', () => {
    for (let length = 0; length < market.length; length += length < market.length - 300 ? 100 : 1) {
      expect(() => readModel(market.subarray(0, length), 'm'), `${length} bytes`).toThrow(ModelError);
    }
  });

  it('refuses weights that are cut off inside a whole archive', () => {
    // The last kilobytes hold only a counter that nothing reads.
    for (let length = 0; length < 38_000; length += 997) {
      const file = changeWeights(market, (h5) => h5.slice(0, length));
      expect(() => readModel(file, 'm'), `${length} bytes`).toThrow(ModelError);
    }
  });

  it('never fails otherwise than by a ModelError on damaged weights', () => {
    // HDF5 keeps its structure in the first kilobytes: every byte of them in turn, in steps that keep the test short.
    for (let at = 0; at < 6000; at += 13) {
      const file = changeWeights(market, (h5) => h5.map((byte, i) => (i === at ? byte ^ 0xff : byte)));
      try {
        readModel(file, 'm');
      } catch (error) {
        expect(error, `byte ${at}`).toBeInstanceOf(ModelError);
      }
    }
  });
});

describe('readModel', () => {
  it.each<[string, number[], RegExp]>([
    ['an empty file', [], /^invalid m: 'an empty file' \(expected a Keras 3 \.keras archive, a native \.safetensors/],
    ['JSON', [...new TextEncoder().encode('{"modelTopology": {}}')], /'a JSON file'/],
    ['HDF5', [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0], /'an HDF5 file'/],
    ['text', [...new TextEncoder().encode('date,close\n')], /'11 bytes of an unknown kind'/],
  ])('names %s', (_, bytes, message) => {
    expect(() => readModel(Uint8Array.from(bytes), 'm')).toThrow(message);
  });
});
