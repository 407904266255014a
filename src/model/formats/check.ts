import { invalid, ModelError } from '../../errors.ts';
import { ACTIVATIONS, activationIndex } from '../activations.ts';
import type { LayerSpec, ModelSpec } from '../spec.ts';

/** Every tensor of one kind of layer: its name and its shape. */
export function tensorShapes(layer: LayerSpec): Record<string, number[]> {
  const I = layer.inputs;
  switch (layer.kind) {
    case 'lstm':
      return { kernel: [I, 4 * layer.units], recurrent: [layer.units, 4 * layer.units], bias: [4 * layer.units] };
    case 'dense':
      return { kernel: [I, layer.units], bias: [layer.units] };
    case 'normalization':
      return { mean: [I], variance: [I] };
    case 'rescaling':
      return { scale: [layer.scale.length], offset: [layer.offset.length] };
    case 'dropout':
      return {};
  }
}

/** Values that one step of the layer gives. */
export function widthOf(layer: LayerSpec): number {
  return layer.kind === 'lstm' || layer.kind === 'dense' ? layer.units : layer.inputs;
}

/** Numbers that training chose: weights, and what a normalization measured. */
export function parameterCount(layer: LayerSpec): number {
  if (layer.kind === 'rescaling') return 0;
  return Object.values(tensorShapes(layer)).reduce(
    (sum, shape) => sum + shape.reduce((product, n) => product * n, 1),
    0,
  );
}

/**
 * Checks that a model fits together: every layer takes what the layer below gives, every tensor has its shape and
 * holds finite numbers, the last layer gives the outputs. Every reader ends with it.
 * @param file the file, for messages
 * @returns the same model
 * @throws ModelError naming the layer and the tensor
 */
export function checkModel(spec: ModelSpec, file: string): ModelSpec {
  const names = new Set<string>();
  let width = spec.inputs;
  let finished: string | null = null;
  for (const layer of spec.layers) {
    const path = `${file} ${layer.name}`;
    if (names.has(layer.name)) throw new ModelError(invalid(path, layer.name, 'a name that no other layer has'));
    names.add(layer.name);
    if (layer.inputs !== width)
      throw new ModelError(invalid(`${path} inputs`, layer.inputs, `${width}, what the layer below gives`));
    if (layer.kind === 'lstm') {
      if (finished !== null) {
        throw new ModelError(
          invalid(path, 'an LSTM', `a layer that works on one step: ${finished} gives its last step only`),
        );
      }
      if (!layer.sequences) finished = layer.name;
    }
    if (layer.kind === 'dense' && activationIndex(layer.activation) < 0) {
      throw new ModelError(invalid(`${path} activation`, layer.activation, `one of ${ACTIVATIONS.join(', ')}`));
    }
    checkTensors(layer, path);
    width = widthOf(layer);
  }
  if (spec.layers.length === 0) throw new ModelError(invalid(`${file} layers`, 'none', 'at least one layer'));
  if (spec.outputs.length !== width) {
    throw new ModelError(invalid(`${file} outputs`, spec.outputs.length, `${width}, what the last layer gives`));
  }
  if (spec.target && spec.target.output >= width) {
    throw new ModelError(invalid(`${file} target output`, spec.target.output, `below ${width}`));
  }
  if (spec.features && spec.features.length !== spec.inputs) {
    throw new ModelError(invalid(`${file} features`, spec.features.length, `${spec.inputs}, one an input`));
  }
  if (spec.mean) checkValues(`${file} mean`, spec.mean, [spec.inputs]);
  return spec;
}

function checkTensors(layer: LayerSpec, path: string): void {
  if (layer.kind === 'rescaling') {
    for (const key of ['scale', 'offset'] as const) {
      const { length } = layer[key];
      if (length !== 1 && length !== layer.inputs) {
        throw new ModelError(invalid(`${path} ${key}`, `${length} values`, `1 or ${layer.inputs}`));
      }
    }
  }
  for (const [key, shape] of Object.entries(tensorShapes(layer))) {
    checkValues(`${path} ${key}`, (layer as unknown as Record<string, Float32Array>)[key]!, shape);
  }
  if (layer.kind === 'normalization') {
    const i = layer.variance.findIndex((variance) => variance < 0);
    if (i >= 0) throw new ModelError(invalid(`${path} variance[${i}]`, layer.variance[i], 'zero or more'));
  }
}

function checkValues(path: string, values: Float32Array, shape: number[]): void {
  const size = shape.reduce((product, n) => product * n, 1);
  if (values.length !== size)
    throw new ModelError(invalid(path, `${values.length} values`, `shape [${shape.join(', ')}]`));
  const i = values.findIndex((value) => !Number.isFinite(value));
  if (i >= 0) throw new ModelError(invalid(`${path}[${i}]`, values[i], 'a finite number'));
}
