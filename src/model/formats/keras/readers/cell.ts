/** What the recurrent layers and the cells of Keras have in common: LSTM, GRU, SimpleRNN, and their cuDNN forms. */
import type { NewLayer } from '../../builder.ts';
import type { Fields } from '../../fields.ts';
import { activationName, type Place, refuse } from '../place.ts';
import type { Tensors } from '../weights.ts';
import { cudnnGru, cudnnLstm } from './cudnn.ts';

/** One recurrent layer of the model that is built. */
export interface Unit {
  name: string;
  /** What the cell says of itself: units, activations, bias. */
  config: Fields;
  /** The tensors of the cell. */
  tensors: Tensors;
  sequences: boolean;
  backwards: boolean;
  /** Of a masked tick it gives zeros. */
  zeroMasked: boolean;
}

type Cell = (unit: Unit, inputs: number, legacy: boolean) => NewLayer;

/** By class, whether of a layer or of a cell. */
const cells: Readonly<Record<string, Cell>> = {
  CuDNNGRU: cudnnGru,
  CuDNNLSTM: cudnnLstm,
  GRU: gru,
  GRUCell: gru,
  LSTM: lstm,
  LSTMCell: lstm,
  SimpleRNN: rnn,
  SimpleRNNCell: rnn,
};

function lstm(unit: Unit, inputs: number, legacy: boolean): NewLayer {
  const { config, tensors } = unit;
  const units = config.integer('units', 1);
  return {
    kind: 'lstm',
    ...plain(unit, units, legacy),
    ...gate(unit, legacy),
    kernel: tensors.next('kernel', [inputs, 4 * units]),
    recurrent: tensors.next('recurrent_kernel', [units, 4 * units]),
    bias: biasOf(unit, [4 * units]),
  };
}

function gru(unit: Unit, inputs: number, legacy: boolean): NewLayer {
  const { config, tensors } = unit;
  const units = config.integer('units', 1);
  // Keras 2 before TensorFlow's did not know the other way
  const resetAfter = config.flag('reset_after', false);
  return {
    kind: 'gru',
    ...plain(unit, units, legacy),
    ...gate(unit, legacy),
    resetAfter,
    kernel: tensors.next('kernel', [inputs, 3 * units]),
    recurrent: tensors.next('recurrent_kernel', [units, 3 * units]),
    bias: biasOf(unit, resetAfter ? [2, 3 * units] : [3 * units]),
  };
}

function rnn(unit: Unit, inputs: number, legacy: boolean): NewLayer {
  const { config, tensors } = unit;
  const units = config.integer('units', 1);
  return {
    kind: 'rnn',
    ...plain(unit, units, legacy),
    kernel: tensors.next('kernel', [inputs, units]),
    recurrent: tensors.next('recurrent_kernel', [units, units]),
    bias: biasOf(unit, [units]),
  };
}

/** What the specification leaves out where it is the default is left out. */
function plain({ name, config, sequences, backwards, zeroMasked }: Unit, units: number, legacy: boolean) {
  const activation = activationName({ config, legacy }, 'activation', 'tanh');
  return {
    ...{ name, units, sequences },
    ...(backwards && { backwards }),
    ...(activation !== 'tanh' && { activation }),
    ...(sequences && zeroMasked && { zeroMasked }),
  };
}

function gate({ config }: Unit, legacy: boolean) {
  const recurrentActivation = activationName({ config, legacy }, 'recurrent_activation', 'sigmoid');
  return recurrentActivation === 'sigmoid' ? {} : { recurrentActivation };
}

function biasOf({ config, tensors }: Unit, shape: number[]): Float32Array {
  const size = shape.reduce((product, n) => product * n, 1);
  return config.flag('use_bias', true) ? tensors.next('bias', shape) : new Float32Array(size);
}

/** The cell of a class, for a layer that holds others. @throws ModelError for any other class */
export function cellOf(place: Pick<Place, 'path'>, kind: string): Cell {
  if (!Object.hasOwn(cells, kind)) refuse(place, `a ${kind}`, `one of ${Object.keys(cells).join(', ')}`);
  return cells[kind]!;
}
