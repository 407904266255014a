import { describe, expect, it } from 'vitest';
import type { Kernels } from '../../src/kernels.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { Tape } from '../../src/model/tape.ts';
import { Loss, type LossOptions, scoreOf } from '../../src/training/loss.ts';
import { Optimizer, type OptimizerOptions } from '../../src/training/optimizer.ts';
import { expectClose, type GoldenTensor, goldenModel, goldenTensors } from '../golden/golden.ts';
import { builds, kernels } from '../kernels.ts';

/** Figures of torch in float64, and the tolerances of the cases. */
const CASES: { name: string; loss: LossOptions }[] = [
  { name: 'training-lstm-mse', loss: { kind: 'mse' } },
  { name: 'training-lstm-crossentropy', loss: { kind: 'categorical-crossentropy' } },
  { name: 'training-gru-mse', loss: { kind: 'mse' } },
];
const GRADIENT = { atol: 1e-6, rtol: 1e-4 };
const OPTIMIZERS = {
  adam: { options: { kind: 'adam', twoBiases: true }, atol: 2e-5 },
  sgd: { options: { kind: 'sgd', twoBiases: true }, atol: 1e-6 },
} as const;

/** A full batch, again and again. */
class Run {
  readonly tape: Tape;
  readonly optimizer: Optimizer;
  readonly #loss: Loss;
  readonly #N: number;

  constructor(
    kernels: Kernels,
    spec: ModelSpec,
    tensors: Record<string, GoldenTensor>,
    loss: LossOptions,
    options: OptimizerOptions,
  ) {
    const { x, target } = tensors as Record<'x' | 'target', GoldenTensor>;
    const [N, T] = x.shape as [number, number];
    this.#N = N;
    this.tape = new Tape(kernels, spec, { branches: N, ticks: T, score: scoreOf(loss), learns: true });
    this.#loss = new Loss(this.tape.arena, loss, this.tape.scored(false), N, 1);
    this.optimizer = new Optimizer(this.tape.arena, this.tape.parameters!, options);
    this.tape.attach();
    for (let n = 0; n < N; n++) this.tape.put(n, Float32Array.from(x.row(n)), 0);
    this.#loss.targets.set(target.data);
  }

