import type { ModelFile } from '../../../../src/model/formats/index.ts';

/** A layer of a small model. */
export interface Layer {
  kind: string;
  name: string;
  config?: Record<string, unknown>;
  /** What feeds it: layers, or one of their outputs; the layer before, where nothing is said. */
  on?: (string | [string, number])[];
  keywords?: Record<string, unknown>;
  /** Shapes of its tensors by their names. */
  weights?: Record<string, number[]>;
}

/**
 * A Functional model as TensorFlow.js lays it out, every weight counting up by one thousandth. What a layer's configuration
 * means is the same in all formats of Keras.
 * @param shape of the input, without the batch
 */
export function graph(shape: (number | null)[], layers: Layer[]): ModelFile {
  const input = { class_name: 'InputLayer', name: 'x', config: { name: 'x', batch_input_shape: [null, ...shape] } };
  let before = 'x';
  const entries = layers.map(({ kind, name, config = {}, on = [before], keywords = {} }) => {
    before = name;
    const node = on.map((from) => [...(typeof from === 'string' ? [from, 0, 0] : [from[0], 0, from[1]]), keywords]);
    return { class_name: kind, name, config: { name, ...config }, inbound_nodes: [node] };
  });
  const config = {
    name: 'small',
    layers: [{ ...input, inbound_nodes: [] }, ...entries],
    input_layers: [['x', 0, 0]],
    output_layers: [[before, 0, 0]],
  };
  return tfjs({ class_name: 'Functional', config }, weightsOf(layers));
}

/** A Sequential model of the same kind. */
export function sequential(shape: (number | null)[], layers: Layer[]): ModelFile {
  const entries = layers.map(({ kind, name, config }, i) => ({
    class_name: kind,
    config: { name, ...(i === 0 && { batch_input_shape: [null, ...shape] }), ...config },
  }));
  return tfjs({ class_name: 'Sequential', config: { name: 'small', layers: entries } }, weightsOf(layers));
}

function weightsOf(layers: Layer[]): [string, number[]][] {
  return layers.flatMap(({ name, weights = {} }) =>
    Object.entries(weights).map(([key, shape]): [string, number[]] => [`${name}/${key}`, shape]),
  );
}

/** model.json with one shard. */
export function tfjs(topology: unknown, weights: [string, number[]][]): ModelFile {
  const size = (shape: number[]) => shape.reduce((product, n) => product * n, 1);
  const total = weights.reduce((sum, [, shape]) => sum + size(shape), 0);
  const values = Float32Array.from({ length: total }, (_, i) => (i + 1) / 1000);
  const manifest = [{ paths: ['w.bin'], weights: weights.map(([name, shape]) => ({ name, shape, dtype: 'float32' })) }];
  const text = JSON.stringify({ format: 'layers-model', modelTopology: topology, weightsManifest: manifest });
  return {
    bytes: new TextEncoder().encode(text),
    file: 'm',
    beside: () => new Uint8Array(values.buffer),
  };
}
