import { describe, expect, it } from 'vitest';
import { ConfigError, DataError, ModelError } from '../../src/errors.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { initialise } from '../../src/training/initialise.ts';
import type { Epoch } from '../../src/training/state.ts';
import { Trainer, type TrainerOptions } from '../../src/training/trainer.ts';
import { builds, kernels } from '../kernels.ts';
import { delayed, from, line, model, said } from './toys.ts';

const data = delayed(400);
const fresh = (layers: string, seed = 3): ModelSpec =>
  initialise(kernels.math, { inputs: 2, outputs: ['y'], layers, seed }, { name: 'toy' });
const OPTIONS: TrainerOptions = {
  ticks: 6,
  train: from(5, 300),
  validation: from(300, 400),
  loss: { kind: 'mse' },
  optimizer: { rate: 1e-2, clip: 1 },
  schedule: { kind: 'cosine', warmup: 1 },
  batch: 32,
  epochs: 6,
  seed: 5,
};
const weights = ({ layers }: ModelSpec): Float32Array[] =>
  layers.flatMap((layer) =>
    Object.values(layer).filter((value): value is Float32Array => value instanceof Float32Array),
  );

it('learns what two ticks ago and one tick ago were, as a product, from windows', async () => {
  const trainer = new Trainer(kernels, fresh('lstm:16'), data, { ...OPTIONS, epochs: 60 });
  const told: Epoch[] = [];
  const { spec, loss, epochs, stopped, epoch } = await trainer.run((one) => told.push(one));
  expect(stopped).toBe('epochs');
  expect(told).toEqual(epochs);
  expect(told[0]!.validation!).toBeGreaterThan(0.08);
  expect(loss).toBeLessThan(0.02);
  // the loss it states is that of the model it gives
  let sum = 0;
  for (let last = 300; last < 400; last++) {
    const gap = said(spec, data, last - 5, last + 1).at(-1)! - data.targets[last]!;
    sum += gap * gap;
  }
  expect(sum / 100).toBeCloseTo(loss, 6);
  expect(epochs[epoch - 1]!.validation).toBe(loss);
});

it('learns it from a stretch in lanes, states carried on', async () => {
  const stretch: TrainerOptions = { ...OPTIONS, train: { from: 0, to: 300 }, validation: { from: 300, to: 400 } };
  const options = { ...stretch, batch: 4, epochs: 60 };
  const { loss, stopped } = await new Trainer(kernels, fresh('gru:16'), data, options).run();
  expect(stopped).toBe('epochs');
  expect(loss).toBeLessThan(0.03);
});

describe('the same bytes', () => {
  const layers = 'lstm:7,dropout:0.3,gru:6,layer-normalization';
  const stretches = { ...OPTIONS, train: { from: 2, to: 300 }, validation: { from: 300, to: 400 }, batch: 5 };

  it.each([
    ['windows', OPTIONS],
    ['lanes', stretches],
  ])('%s: in every build, and resumed from the middle', async (_, options) => {
    const unbroken = await new Trainer(kernels, fresh(layers), data, options).run();
    for (const { kernels: k } of builds.slice(1)) {
      expect(await new Trainer(k, fresh(layers), data, options).run()).toEqual(unbroken);
    }
    const first = new Trainer(kernels, fresh(layers), data, options);
    const stop = new AbortController();
    const broken = await first.run(({ epoch }) => {
      if (epoch === 3) stop.abort();
    }, stop.signal);
    expect(broken.stopped).toBe('aborted');
    expect(broken.epochs).toEqual(unbroken.epochs.slice(0, 3));
    // as it would come back from another thread
    const resume = structuredClone(first.state);
    const second = await new Trainer(kernels, fresh(layers, 99), data, { ...options, resume }).run();
    expect(second).toEqual(unbroken);
    // the one that was stopped can itself go on
    expect(await first.run()).toEqual(second);
  });

  it('another seed, another order', async () => {
    const [a, b] = await Promise.all(
      [5, 6].map((seed) => new Trainer(kernels, fresh(layers), data, { ...OPTIONS, seed }).run()),
    );
    expect(weights(a!.spec)).not.toEqual(weights(b!.spec));
  });
});

