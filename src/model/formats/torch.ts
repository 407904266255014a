import { invalid, ModelError } from '../../errors.ts';
import type { DenseSpec, LstmSpec, ModelSpec } from '../spec.ts';
import { checkModel } from './check.ts';
import { type Safetensors, type Tensor, toFloat64 } from './safetensors.ts';

/*
 * A PyTorch state dict in a safetensors file, of one nn.LSTM and one nn.Linear under any prefixes:
 *
 *     <rnn>.weight_ih_l0 (4H, I)   <rnn>.weight_hh_l0 (4H, H)   <rnn>.bias_ih_l0, bias_hh_l0 (4H)   and so on for l1, ...
 *     <fc>.weight (O, H)           <fc>.bias (O)
 *
 * Gates in the order i, f, g, o. The Linear reads the last time step; no final activation. Biases may be absent.
 */

const WEIGHT_IH = /^(.*?)weight_ih_l(\d+)$/s;

/** Whether a safetensors file looks like the state dict of a recurrent module. */
export function isTorch({ tensors }: Safetensors): boolean {
  return [...tensors.keys()].some((key) => /weight_ih_l\d+/.test(key));
}

/**
 * Reads a state dict of one nn.LSTM (any number of layers) and one nn.Linear.
 * @param file the file, for messages
 * @throws ModelError naming the tensor that does not fit, or what a state dict of another kind holds
 */
export function readTorch({ tensors }: Safetensors, file: string): ModelSpec {
  const state = new StateDict(tensors, file);
  const prefix = state.recurrentPrefix();
  const layers: LstmSpec[] = [];
  do layers.push(readLstm(state, prefix, layers.length));
  while (state.has(`${prefix}weight_ih_l${layers.length}`));
  for (const layer of layers.slice(0, -1)) layer.sequences = true;
  const dense = readLinear(state);
  state.finish();
  const outputs = Array.from({ length: dense.units }, (_, i) =>
    dense.units === 1 ? dense.name : `${dense.name}_${i}`,
  );
  const name = file.replace(/\.[^.]*$/, '');
  return checkModel(
    {
      format: 'torch',
      name,
      inputs: layers[0]!.inputs,
      outputs,
      layers: [...layers, dense],
      features: null,
      target: null,
      horizon: 1,
      mean: null,
      mode: 'stateful',
      window: null,
      display: null,
      provenance: null,
    },
    file,
  );
}

function readLstm(state: StateDict, prefix: string, index: number): LstmSpec {
  const key = (name: string) => `${prefix}${name}_l${index}`;
  const ih = state.take(key('weight_ih'), [null, null]);
  const rows = ih.shape[0]!;
  const inputs = ih.shape[1]!;
  const units = state.peek(key('weight_hh')).shape[1] ?? 0;
  if (rows !== 4 * units) {
    const found = rows === 3 * units ? 'a GRU' : rows === units ? 'a simple RNN' : `${rows} rows for ${units} units`;
    throw new ModelError(invalid(`${state.file} ${key('weight_ih')}`, found, 'an LSTM: four rows a unit'));
  }
  const hh = state.take(key('weight_hh'), [rows, units]);
  const bias = new Float32Array(rows);
  if (state.has(key('bias_ih')) || state.has(key('bias_hh'))) {
    const a = toFloat64(state.take(key('bias_ih'), [rows]));
    const b = toFloat64(state.take(key('bias_hh'), [rows]));
    for (let i = 0; i < rows; i++) bias[i] = a[i]! + b[i]!;
  }
  const name = `${trim(prefix) || 'lstm'}_l${index}`;
  return { kind: 'lstm', name, inputs, units, sequences: false, kernel: transpose(ih), recurrent: transpose(hh), bias };
}

function readLinear(state: StateDict): DenseSpec {
  const prefix = state.linearPrefix();
  const weight = state.take(`${prefix}weight`, [null, null]);
  const [units, inputs] = weight.shape as [number, number];
  const bias = new Float32Array(units);
  if (state.has(`${prefix}bias`)) bias.set(toFloat64(state.take(`${prefix}bias`, [units])));
  return {
    kind: 'dense',
    name: trim(prefix) || 'linear',
    inputs,
    units,
    activation: 'linear',
    kernel: transpose(weight),
    bias,
  };
}

/** (R, C) as torch stores weights, to (C, R) as the engine takes them. */
function transpose(tensor: Tensor): Float32Array {
  const [R, C] = tensor.shape as [number, number];
  const values = toFloat64(tensor);
  const out = new Float32Array(R * C);
  for (let r = 0; r < R; r++) for (let c = 0; c < C; c++) out[c * R + r] = values[r * C + c]!;
  return out;
}

function trim(prefix: string): string {
  return prefix.replace(/\.$/, '');
}

/** The tensors of a state dict, ticked off as they are read. */
class StateDict {
  readonly file: string;
  readonly #tensors: Map<string, Tensor>;

  constructor(tensors: Map<string, Tensor>, file: string) {
    this.file = file;
    this.#tensors = new Map(tensors);
  }

  /** The prefix of the one recurrent module. */
  recurrentPrefix(): string {
    for (const key of this.#tensors.keys()) {
      if (/weight_\w+_l\d+_reverse$/.test(key)) throw this.#foreign(key, 'a module that runs forward only');
      if (/weight_hr_l\d+$/.test(key)) throw this.#foreign(key, 'an LSTM without projection');
    }
    const prefixes = new Set<string>();
    for (const key of this.#tensors.keys()) {
      const match = WEIGHT_IH.exec(key);
      if (match) prefixes.add(match[1]!);
    }
    if (prefixes.size !== 1) {
      throw new ModelError(invalid(`${this.file} recurrent modules`, [...prefixes].map(trim), 'exactly one nn.LSTM'));
    }
    return [...prefixes][0]!;
  }

  /** The prefix of the one Linear among the tensors that are left. */
  linearPrefix(): string {
    const prefixes = [...this.#tensors].filter(([key, { shape }]) => /(^|\.)weight$/.test(key) && shape.length === 2);
    if (prefixes.length !== 1) {
      throw new ModelError(
        invalid(`${this.file} modules`, [...this.#tensors.keys()], 'one nn.LSTM and exactly one nn.Linear'),
      );
    }
    return prefixes[0]![0].slice(0, -'weight'.length);
  }

  has(key: string): boolean {
    return this.#tensors.has(key);
  }

  peek(key: string): Tensor {
    const tensor = this.#tensors.get(key);
    if (!tensor) throw new ModelError(invalid(`${this.file} ${key}`, undefined, 'a tensor of that name'));
    return tensor;
  }

  /** A tensor of the shape given (null: any size but zero), ticked off. */
  take(key: string, shape: (number | null)[]): Tensor {
    const tensor = this.peek(key);
    const fits = tensor.shape.length === shape.length && tensor.shape.every((n, i) => n > 0 && (shape[i] ?? n) === n);
    if (!fits) {
      const expected = `shape [${shape.map((size) => size ?? 'any').join(', ')}]`;
      throw new ModelError(invalid(`${this.file} ${key}`, tensor.shape, expected));
    }
    this.#tensors.delete(key);
    return tensor;
  }

  /** @throws ModelError where tensors are left over: the file holds more than what was read */
  finish(): void {
    const [key] = this.#tensors.keys();
    if (key !== undefined) throw this.#foreign(key, 'one nn.LSTM and one nn.Linear, nothing else');
  }

  #foreign(key: string, expected: string): ModelError {
    return new ModelError(invalid(`${this.file} ${key}`, this.#tensors.get(key)!.shape, expected));
  }
}
