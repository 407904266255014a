import { expect, it } from 'vitest';
import { ConfigError, ModelError } from '../../src/errors.ts';
import { writeNative } from '../../src/model/formats/index.ts';
import { initialise } from '../../src/training/initialise.ts';
import { readState, type TrainerState, writeState } from '../../src/training/state.ts';
import { Trainer, type TrainerOptions } from '../../src/training/trainer.ts';
import { kernels, random } from '../kernels.ts';
import { delayed, from, line } from './toys.ts';

const data = delayed(100);
const spec = initialise(kernels.math, { inputs: 2, outputs: ['y'], layers: 'lstm:5', seed: 1 }, { name: 'toy' });
const OPTIONS: TrainerOptions = { ticks: 4, train: from(3, 80), loss: { kind: 'mse' }, batch: 16, epochs: 3 };
const RUN = { DATA: '00ff', '--rate': '0.005' };

async function after(epochs: number, more: Partial<TrainerOptions> = {}): Promise<TrainerState> {
  const trainer = new Trainer(kernels, spec, data, { ...OPTIONS, ...more, epochs });
  await trainer.run();
  return trainer.state;
}

it.each<[string, Partial<TrainerOptions>]>([
  ['Adam', {}],
  ['SGD, which has one moment', { optimizer: { kind: 'sgd', momentum: 0.9, rate: 0.01 } }],
  ['where something measures', { validation: from(80, 100) }],
])('comes back bit for bit: %s', async (_, more) => {
  const state = await after(2, more);
  expect(state.epochs.length).toBe(2);
  const bytes = writeState(state, RUN);
  expect(readState(bytes, 'm.training')).toEqual({ state, run: RUN });
  // four arrays of floats and a little text
  expect(bytes.length).toBeLessThan(16 * state.values.length + 1500);
  expect(await after(3, { ...more, resume: readState(bytes, 'm.training').state })).toEqual(await after(3, more));
});

it('refuses what is cut off anywhere', async () => {
  const bytes = writeState(await after(1), RUN);
  for (let length = 0; length < bytes.length; length += 7)
    expect(() => readState(bytes.subarray(0, length), 'm.training')).toThrow(ModelError);
});

it('reads a damaged file or refuses it', async () => {
  const bytes = writeState(await after(1), RUN);
  const next = random(9);
  for (let i = 0; i < 1000; i++) {
    const damaged = bytes.slice();
    damaged[Math.floor(Math.abs(next()) * 900)] = Math.floor(Math.abs(next()) * 256);
    try {
      readState(damaged, 'm.training');
    } catch (error) {
      expect(error).toBeInstanceOf(ModelError);
    }
  }
});

it.each([
  [
    'a text',
    new TextEncoder().encode('a long text'),
    /^invalid m\.training: '11 bytes of another kind' \(expected the state/,
  ],
  ['a model', writeNative(spec), /^invalid m\.training: .* \(expected the state of a training run\)/],
])('refuses %s', (_, bytes, message) => {
  expect(() => readState(bytes, 'm.training')).toThrow(message);
});

it('of another version', async () => {
  const text = new TextDecoder('latin1').decode(writeState(await after(1), RUN)).replace('format\\":1', 'format\\":2');
  const bytes = Uint8Array.from(text, (one) => one.charCodeAt(0));
  expect(() => readState(bytes, 'm.training')).toThrow(/^invalid m\.training\.format: 2 \(expected 1: /);
});

it('of another model or optimizer is refused by the trainer', async () => {
  const resume = await after(1);
  const one = { values: Float32Array.of(2), inputs: 1, targets: Float32Array.of(3), width: 1 };
  const other = { ...OPTIONS, ticks: 1, train: [0], resume };
  expect(() => new Trainer(kernels, line(0, 0), one, other)).toThrow(ConfigError);
  expect(() => new Trainer(kernels, line(0, 0), one, other)).toThrow(/^invalid state: '\d+, /);
  expect(() => new Trainer(kernels, spec, data, { ...OPTIONS, optimizer: { kind: 'sgd' }, resume })).toThrow(
    /^invalid state/,
  );
});
