import { describe, expect, it } from 'vitest';
import { Explainer } from '../../src/explainer.ts';
import { findMethod } from '../../src/methods/index.ts';
import { bankSize, RollingOcclusion } from '../../src/methods/rollingOcclusion.ts';
import { type NewLayer, SpecBuilder, type Value } from '../../src/model/formats/builder.ts';
import { Model } from '../../src/model/graph.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { whyWindowed } from '../../src/model/wiring.ts';
import { explain } from '../../src/offline/explain.ts';
import { chooseMode } from '../../src/offline/feed.ts';
import { kernels, random } from '../kernels.ts';
import { denseSpec, fill, lstmSpec } from '../models.ts';

const [T, F] = [7, 3];

const ticks = (n: number, seed = 2): Float32Array[] => {
  const next = random(seed);
  return Array.from({ length: n }, () => fill(F, next, 1.5));
};
const layer = <S extends { inputs: number }>({ inputs: _, ...rest }: S): NewLayer => rest as unknown as NewLayer;

/** What follows is built on an LSTM with sequences. */
function built(above: (b: SpecBuilder, sequence: Value, state: Value) => Value, mode: ModelSpec['mode']): ModelSpec {
  const b = new SpecBuilder('test', F, T);
  const [sequence, state] = b.add(layer(lstmSpec('lstm', F, 5, random(3))), b.input);
  const spec = b.finish(above(b, sequence!, state!), { format: 'native', name: 'test', mode });
  return { ...spec, features: ['a', 'b', 'c'] };
}
const head = (b: SpecBuilder, from: Value): Value =>
  b.add(layer(denseSpec('head', from.shape.at(-1)!, 1, random(9))), from)[0]!;

const attending = built((b, sequence, state) => {
  const [query] = b.add({ kind: 'reshape', name: 'query', shape: [1, 5] }, state);
  const [context] = b.add({ kind: 'attention', name: 'attention', score: 'dot', causal: false }, query!, sequence);
  const [flat] = b.add({ kind: 'reshape', name: 'flat', shape: [5] }, context!);
  return head(b, b.add({ kind: 'concatenate', name: 'both' }, flat!, state)[0]!);
}, 'windowed');

const bothWays = built((b, sequence) => {
  const [back] = b.add({ ...layer(lstmSpec('back', 5, 4, random(4))), backwards: true } as NewLayer, sequence);
  const [pooled] = b.add({ kind: 'global-pooling', name: 'pool', operation: 'average', keep: false }, back!);
  return head(b, pooled!);
}, 'windowed');

const flattened = built((b, sequence) => head(b, b.add({ kind: 'flatten', name: 'flat' }, sequence)[0]!), 'windowed');

const models = { attending, bothWays, flattened };

/** The window run from a zero state by a model of its own, with something occluded. */
function rerun(spec: ModelSpec, window: Float32Array[], k: number, g: number): number {
  const model = new Model(kernels, spec);
  for (const [t, x] of window.entries()) {
    const input = Float32Array.from(x);
    if (t === k && g < F) input[g] = 0;
    if (t === k && g === F) input.fill(0);
    model.stepOne(input);
  }
  return model.value(0, 0);
}

