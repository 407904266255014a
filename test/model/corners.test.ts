import { describe, expect, it } from 'vitest';
import { Explainer } from '../../src/explainer.ts';
import { bankSize, RollingOcclusion } from '../../src/methods/rollingOcclusion.ts';
import { type NewLayer, SpecBuilder, type Value } from '../../src/model/formats/builder.ts';
import { Model } from '../../src/model/graph.ts';
import { vocabularyOf } from '../../src/model/layers/embedding.ts';
import { TICKS } from '../../src/model/shape.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { expectClose } from '../golden/golden.ts';
import { kernels, random } from '../kernels.ts';
import { denseSpec, fill, lstmSpec } from '../models.ts';
import { reference } from '../reference/forward.ts';

const layer = <S extends { inputs: number }>({ inputs: _, ...rest }: S): NewLayer => rest as unknown as NewLayer;

function build(F: number, T: number | null, above: (b: SpecBuilder) => Value): ModelSpec {
  const b = new SpecBuilder('test', F, T);
  return b.finish(above(b), { format: 'native', name: 'test', mode: 'stateful' });
}

/** Windows of three branches, each with inputs of its own, against each alone and against the reference. */
function inCompany(spec: ModelSpec, T: number): void {
  const next = random(4);
  const windows = Array.from({ length: 3 }, () => Array.from({ length: T }, () => fill(spec.inputs, next, 1.5)));
  const model = new Model(kernels, spec, { branches: 3, inputRows: 3, window: T });
  for (let t = 0; t < T; t++) {
    for (let b = 0; b < 3; b++) {
      model.input.set(windows[b]![t]!, b * model.inputStride);
      model.slots[b] = 2 - b;
      model.inputRow[b] = b;
    }
    model.step(3, 3);
  }
  for (const [b, window] of windows.entries()) {
    const alone = new Model(kernels, spec, { window: T });
    for (const x of window) alone.stepOne(x);
    expect(Array.from(model.output(2 - b))).toEqual(Array.from(alone.output(0)));
    expectClose(alone.output(0), reference(spec).run(window).output, { atol: 4e-6 }, `window ${b}`);
  }
}

describe('an axis of its own length, over which layers are stepped', () => {
  const next = random(2);
  const repeated = (b: SpecBuilder): Value => {
    const [, state] = b.add(layer(lstmSpec('lstm', 3, 5, next)), b.input);
    return b.add({ kind: 'repeat', name: 'repeat', count: 4 }, state!)[0]!;
  };

  it('softmax normalises row by row', () => {
    const spec = build(3, 6, (b) => {
      const [dense] = b.add(layer(denseSpec('dense', 5, 2, next)), repeated(b));
      return b.add({ kind: 'activation', name: 'softmax', activation: 'softmax' }, dense!)[0]!;
    });
    inCompany(spec, 6);
    const model = new Model(kernels, spec);
    for (let t = 0; t < 6; t++) model.stepOne([1, 2, 3]);
    const y = model.output(0);
    for (let row = 0; row < 4; row++) expect(y[2 * row]! + y[2 * row + 1]!).toBeCloseTo(1, 6);
  });

  it('rows are joined and merged row by row', () => {
    const spec = build(3, 6, (b) => {
      const rows = repeated(b);
      const [one] = b.add(layer(denseSpec('one', 5, 3, next)), rows);
      const [two] = b.add(layer(denseSpec('two', 5, 3, next)), rows);
      const [sum] = b.add({ kind: 'merge', name: 'sum', operation: 'maximum' }, one!, two!);
      return b.add({ kind: 'concatenate', name: 'join' }, sum!, one!, rows)[0]!;
    });
    inCompany(spec, 6);
  });

  it('a mask of rows laid out anew is a row’s own', () => {
    const spec = build(2, null, (b) => {
      const [, state] = b.add(layer(lstmSpec('lstm', 2, 6, next)), b.input);
      const [relu] = b.add({ kind: 'activation', name: 'relu', activation: 'relu' }, state!);
      const [rows] = b.add({ kind: 'reshape', name: 'rows', shape: [3, 2] }, relu!);
      const [masked] = b.add({ kind: 'masking', name: 'masking', value: 0 }, rows!);
      return b.add({ kind: 'global-pooling', name: 'mean', operation: 'average', keep: false }, masked!)[0]!;
    });
    inCompany(spec, 5);
  });
});

describe('forgetting', () => {
  it('never settles a branch that differs in its mask alone', () => {
    // tokens 0 and 1 mean the same, but 0 is padding: the mean of [1, 1, 5] becomes that of [1, 5]
    const table = Float32Array.of(1, 1, 0, 0, 0, 5);
    const spec = build(1, 3, (b) => {
      const [embedded] = b.add(
        { kind: 'embedding', name: 'embedding', vocabulary: 6, units: 1, maskZero: true, table },
        b.input,
      );
      return b.add({ kind: 'global-pooling', name: 'mean', operation: 'average', keep: false }, embedded!)[0]!;
    });
    for (const eps of [0, 1e-6]) {
      const bank = new RollingOcclusion(new Model(kernels, spec, bankSize(3, 1)), { window: 3, eps, target: 0 });
      for (const [k, token] of [1, 1, 5].entries()) bank.push([token], [0], k === 2);
      expect(Array.from(bank.events)).toEqual([7 / 3 - 3, 7 / 3 - 3, 7 / 3 - 1].map((v) => expect.closeTo(v, 6)));
    }
  });
});

