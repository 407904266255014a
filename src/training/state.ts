/**
 * All that a training run is at the end of an epoch, in memory and as bytes: a safetensors container of float32 tensors, whose
 * metadata hold the few other numbers. Reading gives what was written, bit for bit.
 */
import { invalid, ModelError } from '../errors.ts';
import { Fields } from '../model/formats/fields.ts';
import { isSafetensors, parseSafetensors, toFloat32, writeSafetensors } from '../model/formats/safetensors.ts';
import type { Random } from '../random.ts';
import type { OptimizerState } from './optimizer.ts';

/** What an epoch has come to. */
export interface Epoch {
  /** Counted from 1. */
  epoch: number;
  /** Steps since the beginning. */
  step: number;
  /** Mean loss over the batches, each before its step; and after the last one over what is not learnt from. */
  loss: number;
  validation: number | null;
  /** Mean L2 norm of the gradients, before they are clipped. */
  norm: number;
  /** Learning rate of the last step. */
  rate: number;
  /** Whether there was none better. */
  best: boolean;
}

/** All that a run is at the end of an epoch. Plain data: it may be written down, or travel to another thread. */
export interface TrainerState {
  /** Epochs and steps that have been, and what each epoch has come to. */
  epoch: number;
  step: number;
  epochs: readonly Epoch[];
  values: Float32Array;
  optimizer: OptimizerState;
  random: Random['state'];
  /** The best epoch so far. */
  best: { epoch: number; loss: number; values: Float32Array };
}

/** Name of the metadata, and the version of what they hold. */
const METADATA = 'whytick-training';
const FORMAT = 1;

/**
 * @param state after one epoch at least
 * @param run what tells this run from others: name and value of all that its bytes depend on
 */
export function writeState(state: TrainerState, run: Readonly<Record<string, string>>): Uint8Array {
  const { epoch, step, epochs, values, optimizer, random, best } = state;
  const all: [string, Float32Array][] = [
    ['values', values],
    ['best', best.values],
    ...optimizer.moments.map((moment, i): [string, Float32Array] => [String(i), moment]),
  ];
  const tensors = all.map(([name, data]) => [name, { shape: [data.length], data }] as const);
  const meta = {
    ...{ format: FORMAT, run, epoch, step, random, powers: optimizer.powers },
    best: { epoch: best.epoch, loss: best.loss },
    epochs: epochs.map(({ step, loss, validation, norm, rate, best }) => [step, loss, validation, norm, rate, +best]),
  };
  return writeSafetensors(tensors, { [METADATA]: JSON.stringify(meta) });
}

/**
 * @param file its name, for messages
 * @throws ModelError for what is foreign, cut off or damaged
 */
export function readState(bytes: Uint8Array, file: string): { state: TrainerState; run: Record<string, string> } {
  const foreign = (): ModelError =>
    new ModelError(invalid(file, `${bytes.length} bytes of another kind`, 'the state of a training run'));
  if (!isSafetensors(bytes)) throw foreign();
  const { metadata, tensors } = parseSafetensors(bytes, file);
  const text = metadata[METADATA];
  if (text === undefined) throw foreign();
  const meta = Fields.parse(text, file);
  if (meta.integer('format', 1) !== FORMAT) throw meta.wrong('format', `${FORMAT}: it is of another version`);
  const tensor = (name: string): Float32Array => {
    const found = tensors.get(name);
    if (found?.dtype !== 'F32') throw new ModelError(invalid(`${file} ${name}`, found?.dtype, 'a tensor of float32'));
    return toFloat32(found);
  };
  const best = meta.object('best');
  const run = meta.object('run');
  const names = Object.keys(meta.raw('run') as object);
  const state = {
    epoch: meta.integer('epoch', 1),
    step: meta.integer('step', 1),
    epochs: meta.list('epochs', readEpoch),
    values: tensor('values'),
    optimizer: {
      moments: Array.from({ length: tensors.size - 2 }, (_, i) => tensor(String(i))),
      powers: numbers<[number, number]>(meta, 'powers', 2),
    },
    random: numbers<[number, number, number, number]>(meta, 'random', 4),
    best: { epoch: best.integer('epoch', 1), loss: best.number('loss'), values: tensor('best') },
  };
  if (state.epochs.length !== state.epoch) throw meta.wrong('epoch', `${state.epochs.length}, those that are listed`);
  return { state, run: Object.fromEntries(names.map((name) => [name, run.text(name)])) };
}

function numbers<T extends number[]>(fields: Fields, key: string, length: number): T {
  const all = fields.list(key, (value, path) => {
    if (typeof value === 'number') return value;
    throw new ModelError(invalid(path, value, 'a number'));
  });
  if (all.length !== length) throw fields.wrong(key, `${length} numbers`);
  return all as T;
}

function readEpoch(value: unknown, path: string, i: number): Epoch {
  const fits = Array.isArray(value) && value.length === 6;
  if (!fits || value.some((one, j) => typeof one !== 'number' && !(j === 2 && one === null)))
    throw new ModelError(invalid(path, value, 'step, loss, validation or null, norm, rate and 1 or 0'));
  const [step, loss, validation, norm, rate, best] = value as number[];
  return {
    ...{ epoch: i + 1, step: step!, loss: loss!, validation: validation!, norm: norm!, rate: rate! },
    best: best === 1,
  };
}
