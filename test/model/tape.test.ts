import { describe, expect, it } from 'vitest';
import { Model } from '../../src/model/graph.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { Tape, whyNoGradient } from '../../src/model/tape.ts';
import { expectClose, type GoldenTensor, goldenModel, goldenTensors } from '../golden/golden.ts';
import { kernels, random } from '../kernels.ts';
import { randomModel } from '../models.ts';

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

it('says where no gradient passes', () => {
  const spec = randomModel(3, [6]);
  expect(whyNoGradient(spec)).toBeNull();
  const tokens = goldenModel('keras-embedding-sentiment', 'model.keras');
  expect(whyNoGradient(tokens)).toMatch(/^its layer \S+ \(embedding\) has none$/);
  expect(() => new Tape(kernels, tokens, { branches: 1, ticks: 14 })).toThrow(/one with a gradient: its layer/);
});
