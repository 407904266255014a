import { invalid, ModelError } from '../../../errors.ts';
import type { DenseSpec, LayerSpec } from '../../spec.ts';
import type { Fields } from '../fields.ts';
import type { Weights } from './archive.ts';
import type { KerasLayer } from './chain.ts';

/** What a layer's reader gets: the layer, what feeds it, and the weights. */
interface Place {
  layer: KerasLayer;
  /** Width of what the layer below gives. */
  inputs: number;
  /** The layers read so far; Activation folds itself into the last. */
  below: LayerSpec[];
  /** Reads `<group>/<path>`, which must have the shape; `tensor` names it in messages. */
  tensor(path: string, shape: readonly number[], tensor: string): Float32Array;
  /** File and layer, for messages. */
  path: string;
}

/** How to read each class, alphabetical. A reader gives a layer, or null where it changed the layer below instead. */
const readers: Record<string, (place: Place) => LayerSpec | null> = {
  Activation: readActivation,
  Dense: readDense,
  Dropout: ({ layer, inputs }) => ({ kind: 'dropout', name: layer.name, inputs, rate: layer.config.number('rate') }),
  LSTM: readLstm,
  Normalization: readNormalization,
  Rescaling: readRescaling,
};

/**
 * Reads one Keras layer after those below it.
 * @param inputs width of what the layer below gives
 * @param file the file, for messages
 * @returns the layers so far with this one
 * @throws ModelError naming the layer and what of it is not supported
 */
export function readLayer(
  layer: KerasLayer,
  inputs: number,
  below: LayerSpec[],
  weights: Weights,
  file: string,
): LayerSpec[] {
  const path = `${file} ${layer.name}`;
  const read = Object.hasOwn(readers, layer.kind) ? readers[layer.kind]! : null;
  if (!read)
    throw new ModelError(invalid(path, `a ${layer.kind} layer`, `layers of ${Object.keys(readers).join(', ')}`));
  const tensor: Place['tensor'] = (at, shape, name) =>
    weights.read(`${layer.group}/${at}`, shape, `${layer.name} ${name}`);
  const spec = read({ layer, inputs, below, tensor, path });
  return spec ? [...below, spec] : below;
}

function readLstm({ layer, inputs, tensor }: Place): LayerSpec {
  const { config, name } = layer;
  require(config, 'activation', 'tanh');
  require(config, 'recurrent_activation', 'sigmoid');
  if (config.flag('go_backwards', false)) throw config.wrong('go_backwards', 'false: a stream runs forward');
  if (config.flag('return_state', false)) throw config.wrong('return_state', 'false');
  const units = config.integer('units', 1);
  const rows = 4 * units;
  return {
    kind: 'lstm',
    name,
    inputs,
    units,
    sequences: config.flag('return_sequences', false),
    kernel: tensor('cell/vars/0', [inputs, rows], 'kernel'),
    recurrent: tensor('cell/vars/1', [units, rows], 'recurrent kernel'),
    bias: config.flag('use_bias', true) ? tensor('cell/vars/2', [rows], 'bias') : new Float32Array(rows),
  };
}

function readDense({ layer, inputs, tensor }: Place): LayerSpec {
  const { config, name } = layer;
  const units = config.integer('units', 1);
  return {
    kind: 'dense',
    name,
    inputs,
    units,
    activation: activationName(config),
    kernel: tensor('vars/0', [inputs, units], 'kernel'),
    bias: config.flag('use_bias', true) ? tensor('vars/1', [units], 'bias') : new Float32Array(units),
  };
}

/** An activation of its own becomes that of the Dense layer below it. */
function readActivation({ layer, below, path }: Place): null {
  const activation = activationName(layer.config);
  if (activation === 'linear') return null;
  const dense = below.findLast((other) => other.kind !== 'dropout');
  if (dense?.kind !== 'dense' || dense.activation !== 'linear') {
    throw new ModelError(
      invalid(path, `the activation ${activation}`, 'an activation right after a Dense layer without one'),
    );
  }
  (dense as DenseSpec).activation = activation;
  return null;
}

/** Mean and variance are weights where the layer was adapted, and part of the configuration where they were given. */
function readNormalization({ layer, inputs, tensor }: Place): LayerSpec {
  const { config, name } = layer;
  if (config.flag('invert', false)) throw config.wrong('invert', 'false');
  const axis = config.raw('axis') ?? [];
  const axes = Array.isArray(axis) ? axis : [axis];
  const last = axes.length === 1 && (axes[0] === -1 || axes[0] === 2);
  if (axes.length && !last) throw config.wrong('axis', 'the last axis, or none');
  // Without an axis, Keras keeps one mean and one variance for all features.
  const given = (key: 'mean' | 'variance', at: string) =>
    config.missing(key) ? tensor(at, last ? [inputs] : [], key) : numbers(config, key);
  return {
    kind: 'normalization',
    name,
    inputs,
    mean: spread(given('mean', 'vars/0'), inputs),
    variance: spread(given('variance', 'vars/1'), inputs),
  };
}

function readRescaling({ layer, inputs }: Place): LayerSpec {
  const { config, name } = layer;
  return { kind: 'rescaling', name, inputs, scale: numbers(config, 'scale'), offset: numbers(config, 'offset') };
}

/** A number, or numbers nested as Keras writes them: [[1, 2, 3]]. */
function numbers(config: Fields, key: string): Float32Array {
  const value = config.raw(key);
  const list = Array.isArray(value) ? value.flat(3) : [value];
  if (!list.every((item) => typeof item === 'number')) throw config.wrong(key, 'a number, or one a feature');
  return Float32Array.from(list as number[]);
}

function spread(values: Float32Array, size: number): Float32Array {
  return values.length === 1 ? new Float32Array(size).fill(values[0]!) : values;
}

function require(config: Fields, key: string, only: string): void {
  if (config.raw(key) !== only) throw config.wrong(key, `'${only}', the only one supported here`);
}

/** Any of Keras' names; a custom function or a layer in its place is refused. */
function activationName(config: Fields): string {
  if (config.missing('activation')) return 'linear';
  if (typeof config.raw('activation') !== 'string')
    throw config.wrong('activation', 'the name of one of Keras’ activations');
  return config.text('activation');
}