it('told to stop, it gives the best so far', async () => {
  const trainer = new Trainer(kernels, fresh('lstm:16'), data, { ...OPTIONS, ticks: 64, train: from(63, 300) });
  const stop = new AbortController();
  const tell = ({ epoch }: { epoch: number }): void => {
    if (epoch === 2) stop.abort();
  };
  const { stopped, spec, epoch, epochs } = await trainer.run(tell, stop.signal);
  expect([stopped, epochs.length]).toEqual(['aborted', 2]);
  expect(trainer.state.best.epoch).toBe(epoch);
  expect(weights(spec).every((values) => values.every(Number.isFinite))).toBe(true);
});

it('stopped in the middle of an epoch, it gives the best so far', async () => {
  // an epoch asks fifteen times: ten steps, four batches of validation, and at its end
  let asked = 0;
  const signal = {
    get aborted() {
      return ++asked > 20;
    },
  } as AbortSignal;
  const trainer = new Trainer(kernels, fresh('lstm:16'), data, OPTIONS);
  const { stopped, spec, epoch, epochs, step } = await trainer.run(() => {}, signal);
  expect([stopped, epoch, epochs.length, step]).toEqual(['aborted', 1, 1, 15]);
  const { values } = trainer.state.best;
  expect(values).toEqual(trainer.state.values);
  expect(Float32Array.from(weights(spec).flatMap((own) => [...own]))).toEqual(values);
});

