/** What the recurrent layers share: fields, shapes, packed weights, and one step of many branches with or without a mask. */
import { activationIndex } from '../activations.ts';
import { type Field, flag, optional, text, whole } from '../formats/fields.ts';
import { type Shape, TICKS } from '../shape.ts';
import type { GruSpec, LstmSpec, RnnSpec } from '../spec.ts';
import { type Batch, floats, type Layer, type LayerContext, pad, type Refuse, type Rows, type State } from './layer.ts';
import { checkGate, only, sequence } from './shapes.ts';

type RecurrentSpec = LstmSpec | GruSpec | RnnSpec;

export const recurrentFields: Record<string, Field> = {
  units: whole(1),
  sequences: flag,
  backwards: optional(flag),
  activation: optional(text),
  zeroMasked: optional(flag),
};

/** @param state width of h */
export function recurrentShapes(spec: RecurrentSpec, inputs: readonly Shape[], refuse: Refuse, state: number): Shape[] {
  const [ticks] = sequence(only(inputs, refuse), refuse);
  checkGate(spec.activation, 'activation', refuse);
  const first = spec.sequences ? [ticks, state] : [state];
  return spec.kind === 'lstm' ? [first, [state], [spec.units]] : [first, [state]];
}

export function recurrentNeedsWindow(spec: RecurrentSpec, inputs: readonly Shape[]): string | null {
  if (spec.backwards) return "runs from the window's last tick to its first";
  return inputs[0]![0] === TICKS ? null : 'runs over an axis that is not that of the ticks';
}

/** The kernels' numbers of a layer's activations. */
export function activationsOf(spec: RecurrentSpec): { gate: number; kind: number } {
  const gate = spec.kind === 'rnn' ? 'sigmoid' : (spec.recurrentActivation ?? 'sigmoid');
  return { gate: activationIndex(gate), kind: activationIndex(spec.activation ?? 'tanh') };
}

/** Pointers of one step, as the step kernels take them. */
export interface StepArguments {
  h: number;
  before: number;
  slots: number;
  n: number;
  z: number;
  zRow: number;
  x: number;
  xStride: number;
  /** Inputs still to be added, and where the packed weights of what is to be added begin. */
  I: number;
  weights: number;
}

/** How one kind of cell steps. */
export interface Cell {
  /** Width of h; P. */
  width: number;
  /** Groups of four in a packed row of weights, and in a row of starting sums. */
  G: number;
  Z: number;
  /** Pointers to what is packed: (pad(H)/4, I + P, 4 G) and (pad(H)/4, 4 Z). */
  weights: number;
  bias: number;
  /** What it keeps beside h. */
  states: State[];
  step(args: StepArguments): void;
  /** Names and pointers (H values each) of what branch 0 held after the last step, h left out. */
  internals(args: StepArguments): Record<string, number>;
}

