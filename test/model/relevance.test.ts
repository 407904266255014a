import { describe, expect, it } from 'vitest';
import { Relevance, whyNoRelevance } from '../../src/model/relevance.ts';
import type { LstmSpec, ModelSpec } from '../../src/model/spec.ts';
import { expectClose, goldenModel } from '../golden/golden.ts';
import { kernels, random } from '../kernels.ts';
import { modelOf, randomModel } from '../models.ts';
import { relevance } from '../reference/relevance.ts';
import { sampleModel, samples, WINDOW } from '../samples.ts';

const flat = (ticks: Float32Array[]): Float32Array => Float32Array.from(ticks.flatMap((x) => Array.from(x)));
const sum = (values: Float32Array): number => values.reduce((a, b) => a + b, 0);

const samplesWithRules = Object.values(samples)
  .flat()
  .map((sample) => [sampleModel(sample, true), sample] as const)
  .filter(([spec]) => !whyNoRelevance(spec))
  .map(([spec, sample]) => [spec.layers.map(({ kind }) => kind).join(', '), sample, spec] as const);

describe('of every kind that has a rule', () => {
  it.each(samplesWithRules)('%s, $what: as every message by itself in float64', (_, sample, spec) => {
    const given = new Relevance(kernels, spec, { ticks: WINDOW });
    for (const seed of [1, 2, 3]) {
      const next = random(seed);
      const ticks = Array.from({ length: WINDOW }, () => Float32Array.from(sample.tick(sample.inputs, next)));
      for (const target of [0, spec.outputs.length - 1]) {
        const { values, state } = given.run(flat(ticks), target, 0.01);
        const expected = relevance(spec, ticks, target, 0.01).flatMap((row) => Array.from(row));
        expectClose(values, expected, { atol: 5e-6, rtol: 1e-5 }, `output ${target} of window ${seed}`);
        expect(state).toBe(0);
      }
    }
  });

  it('is most of them', () => {
    const kinds = new Set(samplesWithRules.flatMap(([, , { layers }]) => layers.map(({ kind }) => kind)));
    expect([...kinds].sort()).toEqual([
      ...['activation', 'batch-normalization', 'concatenate', 'dense', 'dropout', 'flatten', 'gru', 'last', 'lstm'],
      ...['masking', 'merge', 'normalization', 'repeat', 'rescaling', 'reshape', 'rnn'],
    ]);
  });
});

describe('on paper', () => {
  // i = f = o = 1/2, since nothing feeds them; g = 1 + 2 x + h; y = 4 h - 1/4
  const one: LstmSpec = {
    kind: 'lstm',
    name: 'lstm',
    inputs: 1,
    units: 1,
    sequences: false,
    activation: 'linear',
    kernel: Float32Array.of(0, 0, 2, 0),
    recurrent: Float32Array.of(0, 0, 1, 0),
    bias: Float32Array.of(0, 0, 1, 0),
  };
  const spec = modelOf(1, 1, [
    one,
    {
      kind: 'dense',
      name: 'dense',
      inputs: 1,
      units: 1,
      activation: 'linear',
      kernel: Float32Array.of(4),
      bias: Float32Array.of(-0.25),
    },
  ]);

  // x = 1: g = 3, c = 3/2, h = 3/4. x = 1/2: g = 11/4, c = 3/4 + 11/8 = 17/8, h = 17/16, y = 4
  it('a step of one unit, with an epsilon of 1', () => {
    const { output, values, state } = new Relevance(kernels, spec, { ticks: 2 }).run(Float32Array.of(1, 0.5), 0, 1);
    expect(output).toBe(4);
    // to h: 4 (17/4) / (4 + 1) = 3.4, all of it to c; of that (11/8) / (17/8 + 1) to the candidate: 1.496, of whose sum
    // 11/4 x is given 1, h 3/4: 1 / (11/4 + 1) and (3/4) / (11/4 + 1) of it
    expect(values[1]).toBeCloseTo(1.496 / 3.75, 6);
    // the c before: (3/4) / (17/8 + 1) of 3.4 = 0.816, and from its h 0.2992: 1.1152; to its candidate (3/2) / (3/2 + 1) of
    // it, to x half of that: 2 / (3 + 1)
    expect(values[0]).toBeCloseTo(1.1152 * 0.6 * 0.5, 6);
    expect(state).toBe(0);
  });

  it('the same tick before the window: what it was given went into the state', () => {
    const given = new Relevance(kernels, spec, { ticks: 1 });
    given.begin([Float32Array.of(1)]);
    const { values, state } = given.run(Float32Array.of(0.5), 0, 1);
    expect(values[0]).toBeCloseTo(1.496 / 3.75, 6);
    expect(state).toBeCloseTo(1.1152, 6);
  });

  it('a sum of two, one against the other', () => {
    const two = modelOf(1, 1, [
      { kind: 'rescaling', name: 'a', inputs: 1, scale: Float32Array.of(3), offset: Float32Array.of(2) },
      {
        kind: 'rescaling',
        name: 'b',
        inputs: 1,
        scale: Float32Array.of(1),
        offset: Float32Array.of(0),
        from: [{ layer: null, output: 0 }],
      },
      {
        kind: 'merge',
        name: 'sum',
        inputs: 1,
        operation: 'subtract',
        from: [
          { layer: 'a', output: 0 },
          { layer: 'b', output: 0 },
        ],
      },
    ]);
    // y = (3 + 2) - 1 = 4: a is given 4 (5 / 5), b 4 (-1 / 5), and both are the same input's
    const { values } = new Relevance(kernels, two, { ticks: 1 }).run(Float32Array.of(1), 0, 1);
    expect(values[0]).toBeCloseTo(3.2, 6);
  });
});

