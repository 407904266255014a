import { describe, expect, it } from 'vitest';
import { Model } from '../../src/model/graph.ts';
import { layerKinds } from '../../src/model/layers/index.ts';
import type { LayerSpec, ModelSpec } from '../../src/model/spec.ts';
import { outputWidth, whyWindowed, wire } from '../../src/model/wiring.ts';
import { expectClose, kerasKinds } from '../golden/golden.ts';
import { builds, kernels, random } from '../kernels.ts';
import { modelOf } from '../models.ts';
import { reference } from '../reference/forward.ts';
import { type Sample, sampleModel, samples, WINDOW } from '../samples.ts';

// float32 against float64: sums of some ten products, a window of seven ticks
const LIMITS = { atol: 4e-6, rtol: 1e-5 };
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

it('every kind has samples, and each of them a layer of it', () => {
  for (const { kind } of layerKinds) {
    expect(samples[kind]?.length, kind).toBeGreaterThan(0);
    for (const sample of samples[kind]) {
      expect(sampleModel(sample, false).layers.map((layer) => layer.kind)).toContain(kind);
    }
  }
});

describe.each(Object.keys(samples) as (keyof typeof samples)[])('%s', (kind) => {
  const all = samples[kind].map((sample) => [sample.what, sample] as const);
  const streams = all.filter(([, sample]) => !whyWindowed(sampleModel(sample, false)));

  it.each(all)('%s: on a window, every tick of it', (_, sample) => {
    const spec = sampleModel(sample, true);
    const truth = reference(spec);
    for (const { name, kernels: k } of builds) {
      const model = new Model(k, spec, { window: WINDOW });
      for (const seed of [1, 2, 3]) {
        const ticks = window(sample, seed);
        model.reset();
        for (const x of ticks) model.stepOne(x);
        expectClose(model.output(0), truth.run(ticks).output, LIMITS, `${name}, window ${seed}`);
      }
    }
  });

  it.each(all)('%s: states, gates and weights at the end of a window', (_, sample) => {
    const spec = sampleModel(sample, true);
    const model = new Model(kernels, spec, { window: WINDOW });
    const ticks = window(sample, 4);
    for (const x of ticks) model.stepOne(x);
    const { internals, attention } = reference(spec).run(ticks);
    const shown = model.internals();
    expect(shown.map(({ name }) => name)).toEqual(internals.map(({ name }) => name));
    for (const [l, { name, steps }] of internals.entries()) {
      const { hidden: h, cell: c, ...gates } = shown[l]!.values;
      const found: Record<string, Float32Array> = { h: h!, ...(c ? { c } : {}), ...gates };
      const step = steps.at(stands(spec, name))!;
      expect(Object.keys(found).sort()).toEqual(Object.keys(step).sort());
      for (const [key, values] of Object.entries(step)) expectClose(found[key]!, values, LIMITS, `${name} ${key}`);
    }
    const weights = [...attention.values()].map((heads) => heads.weights.map((head) => head.at(-1)!));
    expect(model.attention()).toHaveLength(weights.length);
    for (const [l, heads] of model.attention().entries()) {
      for (const [n, head] of heads.entries()) expectClose(head, weights[l]![n]!, LIMITS, `weights ${l} ${n}`);
    }
  });

  it.each(streams)('%s: on a stream', (_, sample) => {
    const spec = sampleModel(sample, false);
    for (const { name, kernels: k } of builds) {
      const model = new Model(k, spec);
      const truth = reference(spec);
      const next = random(4);
      for (let t = 0; t < 2 * WINDOW; t++) {
        const x = sample.tick(sample.inputs, next);
        expectClose(model.stepOne(x), truth.step(x), LIMITS, `${name}, tick ${t}`);
      }
    }
  });

  it.each(all)('%s: the same bytes in any company, slot and build', (_, sample) => {
    for (const windowed of [true, false]) {
      const spec = sampleModel(sample, windowed);
      const alone = branches(sample, spec, range(33));
      for (const B of [1, 2, 3]) expect(branches(sample, spec, range(B))).toEqual(alone.slice(0, B));
      const shuffled = range(33).map((b) => (b * 9 + 3) % 34);
      for (const { kernels: k } of builds) expect(branches(sample, spec, shuffled, k)).toEqual(alone);
    }
  });
});

// what Keras itself gives, tick by tick, masked ticks included
it.each(kerasKinds())('as Keras: $name', ({ inputs, window: T, layers, x, y }) => {
  const all: LayerSpec[] = [...layers];
  const shape = wire({ inputs, layers, window: T }, 'keras').at(-1)!.outputs[0]!;
  if (shape.length === 2) all.push({ kind: 'flatten', name: 'all_ticks', inputs: shape[1]! });
  const outputs = outputWidth(wire({ inputs, layers: all, window: T }, 'keras'));
  const model = new Model(kernels, { ...modelOf(inputs, outputs, all), mode: 'windowed', window: T });
  for (const [n, ticks] of x.entries()) {
    model.reset();
    for (const values of ticks) model.stepOne(values);
    expectClose(model.output(0), y[n]!, LIMITS, `y[${n}]`);
  }
});

function window({ inputs, tick }: Sample, seed: number): number[][] {
  const next = random(seed);
  return range(WINDOW).map(() => tick(inputs, next));
}

/** The tick at which a layer's output stands: the last, or the first where it ran backwards to a final state. */
function stands({ layers }: ModelSpec, name: string): number {
  const layer = layers.find((one) => one.name === name)!;
  return 'backwards' in layer && layer.backwards && !layer.sequences ? 0 : -1;
}

/** Steps branches with windows of their own, branch b in slot `order[b]`, and says what each of them gives. */
function branches(sample: Sample, spec: ModelSpec, order: number[], k = kernels): Float32Array[] {
  const B = order.length;
  const model = new Model(k, spec, { branches: Math.max(...order) + 1, inputRows: B, window: WINDOW });
  const windows = range(B).map((b) => window(sample, 10 + b));
  for (let t = 0; t < WINDOW; t++) {
    for (let b = 0; b < B; b++) {
      const row = (b * 7 + 2) % B;
      model.input.set(windows[b]![t]!, row * model.inputStride);
      model.slots[b] = order[b]!;
      model.inputRow[b] = row;
    }
    model.step(B, B);
  }
  return order.map((slot) => model.output(slot).slice());
}