describe.each(Object.entries(models))('a model that needs its window: %s', (_, spec) => {
  it('says why, and refuses to run on a stream', () => {
    expect(whyWindowed(spec)).toMatch(/^its layer (attention|back|flat) /);
    expect(() => chooseMode(spec, 'stateful', undefined)).toThrow(/--mode: 'stateful' \(expected windowed: its layer/);
    expect(() => new Explainer(kernels, spec, { mode: 'stateful' })).toThrow(/expected windowed: its layer/);
  });

  it('has no output before the window is complete, and takes no tick after', () => {
    const model = new Model(kernels, spec);
    const window = ticks(T);
    for (const x of window.slice(0, -1)) expect(model.stepOne(x).length).toBe(0);
    expect(() => model.output(0)).toThrow(RangeError);
    expect(model.stepOne(window[T - 1]!).length).toBe(1);
    expect(() => model.stepOne(window[0]!)).toThrow(/reset first/);
  });

  it('is occluded by branches to the very bits of windows run again', () => {
    const window = ticks(T, 5);
    const model = new Model(kernels, spec, bankSize(T, F));
    const bank = new RollingOcclusion(model, { window: T, eps: 0, target: 0 });
    for (const [k, x] of window.entries()) bank.push(x, new Float32Array(F), k === T - 1);
    const y = rerun(spec, window, -1, 0);
    expect(model.value(0, 0)).toBe(y);
    for (let k = 0; k < T; k++) {
      for (let g = 0; g <= F; g++) {
        const effect = g < F ? bank.values[k * F + g]! : bank.events[k]!;
        expect(effect, `tick ${k}, group ${g}`).toBe(Math.fround(y - rerun(spec, window, k, g)));
      }
    }
  });

  it('is explained live, window after window, as offline', async () => {
    const stream = ticks(T + 3, 6);
    const live = new Explainer(kernels, spec, { baseline: 'zero' });
    const fed = stream.map((x, index) => ({ row: { index, time: index, key: '', values: {} }, x }));
    for (const [t, x] of stream.entries()) {
      const answer = live.push({ key: '', time: t, seq: null, values: { a: x[0]!, b: x[1]!, c: x[2]! } })!;
      expect(answer.output === null).toBe(t < T - 1);
      if (t < T - 1) continue;
      const offline = await explain(kernels, spec, fed.slice(0, t + 1), {
        ...chooseMode(spec, undefined, undefined),
        method: findMethod('rolling-occlusion'),
        methodOptions: { eps: 0 },
        ticks: 64,
        baseline: 'zero',
        target: '0',
        score: 'raw',
      });
      expect(answer.prediction).toBe(offline.output);
      expect(Array.from(answer.attribution!.values)).toEqual(Array.from(offline.values!));
      expect(Array.from(answer.attribution!.events)).toEqual(Array.from(offline.events!));
    }
  });
});

describe('a window', () => {
  it('must be known where the file fixes none', () => {
    const spec = { ...attending, window: null };
    expect(() => new Model(kernels, spec)).toThrow(
      /invalid window: nothing \(expected a number of ticks: its layer attention/,
    );
    const model = new Model(kernels, spec, { window: 4 });
    for (const x of ticks(4)) model.stepOne(x);
    expect(model.output(0).length).toBe(1);
  });

  it('that is too large for 32-bit memory is refused before anything breaks', () => {
    const spec = { ...attending, window: null };
    expect(() => new Model(kernels, spec, { window: 100_000, branches: 5000 })).toThrow(/too large.*4 GB/);
  });

  it('a causal model gives the same bits stepped on a stream and run as a window', () => {
    const b = new SpecBuilder('test', F, null);
    const [masked] = b.add({ kind: 'masking', name: 'mask', value: 0 }, b.input);
    const [first] = b.add(layer(lstmSpec('lstm', F, 5, random(3))), masked!);
    const next = random(8);
    const kernel = fill(2 * 5 * 4, next, 0.5);
    const [conv] = b.add(
      {
        kind: 'conv1d',
        name: 'conv',
        units: 4,
        size: 2,
        dilation: 3,
        activation: 'relu',
        kernel,
        bias: fill(4, next, 0.1),
      },
      first!,
    );
    const spec = b.finish(head(b, conv!), { format: 'native', name: 'test', mode: 'stateful' });
    const stream = ticks(12);
    stream[4]!.fill(0);
    const stateful = new Model(kernels, spec);
    for (let end = 1; end <= stream.length; end++) {
      const windowed = new Model(kernels, spec);
      for (const x of stream.slice(0, end)) windowed.stepOne(x);
      expect(Array.from(stateful.stepOne(stream[end - 1]!))).toEqual(Array.from(windowed.output(0)));
    }
  });
});