  /** @returns the loss before */
  descend(): number {
    let loss = 0;
    this.tape.run(this.#N);
    this.tape.descend(() => {
      loss = this.#loss.run(this.#N);
    });
    return loss;
  }

  step(): void {
    this.optimizer.step(this.optimizer.norm(), this.optimizer.rate);
  }

  /** Values or gradients by torch's names, in its layouts: ours have input rows, torch's output rows, and other orders of gates. */
  told(values: Float32Array): Record<string, number[]> {
    const out: Record<string, number[]> = {};
    let layer = -1;
    for (const { kind, tensor, from, length, shape } of this.tape.parameters!.list) {
      if (tensor === 'kernel') layer++;
      const own = values.subarray(from, from + length);
      const H = shape.at(-1)! / (kind === 'lstm' ? 4 : kind === 'gru' ? 3 : 1);
      // Keras' z, r, n to torch's r, z, n
      const order = kind === 'gru' ? [1, 0, 2] : kind === 'lstm' ? [0, 1, 2, 3] : [0];
      const rows = order.flatMap((gate) => Array.from({ length: H }, (_, unit) => gate * H + unit));
      const width = shape.at(-1)!;
      const turned = (part: Float32Array) =>
        rows.flatMap((column) => Array.from({ length: part.length / width }, (_, k) => part[k * width + column]!));
      const name = kind === 'dense' ? { kernel: 'fc.weight', bias: 'fc.bias' } : torchNames(layer);
      if (kind === 'gru' && tensor === 'bias') {
        out[`rnn.bias_ih_l${layer}`] = turned(own.subarray(0, width));
        out[`rnn.bias_hh_l${layer}`] = turned(own.subarray(width));
      } else out[name[tensor as 'kernel']] = turned(own);
    }
    return out;
  }
}

const torchNames = (layer: number) => ({
  kernel: `rnn.weight_ih_l${layer}`,
  recurrent: `rnn.weight_hh_l${layer}`,
  bias: `rnn.bias_l${layer}`,
});

/** What torch says of a tensor of ours: our LSTM's bias is the sum of torch's two, whose gradients are both that of the sum. */
function expected(tensors: Record<string, GoldenTensor>, prefix: string, name: string): Float64Array {
  const found = tensors[`${prefix}.${name}`];
  if (found) return found.data;
  const [a, b] = ['bias_ih', 'bias_hh'].map((bias) => tensors[`${prefix}.${name.replace('bias', bias)}`]!.data);
  return prefix === 'grad' ? a! : a!.map((v, i) => v + b![i]!);
}

describe.each(CASES)('$name', ({ name, loss }) => {
  const spec = goldenModel(name, 'model.safetensors');
  const tensors = goldenTensors(name);

  it('loss and gradients of weights', () => {
    const run = new Run(kernels, spec, tensors, loss, {});
    expect(run.descend()).toBeCloseTo(tensors.loss!.data[0]!, 6);
    const told = run.told(run.tape.parameters!.gradients);
    for (const [key, values] of Object.entries(told))
      expectClose(values, expected(tensors, 'grad', key), GRADIENT, key);
  });

  it.each(Object.entries(OPTIMIZERS))('20 steps of %s', (kind, { options, atol }) => {
    const run = new Run(kernels, spec, tensors, loss, options);
    for (let step = 1; step <= 20; step++) {
      expectClose(
        [run.descend()],
        [tensors[`${kind}.losses`]!.data[step - 1]!],
        { atol: 2e-6, rtol: 1e-5 },
        `loss ${step}`,
      );
      run.step();
      if (!tensors[`${kind}.step${step}.fc.bias`]) continue;
      const told = run.told(run.tape.parameters!.values);
      for (const [key, values] of Object.entries(told))
        expectClose(values, expected(tensors, `${kind}.step${step}`, key), { atol, rtol: 0 }, `step ${step} ${key}`);
    }
  });

  it('20 steps of Adam with clipped gradients are those of its formulas in float64', () => {
    const clip = 0.05;
    const run = new Run(kernels, spec, tensors, loss, { clip });
    const { gradients: g, values } = run.tape.parameters!;
    const p = Float64Array.from(values);
    const [m, v] = [new Float64Array(p.length), new Float64Array(p.length)];
    for (let step = 1; step <= 20; step++) {
      run.descend();
      const norm = Math.sqrt(g.reduce((sum, one) => sum + one * one, 0));
      expect(run.optimizer.norm()).toBeCloseTo(norm, 10);
      expect(norm).toBeGreaterThan(clip);
      for (let i = 0; i < p.length; i++) {
        const clipped = (g[i]! * clip) / (norm + 1e-6);
        m[i] = 0.9 * m[i]! + 0.1 * clipped;
        v[i] = 0.999 * v[i]! + 0.001 * clipped * clipped;
        p[i]! -= (1e-3 * (m[i]! / (1 - 0.9 ** step))) / (Math.sqrt(v[i]! / (1 - 0.999 ** step)) + 1e-8);
      }
      run.step();
    }
    expectClose(values, p, { atol: 2e-6, rtol: 0 });
  });

  it('the same bytes in every build', () => {
    const bytes = builds.map(({ kernels }) => {
      const run = new Run(kernels, spec, tensors, loss, { clip: 0.5 });
      for (let step = 0; step < 3; step++) {
        run.descend();
        run.step();
      }
      return run.tape.parameters!.values.slice();
    });
    expect(bytes[1]).toEqual(bytes[0]);
    expect(bytes[2]).toEqual(bytes[0]);
  });
});
