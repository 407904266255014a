import { describe, expect, it } from 'vitest';
import { bankSize, RollingOcclusion } from '../../src/methods/rollingOcclusion.ts';
import { readModel } from '../../src/model/formats/index.ts';
import { Model } from '../../src/model/graph.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { expectClose, goldenFile, goldenTensors } from '../golden/golden.ts';
import { builds, kernels, random } from '../kernels.ts';
import { randomModel } from '../models.ts';

function bankOf(spec: ModelSpec, window: number, eps = 0, target = 0, k = kernels) {
  const model = new Model(k, spec, bankSize(window, spec.inputs));
  return { model, bank: new RollingOcclusion(model, { window, eps, target }) };
}

function stream(F: number, n: number, seed: number): Float32Array[] {
  const next = random(seed);
  return Array.from({ length: n }, () => Float32Array.from({ length: F }, next));
}

// float64 brute force over an endless stream, and over windows that begin at zero
describe.each([
  ['stateful-rolling-lstm', 'torch-lstm'],
  ['stateful-rolling-gru', 'torch-gru'],
  ['stateful-rolling-lstm-longmem', 'stateful-rolling-lstm-longmem'],
])('%s', (name, model) => {
  const tensors = goldenTensors(name);
  const spec = readModel(goldenFile(model, 'model.safetensors'), name);
  const { x, baseline, ticks } = tensors as Record<string, (typeof tensors)[string]>;
  const [K, n] = [32, x!.shape[0]!];

  it.each(builds)('every cell and event of the stateful stream ($name)', ({ kernels: k }) => {
    const { model, bank } = bankOf(spec, K, 0, 0, k);
    const at = Array.from(ticks!.data);
    for (let t = 0; t < n; t++) {
      bank.push(x!.row(t), baseline!.data);
      expectClose([model.value(0, 0)], [tensors.y!.data[t]!], { atol: 5e-6 }, `y[${t}]`);
      const row = at.indexOf(t);
      if (row < 0) continue;
      expectClose(bank.values, tensors.cell!.row(row), { atol: 5e-6, rtol: 1e-4 }, `cell at ${t}`);
      expectClose(bank.events, tensors.event!.row(row), { atol: 5e-6, rtol: 1e-4 }, `event at ${t}`);
    }
  });

  it('the windowed answer is the same bank from a zero state', () => {
    const { model, bank } = bankOf(spec, K);
    for (const [row, t] of Array.from(ticks!.data).entries()) {
      bank.reset();
      for (let s = t - K + 1; s <= t; s++) bank.push(x!.row(s), baseline!.data);
      expectClose([model.value(0, 0)], [tensors.windowed_y!.data[row]!], { atol: 5e-6 }, `y at ${t}`);
      expectClose(bank.values, tensors.windowed_cell!.row(row), { atol: 5e-6, rtol: 1e-4 }, `cell at ${t}`);
      expectClose(bank.events, tensors.windowed_event!.row(row), { atol: 5e-6, rtol: 1e-4 }, `event at ${t}`);
    }
  });
});

describe('branches', () => {
  it.each([
    { F: 1, units: [3], K: 5 },
    { F: 3, units: [8], K: 7 },
    { F: 5, units: [6, 9], K: 4 },
  ])('equal a full replay of the occluded stream bit for bit (F $F, H $units, K $K)', ({ F, units, K }) => {
    const spec = randomModel(F, units, 1, 7);
    const { model, bank } = bankOf(spec, K);
    const x = stream(F, 19, 3);
    const baseline = Float32Array.from({ length: F }, (_, f) => 0.1 * f);
    for (const [t, x_t] of x.entries()) {
      bank.push(x_t, baseline);
      const y = model.value(0, 0);
      for (let k = 0; k < K; k++) {
        const s = t - K + 1 + k;
        for (let g = 0; g <= F; g++) {
          const effect = g < F ? bank.values[k * F + g]! : bank.events[k]!;
          const expected = s < 0 ? 0 : Math.fround(y - replay(spec, x.slice(0, t + 1), s, g, baseline));
          expect(Object.is(effect, expected) || effect === expected, `tick ${t}, row ${k}, group ${g}`).toBe(true);
        }
      }
    }
  });

  it('end at K ticks: the window holds what it should after many turns of the ring', () => {
    const spec = randomModel(2, [4], 1, 5);
    const long = bankOf(spec, 8).bank;
    const fresh = bankOf(spec, 16).bank;
    for (const x of stream(2, 100, 1)) {
      long.push(x, [0, 0]);
      fresh.push(x, [0, 0]);
      expect(Array.from(long.events)).toEqual(Array.from(fresh.events.subarray(8)));
    }
    expect(long.live).toBe(8 * 3);
  });

  it('a value at its baseline has the effect 0', () => {
    const { bank } = bankOf(randomModel(2, [4]), 4);
    bank.push([0.5, -0.25], [0.5, 0]);
    bank.push([0.1, 0.2], [0, 0]);
    expect(bank.values[4]).toBe(0);
    expect(bank.values[5]).not.toBe(0);
  });
});

describe('forgetting', () => {
  const spec = randomModel(3, [12], 1, 11);
  const head = spec.layers[1]! as { kernel: Float32Array };
  const bound = head.kernel.reduce((sum, w) => sum + Math.abs(w), 0);

  it.each([1e-3, 1e-5])('eps %d: no effect differs from the full bank by more than sum|w| eps', (eps) => {
    const full = bankOf(spec, 64).bank;
    const { bank } = bankOf(spec, 64, eps);
    for (const x of stream(3, 300, 2)) {
      full.push(x, [0, 0, 0]);
      bank.push(x, [0, 0, 0]);
      for (let i = 0; i < full.values.length; i++) {
        expect(Math.abs(full.values[i]! - bank.values[i]!)).toBeLessThanOrEqual(2 * bound * eps);
      }
    }
    expect(bank.live).toBeLessThan(full.live);
    expect(bank.memory).toBeLessThan(64);
    expect(bank.audit.watched).toBeGreaterThan(0);
    expect(bank.audit.largest).toBeLessThanOrEqual(2 * bound * eps);
  });

  it('branches that are still alive keep the bits of the full bank', () => {
    const full = bankOf(spec, 32).bank;
    const { bank } = bankOf(spec, 32, 1e-6);
    for (const x of stream(3, 200, 4)) {
      full.push(x, [0, 0, 0]);
      bank.push(x, [0, 0, 0]);
      for (let i = 0; i < full.events.length; i++) {
        if (bank.events[i] !== 0) expect(bank.events[i]).toBe(full.events[i]);
      }
    }
  });
});

/** The output at the end of the stream in which tick s has group g at its baseline: every tick stepped again. */
function replay(spec: ModelSpec, x: Float32Array[], s: number, g: number, baseline: Float32Array): number {
  const model = new Model(kernels, spec);
  for (const [t, x_t] of x.entries()) {
    const input = Float32Array.from(x_t);
    if (t === s) {
      if (g < baseline.length) input[g] = baseline[g]!;
      else input.set(baseline);
    }
    model.stepOne(input);
  }
  return model.value(0, 0);
}