/** A recurrent layer around its cell: h in two places that change roles at every step, masks, the inputs' share. */
export function recurrentLayer(spec: RecurrentSpec, { arena, B, R, onInputs }: LayerContext, cell: Cell): Layer {
  const { inputs: I, units: H, sequences } = spec;
  const { G, Z, width, weights, bias } = cell;
  const stride = pad(width);
  const packedRows = I + width;
  // while blocks of the new h are written, the old one is still read
  let h: State = { at: arena.alloc(4 * B * stride), stride, units: width };
  let before: State = { at: arena.alloc(4 * B * stride), stride, units: width };
  const states = [h, ...cell.states];
  const rowFloats = Z * pad(H);
  const zRow = arena.alloc(4 * B);
  const [order, orderRow, mask] = [arena.alloc(4 * B), arena.alloc(4 * B), arena.alloc(4 * B)];
  // where each branch's sums start: the input's share for a first layer, the bias alone for a deeper one
  const args: StepArguments = {
    h: 0,
    before: 0,
    slots: 0,
    n: 0,
    z: onInputs ? arena.alloc(4 * rowFloats * R) : bias,
    zRow: 0,
    x: 0,
    xStride: 0,
    I: onInputs ? 0 : I,
    weights: onInputs ? weights + 16 * G * I : weights,
  };
  const shown = spec.zeroMasked ? arena.alloc(4 * B * stride) : 0;
  const zeros = spec.zeroMasked ? arena.alloc(4 * stride) : 0;
  const rows = (): Rows => ({ at: h.at, stride, mask: 0, maskStride: 0 });
  const outputs = [rows(), rows(), ...cell.states.map(({ at, stride: s }) => ({ ...rows(), at, stride: s }))];

  return {
    output: (index) => outputs[index]!,
    step([x], batch: Batch) {
      [h, before] = [before, h];
      states[0] = h;
      outputs[0]!.at = h.at;
      outputs[1]!.at = h.at;
      args.h = h.at;
      args.before = before.at;
      args.x = x!.at;
      args.xStride = x!.stride;
      args.zRow = onInputs ? batch.inputRow : zRow;
      if (onInputs) arena.inputShare(args.z, x!.at, x!.stride, weights, bias, batch.R, I, packedRows, H, G, Z);
      outputs[0]!.mask = 0;
      if (x!.mask === 0) {
        args.slots = batch.slots;
        args.n = batch.n;
        cell.step(args);
        return;
      }
      // a branch that does not see this tick keeps its state
      const own = onInputs ? batch.inputRow : batch.slots;
      const seen = arena.part(order, orderRow, mask, batch.slots, args.zRow, own, batch.n, x!.mask, x!.maskStride);
      args.slots = order;
      args.zRow = orderRow;
      args.n = seen;
      cell.step(args);
      const held = order + 4 * seen;
      arena.copyRows(h.at, stride, before.at, stride, held, held, batch.n - seen, stride);
      if (!sequences) return;
      outputs[0]!.mask = mask;
      outputs[0]!.maskStride = 1;
      if (!shown) return;
      arena.copyRows(shown, stride, h.at, stride, order, order, seen, stride);
      arena.copyRows(shown, stride, zeros, 0, held, held, batch.n - seen, stride);
      outputs[0]!.at = shown;
    },
    states: () => states,
    reset() {
      for (const { at, stride: s } of [...states, before]) floats(arena, at, B * s).fill(0);
    },
    internals() {
      const shown: Record<string, Float32Array> = { hidden: floats(arena, h.at, width).slice() };
      for (const [name, at] of Object.entries(cell.internals(args))) shown[name] = floats(arena, at, H).slice();
      return shown;
    },
  };
}

/**
 * (I, G H) and (P, G H) with gates side by side to blocks (pad(H)/4, I + P, 4 G): row k of a block feeds the gates of four
 * units. Padded units are zero.
 */
export function packWeights(
  kernel: Float32Array,
  recurrent: Float32Array,
  I: number,
  P: number,
  H: number,
  G: number,
): Float32Array {
  const packed = new Float32Array(pad(H) * (I + P) * G);
  for (let k = 0; k < I + P; k++) {
    const from = k < I ? kernel : recurrent;
    const row = (k < I ? k : k - I) * G * H;
    for (let unit = 0; unit < H; unit++) {
      const at = ((unit >> 2) * (I + P) + k) * 4 * G + (unit & 3);
      for (let gate = 0; gate < G; gate++) packed[at + gate * 4] = from[row + gate * H + unit]!;
    }
  }
  return packed;
}

/** Z groups of H starting sums, one after the other, to blocks (pad(H)/4, 4 Z). */
export function packSums(groups: readonly Float32Array[], H: number): Float32Array {
  const Z = groups.length;
  const packed = new Float32Array(pad(H) * Z);
  groups.forEach((values, group) => {
    for (let unit = 0; unit < H; unit++) packed[((unit >> 2) * Z + group) * 4 + (unit & 3)] = values[unit]!;
  });
  return packed;
}

/** G groups of H values. */
export function split(values: Float32Array, H: number): Float32Array[] {
  return Array.from({ length: values.length / H }, (_, group) => values.subarray(group * H, (group + 1) * H));
}
