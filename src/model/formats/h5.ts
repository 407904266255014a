import { invalid, ModelError } from '../../errors.ts';
import type { ModelSpec } from '../spec.ts';
import { type Hdf5Group, openHdf5 } from './hdf5.ts';
import { buildModel, eraOf } from './keras/build.ts';
import { type NamedTensor, NamedTensors, partsOf } from './keras/named.ts';
import { type FileWeights, isCounter, leftOver } from './keras/weights.ts';

/** Weights lie in a group a layer, under the names that Keras gave them. */
const WEIGHTS = 'model_weights';

/**
 * Reads a whole model in Keras' legacy HDF5, of Keras 2 and 3, with one input and one output.
 * @param bytes an HDF5 file
 * @param file the file, for messages
 * @throws ModelError naming the layer and the tensor, or saying what the file holds instead
 */
export function readH5(bytes: Uint8Array, file: string): ModelSpec {
  const root = openHdf5(bytes, file);
  const config = root.attribute('model_config');
  const groups = root.get(WEIGHTS);
  if (typeof config !== 'string' || groups?.kind !== 'group') throw foreign(root, file);
  const era = eraOf(root.attribute('keras_version') ?? groups.attribute('keras_version'));
  return buildModel({ format: 'h5', file, config, era, weights: groupedWeights(groups, file) });
}

function foreign(root: Hdf5Group, file: string): ModelError {
  const weights =
    root.attribute('layer_names') !== undefined || root.get('layers') !== null || root.get(WEIGHTS) !== null;
  const expected = weights ? 'a whole model, as model.save writes it' : 'a model of Keras with its model_config';
  return new ModelError(invalid(file, weights ? 'weights alone' : 'an HDF5 file of another kind', expected));
}

function groupedWeights(groups: Hdf5Group, file: string): FileWeights {
  const taken = new Set<NamedTensor>();
  const read = new Map<string, NamedTensor[]>();
  const tensors = (layer: string): NamedTensor[] => {
    if (!read.has(layer)) read.set(layer, tensorsOf(groups.get(layer), `${file} ${layer}`));
    return read.get(layer)!;
  };
  return {
    layer: ({ name }) => new NamedTensors(tensors(name), taken, file, name),
    finish() {
      // a layer's name may hold slashes: its group then lies in another, which names no weights
      const all = [...new Set([...groups.keys(), ...read.keys()])].flatMap(tensors);
      const left = all.find((tensor) => !taken.has(tensor) && !isCounter(tensor.parts.join('/')));
      if (left) throw leftOver(`${file} ${left.name}`);
    },
  };
}

/** All tensors of a layer's group, not yet read. */
function tensorsOf(group: ReturnType<Hdf5Group['get']>, path: string): NamedTensor[] {
  if (group?.kind !== 'group') return [];
  return weightNames(group, path).map((name) => {
    const dataset = group.get(name);
    if (dataset?.kind !== 'dataset') throw new ModelError(invalid(`${path} ${name}`, undefined, 'a tensor'));
    return { name, parts: partsOf(name), shape: dataset.shape, type: dataset.type, read: () => dataset.floats() };
  });
}

/** `weight_names`, or where they are too long for one attribute `weight_names0`, `weight_names1` ... */
function weightNames(group: Hdf5Group, path: string): string[] {
  const whole = group.attribute('weight_names');
  const names = whole === undefined ? [] : list(whole, path);
  for (let i = 0; whole === undefined; i++) {
    const chunk = group.attribute(`weight_names${i}`);
    if (chunk === undefined) break;
    names.push(...list(chunk, path));
  }
  if (new Set(names).size < names.length)
    throw new ModelError(invalid(`${path} weight_names`, names, 'names that differ'));
  return names;
}

/** A list of texts; Keras writes an empty one as one of numbers. */
function list(value: unknown, path: string): string[] {
  const names = Array.isArray(value) ? (value as unknown[]) : [value];
  if (names.every((name) => typeof name === 'string')) return names as string[];
  throw new ModelError(invalid(`${path} weight_names`, value, 'texts'));
}
