import type { LayerSpec, ModelSpec } from '../spec.ts';
import { checkModel, widthOf } from './check.ts';
import { openArchive } from './keras/archive.ts';
import { readChain } from './keras/chain.ts';
import { readLayer } from './keras/layers.ts';

/**
 * Reads a Keras 3 `.keras` archive of a chain of layers (Sequential, or Functional without branches) of the classes in
 * `keras/layers.ts`. A fixed input length makes the model windowed, unless its LSTM layers were built to carry their
 * state from batch to batch; a first Normalization gives the training mean.
 * @param file the file, for messages
 * @throws ModelError naming the layer and the tensor
 */
export function readKeras(bytes: Uint8Array, file: string): ModelSpec {
  const { config, weights } = openArchive(bytes, file);
  const chain = readChain(config, file);
  let layers: LayerSpec[] = [];
  let width = chain.inputs;
  for (const layer of chain.layers) {
    layers = readLayer(layer, width, layers, weights, file);
    if (layers.length) width = widthOf(layers.at(-1)!);
  }
  const carried = chain.layers.some((layer) => layer.config.raw('stateful') === true);
  const window = carried ? null : chain.window;
  const first = layers.find((layer) => layer.kind !== 'dropout');
  const last = layers.findLast((layer) => layer.kind !== 'dropout');
  const name = last?.name ?? 'output';
  return checkModel(
    {
      format: 'keras',
      name: chain.name,
      inputs: chain.inputs,
      outputs: width === 1 ? [name] : Array.from({ length: width }, (_, i) => `${name}_${i}`),
      layers,
      features: null,
      target: null,
      horizon: 1,
      mean: first?.kind === 'normalization' ? first.mean.slice() : null,
      mode: window === null ? 'stateful' : 'windowed',
      window,
      display: null,
      provenance: null,
    },
    file,
  );
}
