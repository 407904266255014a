import { invalid, ModelError } from '../../../errors.ts';
import { Fields } from '../fields.ts';

/** One layer of a Keras model, and where its tensors lie. */
export interface KerasLayer {
  /** Keras' class, such as `LSTM`. */
  kind: string;
  name: string;
  config: Fields;
  /** Its group in model.weights.h5, such as `layers/lstm_1`. */
  group: string;
}

export interface KerasChain {
  name: string;
  /** T that the file fixes, or null. */
  window: number | null;
  /** F. */
  inputs: number;
  /** From the input to the output, without the InputLayer. */
  layers: KerasLayer[];
}

/**
 * Reads a Sequential model, or a Functional one whose layers form a single chain.
 * @param text config.json
 * @param file the file, for messages
 * @throws ModelError naming the layer that branches, or what else is not understood
 */
export function readChain(text: string, file: string): KerasChain {
  const root = Fields.parse(text, `${file} config`);
  const kind = root.text('class_name');
  const config = root.object('config');
  const all = placed(config);
  if (kind === 'Sequential') return sequential(config, all, file);
  if (kind === 'Functional' || kind === 'Model') return functional(config, all, file);
  throw root.wrong('class_name', 'Sequential or Functional');
}

interface Placed extends KerasLayer {
  fields: Fields;
}

/**
 * All layers with their groups. Keras 3 names a group after the layer's class in snake case, not after the layer, and
 * counts repetitions within the model: lstm, lstm_1, dense.
 */
function placed(config: Fields): Placed[] {
  const used = new Map<string, number>();
  return config.list('layers', (value, path) => {
    const fields = new Fields(value, path);
    const kind = fields.text('class_name');
    const layer = fields.object('config');
    const base = snakeCase(kind);
    const count = used.get(base) ?? 0;
    used.set(base, count + 1);
    return {
      kind,
      name: layer.text('name'),
      config: layer,
      group: `layers/${count ? `${base}_${count}` : base}`,
      fields,
    };
  });
}

function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

function sequential(config: Fields, all: Placed[], file: string): KerasChain {
  const first = all[0];
  const shape = first?.config.raw('batch_shape') ?? config.raw('build_input_shape');
  const layers = all.filter((layer) => layer.kind !== 'InputLayer');
  return { name: config.text('name'), ...inputShape(shape, `${file} input`), layers };
}

function functional(config: Fields, all: Placed[], file: string): KerasChain {
  const byName = new Map(all.map((layer) => [layer.name, layer]));
  const input = endpoint(config, 'input_layers', byName);
  if (input.kind !== 'InputLayer') throw new ModelError(invalid(`${file} ${input.name}`, input.kind, 'an InputLayer'));
  const chain: Placed[] = [];
  let layer = endpoint(config, 'output_layers', byName);
  while (layer !== input) {
    chain.unshift(layer);
    if (chain.length >= all.length)
      throw new ModelError(invalid(`${file} ${layer.name}`, 'a cycle', 'a chain of layers'));
    layer = below(layer, byName, file);
  }
  const left = all.find((other) => other !== input && !chain.includes(other));
  if (left)
    throw new ModelError(invalid(`${file} ${left.name}`, left.kind, 'one chain of layers from input to output'));
  return {
    name: config.text('name'),
    ...inputShape(input.config.raw('batch_shape'), `${file} ${input.name}`),
    layers: chain,
  };
}

/** `["name", 0, 0]`, or a list of one of these. */
function endpoint(config: Fields, key: string, byName: Map<string, Placed>): Placed {
  let value = config.raw(key);
  if (Array.isArray(value) && value.length === 1) value = value[0];
  const layer = Array.isArray(value) && value.length === 3 ? byName.get(value[0] as string) : undefined;
  if (!layer) throw config.wrong(key, 'exactly one layer of the model');
  return layer;
}

/** The one layer whose first output feeds `layer`. */
function below(layer: Placed, byName: Map<string, Placed>, file: string): Placed {
  const nodes = layer.fields.list('inbound_nodes', (value, path) => new Fields(value, path));
  const expected = 'a layer called once, on the one output of one layer';
  const args = nodes.length === 1 ? nodes[0]!.raw('args') : null;
  const [arg, ...more] = Array.isArray(args) ? args : [];
  const isTensor =
    typeof arg === 'object' && arg !== null && (arg as Record<string, unknown>).class_name === '__keras_tensor__';
  if (!isTensor || more.length) throw new ModelError(invalid(`${file} ${layer.name}`, layer.kind, expected));
  const history = new Fields(arg, `${file} ${layer.name} input`).object('config').raw('keras_history');
  const [name, node, output] = Array.isArray(history) ? history : [];
  const found = byName.get(name as string);
  if (!found || node !== 0 || output !== 0) {
    throw new ModelError(invalid(`${file} ${layer.name} input`, history, expected));
  }
  return found;
}

/** [batch, T, F]: T may be free, F may not. */
function inputShape(shape: unknown, path: string): { window: number | null; inputs: number } {
  const [, T, F] = Array.isArray(shape) ? shape : [];
  const fits = Array.isArray(shape) && shape.length === 3 && isSize(F) && (T === null || isSize(T));
  if (!fits)
    throw new ModelError(invalid(`${path} shape`, shape, '[batch, ticks, features] with a known number of features'));
  return { window: T as number | null, inputs: F as number };
}

function isSize(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
