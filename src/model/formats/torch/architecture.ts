import { invalid, ModelError } from '../../../errors.ts';
import { ACTIVATIONS } from '../../activations.ts';
import type { LayerSpec } from '../../spec.ts';
import { Fields } from '../fields.ts';
import type { Module } from './module.ts';
import { activate, batchNorm, conv1d, dense, dropout, embedding, flatten, layerNorm } from './modules.ts';
import { type CELLS, cellOf, recurrent } from './recurrent.ts';
import type { StateDict } from './stateDict.ts';

/** What is made of the ticks that recurrent and convolutional layers give. */
export const READS = ['last', 'sequence', 'mean', 'max'] as const;

/** What a state dict does not say: which modules, in which order, and how their output is read. */
export interface Architecture {
  layers: Module[];
  read: (typeof READS)[number];
  /** T, where it is fixed. */
  window: number | null;
}

/** How one kind of entry is read, and the fields that it may have beside `kind`. */
interface Entry {
  fields: readonly string[];
  read(fields: Fields): Module;
}

const EPSILON = 1e-5;

const cell = (kind: (typeof CELLS)[number], ...more: string[]): Entry => ({
  fields: ['prefix', 'layers', 'bidirectional', ...more],
  read: (fields) =>
    recurrent({
      kind,
      prefix: prefixOf(fields),
      layers: fields.missing('layers') ? null : fields.integer('layers', 1),
      bidirectional: fields.missing('bidirectional') ? null : fields.flag('bidirectional'),
      projection: fields.missing('projection') ? null : fields.integer('projection', 0),
      activation: fields.missing('activation') ? 'tanh' : fields.oneOf('activation', ['tanh', 'relu']),
    }),
});

const entries: Record<string, Entry> = {
  activation: {
    fields: ['activation', 'alpha'],
    read: (fields) => activate(activationOf(fields, true), fields.missing('alpha') ? null : fields.number('alpha')),
  },
  'batch-norm': { fields: ['prefix', 'eps'], read: (fields) => batchNorm(prefixOf(fields), epsilonOf(fields)) },
  conv1d: {
    fields: ['prefix', 'dilation', 'activation'],
    read: (fields) =>
      conv1d(prefixOf(fields), fields.missing('dilation') ? 1 : fields.integer('dilation', 1), activationOf(fields)),
  },
  dense: {
    fields: ['prefix', 'activation'],
    read: (fields) => dense(prefixOf(fields), activationOf(fields)),
  },
  dropout: { fields: ['rate'], read: (fields) => dropout(fields.missing('rate') ? 0.5 : fields.number('rate')) },
  embedding: { fields: ['prefix', 'padding'], read: (fields) => embedding(prefixOf(fields)) },
  flatten: { fields: [], read: () => flatten() },
  gru: cell('gru'),
  'layer-norm': { fields: ['prefix', 'eps'], read: (fields) => layerNorm(prefixOf(fields), epsilonOf(fields)) },
  lstm: cell('lstm', 'projection'),
  rnn: cell('rnn', 'activation'),
};

/** Entries whose kind has a longer name. */
const KINDS: Readonly<Record<string, LayerSpec['kind']>> = {
  'batch-norm': 'batch-normalization',
  'layer-norm': 'layer-normalization',
};

/**
 * Reads an architecture file.
 * @param file its name, for messages
 * @throws ModelError naming the field
 */
export function readArchitecture(text: string, file: string): Architecture {
  const root = Fields.parse(text, file);
  refuseOthers(JSON.parse(text) as object, root, ['layers', 'read', 'window']);
  const layers = root.list('layers', (value, path) => {
    const fields = new Fields(value, path);
    const entry = entries[fields.oneOf('kind', Object.keys(entries))]!;
    refuseOthers(value as object, fields, ['kind', ...entry.fields]);
    return entry.read(fields);
  });
  if (layers.length === 0) throw root.wrong('layers', 'at least one layer');
  return {
    layers,
    read: root.missing('read') ? 'last' : root.oneOf('read', READS),
    window: root.missing('window') ? null : root.integer('window', 1),
  };
}

/**
 * What a state dict seems to be where nobody says: one recurrent module and one nn.Linear, read at the last tick.
 * @throws ModelError where it holds something else
 */
export function guessArchitecture(state: StateDict): Architecture {
  const { file, names } = state;
  const advice = 'say what the layers are with --architecture FILE.json';
  const prefixes = recurrentPrefixes(names);
  const [prefix] = prefixes;
  if (prefix === undefined || prefixes.length > 1) {
    const expected = `exactly one nn.LSTM, nn.GRU or nn.RNN; else ${advice}`;
    throw new ModelError(invalid(`${file} recurrent modules`, prefixes, expected));
  }
  const linear = names.filter((name) => /(^|\.)weight$/.test(name) && state.shapeOf(name).length === 2);
  if (linear.length !== 1) {
    const expected = `one recurrent module and exactly one nn.Linear; else ${advice}`;
    throw new ModelError(invalid(`${file} modules`, names, expected));
  }
  const kind = cellOf(state, state.prefixOf(prefix)) ?? 'lstm';
  const found = { layers: null, bidirectional: null, projection: null, activation: 'tanh' } as const;
  const head = dense(linear[0]!.replace(/\.?weight$/, ''), 'linear');
  return { layers: [recurrent({ kind, prefix, ...found }), head], read: 'last', window: null };
}

/** Prefixes of the recurrent modules among tensors of these names, without their last dots. */
export function recurrentPrefixes(names: Iterable<string>): string[] {
  const prefixes = new Set<string>();
  for (const name of names) {
    const match = /^(?:(.*)\.)?weight_ih_l\d+(?:_reverse)?$/s.exec(name);
    if (match) prefixes.add(match[1] ?? '');
  }
  return [...prefixes];
}

function prefixOf(fields: Fields): string {
  return fields.text('prefix').replace(/\.$/, '');
}

/** @param required whether it must be said; else it is linear where it is not */
function activationOf(fields: Fields, required = false): string {
  return !required && fields.missing('activation') ? 'linear' : fields.oneOf('activation', ACTIVATIONS);
}

function epsilonOf(fields: Fields): number {
  if (fields.missing('eps')) return EPSILON;
  const epsilon = fields.number('eps');
  if (!(epsilon >= 0)) throw fields.wrong('eps', 'zero or more');
  return epsilon;
}

function refuseOthers(object: object, fields: Fields, known: readonly string[]): void {
  const other = Object.keys(object).find((key) => !known.includes(key));
  if (other !== undefined) throw fields.wrong(other, `no other fields than ${known.join(', ')}`);
}

/** What an architecture file may list, with the kind of layer that it becomes. */
export const torchModules: readonly { name: string; kinds: readonly LayerSpec['kind'][] }[] = Object.keys(entries).map(
  (name) => ({ name, kinds: [KINDS[name] ?? (name as LayerSpec['kind'])] }),
);
