import { describe, expect, it } from 'vitest';
import { Model } from '../../src/model/graph.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { Tape, whyNoGradient } from '../../src/model/tape.ts';
import { expectClose, type GoldenTensor, goldenModel, goldenTensors } from '../golden/golden.ts';
import { kernels, random } from '../kernels.ts';
import { modelOf, randomModel } from '../models.ts';

/** A tape that has run over all windows of a case, x (N, K, F). */
function taped(spec: ModelSpec, x: GoldenTensor): { tape: Tape; outputs: Float32Array; N: number; size: number } {
  const [N, ticks, F] = x.shape as [number, number, number];
  const tape = new Tape(kernels, spec, { branches: N, ticks });
  return { tape, outputs: tape.forward(Float32Array.from(x.data), N), N, size: ticks * F };
}

describe.each([
  ['attribution-torch-lstm-regression', 'torch-lstm', 'model.safetensors'],
  ['attribution-keras-seed-classification', 'keras-seed', 'model.keras'],
])('%s', (name, model, file) => {
  const { x, y, target, saliency, input_x_gradient: product } = goldenTensors(name);

  it('gives the gradients that Captum takes from torch in float64', () => {
    const { tape, outputs, N, size } = taped(goldenModel(model, file), x!);
    expectClose(outputs, y!.data);
    for (let n = 0; n < N; n++) {
      const gradient = tape.backward(target!.data[n]!).subarray(n * size, (n + 1) * size);
      expectClose(gradient, saliency!.row(n), { atol: 1e-7, rtol: 1e-5 }, `saliency[${n}]`);
      const times = gradient.map((v, i) => v * x!.row(n)[i]!);
      expectClose(times, product!.row(n), { atol: 1e-7, rtol: 1e-5 }, `input_x_gradient[${n}]`);
    }
  });

  it('has the outputs of the model to the bit', () => {
    const spec = goldenModel(model, file);
    const { tape, outputs, N } = taped(spec, x!);
    const plain = new Model(kernels, spec);
    for (let n = 0; n < N; n++) {
      plain.reset();
      for (let k = 0; k < tape.ticks; k++) plain.stepOne(x!.row(n, k));
      expect(outputs.slice(n * tape.outputs, (n + 1) * tape.outputs)).toEqual(plain.output(0).slice());
    }
  });
});

// a loss over the batch: its gradient is that of the outputs, each times what the loss makes of it
it.each(['training-lstm-mse', 'training-gru-mse'])(
  'gives the gradients of a squared error that torch gives: %s',
  (name) => {
    const { x, target, grad_input: expected } = goldenTensors(name);
    const { tape, outputs, N, size } = taped(goldenModel(name, 'model.safetensors'), x!);
    const gradient = tape.backward(0).map((v, i) => {
      const n = Math.floor(i / size);
      return (v * 2 * (outputs[n]! - target!.data[n]!)) / N;
    });
    expectClose(gradient, expected!.data, { atol: 1e-7, rtol: 1e-5 });
  },
);

it('gives the gradients of a cross entropy that torch gives', () => {
  const { x, target, grad_input: expected } = goldenTensors('training-lstm-crossentropy');
  const { tape, outputs, N, size } = taped(goldenModel('training-lstm-crossentropy', 'model.safetensors'), x!);
  const O = tape.outputs;
  const sum = new Float64Array(N * size);
  for (let o = 0; o < O; o++) {
    const gradient = tape.backward(o);
    for (let i = 0; i < sum.length; i++) {
      const n = Math.floor(i / size);
      const total = outputs.subarray(n * O, (n + 1) * O).reduce((a, v) => a + Math.exp(v), 0);
      const p = Math.exp(outputs[n * O + o]!) / total;
      sum[i]! += ((p - (target!.data[n] === o ? 1 : 0)) * gradient[i]!) / N;
    }
  }
  expectClose(sum, expected!.data, { atol: 1e-7, rtol: 1e-5 });
});

describe('a window behind ticks that came before', () => {
  const spec = randomModel(3, [6, 5], 2);
  const next = random(5);
  const ticks = Array.from({ length: 12 }, () => Float32Array.from({ length: 3 }, next));
  const window = Float32Array.from(ticks.slice(7).flatMap((x) => Array.from(x)));

  it('has the outputs of the stream to the bit', () => {
    const tape = new Tape(kernels, spec, { branches: 2, ticks: 5 });
    const model = new Model(kernels, spec);
    for (const x of ticks) model.stepOne(x);
    tape.begin(ticks.slice(0, 7));
    const both = Float32Array.from([...window, ...window]);
    expect(tape.forward(both, 2)).toEqual(Float32Array.from([...model.output(0), ...model.output(0)]));
    tape.begin([]);
    model.reset();
    for (const x of ticks.slice(7)) model.stepOne(x);
    expect(tape.forward(window, 1)).toEqual(model.output(0).slice());
  });

  it('has the gradient of its own ticks', () => {
    const whole = new Tape(kernels, spec, { branches: 1, ticks: 12 });
    whole.forward(Float32Array.from(ticks.flatMap((x) => Array.from(x))), 1);
    const tape = new Tape(kernels, spec, { branches: 1, ticks: 5 });
    tape.begin(ticks.slice(0, 7));
    tape.forward(window, 1);
    for (const target of [0, 1]) expect(tape.backward(target)).toEqual(whole.backward(target).slice(7 * 3));
  });
});

