/** LSTM, GRU and RNN, forward, reverse or both. */
import { invalid, ModelError } from '../../../../errors.ts';
import type { NewLayer, Value } from '../../builder.ts';
import type { Tensor } from '../../tensor.ts';
import { factorAt, isAxis } from '../axes.ts';
import type { Call, Operator } from '../call.ts';
import { TicksFirst } from '../context.ts';
import { isZero } from '../held.ts';
import { Part } from '../part.ts';
import type { Axis, Data, Known } from '../values.ts';
import { biases, type Gates, kernel } from '../weights.ts';
import { type GateActivations, gateActivations } from './gates.ts';

/** Inputs. */
const W = 1;
const R = 2;
const B = 3;
const LENGTHS = 4;
const STATES = [5, 6];
const PEEPHOLES = 7;

type Kind = 'lstm' | 'gru' | 'rnn';

/** Gates in ONNX' order of each of ours: ours are i, f, g, o and z, r, n; ONNX' i, o, f, c and z, r, h. */
const ORDER: Readonly<Record<Kind, readonly number[]>> = { lstm: [0, 2, 3, 1], gru: [0, 1, 2], rnn: [0] };
const DIRECTIONS: Readonly<Record<string, readonly boolean[]>> = {
  forward: [false],
  reverse: [true],
  bidirectional: [false, true],
};

export function recurrent(kind: Kind): Operator {
  return (call) => {
    const layout = call.node.attributes.int('layout', 0);
    const { data, batch } = inputOf(call, layout);
    checkOptions(call);
    const directions =
      DIRECTIONS[call.node.attributes.text('direction', 'forward')] ?? call.refuse('of an unknown direction');
    const gates = readGates(call, kind, directions.length, data.width);
    const activations = gateActivations(kind, directions.length, call);
    const layers = directions.map((backwards, d) => {
      const layer = layerOf(kind, gates, d, activations[d]!, call);
      const name = backwards && directions.length > 1 ? `${call.name}_reverse` : call.name;
      return call.context.add({ ...layer, name, ...(backwards ? { backwards } : {}) }, data.parts[0]!.value);
    });
    return outputs(layers, gates.units, batch, layout, call);
  };
}

function checkOptions(call: Call): void {
  const { attributes } = call.node;
  if (attributes.has('clip')) call.refuse('with clip');
  if (attributes.int('input_forget', 0) !== 0) call.refuse('with input_forget');
  if (call.has(LENGTHS)) call.refuse('with given lengths of sequences');
  if (call.has(PEEPHOLES)) call.refuse('with peepholes');
  for (const index of STATES) {
    const state = call.input(index);
    if (state && !isZero(state, call.context)) call.refuse('whose initial state is not zero');
  }
}

/** The sequence that comes in, (T, N, F) or with layout 1 (N, T, F), and its axis of the batch. */
function inputOf(call: Call, layout: number): { data: Data; batch: Axis } {
  const data = call.data(0);
  const [ticks, batch] = layout === 0 ? [0, 1] : [1, 0];
  if (data.axes.length !== 3 || data.parts.length > 1) call.refuse('of other than a sequence');
  if (factorAt(data, ticks) === 'batch' && factorAt(data, batch) === 'ticks') throw new TicksFirst();
  if (factorAt(data, ticks) !== 'ticks' || !isAxis(data, batch, 'batch') || !isAxis(data, 2, 'features')) {
    call.refuse('of other than a sequence');
  }
  return { data, batch: data.axes[batch]! };
}

/** The weights of all directions: W (D, G H, I), R (D, G H, H), B (D, 2 G H). */
function readGates(call: Call, kind: Kind, D: number, I: number): Gates {
  const order = ORDER[kind];
  const [w, r] = [call.constant(W), call.constant(R)];
  const H = call.node.attributes.int('hidden_size', r.shape[2] ?? 0);
  if (!(Number.isSafeInteger(H) && H > 0)) {
    throw new ModelError(invalid(`${call.context.file} ${call.node.name} hidden_size`, H, 'a whole number from 1 on'));
  }
  const rows = order.length * H;
  call.check(w, 'W', [D, rows, I]);
  call.check(r, 'R', [D, rows, H]);
  const b: Tensor | null = call.has(B) ? call.constant(B) : null;
  if (b) call.check(b, 'B', [D, 2 * rows]);
  const { context } = call;
  return { order, units: H, inputs: I, w: context.floats(w), r: context.floats(r), b: b && context.floats(b) };
}

type Recurrent = Extract<NewLayer, { kind: Kind }>;

function layerOf(kind: Kind, gates: Gates, direction: number, { gate, state }: GateActivations, call: Call): Recurrent {
  const { units, inputs } = gates;
  const shared = {
    name: call.name,
    units,
    sequences: true,
    ...(state === 'tanh' ? {} : { activation: state }),
    kernel: kernel(gates, gates.w, direction, inputs),
    recurrent: kernel(gates, gates.r, direction, units),
  };
  const recurrentActivation = gate === 'sigmoid' ? {} : { recurrentActivation: gate };
  if (kind === 'rnn') return { kind, ...shared, bias: biases(gates, direction, true) };
  if (kind === 'lstm') return { kind, ...shared, ...recurrentActivation, bias: biases(gates, direction, true) };
  const resetAfter = call.node.attributes.int('linear_before_reset', 0) !== 0;
  return { kind, ...shared, ...recurrentActivation, resetAfter, bias: biases(gates, direction, !resetAfter) };
}

/** Y, Y_h and, of an LSTM, Y_c. */
function outputs(layers: readonly Value[][], units: number, batch: Axis, layout: number, call: Call): Known[] {
  const directions: Axis = layers.length > 1 ? ['parts'] : [];
  const states: Axis[] = layout === 0 ? [directions, batch, ['features']] : [batch, directions, ['features']];
  const sequence: Axis[] =
    layout === 0 ? [['ticks'], directions, batch, ['features']] : [batch, ['ticks'], directions, ['features']];
  return layers[0]!.map((_, output) => ({
    kind: 'data',
    parts: layers.map((values) => Part.of(call.context, values[output]!)),
    axes: output === 0 ? sequence : states,
    width: units,
    state: output > 0,
    tokens: false,
  }));
}
