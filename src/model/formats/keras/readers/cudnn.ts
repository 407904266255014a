/**
 * CuDNNLSTM and CuDNNGRU of Keras 2, whose weights lie as cuDNN takes them: for each gate a block of memory that holds the
 * transposed matrix, and biases for the inputs and for the state one after the other.
 */
import type { NewLayer } from '../../builder.ts';
import type { Unit } from './cell.ts';

export function cudnnLstm({ name, config, tensors, sequences, backwards }: Unit, inputs: number): NewLayer {
  const units = config.integer('units', 1);
  const kernel = turned(tensors.next('kernel', [inputs, 4 * units]), inputs, units, 4);
  const recurrent = turned(tensors.next('recurrent_kernel', [units, 4 * units]), units, units, 4);
  const both = tensors.next('bias', [8 * units]);
  const bias = both.slice(0, 4 * units).map((b, i) => b + both[4 * units + i]!);
  return { kind: 'lstm', name, units, sequences, ...(backwards && { backwards }), kernel, recurrent, bias };
}

export function cudnnGru({ name, config, tensors, sequences, backwards }: Unit, inputs: number): NewLayer {
  const units = config.integer('units', 1);
  const kernel = turned(tensors.next('kernel', [inputs, 3 * units]), inputs, units, 3);
  const recurrent = turned(tensors.next('recurrent_kernel', [units, 3 * units]), units, units, 3);
  const bias = tensors.next('bias', [6 * units]);
  return {
    kind: 'gru',
    name,
    units,
    sequences,
    ...(backwards && { backwards }),
    resetAfter: true,
    kernel,
    recurrent,
    bias,
  };
}

/** Of (I, G H): the block of each gate, read as (H, I), transposed to (I, H). */
function turned(values: Float32Array, I: number, H: number, gates: number): Float32Array {
  const out = new Float32Array(values.length);
  const width = gates * H;
  for (let gate = 0; gate < gates; gate++) {
    for (let n = 0; n < I * H; n++) {
      // the n-th value of the gate's own (I, H)
      const value = values[Math.floor(n / H) * width + gate * H + (n % H)]!;
      out[(n % I) * width + gate * H + Math.floor(n / I)] = value;
    }
  }
  return out;
}