describe('without biases and with a small epsilon', () => {
  const spec = unbiased(randomModel(3, [6, 5], 2));
  const next = random(5);
  const ticks = Array.from({ length: 9 }, () => Float32Array.from({ length: 3 }, next));
  const whole = new Relevance(kernels, spec, { ticks: 9 }).run(flat(ticks), 1, 1e-9);

  it('nothing is lost', () => {
    expect(sum(whole.values)).toBeCloseTo(whole.output, 5);
  });

  it('the state before a window is given what the ticks before it are given', () => {
    const given = new Relevance(kernels, spec, { ticks: 4 });
    given.begin(ticks.slice(0, 5));
    const { output, values, state } = given.run(flat(ticks.slice(5)), 1, 1e-9);
    expect(output).toBe(whole.output);
    expectClose(values, whole.values.subarray(15), { atol: 1e-6 });
    expect(state).toBeCloseTo(sum(whole.values.subarray(0, 15)), 5);
  });
});

it('hands back a probability, or the value before the softmax', () => {
  const spec = goldenModel('keras-seed', 'model.keras');
  const next = random(7);
  const window = Float32Array.from({ length: 20 * 8 }, next);
  const [p, z] = (['probability', 'logit'] as const).map((score) =>
    new Relevance(kernels, spec, { ticks: 20, score }).run(window, 3),
  );
  expect(p!.output).toBeGreaterThan(0);
  expect(p!.output).toBeLessThan(1);
  expectClose(
    p!.values,
    z!.values.map((v) => (v * p!.output) / z!.output),
    { atol: 1e-7 },
  );
});

it('says what has no rule', () => {
  const why = (name: string): string | null => whyNoRelevance(goldenModel(name, 'model.keras'));
  expect(why('keras-bidirectional')).toBeNull();
  expect(why('keras-attention')).toMatch(/^there is no rule for its layer \S+ \(attention\)$/);
  expect(why('keras-embedding-sentiment')).toMatch(/\(embedding\)/);
  const mixing = modelOf(2, 2, [
    { kind: 'activation', name: 'soft', inputs: 2, activation: 'softmax' },
    { kind: 'activation', name: 'tanh', inputs: 2, activation: 'tanh' },
  ]);
  expect(whyNoRelevance(mixing)).toBe('its layer soft mixes values (softmax) before the end');
  expect(() => new Relevance(kernels, mixing, { ticks: 3 })).toThrow(/one with relevance: its layer soft/);
  const spec = randomModel(3, [4]);
  expect(() => new Relevance(kernels, spec, { ticks: 1 }).run(new Float32Array(3), 0, 0)).toThrow(/invalid epsilon: 0/);
});

/** Of a model of LSTMs and Dense layers one whose candidates and outputs are sums of weighted inputs alone. */
function unbiased(spec: ModelSpec): ModelSpec {
  const layers = spec.layers.map((layer) =>
    layer.kind === 'lstm' || layer.kind === 'dense' ? { ...layer, bias: new Float32Array(layer.bias.length) } : layer,
  );
  return { ...spec, layers };
}