describe('a line, y = w x + b', () => {
  const one = { values: Float32Array.of(2), inputs: 1, targets: Float32Array.of(3), width: 1 };
  const options: TrainerOptions = { ticks: 1, train: [0], loss: { kind: 'mse' }, epochs: 1 };
  const stepped = async (optimizer: TrainerOptions['optimizer'], epochs = 1, more: Partial<TrainerOptions> = {}) => {
    const trainer = new Trainer(kernels, line(0, 0), one, { ...options, optimizer, epochs, ...more });
    const { epochs: told } = await trainer.run();
    return { values: Array.from(trainer.state.values), told };
  };
  const near = (...values: number[]) => values.map((value) => expect.closeTo(value, 6));

  it('one step: dloss/dy = -6, dw = -12, db = -6', async () => {
    const { values, told } = await stepped({ kind: 'sgd', rate: 0.1 });
    expect(values).toEqual(near(1.2, 0.6));
    expect(told).toEqual([
      { epoch: 1, step: 1, loss: 9, validation: null, norm: expect.closeTo(Math.sqrt(180), 12), rate: 0.1, best: true },
    ]);
  });

  it('momentum: the second step, where y is right, goes on by half', async () => {
    // y = 2 w + b = 3 where the rate is 0.1: then only momentum is left
    const { values } = await stepped({ kind: 'sgd', rate: 0.1, momentum: 0.5 }, 2);
    expect(values).toEqual(near(1.2 + 0.1 * 0.5 * 12, 0.6 + 0.1 * 0.5 * 6));
  });

  it('clipped to a norm of 1: (12, 6) / sqrt(180)', async () => {
    const { values } = await stepped({ kind: 'sgd', rate: 0.1, clip: 1 });
    expect(values).toEqual(near(1.2 / Math.sqrt(180), 0.6 / Math.sqrt(180)));
  });

  it('Adam: the first step is the learning rate, whatever the gradient', async () => {
    expect((await stepped({ rate: 0.1 })).values).toEqual(near(0.1, 0.1));
    expect((await stepped({ rate: 0.1, clip: 0.01 })).values).toEqual(near(0.1, 0.1));
  });

  it('weight decay: of Adam apart from the gradient, of SGD a part of it', async () => {
    // the gradient is zero where y is right: w = 1, b = 1
    const right = (optimizer: TrainerOptions['optimizer']) => {
      const trainer = new Trainer(kernels, line(1, 1), one, { ...options, optimizer });
      return trainer.run().then(() => Array.from(trainer.state.values));
    };
    expect(await right({ rate: 0.1, decay: 0.2 })).toEqual(near(0.98, 0.98));
    expect(await right({ kind: 'sgd', rate: 0.1, decay: 0.2 })).toEqual(near(0.98, 0.98));
    // Adam with L2 would step by its whole rate
    expect(await right({ kind: 'sgd', rate: 0.1, decay: 0.2, momentum: 0.9 })).toEqual(near(0.98, 0.98));
  });

  it('a rate that is halved after every epoch', async () => {
    const { told } = await stepped({ rate: 0.1 }, 3, { schedule: { kind: 'step', every: 1, factor: 0.5 } });
    expect(told.map(({ rate }) => rate)).toEqual([0.1, 0.05, 0.025]);
  });

  it('stops when another loss grows, and gives the weights before', async () => {
    // learning to say 1, it moves away from the -1 that is asked of it where it does not learn
    const both = { values: Float32Array.of(1, 1), inputs: 1, targets: Float32Array.of(1, -1), width: 1 };
    const early: TrainerOptions = { ...options, train: [0], validation: [1], epochs: 50, optimizer: { rate: 0.1 } };
    const { epochs, stopped, epoch, loss, spec } = await new Trainer(kernels, line(0, 0), both, {
      ...early,
      patience: 3,
    }).run();
    expect(stopped).toBe('patience');
    expect(epochs.map(({ best }) => best)).toEqual([true, false, false, false]);
    expect(epoch).toBe(1);
    expect(loss).toBeCloseTo(1.2 * 1.2, 6);
    expect(weights(spec).map(([v]) => v)).toEqual(near(0.1, 0.1));
    const resumed = new Trainer(kernels, line(0, 0), both, { ...early, patience: 3 });
    await resumed.run();
    const again = await new Trainer(kernels, line(0, 0), both, { ...early, patience: 3, resume: resumed.state }).run();
    expect([again.stopped, again.epochs.length]).toEqual(['patience', 4]);
  });

  it('diverges, says at which step, and gives the best weights', async () => {
    const { stopped, step, epoch, spec, epochs } = await new Trainer(kernels, line(0, 0), one, {
      ...options,
      optimizer: { kind: 'sgd', rate: 1e12 },
      epochs: 50,
    }).run();
    expect(stopped).toBe('diverged');
    // each step multiplies the error, 3 at first, by -1e13: the fourth loss is 9e78, whose gradient is beyond float32
    expect(step).toBe(4);
    expect(epochs.map(({ best }) => best)).toEqual([true, false, false]);
    expect(epoch).toBe(1);
    expect(weights(spec).every((values) => values.every(Number.isFinite))).toBe(true);
  });
});

describe('lanes', () => {
  // a rate that changes nothing: what is told is what the model says
  const still = { rate: 1e-30 };
  const options = { ...OPTIONS, optimizer: still, schedule: { kind: 'constant' as const }, epochs: 1, batch: 3 };

  it.each(['lstm:5', 'gru:5,lstm:4', 'rnn:3'])('%s: each begins at zero and goes on to its end', async (layers) => {
    const spec = fresh(layers);
    const stretch = { ...options, train: { from: 10, to: 110 }, validation: { from: 200, to: 210 } };
    const { epochs } = await new Trainer(kernels, spec, data, stretch).run();
    // 100 ticks in three lanes: five segments of six ticks each; 10 ticks: one lane of one segment
    const squares = (first: number, to: number): number[] =>
      said(spec, data, first, to).map((y, i) => (y - data.targets[first + i]!) ** 2);
    const mean = (values: number[]): number => values.reduce((a, b) => a + b) / values.length;
    expect(epochs[0]!.loss).toBeCloseTo(mean([10, 40, 70].flatMap((first) => squares(first, first + 30))), 6);
    expect(epochs[0]!.validation).toBeCloseTo(mean(squares(200, 206)), 6);
  });

  it('of a convolution, which looks back beyond its segment', async () => {
    const kernel = Float32Array.from({ length: 6 }, (_, i) => (i % 2 ? 0.5 : -0.25) * (i + 1));
    const conv = {
      kind: 'conv1d',
      name: 'conv',
      inputs: 2,
      units: 1,
      size: 3,
      dilation: 4,
      activation: 'linear',
    } as const;
    const spec = model(2, 1, { ...conv, kernel, bias: Float32Array.of(0.1) });
    const stretch = { ...options, validation: null, train: { from: 0, to: 54 }, batch: 1 };
    const { epochs } = await new Trainer(kernels, spec, data, stretch).run();
    const gaps = said(spec, data, 0, 54).map((y, t) => (y - data.targets[t]!) ** 2);
    expect(epochs[0]!.loss).toBeCloseTo(gaps.reduce((a, b) => a + b) / 54, 5);
  });
});

