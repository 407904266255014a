import { invalid, ModelError } from '../../errors.ts';
import type { LayerSpec, ModelSpec, QuantityDisplay } from '../spec.ts';
import { checkModel, tensorShapes } from './check.ts';
import { Fields } from './fields.ts';
import { type Safetensors, type Tensor, toFloat32, writeSafetensors } from './safetensors.ts';

/*
 * The native format: one safetensors file.
 *
 *     __metadata__.whytick   JSON: { format: 1, name, inputs, outputs, layers: [{ kind, name, inputs, ... }], features,
 *                            target, horizon, mode, window, display, provenance }
 *     <layer>.<tensor>       lstm: kernel (I, 4H), recurrent (H, 4H), bias (4H), gates i, f, g, o;
 *                            dense: kernel (I, O), bias (O); normalization: mean, variance (I);
 *                            rescaling: scale, offset (1 or I)
 *     mean                   training mean of the inputs (F), in input units; may be absent
 */

/** Raised when a reader of today could misread a file of tomorrow. */
const FORMAT = 1;

const KINDS = ['lstm', 'dense', 'normalization', 'rescaling', 'dropout'] as const;

/** Whether a safetensors file carries a native model, and not, for instance, a PyTorch state dict. */
export function isNative({ metadata }: Safetensors): boolean {
  return Object.hasOwn(metadata, 'whytick');
}

/**
 * Reads a native model.
 * @param file the file, for messages
 * @throws ModelError naming the field, or the layer and the tensor
 */
export function readNative(container: Safetensors, file: string): ModelSpec {
  const fields = Fields.parse(container.metadata.whytick!, `${file} metadata`);
  const format = fields.raw('format');
  if (format !== FORMAT) throw fields.wrong('format', `${FORMAT}, the format this version of whytick reads`);
  const used = new Set<string>();
  const tensor = (key: string, path: string): Float32Array => {
    const found = container.tensors.get(key);
    if (!found) throw new ModelError(invalid(path, undefined, `a tensor '${key}'`));
    used.add(key);
    return toFloat32(found);
  };
  const inputs = fields.integer('inputs', 1);
  const spec: ModelSpec = {
    format: 'native',
    name: fields.text('name'),
    inputs,
    outputs: fields.texts('outputs'),
    layers: fields.list('layers', (value, path) => {
      const layer = readLayer(new Fields(value, path), (key, name) =>
        tensor(`${name}.${key}`, `${file} ${name} ${key}`),
      );
      checkShapes(layer, container.tensors, file);
      return layer;
    }),
    features: fields.missing('features') ? null : fields.texts('features'),
    target: fields.missing('target') ? null : readTarget(fields.object('target')),
    horizon: fields.integer('horizon', 1),
    mean: container.tensors.has('mean') ? tensor('mean', `${file} mean`) : null,
    mode: fields.oneOf('mode', ['stateful', 'windowed']),
    window: fields.missing('window') ? null : fields.integer('window', 1),
    display: fields.missing('display') ? null : readDisplay(fields.object('display'), inputs),
    provenance: fields.missing('provenance') ? null : readProvenance(fields),
  };
  for (const key of container.tensors.keys()) {
    if (!used.has(key)) throw new ModelError(invalid(`${file} ${key}`, 'a tensor', 'only tensors that a layer names'));
  }
  return checkModel(spec, file);
}

/**
 * Writes a model in the native format, whatever format it came from. The same model gives the same bytes.
 * @throws ModelError where the model does not fit together
 */
export function writeNative(spec: ModelSpec): Uint8Array {
  checkModel(spec, spec.name);
  const tensors: [string, { shape: number[]; data: Float32Array }][] = [];
  const layers = spec.layers.map((layer) => {
    const description: Record<string, unknown> = { ...layer };
    for (const [key, shape] of Object.entries(tensorShapes(layer))) {
      tensors.push([`${layer.name}.${key}`, { shape, data: description[key] as Float32Array }]);
      delete description[key];
    }
    return sorted(description);
  });
  if (spec.mean) tensors.push(['mean', { shape: [spec.inputs], data: spec.mean }]);
  const { name, inputs, outputs, features, target, horizon, mode, window, display, provenance } = spec;
  const meta = { name, inputs, outputs, layers, features, target, horizon, mode, window, display, provenance };
  return writeSafetensors(tensors, { whytick: JSON.stringify({ format: FORMAT, ...meta }) });
}

function readLayer(fields: Fields, tensor: (key: string, name: string) => Float32Array): LayerSpec {
  const kind = fields.oneOf('kind', KINDS);
  const name = fields.text('name');
  const inputs = fields.integer('inputs', 1);
  const get = (key: string) => tensor(key, name);
  switch (kind) {
    case 'lstm': {
      const units = fields.integer('units', 1);
      const sequences = fields.flag('sequences');
      return {
        kind,
        name,
        inputs,
        units,
        sequences,
        kernel: get('kernel'),
        recurrent: get('recurrent'),
        bias: get('bias'),
      };
    }
    case 'dense': {
      const units = fields.integer('units', 1);
      return {
        kind,
        name,
        inputs,
        units,
        activation: fields.text('activation'),
        kernel: get('kernel'),
        bias: get('bias'),
      };
    }
    case 'normalization':
      return { kind, name, inputs, mean: get('mean'), variance: get('variance') };
    case 'rescaling':
      return { kind, name, inputs, scale: get('scale'), offset: get('offset') };
    case 'dropout':
      return { kind, name, inputs, rate: fields.number('rate') };
  }
}

/** The number of values is checked with the whole model; here, that they are laid out as the layer says. */
function checkShapes(layer: LayerSpec, tensors: Map<string, Tensor>, file: string): void {
  for (const [key, expected] of Object.entries(tensorShapes(layer))) {
    const { shape } = tensors.get(`${layer.name}.${key}`)!;
    if (shape.length === expected.length && shape.every((size, i) => size === expected[i])) continue;
    throw new ModelError(invalid(`${file} ${layer.name} ${key}`, shape, `shape [${expected.join(', ')}]`));
  }
}

function readTarget(fields: Fields): ModelSpec['target'] {
  return { expression: fields.text('expression'), output: fields.integer('output', 0) };
}

function readDisplay(fields: Fields, inputs: number): ModelSpec['display'] {
  const features = fields.list('features', (value, path) => readQuantity(new Fields(value, path)));
  if (features.length !== inputs) throw fields.wrong('features', `${inputs} quantities, one an input`);
  return {
    features,
    target: readQuantity(fields.object('target')),
    axis: fields.oneOf('axis', ['time', 'tick']),
    tickMeans: fields.missing('tickMeans') ? null : fields.text('tickMeans'),
  };
}

function readQuantity(fields: Fields): QuantityDisplay {
  return { label: fields.text('label'), unit: fields.text('unit'), scale: fields.number('scale') };
}

function readProvenance(fields: Fields): Record<string, unknown> {
  fields.object('provenance');
  return fields.raw('provenance') as Record<string, unknown>;
}

/** A layer's plain fields with `kind` and `name` first and the rest by name, so that the bytes do not depend on who made it. */
function sorted(description: Record<string, unknown>): Record<string, unknown> {
  const { kind, name, ...rest } = description;
  return { kind, name, ...Object.fromEntries(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))) };
}
