/** The recurrent layers, and RNN around cells. */
import type { Value } from '../../builder.ts';
import { Fields } from '../../fields.ts';
import { type LayerReader, must, type Place, refuse, widthOf } from '../place.ts';
import { groupOf } from '../plain.ts';
import { cellOf, type Unit } from './cell.ts';

/**
 * Adds one recurrent layer.
 * @param kind its class
 * @returns its output, then its final states
 */
export function addRecurrent(
  { builder, legacy, path }: Pick<Place, 'builder' | 'legacy' | 'path'>,
  kind: string,
  unit: Unit,
  input: Value,
): Value[] {
  const layer = cellOf({ path }, kind)(unit, widthOf({ path }, input), legacy);
  return builder.add(layer, input);
}

/** What a recurrent layer runs over. */
export function sequenceOf(place: Place): Value {
  const { inputs } = place;
  if (inputs.length !== 1) refuse(place, `${inputs.length} inputs`, 'one input: initial states are not read');
  return inputs[0]!;
}

/** What a layer of Keras gives: its states only where it was asked for them. */
function given(config: Fields, outputs: Value[]): Value[] {
  return config.flag('return_state', false) ? outputs : outputs.slice(0, 1);
}

/** How a layer runs, beside its cell. */
type Manner = Pick<Unit, 'sequences' | 'backwards' | 'zeroMasked'>;

/** Which way a layer runs, whether it gives a sequence, and what of masked ticks. */
export function manner(config: Fields, masked: boolean): Manner {
  must(config, 'time_major', false, 'time is the second axis');
  return {
    sequences: config.flag('return_sequences', false),
    backwards: config.flag('go_backwards', false),
    zeroMasked: masked && config.flag('zero_output_for_mask', false),
  };
}

/** Running backwards Keras gives a sequence last tick first, which nothing here does. */
function forwardSequences({ config, masked }: Place): Manner {
  const found = manner(config, masked);
  if (found.backwards && found.sequences) throw config.wrong('go_backwards', 'false where return_sequences is true');
  return found;
}

function reader(kind: 'lstm' | 'gru' | 'rnn'): LayerReader {
  return {
    kinds: [kind],
    read(place) {
      const { config, name, tensors } = place;
      const unit = { name, config, tensors: tensors.within({ attribute: 'cell' }), ...forwardSequences(place) };
      return given(config, addRecurrent(place, place.kind, unit, sequenceOf(place)));
    },
  };
}

export const LSTM = reader('lstm');
export const GRU = reader('gru');
export const SimpleRNN = reader('rnn');

/** RNN around one cell, or around several. */
export const RNN: LayerReader = {
  kinds: ['lstm', 'gru', 'rnn'],
  read(place) {
    const { config, name, path, tensors } = place;
    const stack = cellsOf(config);
    if (stack) return addStack(place, stack);
    const cell = config.object('cell');
    const within = tensors.within({ attribute: 'cell' });
    const unit = { name, config: own(cell, path), tensors: within, ...forwardSequences(place) };
    return given(config, addRecurrent(place, cell.text('class_name'), unit, sequenceOf(place)));
  },
};

/** A layer a cell, each on the sequence of the one before. */
function addStack(place: Place, stack: readonly Fields[]): Value[] {
  const { config, name, path, tensors } = place;
  must(config, 'return_state', false, 'the states of several cells are not read');
  if (stack.length === 0) throw config.wrong('cell', 'at least one cell');
  const way = forwardSequences(place);
  const used = new Map<string, number>();
  let below = sequenceOf(place);
  for (const [i, cell] of stack.entries()) {
    const kind = cell.text('class_name');
    const within = tensors.within({ attribute: 'cell' }).within({ attribute: `cells/${groupOf(kind, used)}` });
    const unit = { config: own(cell, path), tensors: within, ...way };
    const last = i === stack.length - 1;
    const outer = last ? { name } : { name: `${name}.${i}`, sequences: true, zeroMasked: false };
    below = addRecurrent(place, kind, { ...unit, ...outer }, below)[0]!;
  }
  return [below];
}

/** The cells of a stack, or null for one cell. */
function cellsOf(config: Fields): Fields[] | null {
  const fields = (value: unknown, path: string) => new Fields(value, path);
  if (config.missing('cell')) return config.list('cells', fields); // TensorFlow.js
  if (Array.isArray(config.raw('cell'))) return config.list('cell', fields);
  const cell = config.object('cell');
  return cell.text('class_name') === 'StackedRNNCells' ? cell.object('config').list('cells', fields) : null;
}

function own(cell: Fields, path: string): Fields {
  return new Fields(cell.raw('config'), `${path} cell`);
}
