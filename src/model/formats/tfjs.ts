import { invalid, ModelError } from '../../errors.ts';
import type { ModelSpec } from '../spec.ts';
import { Fields } from './fields.ts';
import type { ModelFile } from './index.ts';
import { buildModel, TFJS_ERA } from './keras/build.ts';
import { type NamedTensor, named } from './keras/named.ts';
import { type FileWeights, isCounter, leftOver } from './keras/weights.ts';
import { readManifest } from './tfjs/manifest.ts';

/**
 * Reads a LayersModel of TensorFlow.js: model.json, and the shards of weights that it names beside itself.
 * @returns null where the bytes are no such JSON
 * @throws ModelError naming the layer and the tensor, or the shard that is missing, short or too long
 */
export function readTfjs(source: ModelFile): ModelSpec | null {
  const { bytes, file } = source;
  if (!mayBeJson(bytes)) return null;
  const text = new TextDecoder().decode(bytes);
  if (!/"(modelTopology|weightsManifest)"/.test(text)) return null;
  const root = Fields.parse(text, file);
  if (root.missing('modelTopology') && root.missing('weightsManifest')) return null;
  const config = topology(root, file);
  return buildModel({ format: 'tfjs', file, config, era: TFJS_ERA, weights: flatWeights(source, root) });
}

/** Whether the first character that is no blank is a brace. */
function mayBeJson(bytes: Uint8Array): boolean {
  const blanks = [0x20, 0x09, 0x0a, 0x0d];
  const bom = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  let at = bom;
  while (blanks.includes(bytes[at]!)) at++;
  return bytes[at] === 0x7b;
}

/** `{class_name, config}`, alone or as `model_config` among the versions. */
function topology(root: Fields, file: string): unknown {
  const model = root.object('modelTopology');
  const graph = root.raw('format') === 'graph-model' || !model.missing('node') || !model.missing('library');
  if (graph) {
    throw new ModelError(invalid(`${file} format`, 'graph-model', 'a layers-model, whose layers can be read'));
  }
  return model.raw('model_config') ?? model.raw('modelConfig') ?? root.raw('modelTopology');
}

function flatWeights(source: ModelFile, root: Fields): FileWeights {
  const { file } = source;
  const taken = new Set<NamedTensor>();
  const all = readManifest(source, root);
  return {
    layer: ({ name }) => named(all, name, taken, file),
    finish() {
      const left = all.find((tensor) => !taken.has(tensor) && !isCounter(tensor.parts.join('/')));
      if (left) throw leftOver(`${file} ${left.name}`);
    },
  };
}
