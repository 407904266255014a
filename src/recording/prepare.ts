import { type EngineConfig, parseEngineConfig } from '../engine/config.ts';
import { DataError, invalid } from '../errors.ts';
import { readModel } from '../model/formats/index.ts';
import type { ModelSpec } from '../model/spec.ts';
import { hashOf } from './hash.ts';
import type { Recording } from './reader.ts';
import { decodeJson } from './records.ts';
import { RECORDING_FORMAT } from './writer.ts';

/** What a recording says of how it was made. */
export interface Provenance {
  version: string;
  /** SHA-256, hex; of the model null where there was none. */
  kernels: string;
  model: string | null;
  config: string;
}

/** Everything that a replay needs, taken from the recording alone. */
export interface Prepared {
  provenance: Provenance;
  config: EngineConfig;
  spec: ModelSpec | null;
}

/**
 * How a recording was made.
 * @throws DataError for an MCAP file of somebody else, or of a later format
 */
export function provenance({ file, metadata, library }: Recording): Provenance {
  const about = metadata.get('whytick');
  if (!about) {
    const by = library.startsWith('whytick') ? 'a recording without its head' : `an MCAP file by '${library}'`;
    throw new DataError(invalid(file, by, 'a recording made by whytick'));
  }
  const format = about.get('format');
  if (format !== RECORDING_FORMAT) {
    throw new DataError(invalid(`${file} format`, format, `${RECORDING_FORMAT}, the one that this version reads`));
  }
  const of = (name: string) => about.get(name) ?? '';
  return {
    version: of('version'),
    kernels: of('kernels sha256'),
    model: of('model sha256') || null,
    config: of('config sha256'),
  };
}

/**
 * Takes configuration and model out of a recording.
 * @throws DataError when one is missing or was altered; ConfigError, ModelError for what is in them
 */
export function prepare(recording: Recording): Prepared {
  const made = provenance(recording);
  const attached = (name: string, hash: string): Uint8Array => {
    const bytes = recording.attachments.get(name);
    const where = `${recording.file} attachment ${name}`;
    const [damage] = recording.damage;
    if (!bytes && damage)
      throw new DataError(invalid(`${recording.file} byte ${damage.offset}`, damage.reason, 'an undamaged recording'));
    if (!bytes) throw new DataError(invalid(where, undefined, `the one with SHA-256 ${hash}`));
    const found = hashOf(bytes);
    if (found !== hash) throw new DataError(invalid(where, `SHA-256 ${found}`, `SHA-256 ${hash}`));
    return bytes;
  };
  const config = parseEngineConfig(decodeJson(attached('config.json', made.config), 'config.json'));
  const spec = made.model ? readModel(attached('model.safetensors', made.model), 'model.safetensors') : null;
  return { provenance: made, config, spec };
}
