import { describe, expect, it } from 'vitest';
import { readModel } from '../../src/model/formats/index.ts';
import { Model } from '../../src/model/graph.ts';
import { expectClose, goldenFile, goldenTensors } from '../golden/golden.ts';
import { builds, kernels } from '../kernels.ts';
import { denseSpec, lstmSpec, modelOf, randomModel } from '../models.ts';

const CASES = [
  { name: 'keras-seed', file: 'model.keras', layers: ['lstm', 'lstm_1'] },
  { name: 'torch-lstm', file: 'model.safetensors', layers: ['l0', 'l1'] },
];
const TENSOR = { hidden: 'h', cell: 'c', i: 'i', f: 'f', g: 'g', o: 'o' } as const;

// float32 against the framework's float32 and a float64 reference: 2e-6 + 1e-5 relative
describe.each(builds)('golden models, every state and gate of every step ($name)', ({ kernels: k }) => {
  it.each(CASES)('$name', ({ name, file, layers }) => {
    const golden = goldenTensors(name);
    const model = new Model(k, readModel(goldenFile(name, file), file));
    const [N, T] = golden.x!.shape as [number, number, number];
    for (let n = 0; n < N; n++) {
      model.reset();
      for (let t = 0; t < T; t++) {
        const y = model.stepOne(golden.x!.row(n, t));
        if (golden.y_steps) expectClose(y, golden.y_steps.row(n, t), {}, `y_steps[${n}, ${t}]`);
        for (const [l, { values }] of model.internals().entries()) {
          for (const [key, tensor] of Object.entries(TENSOR)) {
            expectClose(
              values[key]!,
              golden[`${layers[l]}.${tensor}`]!.row(n, t),
              {},
              `${layers[l]}.${tensor}[${n}, ${t}]`,
            );
          }
        }
      }
      expectClose(model.output(0), golden.y!.row(n), {}, `y[${n}]`);
      expectClose(model.output(0), golden.y_f64!.row(n), {}, `y_f64[${n}]`);
    }
  });

  it("a logit is the output before the model's last activation", () => {
    const golden = goldenTensors('keras-seed');
    const model = new Model(k, readModel(goldenFile('keras-seed', 'model.keras'), 'model.keras'), { score: 'logit' });
    for (let t = 0; t < golden.x!.shape[1]!; t++) model.stepOne(golden.x!.row(0, t));
    expectClose(model.output(0), golden.logits_f64!.row(0), {}, 'logits');
  });
});

describe('Model', () => {
  it('layers before, between and after the recurrent ones', () => {
    // by hand: normalise (x - 1) / 2, double it with Rescaling, Dense 3x + 1 without state: y = 3 (x - 1) + 1
    const dense = denseSpec('dense', 1, 1, () => 0);
    dense.kernel.set([3]);
    dense.bias.set([1]);
    const model = new Model(
      kernels,
      modelOf(1, 1, [
        { kind: 'normalization', name: 'n', inputs: 1, mean: Float32Array.of(1), variance: Float32Array.of(4) },
        { kind: 'dropout', name: 'd', inputs: 1, rate: 0.5 },
        { kind: 'rescaling', name: 'r', inputs: 1, scale: Float32Array.of(2), offset: Float32Array.of(0) },
        dense,
      ]),
    );
    expect(model.stepOne([5])[0]).toBe(13);
  });

  it('a fork goes its own way from the state it was given', () => {
    const model = new Model(kernels, randomModel(2, [3, 4], 1), { branches: 3, inputRows: 2 });
    const alone = new Model(kernels, randomModel(2, [3, 4], 1));
    for (const x of [
      [1, 2],
      [-1, 0.5],
    ]) {
      model.stepOne(x);
      alone.stepOne(x);
    }
    model.fork(0, 1, 2);
    model.input.set([0, 0, 0, 0, 3, 3]);
    model.slots.set([0, 1, 2]);
    model.inputRow.set([0, 1, 0]);
    model.step(3, 2);
    expect(model.output(1)[0]).toBe(alone.stepOne([3, 3])[0]);
    expect(model.output(2)[0]).toBe(model.output(0)[0]);
    expect(model.output(1)[0]).not.toBe(model.output(0)[0]);
  });

  it('says which branches have come within eps of branch 0', () => {
    const model = new Model(kernels, randomModel(1, [4], 1), { branches: 3, inputRows: 2 });
    model.input.set([1, 0, 0, 0, 1.001, 0, 0, 0]);
    model.slots.set([0, 1, 2]);
    model.inputRow.set([0, 1, 0]);
    model.step(3, 2);
    expect(Array.from(model.settle(3, 0)).slice(0, 3)).toEqual([0, 1, 0]);
    expect(Array.from(model.settle(3, 0.1)).slice(0, 3)).toEqual([0, 0, 0]);
  });

  it.each([
    [
      'what the layer before gives',
      { ...denseSpec('head', 5, 1, () => 0) },
      /invalid test head inputs: 5 \(expected 4/,
    ],
    [
      'a tensor too short',
      { ...denseSpec('head', 4, 1, () => 0), kernel: new Float32Array(3) },
      /invalid test head kernel: '3 values' \(expected shape \[4, 1\]\)/,
    ],
    ['an unknown activation', denseSpec('head', 4, 1, () => 0, 'maxout'), /invalid test head activation: 'maxout'/],
  ])('refuses a layer whose shapes do not fit: %s', (_, head, message) => {
    const build = () => new Model(kernels, modelOf(2, 1, [lstmSpec('lstm', 2, 4, () => 0), head]));
    expect(build).toThrow(message);
  });
});