describe('what does not fit', () => {
  const bad = (over: Partial<TrainerOptions>, spec = fresh('lstm:3'), series = data) => {
    return () => new Trainer(kernels, spec, series, { ...OPTIONS, ...over });
  };
  it.each<[string, Partial<TrainerOptions>, new () => Error, RegExp]>([
    ['ticks', { ticks: 0 }, ConfigError, /invalid ticks: 0/],
    [
      'a window before the series',
      { train: [4] },
      DataError,
      /invalid training windows: 4 \(expected .* from 5 to 399\)/,
    ],
    ['a window behind it', { validation: [400] }, DataError, /invalid validation windows: 400/],
    ['no window', { train: [] }, ConfigError, /invalid training windows/],
    ['windows and a stretch', { validation: { from: 0, to: 9 } }, ConfigError, /invalid validation/],
    ['a short stretch', { train: { from: 0, to: 5 }, validation: null }, ConfigError, /invalid training ticks: 5/],
    ['a stretch beyond', { train: { from: 0, to: 401 }, validation: null }, DataError, /invalid training ticks/],
    ['a rate', { optimizer: { rate: 0 } }, ConfigError, /invalid optimizer rate: 0/],
    ['a beta', { optimizer: { beta2: 1 } }, ConfigError, /invalid optimizer beta2: 1/],
    ['a clip', { optimizer: { clip: -1 } }, ConfigError, /invalid optimizer clip: -1/],
    ['a schedule', { schedule: { kind: 'cosine', warmup: 6 } }, ConfigError, /invalid schedule warmup: 6/],
    ['a tau', { loss: { kind: 'quantile', tau: 1 } }, ConfigError, /invalid loss tau: 1/],
    ['a missing tau', { loss: { kind: 'quantile' } }, ConfigError, /invalid loss tau: nothing/],
    ['patience', { patience: 0 }, ConfigError, /invalid patience: 0/],
  ])('%s', (_, over, kind, message) => {
    expect(bad(over)).toThrow(kind);
    expect(bad(over)).toThrow(message);
  });

  it('values that are none, where they are used', () => {
    const values = data.values.slice();
    values[2 * 300] = Number.NaN;
    expect(bad({}, undefined, { ...data, values })).toThrow(/invalid tick 300 value 0: NaN/);
    expect(bad({ train: from(5, 290), validation: null }, undefined, { ...data, values })).not.toThrow();
    const targets = data.targets.slice();
    targets[7] = Number.POSITIVE_INFINITY;
    expect(bad({}, undefined, { ...data, targets })).toThrow(/invalid target of tick 7: Infinity/);
    expect(bad({ loss: { kind: 'categorical-crossentropy' } })).toThrow(/expected the number of a class, from 0 to 0/);
  });

  it('models that cannot be trained', () => {
    const pass = model(2, 2, { kind: 'activation', name: 'a', inputs: 2, activation: 'tanh' });
    expect(bad({}, pass)).toThrow(/none of its layers learns/);
    expect(
      bad(
        { loss: { kind: 'binary-crossentropy' } },
        { ...line(1, 1), layers: [{ ...line(1, 1).layers[0]!, activation: 'tanh' } as never] },
        { ...data, inputs: 1, targets: new Float32Array(800) },
      ),
    ).toThrow(/invalid loss: 'binary-crossentropy' .*sigmoid.*not tanh/);
    expect(bad({ batch: 1 << 24 })).toThrow(ModelError);
  });
});
