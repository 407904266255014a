import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../../src/errors.ts';
import { readModel } from '../../../../src/model/formats/index.ts';
import { type Config, changeKeras } from '../models.ts';
import { realModels } from './files.ts';

const { source } = realModels('keras-3').find(({ name }) => name === 'masks-embedding')!;
const { bytes } = source('model.keras');
const changed = (change: (config: Config) => void) => readModel(changeKeras(bytes, change), 'm.keras');
const operation = ({ config }: Config) => config.layers.find(({ class_name }) => class_name === 'NotEqual')!;

describe('masks of a functional model', () => {
  it('are those of its layers: what computes them is left out', () => {
    const kinds = changed(() => {}).layers.map(({ kind }) => kind);
    expect(kinds).toEqual(['embedding', 'lstm', 'gru', 'dense']);
  });

  it.each<[string, (config: Config) => void, RegExp]>([
    ['by another comparison', (config) => (operation(config).class_name = 'Greater'), /a Greater layer/],
    [
      'of another token',
      (config) => {
        const [node] = operation(config).inbound_nodes as [{ args: unknown[] }];
        node.args[1] = 3;
      },
      /'a mask by NotEqual' \(expected the mask of a Masking or Embedding layer\)/,
    ],
  ])('that are made %s are refused', (_, change, message) => {
    expect(() => changed(change)).toThrow(ModelError);
    expect(() => changed(change)).toThrow(message);
  });
});
