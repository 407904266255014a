import { invalid, ModelError } from '../../../errors.ts';
import type { NewLayer } from '../builder.ts';
import { type Tensor, toFloat32, toFloat64 } from '../tensor.ts';
import { type Module, type Place, widthOf } from './module.ts';
import type { StateDict } from './stateDict.ts';

/*
 * nn.LSTM, nn.GRU and nn.RNN. Layer n has (G = 4, 3, 1 gates, the rows of one after those of the other)
 *
 *     <prefix>.weight_ih_l<n> (G H, I)   weight_hh_l<n> (G H, P)   bias_ih_l<n>, bias_hh_l<n> (G H)   weight_hr_l<n> (P, H)
 *
 * and the same once more with `_reverse`. weight_hr belongs to proj_size = P; without it P = H. Biases may be absent.
 * An LSTM's gates are i, f, g, o, as here; a GRU's are r, z, n, which here are z, r, n.
 */

export const CELLS = ['lstm', 'gru', 'rnn'] as const;
export type Cell = (typeof CELLS)[number];

const GATES: Record<Cell, number> = { lstm: 4, gru: 3, rnn: 1 };
const CALLED: Record<Cell, string> = { lstm: 'an LSTM', gru: 'a GRU', rnn: 'a simple RNN' };

/** One module; what is null is as the file has it. */
export interface RecurrentModule {
  kind: Cell;
  prefix: string;
  layers: number | null;
  bidirectional: boolean | null;
  /** P, or 0 for none. */
  projection: number | null;
  /** Of a simple RNN. */
  activation: 'tanh' | 'relu';
}

/** A stack of recurrent layers; each direction is a layer of its own, both joined by a concatenation. */
export function recurrent(module: RecurrentModule): Module {
  return {
    along: true,
    joins: false,
    inputs: (state) => state.sizeOf(`${state.prefixOf(module.prefix)}weight_ih_l0`, 1),
    add(place) {
      const prefix = place.state.prefixOf(module.prefix);
      const both = module.bidirectional ?? place.state.has(`${prefix}weight_ih_l0_reverse`);
      const layers = module.layers ?? countLayers(place.state, prefix);
      let below = place.below;
      for (let n = 0; n < layers; n++) {
        const one = (suffix: string, sequences: boolean) =>
          place.add(readLayer({ ...place, below }, module, prefix, suffix, sequences), below);
        below = both
          ? place.add(
              { kind: 'concatenate', name: `${nameOf(module)}_l${n}_concat` },
              one(`l${n}`, true),
              one(`l${n}_reverse`, true),
            )
          : one(`l${n}`, !place.last || n < layers - 1);
      }
      return below;
    },
  };
}

/** What the tensors of layer 0 are, by the rows a unit: null where they are of no cell. */
export function cellOf(state: StateDict, prefix: string): Cell | null {
  const rows = state.sizeOf(`${prefix}weight_ih_l0`, 0);
  const units = unitsOf(state, prefix, 'l0');
  return CELLS.find((cell) => rows === GATES[cell] * units) ?? null;
}

function countLayers(state: StateDict, prefix: string): number {
  let n = 1;
  while (state.has(`${prefix}weight_ih_l${n}`)) n++;
  return n;
}

/** H. */
function unitsOf(state: StateDict, prefix: string, suffix: string): number {
  const hr = `${prefix}weight_hr_${suffix}`;
  return state.sizeOf(state.has(hr) ? hr : `${prefix}weight_hh_${suffix}`, 1);
}

interface Weights {
  units: number;
  kernel: Float32Array;
  recurrent: Float32Array;
  /** Of the inputs' and of the recurrent product; null where the module has none. */
  biases: [Tensor, Tensor] | null;
  projection: Float32Array | null;
}

function readWeights(place: Place, { kind, projection }: RecurrentModule, prefix: string, suffix: string): Weights {
  const { state } = place;
  const key = (name: string) => `${prefix}${name}_${suffix}`;
  const units = unitsOf(state, prefix, suffix);
  const rows = GATES[kind] * units;
  const ih = state.take(key('weight_ih'), [null, widthOf(place)]);
  if (ih.shape[0] !== rows) {
    const cell = CELLS.find((other) => ih.shape[0] === GATES[other] * units);
    const found = cell ? CALLED[cell] : `${ih.shape[0]} rows for ${units} units`;
    const expected = `${CALLED[kind]}: ${GATES[kind]} times as many rows as units`;
    throw new ModelError(invalid(`${state.file} ${key('weight_ih')}`, found, expected));
  }
  const projects = kind === 'lstm' && (projection === null ? state.has(key('weight_hr')) : projection > 0);
  const hr = projects ? state.take(key('weight_hr'), [projection, units]) : null;
  const hh = state.take(key('weight_hh'), [rows, hr ? hr.shape[0]! : units]);
  const biased = state.has(key('bias_ih')) || state.has(key('bias_hh'));
  return {
    units,
    kernel: toFloat32(ih, [1, 0]),
    recurrent: toFloat32(hh, [1, 0]),
    biases: biased ? [state.take(key('bias_ih'), [rows]), state.take(key('bias_hh'), [rows])] : null,
    projection: hr && toFloat32(hr, [1, 0]),
  };
}

function nameOf({ prefix, kind }: RecurrentModule): string {
  return prefix || kind;
}

/** @param suffix `l0`, `l0_reverse` and so on */
function readLayer(
  place: Place,
  module: RecurrentModule,
  prefix: string,
  suffix: string,
  sequences: boolean,
): NewLayer {
  const { kind } = module;
  const { units, kernel, recurrent, biases, projection } = readWeights(place, module, prefix, suffix);
  const backwards = suffix.endsWith('_reverse') ? { backwards: true } : {};
  const shared = { name: `${nameOf(module)}_${suffix}`, units, sequences, ...backwards };
  if (kind === 'gru') {
    const bias = new Float32Array(6 * units);
    for (const [i, tensor] of (biases ?? []).entries()) bias.set(toFloat32(tensor), 3 * units * i);
    for (const values of [kernel, recurrent, bias]) toZrn(values, units);
    return { kind, ...shared, resetAfter: true, kernel, recurrent, bias };
  }
  const bias = sum(biases, GATES[kind] * units);
  if (kind === 'rnn') {
    const activation = module.activation === 'tanh' ? {} : { activation: module.activation };
    return { kind, ...shared, ...activation, kernel, recurrent, bias };
  }
  return { kind, ...shared, kernel, recurrent, bias, ...(projection ? { projection } : {}) };
}

/** Both biases are added to the same sum; float64 so that nothing is rounded twice. */
function sum(biases: [Tensor, Tensor] | null, rows: number): Float32Array {
  const out = new Float32Array(rows);
  if (!biases) return out;
  const [a, b] = biases.map(toFloat64);
  for (let i = 0; i < rows; i++) out[i] = a![i]! + b![i]!;
  return out;
}

/** In every row r, z, n, H values each, become z, r, n. */
function toZrn(values: Float32Array, H: number): void {
  const r = new Float32Array(H);
  for (let at = 0; at < values.length; at += 3 * H) {
    r.set(values.subarray(at, at + H));
    values.copyWithin(at, at + H, at + 2 * H);
    values.set(r, at + H);
  }
}
