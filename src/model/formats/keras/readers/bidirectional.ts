import type { MergeSpec } from '../../../spec.ts';
import type { Value } from '../../builder.ts';
import { Fields } from '../../fields.ts';
import type { LayerReader, Place } from '../place.ts';
import type { Unit } from './cell.ts';
import { addRecurrent, manner, sequenceOf } from './recurrent.ts';

/** Keras' `merge_mode`; null gives both outputs. */
const MODES = ['concat', 'sum', 'mul', 'ave'] as const;
const OPERATIONS: Readonly<Record<string, MergeSpec['operation']>> = { sum: 'add', mul: 'multiply', ave: 'average' };

/** One layer that runs forward, one that runs backward, and what joins them. */
export const Bidirectional: LayerReader = {
  kinds: ['lstm', 'gru', 'rnn', 'concatenate', 'merge'],
  read(place) {
    const { config } = place;
    const layer = config.object('layer');
    // files of Keras 2 name the other one only where it is of another make
    const other = config.missing('backward_layer') ? null : config.object('backward_layer');
    const forward = direction(place, layer, 'forward');
    const backward = direction(place, other ?? layer, 'backward');
    const joined = join(place, forward[0]!, backward[0]!);
    const states = layer.object('config').flag('return_state', false);
    return states ? [...joined, ...forward.slice(1), ...backward.slice(1)] : joined;
  },
};

function direction(place: Place, layer: Fields, way: 'forward' | 'backward'): Value[] {
  const { name, path, tensors, masked, bidirectionalZeros } = place;
  const config = new Fields(layer.raw('config'), `${path} ${way}`);
  const { sequences, backwards } = manner(config, masked);
  const mirrored = way === 'backward' && place.config.missing('backward_layer');
  const wanted = way === 'backward';
  if (backwards !== (wanted && !mirrored)) throw config.wrong('go_backwards', `${wanted && !mirrored}`);
  const within = tensors.within({ attribute: `${way}_layer`, scope: `${way}_` }).within({ attribute: 'cell' });
  const zeroMasked = masked && bidirectionalZeros;
  const unit: Unit = { name: `${name}.${way}`, config, tensors: within, sequences, backwards: wanted, zeroMasked };
  return addRecurrent(place, layer.text('class_name'), unit, sequenceOf(place));
}

function join({ builder, config, name }: Place, forward: Value, backward: Value): Value[] {
  // absent: the default; null: nothing joins them
  if (config.raw('merge_mode') === null) return [forward, backward];
  const mode = config.raw('merge_mode') === undefined ? 'concat' : config.oneOf('merge_mode', MODES);
  if (mode === 'concat') return builder.add({ kind: 'concatenate', name }, forward, backward);
  return builder.add({ kind: 'merge', name, operation: OPERATIONS[mode]! }, forward, backward);
}
