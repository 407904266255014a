import type { ModelSpec } from '../spec.ts';
import { openArchive } from './keras/archive.ts';
import { buildModel, eraOf } from './keras/build.ts';
import { plain } from './keras/plain.ts';
import { openZip } from './zip.ts';

export { kerasClasses } from './keras/readers/index.ts';

/**
 * Reads a `.keras` archive (Keras 3, and Keras 2 from 2.12 on) of a Sequential or Functional model of the classes in
 * `keras/readers/index.ts`, with one input and one output.
 * @param bytes a zip archive
 * @param file the file, for messages
 * @returns null where the archive is of another kind
 * @throws ModelError naming the layer and the tensor
 */
export function readKeras(bytes: Uint8Array, file: string): ModelSpec | null {
  const archive = openArchive(openZip(bytes, file), file);
  if (!archive) return null;
  const { config, metadata, weights } = archive;
  return buildModel({ format: 'keras', file, config, era: eraOf(versionOf(metadata, file)), weights });
}

/** Keras 3, where the archive does not say. */
function versionOf(metadata: string | null, file: string): unknown {
  const found = metadata === null ? null : plain(metadata, `${file} metadata`);
  return (found as Record<string, unknown> | null)?.keras_version ?? '3.0';
}
