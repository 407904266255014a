import { invalid, ModelError } from '../../errors.ts';
import { findKind, kindOf, layerKinds } from '../layers/index.ts';
import type { Shape } from '../shape.ts';
import type { LayerSpec, ModelSpec, QuantityDisplay, Source } from '../spec.ts';
import { checkModel, tensorShapes } from './check.ts';
import { Fields } from './fields.ts';
import { type Safetensors, type Tensor, toFloat32, writeSafetensors } from './safetensors.ts';

/*
 * The native format: one safetensors file.
 *
 *     __metadata__.whytick   JSON: { format: 1, name, inputs, outputs, layers: [{ kind, name, inputs, ... }], features,
 *                            target, horizon, mode, window, display, provenance }
 *     <layer>.<tensor>       the tensors of each layer's kind, as `spec.ts` lays them out
 *     mean                   training mean of the inputs (F), in input units; may be absent
 *     errors                 errors of the target's output (n), oldest first, on ticks not learnt from; may be absent
 */

/** Raised when a reader of today could misread a file of tomorrow. */
const FORMAT = 1;

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
  const tensors = new Tensors(container.tensors, file);
  const inputs = fields.integer('inputs', 1);
  const spec: ModelSpec = {
    format: 'native',
    name: fields.text('name'),
    inputs,
    outputs: fields.texts('outputs'),
    layers: fields.list('layers', (value, path) => readLayer(new Fields(value, path), tensors)),
    features: fields.missing('features') ? null : fields.texts('features'),
    target: fields.missing('target') ? null : readTarget(fields.object('target')),
    horizon: fields.integer('horizon', 1),
    mean: tensors.find('mean'),
    mode: fields.oneOf('mode', ['stateful', 'windowed']),
    window: fields.missing('window') ? null : fields.integer('window', 1),
    display: fields.missing('display') ? null : readDisplay(fields.object('display'), inputs),
    provenance: fields.missing('provenance') ? null : readProvenance(fields),
  };
  const errors = tensors.find('errors');
  if (errors) spec.errors = errors;
  tensors.finish();
  return checkModel(spec, file);
}

/**
 * Writes a model in the native format, whatever format it came from. The same model gives the same bytes.
 * @throws ModelError where the model does not fit together
 */
export function writeNative(spec: ModelSpec): Uint8Array {
  if (spec.blackBox) {
    const expected = `a model of layers: this one is only called (${spec.blackBox.reason})`;
    throw new ModelError(invalid(spec.name, 'a black box', expected));
  }
  checkModel(spec, spec.name);
  const tensors: [string, { shape: readonly number[]; data: Float32Array }][] = [];
  const layers = spec.layers.map((layer) => {
    const all: Record<string, unknown> = { ...layer };
    for (const [key, shape] of Object.entries(tensorShapes(layer))) {
      tensors.push([`${layer.name}.${key}`, { shape, data: all[key] as Float32Array }]);
    }
    // what the kind does not list is not the model's
    const fields = ['kind', 'name', 'inputs', 'from', ...Object.keys(kindOf(layer).fields)];
    return sorted(Object.fromEntries(fields.flatMap((field) => (field in all ? [[field, all[field]]] : []))));
  });
  if (spec.mean) tensors.push(['mean', { shape: [spec.inputs], data: spec.mean }]);
  if (spec.errors) tensors.push(['errors', { shape: [spec.errors.length], data: spec.errors }]);
  const { name, inputs, outputs, features, target, horizon, mode, window, display, provenance } = spec;
  const meta = { name, inputs, outputs, layers, features, target, horizon, mode, window, display, provenance };
  return writeSafetensors(tensors, { whytick: JSON.stringify({ format: FORMAT, ...meta }) });
}

/** One layer: its plain fields and its tensors as its kind lists them. */
function readLayer(fields: Fields, tensors: Tensors): LayerSpec {
  const kind = findKind(fields.text('kind'));
  if (!kind) throw fields.wrong('kind', `one of ${layerKinds.map((known) => known.kind).join(', ')}`);
  const name = fields.text('name');
  const layer: Record<string, unknown> = { kind: kind.kind, name, inputs: fields.integer('inputs', 1) };
  if (!fields.missing('from')) layer.from = fields.list('from', readSource);
  for (const [key, read] of Object.entries(kind.fields)) {
    const value = read(fields, key);
    if (value !== undefined) layer[key] = value;
  }
  for (const listed of kind.tensorNames) {
    const key = listed.replace('?', '');
    const values = tensors.find(`${name}.${key}`);
    if (values) layer[key] = values;
    else if (key === listed) throw tensors.missing(name, key);
  }
  const spec = layer as unknown as LayerSpec;
  for (const [key, shape] of Object.entries(kind.tensors(spec))) tensors.check(name, key, shape);
  return spec;
}

function readSource(value: unknown, path: string): Source {
  const fields = new Fields(value, path);
  return { layer: fields.missing('layer') ? null : fields.text('layer'), output: fields.integer('output', 0) };
}

/** The tensors of the file, ticked off as layers take them. */
class Tensors {
  readonly #tensors: Map<string, Tensor>;
  readonly #file: string;
  readonly #used = new Set<string>();

  constructor(tensors: Map<string, Tensor>, file: string) {
    this.#tensors = tensors;
    this.#file = file;
  }

  /** A tensor's values, or null where there is none of that name. */
  find(key: string): Float32Array | null {
    const found = this.#tensors.get(key);
    if (!found) return null;
    this.#used.add(key);
    return toFloat32(found);
  }

  missing(layer: string, name: string): ModelError {
    return new ModelError(invalid(`${this.#file} ${layer} ${name}`, undefined, `a tensor '${layer}.${name}'`));
  }

  /** @throws ModelError where a tensor is not laid out as the layer says */
  check(layer: string, name: string, expected: Shape): void {
    const { shape } = this.#tensors.get(`${layer}.${name}`)!;
    if (shape.length === expected.length && shape.every((size, i) => size === expected[i])) return;
    throw new ModelError(invalid(`${this.#file} ${layer} ${name}`, shape, `shape [${expected.join(', ')}]`));
  }

  /** @throws ModelError where tensors are left that no layer names */
  finish(): void {
    for (const key of this.#tensors.keys()) {
      if (!this.#used.has(key))
        throw new ModelError(invalid(`${this.#file} ${key}`, 'a tensor', 'only tensors that a layer names'));
    }
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