describe('tokens', () => {
  it('are found wherever the input is embedded, the smallest vocabulary first', () => {
    const next = random(3);
    const spec = build(1, null, (b) => {
      const [scaled] = b.add(
        { kind: 'rescaling', name: 'scaled', scale: Float32Array.of(0.1), offset: Float32Array.of(0) },
        b.input,
      );
      const [state] = b.add(layer(lstmSpec('lstm', 1, 3, next)), scaled!);
      const [dropped] = b.add({ kind: 'dropout', name: 'dropout', rate: 0.1 }, b.input);
      const [embedded] = b.add(
        { kind: 'embedding', name: 'embedding', vocabulary: 4, units: 2, maskZero: false, table: fill(8, next, 1) },
        dropped!,
      );
      return b.add({ kind: 'concatenate', name: 'both' }, state!, embedded!)[0]!;
    });
    expect(vocabularyOf(spec)).toBe(4);
    const explainer = new Explainer(kernels, spec, { columns: ['token'] });
    const tick = (time: number, token: number) => ({ key: '', time, seq: null, values: { token } });
    const first = explainer.push(tick(0, 3))!.prediction;
    expect(explainer.push(tick(1, 4))).toBeNull();
    explainer.reset();
    expect(explainer.push(tick(2, 3))!.prediction).toBe(first);
  });
});

describe('a logit', () => {
  const next = random(6);
  const head = denseSpec('head', 3, 2, next, 'softmax');
  const plain = { ...head, activation: 'linear' };
  const above = (dense: typeof head, more: NewLayer[]): ModelSpec =>
    build(2, null, (b) => {
      const sequences = lstmSpec('lstm', 2, 3, random(7));
      const [sequence] = b.add(layer(sequences), b.input);
      let [value] = b.add(layer(dense), sequence!);
      for (const one of more) [value] = b.add(one, value!);
      return value!;
    });

  it.each<[string, NewLayer[]]>([
    ['last', [{ kind: 'last', name: 'last' }]],
    ['reshape', [{ kind: 'reshape', name: 'same', shape: [TICKS, 2] }]],
    ['dropout', [{ kind: 'dropout', name: 'dropout', rate: 0.5 }]],
  ])('is found below %s', (_, more) => {
    const logit = new Model(kernels, above(head, more), { score: 'logit' });
    const linear = new Model(kernels, above(plain, more));
    expect(Array.from(logit.stepOne([1, -1]))).toEqual(Array.from(linear.stepOne([1, -1])));
  });

  it('leaves out an activation with a slope of its own', () => {
    const spec = above(plain, [{ kind: 'activation', name: 'leaky', activation: 'leaky_relu', alpha: 0.3 }]);
    const logit = new Model(kernels, spec, { score: 'logit' }).stepOne([1, -1]);
    expect(Array.from(logit)).toEqual(Array.from(new Model(kernels, above(plain, [])).stepOne([1, -1])));
  });
});

describe('what does not fit', () => {
  it.each([
    ['branches', { branches: 1e9 }],
    ['a window', { window: 1e9 }],
  ])('into memory is a ModelError: %s', (_, options) => {
    const spec = build(2, null, (b) => {
      const [sequence] = b.add(layer(lstmSpec('lstm', 2, 3, random(7))), b.input);
      return b.add({ kind: 'global-pooling', name: 'mean', operation: 'average', keep: false }, sequence!)[0]!;
    });
    expect(() => new Model(kernels, spec, { window: 3, ...options })).toThrow(/too large.*fit into 4 GB/);
  });

  it.each<[string, NewLayer, RegExp]>([
    ['a shape without values', { kind: 'reshape', name: 'r', shape: [TICKS] }, /one or two axes/],
    [
      'a division by nothing',
      { kind: 'layer-normalization', name: 'r', epsilon: 0, gamma: new Float32Array(2), beta: new Float32Array(2) },
      /epsilon: 0 \(expected more than zero\)/,
    ],
    [
      'a negative epsilon',
      {
        kind: 'batch-normalization',
        name: 'r',
        epsilon: -2,
        ...{ gamma: new Float32Array(2), beta: new Float32Array(2), mean: new Float32Array(2) },
        variance: Float32Array.of(1, 1),
      },
      /epsilon: -2 \(expected zero or more\)/,
    ],
  ])('together is refused: %s', (_, spec, message) => {
    expect(() => build(2, null, (b) => b.add(spec, b.input)[0]!)).toThrow(message);
  });
});
