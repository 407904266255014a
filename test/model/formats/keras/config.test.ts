import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../../src/errors.ts';
import { type ModelFile, readModel } from '../../../../src/model/formats/index.ts';
import { type Config, changeKeras } from '../models.ts';
import { realModels } from './files.ts';

type Json = Record<string, unknown> | unknown[];

/** Every object and list in a document. */
function nodes(value: unknown): Json[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value as Json, ...Object.values(value).flatMap(nodes)];
}

/** One field of a document, anywhere, becomes something else or goes. */
function change(document: unknown, at: number, key: number, value: unknown): void {
  const all = nodes(document);
  const node = all[at % all.length] as Record<string, unknown>;
  const keys = Object.keys(node);
  const field = keys[key % keys.length];
  if (field === undefined) return;
  if (value === undefined) delete node[field];
  else node[field] = structuredClone(value);
}

/** What a configuration might hold in a wrong place: its own kind of values, and anything at all. */
const values = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, false, -1, 0, 1, 2, 3, 7, 1e15, 0.5, '', 'lstm', 'tanh', 'concat'),
  fc.constantFrom<unknown>([], {}, [null, 7, 3], [['lstm', 0, 0]], { class_name: 'LSTM', config: {} }, [1, 2], [-1]),
  fc.jsonValue(),
);
const changes = fc.array(fc.tuple(fc.nat(), fc.nat(), values), { minLength: 1, maxLength: 3 });

/** @returns whether it was read */
function attempt({ bytes, file, beside }: ModelFile): boolean {
  try {
    readModel(bytes, file, { beside });
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError);
    return false;
  }
}

describe('changed configurations are read or refused', () => {
  it.each(['bidir_states', 'nested', 'rnncells', 'ops1'])('of Keras 3: %s', (name) => {
    const { bytes } = realModels('keras-3')
      .find((model) => model.name === name)!
      .source('model.keras');
    let read = 0;
    fc.assert(
      fc.property(changes, (list) => {
        const apply = (config: Config) => {
          for (const [at, key, value] of list) change(config, at, key, value);
        };
        read += attempt({ bytes: changeKeras(bytes, apply), file: 'm' }) ? 1 : 0;
      }),
      { seed: 1, numRuns: 300 },
    );
    // initializers and the like may be anything
    expect(read).toBeGreaterThan(20);
  });

  it.each(['graph', 'cells'])('of TensorFlow.js: %s', (name) => {
    const { bytes, beside } = realModels('tfjs-4')
      .find((model) => model.name === name)!
      .source('model.json');
    const text = new TextDecoder().decode(bytes);
    let read = 0;
    fc.assert(
      fc.property(changes, (list) => {
        const json = JSON.parse(text);
        for (const [at, key, value] of list) change(json, at, key, value);
        const changed = new TextEncoder().encode(JSON.stringify(json));
        read += attempt({ bytes: changed, file: 'm', beside }) ? 1 : 0;
      }),
      { seed: 2, numRuns: 1000 },
    );
    expect(read).toBeGreaterThan(50);
  });
});
