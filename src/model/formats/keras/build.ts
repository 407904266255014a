import type { ModelSpec } from '../../spec.ts';
import { SpecBuilder, type Value } from '../builder.ts';
import { Fields } from '../fields.ts';
import { isModel } from './config.ts';
import { readInput } from './input.ts';
import { plain } from './plain.ts';
import { Walk } from './walk.ts';
import type { FileWeights } from './weights.ts';

/** A Keras model in any of its formats. */
export interface KerasFile {
  format: ModelSpec['format'];
  file: string;
  /** The configuration: JSON, or what it holds. */
  config: unknown;
  /** What wrote it. */
  era: Era;
  weights: FileWeights;
}

/**
 * Builds the model that a configuration describes, Sequential or Functional. A fixed number of ticks makes it windowed, unless
 * a layer carries its state from batch to batch.
 * @throws ModelError naming the layer and what of it is not supported, or the tensor that does not fit
 */
export function buildModel({ format, file, config, era, weights }: KerasFile): ModelSpec {
  const root = new Fields(plain(config, `${file} config`), `${file} config`);
  const kind = root.text('class_name');
  if (!isModel(kind)) throw root.wrong('class_name', 'Sequential or Functional');
  const { window, inputs, flat } = readInput(root, file);
  const builder = new SpecBuilder(file, inputs, window);
  const walk = new Walk({ file, builder, ...era, flat: new Set<Value>(flat ? [builder.input] : []) });
  const { name, output } = walk.model(kind, root.raw('config'), builder.input, weights);
  weights.finish();
  const mode = window === null || walk.carried ? 'stateful' : 'windowed';
  return builder.finish(output, { format, name, mode });
}

/** What differs between the versions of Keras that leave the same configuration behind. */
export interface Era {
  /** Keras 1 or 2, or TensorFlow.js: some names mean other things. */
  legacy: boolean;
  /** Bidirectional gives zeros for masked ticks. */
  bidirectionalZeros: boolean;
}

/** TensorFlow.js. */
export const TFJS_ERA: Era = { legacy: true, bidirectionalZeros: false };

/** The era of a version of Keras: `3.15.1`, `2.2.4-tf`; a file that does not say is older than 3. */
export function eraOf(version: unknown): Era {
  const [, major, minor, tf] = (typeof version === 'string' && /^(\d+)\.(\d+)(?:.*(-tf))?/.exec(version)) || [];
  const legacy = !(Number(major) >= 3);
  // from 2.4 on Keras is TensorFlow's
  const own = legacy && major !== undefined && !tf && Number(major) * 100 + Number(minor) < 204;
  return { legacy, bidirectionalZeros: !own };
}
