import { expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { floats } from '../../src/model/layers/layer.ts';
import { Tape } from '../../src/model/tape.ts';
import { checkLoss, Loss, type LossOptions } from '../../src/training/loss.ts';
import { share } from '../../src/training/schedule.ts';
import { builds, kernels } from '../kernels.ts';
import { model } from './toys.ts';

/** A model of two outputs that gives what it is given. */
const identity = model(2, 2, {
  kind: 'dense',
  name: 'dense',
  inputs: 2,
  units: 2,
  activation: 'linear',
  kernel: Float32Array.of(1, 0, 0, 1),
  bias: new Float32Array(2),
});

/** Loss and gradients of two windows whose outputs and targets are given. */
function measured(k: typeof kernels, options: LossOptions, outputs: number[], targets: number[]) {
  const width = targets.length / 2;
  const tape = new Tape(k, identity, { branches: 2, ticks: 1, learns: true });
  const scored = tape.scored(false);
  const loss = new Loss(tape.arena, options, scored, 2, width);
  tape.attach();
  loss.targets.set(targets);
  tape.forward(Float32Array.from(outputs), 2);
  const { at, stride } = scored.gradient;
  const value = loss.run(2);
  return { value, gradient: [0, 1].flatMap((n) => Array.from(floats(tape.arena, at + 4 * n * stride, 2))) };
}

const e = Math.E;
const near = (values: number[]) => values.map((value) => expect.closeTo(value, 6));
// means over two windows of two outputs, or over two windows
it.each<[LossOptions, outputs: number[], targets: number[], value: number, gradient: number[]]>([
  [{ kind: 'mse' }, [1, 2, 3, 4], [0, 2, 1, 5], (1 + 0 + 4 + 1) / 4, [0.5, 0, 1, -0.5]],
  [{ kind: 'mse' }, [1, 2, 3, 4], [1, 3], (0 + 1 + 0 + 1) / 4, [0, 0.5, 0, 0.5]],
  [{ kind: 'mae' }, [1, 2, 3, 4], [0, 2, 1, 5], (1 + 0 + 2 + 1) / 4, [0.25, 0, 0.25, -0.25]],
  [{ kind: 'huber' }, [1, 2, 3, 4.5], [0, 2, 0, 5], (0.5 + 0 + 2.5 + 0.125) / 4, [0.25, 0, 0.25, -0.125]],
  [{ kind: 'huber', delta: 2 }, [1, 2, 3, 4.5], [0, 2, 0, 5], (0.5 + 0 + 4 + 0.125) / 4, [0.25, 0, 0.5, -0.125]],
  // below its target an output costs tau, above it 1 - tau
  [{ kind: 'quantile', tau: 0.75 }, [0, 2, 0, 2], [1, 1], (0.75 + 0.25) / 2, [-0.1875, 0.0625, -0.1875, 0.0625]],
  [{ kind: 'quantile', tau: [0.25, 0.75] }, [0, 0, 2, 2], [1, 1], 0.5, [-0.0625, -0.1875, 0.1875, 0.0625]],
  // logits 0 and ln 3: probabilities 1/2 and 3/4
  [
    { kind: 'binary-crossentropy' },
    [0, Math.log(3), 0, Math.log(3)],
    [1, 1, 0, 0],
    (Math.log(2) + Math.log(4 / 3) + Math.log(2) + Math.log(4)) / 4,
    [-0.125, -0.0625, 0.125, 0.1875],
  ],
  // logits ln 3 and 0: probabilities 3/4 and 1/4
  [
    { kind: 'categorical-crossentropy' },
    [Math.log(3), 0, Math.log(3), 0],
    [0, 1],
    (Math.log(4 / 3) + Math.log(4)) / 2,
    [-0.125, 0.125, 0.375, -0.375],
  ],
  // far out nothing overflows
  [
    { kind: 'binary-crossentropy' },
    [1000, -1000, 1, 0],
    [0, 0, 1, 1],
    (1000 + Math.log(1 + 1 / e) + Math.log(2)) / 4,
    [0.25, 0, -0.25 / (1 + e), -0.125],
  ],
  [
    { kind: 'categorical-crossentropy' },
    [1000, -1000, 0, 0],
    [1, 0],
    (2000 + Math.log(2)) / 2,
    [0.5, -0.5, -0.25, 0.25],
  ],
])('%o of %o where it should be %o', (options, outputs, targets, value, gradient) => {
  for (const { kernels: k } of builds) {
    const found = measured(k, options, outputs, targets);
    expect(found.value).toBeCloseTo(value, value > 100 ? 3 : 6);
    expect(found.gradient).toEqual(near(gradient));
  }
});

it('targets are one an output or one for all, classes one', () => {
  expect(() => checkLoss({ kind: 'mse' }, identity, 3)).toThrow(
    /invalid target: '3 values a tick' \(expected 1, or 2: one an output\)/,
  );
  expect(() => checkLoss({ kind: 'categorical-crossentropy' }, identity, 2)).toThrow(ConfigError);
  expect(() => checkLoss({ kind: 'huber', delta: 0 }, identity, 1)).toThrow(/invalid loss delta: 0/);
  expect(() => checkLoss({ kind: 'l2' as 'mse' }, identity, 1)).toThrow(/invalid loss: 'l2'/);
});

it('rates: half a cosine behind a warm-up, steps, a constant', () => {
  // five epochs of two steps, the first of which is warm-up
  const at = (schedule: Parameters<typeof share>[0]) =>
    Array.from({ length: 10 }, (_, step) => share(schedule, step, 2, 5, kernels.math));
  const cosine = at({ kind: 'cosine', warmup: 1, least: 0.2 });
  expect(cosine.slice(0, 3)).toEqual([0.5, 1, 1]);
  // half way down, and at the last of eight steps
  expect(cosine[6]).toBeCloseTo(0.6, 12);
  expect(cosine[9]).toBeCloseTo(0.2 + 0.4 * (1 + Math.cos((7 / 8) * Math.PI)), 12);
  expect(at({ kind: 'step', every: 2, factor: 0.5 })).toEqual([1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25]);
  expect(at({ kind: 'constant', warmup: 2 })).toEqual([0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 1]);
});
