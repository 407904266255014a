import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkNoTraining, identity, TrainingFile } from '../../src/node/trainingFile.ts';
import { makeDataset } from '../../src/training/dataset.ts';
import { readState, type TrainerState } from '../../src/training/state.ts';
import { kernels } from '../kernels.ts';

const folder = mkdtempSync(join(tmpdir(), 'whytick-training-'));
afterAll(() => rmSync(folder, { recursive: true }));

const state = (epochs: number): TrainerState => ({
  ...{ epoch: epochs, step: 10 * epochs, values: Float32Array.of(1, 2), random: [1, 2, 3, 4] },
  optimizer: { moments: [Float32Array.of(3, 4)], powers: [0.9, 0.999] },
  best: { epoch: 1, loss: 0.5, values: Float32Array.of(5, 6) },
  epochs: Array.from({ length: epochs }, (_, i) => {
    return { epoch: i + 1, step: 10 * (i + 1), loss: 1, validation: 0.5, norm: 1, rate: 0.1, best: i === 0 };
  }),
});
const RUN = { DATA: 'ab', '--rate': '0.005', '--layers': 'lstm:8' };
const silent = (): void => {
  throw new Error('nothing should be refused');
};

it('holds the latest state in the end, and is written at once and then not for seconds', async () => {
  const model = join(folder, 'm.safetensors');
  const file = new TrainingFile(model, RUN, silent);
  expect(file.epoch).toBe(0);
  expect(() => checkNoTraining(model)).not.toThrow();
  file.keep(state(1));
  file.keep(state(2));
  file.keep(state(3));
  await file.close();
  expect(file.epoch).toBe(3);
  expect(readState(readFileSync(file.path), 'm').state).toEqual(state(3));
  const again = new TrainingFile(model, RUN, silent);
  expect(await again.read()).toEqual(state(3));
  expect(again.epoch).toBe(3);
  expect(() => checkNoTraining(model)).toThrow(
    /^invalid --out: '.*m\.safetensors' \(expected no .*m\.safetensors\.training, from which --resume goes on; --force/,
  );
  // nothing new, nothing written
  rmSync(again.path);
  await again.close();
  expect(existsSync(again.path)).toBe(false);
  await again.remove();
});

it('of another run is refused, with all that differs', async () => {
  const model = join(folder, 'other.safetensors');
  const file = new TrainingFile(model, RUN, silent);
  file.keep(state(1));
  await file.close();
  const read = (run: Record<string, string>) => new TrainingFile(model, run, silent).read();
  await expect(read({ ...RUN, '--rate': '0.01' })).rejects.toThrow(
    /\(expected a run with --rate 0\.01: it is one with --rate 0\.005\)$/,
  );
  await expect(read({ ...RUN, DATA: 'cd', '--layers': 'gru:8', '--tau': '0.5' })).rejects.toThrow(
    /a run with these DATA, --layers gru:8, --tau 0\.5: it is one with other DATA, --layers lstm:8, --tau nothing\)$/,
  );
  await expect(new TrainingFile(join(folder, 'none'), RUN, silent).read()).rejects.toThrow(
    /^invalid --resume: '.*none\.training' .*there is none of that name/,
  );
  writeFileSync(file.path, readFileSync(file.path).subarray(0, 100));
  await expect(read(RUN)).rejects.toThrow(/^invalid .*other\.safetensors\.training .*is the file cut off\?/);
});

it('that cannot be written is told once, and the run goes on', async () => {
  const model = join(folder, 'gone', 'm.safetensors');
  const told: string[] = [];
  const file = new TrainingFile(model, RUN, (message) => told.push(message));
  file.keep(state(1));
  await file.close();
  file.keep(state(2));
  await file.close();
  expect(told).toEqual([expect.stringMatching(/^invalid the state of the run: .*ENOENT/)]);
  expect(file.epoch).toBe(0);
  mkdirSync(join(folder, 'gone'));
  file.keep(state(3));
  await file.close();
  expect([told.length, file.epoch]).toEqual([1, 3]);
});

describe('what tells runs apart', () => {
  const rows = Array.from({ length: 100 }, (_, index) => ({
    ...{ index, time: index, key: '', values: { x: (index * 37) % 11, y: (index * 17) % 7 } },
  }));
  const dataset = (changed = rows, horizon = 1) =>
    makeDataset(changed, { columns: ['x'], target: 'y', horizon, split: [0.6, 0.2, 0.2], timed: false }, kernels.math);
  const options = { target: 'y', rate: 0.1, split: [0.6, 0.2, 0.2], out: 'm', epochs: 3, resume: true, json: true };

  it('are options that weights depend on', () => {
    const { DATA, kernels, ...rest } = identity(options, dataset(), 'k');
    expect(kernels).toBe('k');
    expect(DATA).toMatch(/^[0-9a-f]{64}$/);
    expect(rest).toEqual({ '--target': 'y', '--rate': '0.1', '--split': '0.6,0.2,0.2' });
  });

  it('are the numbers that are learnt from', () => {
    const hashes = [
      dataset(),
      dataset(rows.map((row, i) => (i === 99 ? { ...row, values: { x: 5, y: 1 } } : row))),
      dataset(rows, 2),
      dataset(rows.slice(1)),
    ].map((one) => identity(options, one, 'k').DATA);
    expect(new Set(hashes).size).toBe(4);
    expect(identity(options, dataset(), 'k').DATA).toBe(hashes[0]);
  });
});
