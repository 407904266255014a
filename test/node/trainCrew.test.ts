/** Threads that share the batches of a training run, from the build. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ModelSpec } from '../../src/model/spec.ts';
import { threads } from '../../src/node/trainCrew.ts';
import type { Hire } from '../../src/training/crew.ts';
import { Hand } from '../../src/training/crew.ts';
import { initialise } from '../../src/training/initialise.ts';
import { Trainer, type TrainerOptions } from '../../src/training/trainer.ts';
import { kernels } from '../kernels.ts';
import { delayed, from } from '../training/toys.ts';

const folder = mkdtempSync(join(tmpdir(), 'whytick-crew-'));
afterAll(() => rmSync(folder, { recursive: true }));

const data = delayed(400);
const fresh = (layers: string): ModelSpec =>
  initialise(kernels.math, { inputs: 2, outputs: ['y'], layers, seed: 3 }, { name: 'toy' });
const WINDOWS: TrainerOptions = {
  ...{
    ticks: 6,
    train: from(5, 300),
    validation: from(300, 400),
    loss: { kind: 'mse' },
    batch: 32,
    epochs: 3,
    seed: 5,
  },
  optimizer: { rate: 1e-2, clip: 1 },
};
const LANES: TrainerOptions = { ...WINDOWS, train: { from: 2, to: 300 }, validation: { from: 300, to: 400 }, batch: 5 };
// a rate that changes nothing: losses and norms are those of one and the same model
const STILL = { optimizer: { rate: 1e-30 }, epochs: 2 };
const LAYERS = 'lstm:7,dropout:0.3,gru:6,layer-normalization';

function trainer(options: TrainerOptions, shares: number, crew: Hire = threads(kernels.module)): Trainer {
  return new Trainer(kernels, fresh(LAYERS), data, { ...options, shares, crew });
}

describe.each([
  ['windows', WINDOWS],
  // 295 windows in batches of 32: the last one has seven
  ['windows in batches of seven', { ...WINDOWS, batch: 7 }],
  ['lanes', LANES],
  ['fewer lanes than shares', { ...LANES, batch: 2 }],
])('%s', (_, options) => {
  it.each([2, 3])('in %i shares: losses and gradients of one, dropout included', async (shares) => {
    const alone = await trainer({ ...options, ...STILL }, 1).run();
    const together = await trainer({ ...options, ...STILL }, shares).run();
    for (const [i, epoch] of together.epochs.entries()) {
      const { loss, validation, norm } = alone.epochs[i]!;
      expect(epoch.loss / loss).toBeCloseTo(1, 5);
      expect(epoch.validation! / validation!).toBeCloseTo(1, 5);
      expect(epoch.norm / norm).toBeCloseTo(1, 4);
    }
  });

  it('the same number of shares, the same bytes; resumed from the middle as well', async () => {
    const unbroken = await trainer(options, 2).run();
    expect(await trainer(options, 2).run()).toEqual(unbroken);
    const first = trainer({ ...options, epochs: 1 }, 2);
    await first.run();
    expect(await trainer({ ...options, resume: structuredClone(first.state) }, 2).run()).toEqual(unbroken);
  });
});

it('parts of a gradient add up to it', () => {
  const { ticks, train, loss } = WINDOWS;
  const work = { spec: fresh(LAYERS), data, ticks, train, validation: null, loss, batch: 32 };
  const task = { part: 'train', step: 9, key: 77 } as const;
  const gradients = (shares: number): number[] => {
    const sum = new Array<number>(new Hand(kernels, { ...work, shares }, 0).tape.parameters!.count).fill(0);
    for (let share = 0; share < shares; share++) {
      const hand = new Hand(kernels, { ...work, shares }, share);
      hand.run(task);
      hand.tape.parameters!.gradients.forEach((g, i) => {
        sum[i]! += g;
      });
    }
    return sum;
  };
  const whole = gradients(1);
  const largest = Math.max(...whole.map(Math.abs));
  expect(largest).toBeGreaterThan(0.01);
  for (const shares of [2, 3, 10]) {
    const apart = gradients(shares);
    for (const [i, g] of whole.entries()) expect(Math.abs(apart[i]! - g)).toBeLessThan(2e-6 * largest);
  }
});

it('told to stop in the middle of an epoch, it ends its threads and can go on', async () => {
  const unbroken = await trainer(WINDOWS, 2).run();
  const stop = new AbortController();
  const one = trainer(
    {
      ...WINDOWS,
      watch: ({ epoch, step }) => {
        if (epoch === 2 && step === 3) stop.abort();
      },
    },
    2,
  );
  const { stopped, epochs } = await one.run(() => {}, stop.signal);
  expect([stopped, epochs.length]).toEqual(['aborted', 1]);
  expect(await one.run()).toEqual(unbroken);
});

describe('a thread that fails ends the run', () => {
  it.each([
    ['throws when asked', `parentPort.on('message', () => { throw new Error('no more') })`, 'no more'],
    ['ends when asked', `parentPort.on('message', () => process.exit(3))`, 'exit code 3'],
    ['never begins', `throw new Error('no memory')`, 'no memory'],
  ])('%s', async (name, code, reason) => {
    const file = join(folder, `${name}.mjs`);
    writeFileSync(file, `import { parentPort } from 'node:worker_threads';\n${code};\n`);
    const one = trainer(WINDOWS, 3, threads(kernels.module, file));
    await expect(one.run()).rejects.toThrow(new RegExp(`^worker thread [12] of training ended: ${reason}$`));
    expect(one.state.epoch).toBe(0);
  });
});

it('without a crew there is one share', () => {
  expect(() => new Trainer(kernels, fresh(LAYERS), data, { ...WINDOWS, shares: 2 })).toThrow(
    /invalid shares: 2 \(expected a crew/,
  );
  expect(() => trainer(WINDOWS, 1.5)).toThrow(/invalid shares: 1.5/);
});
