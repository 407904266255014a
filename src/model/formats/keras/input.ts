import { invalid, ModelError } from '../../../errors.ts';
import { Fields } from '../fields.ts';
import { isModel } from './config.ts';

/** What feeds a model. */
export interface KerasInput {
  /** T that the file fixes, or null. */
  window: number | null;
  /** F. */
  inputs: number;
  /** Keras sees [batch, ticks], without an axis of features: tokens, or one column. */
  flat: boolean;
}

/**
 * What a model takes: [batch, ticks, features], or [batch, ticks], which is read as one feature.
 * @param root `{class_name, config}` of the whole model
 * @param path the file, for messages
 * @throws ModelError where the file does not say, or says something else
 */
export function readInput(root: Fields, path: string): KerasInput {
  const shape = shapeOf(root) ?? buildShape(root);
  const [, T, F] = Array.isArray(shape) ? shape : [];
  const flat = Array.isArray(shape) && shape.length === 2;
  const fits = (flat || (Array.isArray(shape) && shape.length === 3 && isSize(F))) && (T === null || isSize(T));
  if (!fits) {
    const expected = '[batch, ticks, features] with a known number of features, or [batch, ticks]';
    throw new ModelError(invalid(`${path} input shape`, shape, expected));
  }
  return { window: T as number | null, inputs: flat ? 1 : (F as number), flat };
}

/** Of the InputLayer, or of a Sequential model's first layer. */
function shapeOf(model: Fields): unknown {
  const config = model.raw('config');
  const isSequential = model.raw('class_name') === 'Sequential';
  const fields = new Fields(Array.isArray(config) ? { layers: config } : config, model.at('config'));
  const layers = fields.list('layers', (value, path) => new Fields(value, path));
  const first = isSequential
    ? layers[0]
    : layers.find((layer) => nameOf(layer) === firstName(fields.raw('input_layers')));
  if (!first) return undefined;
  if (isModel(first.text('class_name'))) return shapeOf(first);
  const own = first.object('config');
  return own.raw('batch_shape') ?? own.raw('batch_input_shape');
}

function nameOf(layer: Fields): unknown {
  return layer.raw('name') ?? layer.object('config').raw('name');
}

/** The first text in lists within lists, or under a name. */
function firstName(ends: unknown): unknown {
  while (typeof ends === 'object' && ends !== null) [ends] = Object.values(ends);
  return ends;
}

/** What a Sequential model was built with, where its layers do not say. */
function buildShape(root: Fields): unknown {
  const config = root.raw('config');
  const own = Array.isArray(config) ? undefined : root.object('config').raw('build_input_shape');
  return own ?? (root.missing('build_config') ? undefined : root.object('build_config').raw('input_shape'));
}

function isSize(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
