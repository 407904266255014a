import { invalid, ModelError } from '../../../errors.ts';
import { type Hdf5Dataset, type Hdf5Group, openHdf5 } from '../hdf5.ts';
import type { Zip } from '../zip.ts';
import { checkShape, checkType, type FileWeights, leftOver, missing, type Named, type Tensors } from './weights.ts';

/** Unpacked, a configuration may take 16 MiB; weights hardly pack at all: 64 MiB, or 16 times the archive. */
const MOST_TEXT = 0x100_0000;
const MOST_WEIGHTS = 0x400_0000;
const MOST_PACKED = 16;

const CONFIG = 'config.json';
const METADATA = 'metadata.json';
const WEIGHTS = 'model.weights.h5';
/** Where the layers lie; Keras 2.12 called it otherwise. */
const ROOTS = ['layers', '_layer_checkpoint_dependencies'];
/** More levels than wrappers, cells and nested models make: links of a damaged file may run in a circle. */
const MOST_DEPTH = 12;

/** A `.keras` file, opened. */
export interface KerasArchive {
  /** The text of config.json. */
  config: string;
  /** The text of metadata.json, where there is one. */
  metadata: string | null;
  weights: FileWeights;
}

/**
 * Opens a Keras 3 archive: a zip of config.json and model.weights.h5.
 * @param file the file, for messages
 * @returns null where the zip holds neither: it is of another kind
 * @throws ModelError where one is missing or damaged
 */
export function openArchive(zip: Zip, file: string): KerasArchive | null {
  const [config, weights] = [zip.has(CONFIG), zip.has(WEIGHTS)];
  if (!config && !weights) return null;
  if (!config || !weights) {
    throw new ModelError(invalid(file, zip.names.slice(0, 8), `a Keras 3 archive with ${CONFIG} and ${WEIGHTS}`));
  }
  const text = (name: string) => new TextDecoder().decode(zip.read(name, MOST_TEXT));
  return {
    config: text(CONFIG),
    metadata: zip.has(METADATA) ? text(METADATA) : null,
    weights: numberedWeights(
      openHdf5(zip.read(WEIGHTS, Math.max(MOST_WEIGHTS, MOST_PACKED * zip.size)), `${file} ${WEIGHTS}`),
      file,
    ),
  };
}

/** Tensors in groups by the layers' classes, numbered: `layers/lstm_1/cell/vars/0`. */
function numberedWeights(root: Hdf5Group, file: string): FileWeights {
  const at = ROOTS.find((name) => root.get(name)) ?? ROOTS[0]!;
  const source: Source = { root, file, taken: new Set() };
  return {
    layer: (layer) => new Numbered(source, place(source, at, layer), layer.name),
    finish() {
      const group = root.get(at);
      if (group?.kind === 'group') checkTaken(source, group, at, 0);
    },
  };
}

interface Source {
  root: Hdf5Group;
  file: string;
  taken: Set<string>;
}

/** Some versions name a group after the layer itself. */
function place({ root }: Source, at: string, { name, group }: Named): string {
  const [byClass, byName] = [`${at}/${group}`, `${at}/${name}`];
  return !root.get(byClass) && root.get(byName) ? byName : byClass;
}

class Numbered implements Tensors {
  readonly #source: Source;
  readonly #at: string;
  readonly #label: string;
  #next = 0;

  /** @param at its group @param label layer, for messages */
  constructor(source: Source, at: string, label: string) {
    this.#source = source;
    this.#at = at;
    this.#label = label;
  }

  next(name: string, shape: readonly number[]): Float32Array {
    const { root, file, taken } = this.#source;
    const at = `${this.#at}/vars/${this.#next++}`;
    const path = `${file} ${this.#label} ${name}`;
    const dataset = root.get(at);
    if (dataset?.kind !== 'dataset') throw missing(path, `at ${at} in ${WEIGHTS}`);
    checkShape(path, dataset.shape, shape);
    checkType(path, dataset.type);
    taken.add(at);
    return dataset.floats();
  }

  within({ attribute, scope }: { attribute: string; scope?: string }): Numbered {
    const [open, hidden] = [`${this.#at}/${attribute}`, `${this.#at}/_${attribute}`];
    const { root } = this.#source;
    const label = scope ? `${this.#label} ${scope.replace(/_$/, '')}` : this.#label;
    return new Numbered(this.#source, !root.get(open) && root.get(hidden) ? hidden : open, label);
  }

  model(): { layer(layer: Named): Tensors } {
    const at = `${this.#at}/${ROOTS[0]}`;
    return { layer: (layer) => new Numbered(this.#source, place(this.#source, at, layer), layer.name) };
  }
}

/** Whole numbers are counters and seeds, not weights. */
function checkTaken(source: Source, group: Hdf5Group, at: string, depth: number): void {
  if (depth > MOST_DEPTH) throw new ModelError(invalid(`${source.file} ${WEIGHTS} ${at}`, depth, 'fewer levels'));
  for (const key of group.keys()) {
    const member: Hdf5Group | Hdf5Dataset | null = group.get(key);
    const path = `${at}/${key}`;
    if (member?.kind === 'group') checkTaken(source, member, path, depth + 1);
    else if (member && !source.taken.has(path) && /^b?float/.test(member.type)) {
      throw leftOver(`${source.file} ${WEIGHTS} ${path}`);
    }
  }
}
