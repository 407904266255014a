import { invalid, ModelError } from '../../errors.ts';
import { kindOf } from '../layers/index.ts';
import type { Shape } from '../shape.ts';
import type { LayerSpec, ModelSpec } from '../spec.ts';
import { firstWindowed, outputWidth, wire } from '../wiring.ts';

/** Predictions that wait for what arrives. */
const MOST_HORIZON = 1_000_000;

/** Every tensor of a layer: its name and its shape. */
export function tensorShapes(layer: LayerSpec): Record<string, Shape> {
  return kindOf(layer).tensors(layer);
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
 * Checks that a model fits together: every layer takes what the layers below give, every tensor has its shape and
 * holds finite numbers, the last layer gives the outputs. Every reader ends with it.
 * @param file the file, for messages
 * @returns the same model
 * @throws ModelError naming the layer and the tensor
 */
export function checkModel(spec: ModelSpec, file: string): ModelSpec {
  const width = spec.blackBox ? spec.outputs.length : checkLayers(spec, file);
  if (spec.outputs.length !== width) {
    throw new ModelError(invalid(`${file} outputs`, spec.outputs.length, `${width}, what the last layer gives`));
  }
  if (spec.target && spec.target.output >= width) {
    throw new ModelError(invalid(`${file} target output`, spec.target.output, `below ${width}`));
  }
  if (spec.features && spec.features.length !== spec.inputs) {
    throw new ModelError(invalid(`${file} features`, spec.features.length, `${spec.inputs}, one an input`));
  }
  if (spec.horizon > MOST_HORIZON)
    throw new ModelError(invalid(`${file} horizon`, spec.horizon, `at most ${MOST_HORIZON}`));
  if (spec.mean) checkValues(`${file} mean`, spec.mean, [spec.inputs]);
  if (spec.errors) checkValues(`${file} errors`, spec.errors, [spec.errors.length]);
  return spec;
}

function checkLayers(spec: ModelSpec, file: string): number {
  if (spec.layers.length === 0) throw new ModelError(invalid(`${file} layers`, 'none', 'at least one layer'));
  const wired = wire(spec, file);
  const reason = firstWindowed(wired);
  if (reason && spec.mode === 'stateful') {
    const { layer, windowed } = reason;
    throw new ModelError(invalid(`${file} mode`, spec.mode, `windowed: ${layer.name} ${windowed}`));
  }
  for (const layer of spec.layers) {
    for (const [key, shape] of Object.entries(tensorShapes(layer))) {
      checkValues(`${file} ${layer.name} ${key}`, (layer as unknown as Record<string, Float32Array>)[key]!, shape);
    }
  }
  return outputWidth(wired);
}

function checkValues(path: string, values: Float32Array, shape: Shape): void {
  const size = shape.reduce((product, n) => product * n, 1);
  if (values.length !== size)
    throw new ModelError(invalid(path, `${values.length} values`, `shape [${shape.join(', ')}]`));
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) throw new ModelError(invalid(`${path}[${i}]`, values[i], 'a finite number'));
  }
}
