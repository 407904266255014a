import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/errors.ts';
import { readModel } from '../../../src/model/formats/index.ts';
import type { DenseSpec, LayerSpec, LstmSpec, NormalizationSpec } from '../../../src/model/spec.ts';
import { goldenFile } from '../../golden/golden.ts';
import { mutations } from './fuzz.ts';
import { realModels } from './keras/files.ts';
import { type Config, changeKeras, changeWeights, demoFile } from './models.ts';

const seed = goldenFile('keras-seed', 'model.keras');
const market = demoFile('market.keras');
const attention = goldenFile('keras-mha', 'model.keras');

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

  it('reads a graph', () => {
    const { layers } = readModel(attention, 'm');
    expect(layers.map(({ kind, name, from }) => [kind, name, from?.map(({ layer }) => layer)])).toEqual([
      ['lstm', 'lstm', undefined],
      ['reshape', 'query', ['lstm']],
      ['multi-head-attention', 'mha', ['query', 'lstm']],
      ['reshape', 'context', undefined],
      ['concatenate', 'concat', ['context', 'lstm']],
      ['dense', 'dense', undefined],
    ]);
    // the query is the last h, not the sequence
    expect(layers[1]!.from).toEqual([{ layer: 'lstm', output: 1 }]);
    expect(layers[2]).toMatchObject({ heads: 2, keyWidth: 8, valueWidth: 8, units: 32, causal: false });
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

  it('knows what hard_sigmoid is by the version that wrote the file', () => {
    const harden = (config: Config) => (layer(config, 'lstm').config.recurrent_activation = 'hard_sigmoid');
    const of = (bytes: Uint8Array) => (readModel(bytes, 'm').layers[0] as LstmSpec).recurrentActivation;
    expect(of(changeKeras(seed, harden))).toBe('hard_sigmoid');
    expect(of(changeKeras(seed, harden, { keras_version: '2.15.0' }))).toBe('hard_sigmoid_2');
  });

  it('takes a Normalization’s numbers from the configuration where they were given', () => {
    const given = realModels('keras-3')
      .find(({ name }) => name === 'normgiven')!
      .read('model.keras');
    expect(given.layers.slice(0, 2)).toMatchObject([
      { mean: Float32Array.of(1, 2, 3), variance: Float32Array.of(4, 5, 6) },
      { mean: Float32Array.of(0.5, 0.5, 0.5), variance: Float32Array.of(2, 2, 2) },
    ]);
    expect(given.mean).toEqual(Float32Array.of(1, 2, 3));
    const twice = changeKeras(market, (config) => {
      Object.assign(layer(config, 'normalization').config, { mean: [[1, 2, 3]], variance: 4 });
    });
    expect(() => readModel(twice, 'm')).toThrow(/layers\/normalization\/vars\/0: 'a tensor' \(expected only tensors/);
  });

  it.each<[string, Uint8Array, (config: Config) => void, RegExp]>([
    [
      'another layer',
      seed,
      (c) => (layer(c, 'lstm_1').class_name = 'ConvLSTM1D'),
      /^invalid m lstm_1: 'a ConvLSTM1D layer' \(expected layers of Activation, /,
    ],
    [
      'an activation of one’s own',
      seed,
      (c) => (layer(c, 'dense').config.activation = { class_name: 'Mine' }),
      /^invalid m dense\.activation: \{"class_name":"Mine"\}/,
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
      /^invalid m lstm\.units: '9' \(expected a whole number/,
    ],
    [
      'more layers than weights',
      seed,
      (c) => void c.config.layers.push({ class_name: 'Dense', config: { name: 'd', units: 1 } }),
      /^invalid m d kernel: nothing \(expected a tensor at layers\/dense_1\/vars\/0 in model\.weights\.h5\)/,
    ],
    [
      'more weights than layers',
      seed,
      (c) => void c.config.layers.pop(),
      /^invalid m model\.weights\.h5 layers\/dense\/vars\/0: 'a tensor' \(expected only tensors/,
    ],
    [
      'fewer weights in a layer than the file has',
      seed,
      (c) => (layer(c, 'lstm').config.use_bias = false),
      /layers\/lstm\/cell\/vars\/2: 'a tensor'/,
    ],
    [
      'no features',
      seed,
      (c) => (layer(c, 'input_layer').config.batch_shape = [null, 20, null]),
      /^invalid m input shape: \[null,20,null\]/,
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
      /output_layers: 'head, units' \(expected one output/,
    ],
    [
      'a branch left over',
      market,
      (c) => (c.config.output_layers = ['head', 0, 0]),
      /^invalid m units: 'a Rescaling layer' \(expected layers between input and output only\)/,
    ],
    [
      'a chain that bites its tail',
      market,
      (c) => (layer(c, 'lstm').inbound_nodes = layer(c, 'units').inbound_nodes),
      /^invalid m lstm: 'a layer that feeds itself'/,
    ],
    [
      'two inputs of a layer that takes one',
      market,
      (c) => {
        const [node] = layer(c, 'head').inbound_nodes as [{ args: unknown[] }];
        node.args.push(node.args[0]);
      },
      /^invalid m head: '2 inputs' \(expected one input\)/,
    ],
    [
      'a layer called twice',
      market,
      (c) => layer(c, 'head').inbound_nodes!.push(layer(c, 'head').inbound_nodes![0]),
      /^invalid m head: 'a layer called 2 times'/,
    ],
    [
      'a window within the window',
      attention,
      (c) => (layer(c, 'mha').config.sliding_window = 3),
      /^invalid m mha\.sliding_window: 3/,
    ],
    [
      'a gate on attention',
      attention,
      (c) => (layer(c, 'mha').config.use_gate = true),
      /^invalid m mha\.use_gate: true/,
    ],
    [
      'quantised layers',
      attention,
      (c) => (layer(c, 'dense').config.quantization_config = { mode: 'int8' }),
      /^invalid m dense\.quantization_config/,
    ],
  ])('refuses %s', (_, bytes, change, message) => {
    const file = changeKeras(bytes, change);
    expect(() => readModel(file, 'm')).toThrow(ModelError);
    expect(() => readModel(file, 'm')).toThrow(message);
  });

  it('refuses an archive that lacks a part, and leaves other archives alone', () => {
    const config = zipSync({ 'config.json': new TextEncoder().encode('{}') });
    expect(() => readModel(config, 'm')).toThrow(
      /config\.json.*expected a Keras 3 archive with config\.json and model/,
    );
    const other = zipSync({ 'notes.txt': new Uint8Array(3) });
    expect(() => readModel(other, 'm')).toThrow(/^invalid m: 'a zip archive of notes\.txt' \(expected a Keras 3/);
  });

  it('refuses JSON without end', () => {
    const deep = changeKeras(market, (config) => {
      let nest: unknown = 0;
      for (let i = 0; i < 1000; i++) nest = [nest];
      config.config.deep = nest;
    });
    expect(() => readModel(deep, 'm')).toThrow(/^invalid m config: '100 levels'/);
  });

  it('refuses every hundredth beginning of a file, and every one near its end', () => {
    for (let length = 0; length < market.length; length += length < market.length - 300 ? 100 : 1) {
      expect(() => readModel(market.subarray(0, length), 'm'), `${length} bytes`).toThrow(ModelError);
    }
  });

  it('refuses weights that are cut off inside a whole archive', () => {
    for (let length = 0; length < 38_000; length += 997) {
      const file = changeWeights(market, (h5) => h5.slice(0, length));
      expect(() => readModel(file, 'm'), `${length} bytes`).toThrow(ModelError);
    }
  });
});

describe('damaged files', () => {
  /** Kinds of layers, or nothing where the file was refused as it should be. */
  const attempt = (bytes: Uint8Array): LayerSpec[] | null => {
    try {
      return readModel(bytes, 'm').layers;
    } catch (error) {
      expect(error).toBeInstanceOf(ModelError);
      return null;
    }
  };

  it('are read or refused, whatever was damaged', () => {
    let refused = 0;
    for (const bytes of mutations(attention, 2000, 1)) refused += attempt(bytes) ? 0 : 1;
    expect(refused).toBeGreaterThan(1000);
  });

  it('with whole archives around damaged weights as well', () => {
    let refused = 0;
    const weights: Uint8Array[] = [];
    changeWeights(attention, (h5) => {
      weights.push(...mutations(h5, 300, 2));
      return h5;
    });
    for (const h5 of weights) refused += attempt(changeWeights(attention, () => h5)) ? 0 : 1;
    expect(refused).toBeGreaterThan(30);
  });
});

describe('readModel', () => {
  it.each<[string, number[], RegExp]>([
    [
      'an empty file',
      [],
      /^invalid m: 'an empty file' \(expected a Keras 3 \.keras archive, a legacy Keras \.h5, a Tensor/,
    ],
    ['JSON', [...new TextEncoder().encode('{"layers": {}}')], /'a JSON file'/],
    ['text', [...new TextEncoder().encode('date,close\n')], /'11 bytes of an unknown kind'/],
  ])('names %s', (_, bytes, message) => {
    expect(() => readModel(Uint8Array.from(bytes), 'm')).toThrow(message);
  });

  it('keeps a Dense’s own activation', () => {
    expect((readModel(seed, 'm').layers[2] as DenseSpec).activation).toBe('softmax');
  });
});