// an LSTM of three units by formula, whose figures Captum 0.8.0 gave
it('gives the saliency of a model that can be written down', () => {
  let n = 0;
  const draw = (length: number): number[] => Array.from({ length }, () => 0.6 * Math.sin(1.7 * n++ + 0.3));
  const transposed = (rows: number, columns: number): Float32Array => {
    const values = draw(rows * columns);
    return Float32Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
  };
  const [kernel, recurrent] = [transposed(12, 2), transposed(12, 3)];
  const [one, two] = [draw(12), draw(12)];
  const bias = Float32Array.from(one, (v, k) => v + two[k]!);
  const spec = modelOf(2, 1, [
    { kind: 'lstm', name: 'lstm', inputs: 2, units: 3, sequences: false, kernel, recurrent, bias },
    {
      ...{ kind: 'dense', name: 'linear', inputs: 3, units: 1, activation: 'linear' },
      ...{ kernel: transposed(1, 3), bias: Float32Array.from(draw(1)) },
    },
  ]);
  const tape = new Tape(kernels, spec, { branches: 1, ticks: 5 });
  const x = Float32Array.from({ length: 10 }, (_, i) => Math.cos(0.9 * i + 0.2));
  expect(tape.forward(x, 1)[0]).toBeCloseTo(-0.309069, 6);
  const saliency = tape.backward(0).map(Math.abs);
  const ticks = [0.011341, 0.002759, 0.01345, 0.003765, 0.013729, 0.001205, 0.024503, 0.001906, 0.047855, 0.081487];
  expectClose(saliency, ticks, { atol: 6e-7, rtol: 0 });
});

it('takes the gradient of a logit as the score asks', () => {
  const spec = goldenModel('keras-seed', 'model.keras');
  const { x } = goldenTensors('keras-seed');
  const windows = Float32Array.from(x!.data);
  const [p, z] = (['probability', 'logit'] as const).map((score) => {
    const tape = new Tape(kernels, spec, { branches: 4, ticks: 20, score });
    const outputs = tape.forward(windows, 4);
    return { outputs, gradients: Array.from({ length: 10 }, (_, target) => tape.backward(target)) };
  });
  const model = new Model(kernels, spec, { score: 'logit' });
  for (let k = 0; k < 20; k++) model.stepOne(x!.row(0, k));
  expect(z!.outputs.slice(0, 10)).toEqual(model.output(0).slice());
  // of a softmax: dp = p (dz - sum of p dz)
  const expected = p!.gradients[3]!.map((_, i) => {
    const of = p!.outputs.subarray(10 * Math.floor(i / 160), 10 * Math.floor(i / 160) + 10);
    const mean = of.reduce((sum, v, o) => sum + v * z!.gradients[o]![i]!, 0);
    return of[3]! * (z!.gradients[3]![i]! - mean);
  });
  expectClose(p!.gradients[3]!, expected, { atol: 1e-7, rtol: 1e-5 });
});

it('refuses what it cannot do', () => {
  const attending = goldenModel('keras-attention', 'model.keras');
  expect(() => new Tape(kernels, attending, { branches: 1, ticks: 5 })).toThrow(
    /invalid ticks: 5 \(expected 18, the window that the model needs\)/,
  );
  const windowed = new Tape(kernels, attending, { branches: 1, ticks: 18 });
  expect(() => windowed.begin([new Float32Array(5)])).toThrow(RangeError);
  const tape = new Tape(kernels, randomModel(3, [6]), { branches: 2, ticks: 5 });
  expect(() => tape.forward(new Float32Array(45), 3)).toThrow('3 windows on a tape of 2');
  expect(() => tape.backward(1)).toThrow('target 1 of 1 outputs');
  expect(() => new Tape(kernels, randomModel(3, [64]), { branches: 5000, ticks: 5000 })).toThrow(/too large.*4 GB/);
});

it('says where no gradient passes', () => {
  const spec = randomModel(3, [6]);
  expect(whyNoGradient(spec)).toBeNull();
  const tokens = goldenModel('keras-embedding-sentiment', 'model.keras');
  expect(whyNoGradient(tokens)).toMatch(/^none passes its layer \S+ \(embedding\)$/);
  expect(() => new Tape(kernels, tokens, { branches: 1, ticks: 14 })).toThrow(
    /one with a gradient: none passes its layer/,
  );
});
