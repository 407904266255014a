import { describe, expect, it } from 'vitest';
import type { Kernels } from '../../src/kernels.ts';
import { Model } from '../../src/model/graph.ts';
import { layerKinds } from '../../src/model/layers/index.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { Tape, whyNoGradient } from '../../src/model/tape.ts';
import { whyWindowed } from '../../src/model/wiring.ts';
import { builds, kernels, random } from '../kernels.ts';
import { reference } from '../reference/forward.ts';
import { type Sample, sampleModel, samples, WINDOW } from '../samples.ts';

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
/** Float32 gradients against central differences of float64 outputs, whose own error is about STEP squared. */
const LIMITS = { atol: 2e-6, rtol: 1e-5 };
const STEP = 1e-4;
/** One-sided differences further apart than this stand at a kink, where there are two slopes. */
const KINK = 0.005;

const all = Object.values(samples)
  .flat()
  .map(
    (sample) =>
      [
        `${sampleModel(sample, false)
          .layers.map(({ kind }) => kind)
          .join(', ')}: ${sample.what}`,
        sample,
      ] as const,
  );
const passing = all.filter(([, sample]) => !whyNoGradient(sampleModel(sample, true)));

it('every kind passes a gradient on, but that which reads tokens', () => {
  const without = layerKinds.filter(({ tape, stops }) => !tape || stops).map(({ kind }) => kind);
  expect(without).toEqual(['embedding']);
  expect(all.length - passing.length).toBe(samples.embedding.length);
});

describe.each(passing)('%s', (_, sample) => {
  const spec = sampleModel(sample, true);
  const size = WINDOW * sample.inputs;

  it('outputs of the model to the bit, and gradients that are finite differences', () => {
    const windows = range(3).map((n) => window(sample, n + 1));
    const tape = new Tape(kernels, spec, { branches: 3, ticks: WINDOW });
    const outputs = tape.forward(joined(windows), 3);
    expect(outputs).toEqual(joined(windows.map((ticks) => [lastOutput(spec, ticks)])));
    const truth = reference(spec);
    let kinks = 0;
    for (const target of targets(tape.outputs)) {
      const gradient = tape.backward(target);
      for (const [n, ticks] of windows.entries()) {
        // what is masked stays masked, whatever is added to it
        const base = truth.run(ticks);
        const slopes = differences((x) => truth.run(x, base).output[target]!, ticks);
        kinks += check(gradient.subarray(n * size, (n + 1) * size), slopes, `output ${target} of window ${n}`);
      }
    }
    expect(kinks, 'kinks').toBeLessThan(0.05 * targets(tape.outputs).length * windows.length * size);
  });

  it('the same bytes in any company, slot and build', () => {
    const windows = range(33).map((n) => window(sample, 10 + n));
    const alone = windows.map((ticks) => gradients(kernels, spec, [ticks]));
    for (const N of [2, 3, 33]) {
      expect(gradients(kernels, spec, windows.slice(0, N))).toEqual(alone.slice(0, N).flat());
    }
    const reversed = windows.toReversed();
    for (const { kernels: k } of builds) expect(gradients(k, spec, reversed)).toEqual(alone.toReversed().flat());
  });
});

const streams = passing.filter(([, sample]) => !whyWindowed(sampleModel(sample, false)));

it.each(streams)('%s: behind ticks that came before, the gradients of one longer window', (_, sample) => {
  const spec = sampleModel(sample, false);
  const size = WINDOW * sample.inputs;
  const ticks = [...window(sample, 5), ...window(sample, 6)];
  const whole = new Tape(kernels, spec, { branches: 1, ticks: 2 * WINDOW });
  const tape = new Tape(kernels, spec, { branches: 2, ticks: WINDOW });
  // the second time nothing is left of the first
  for (const before of [ticks.slice(0, WINDOW - 2), ticks.slice(0, WINDOW)]) tape.begin(before);
  const y = whole.forward(joined([ticks]), 1);
  expect(lastOutput(spec, ticks)).toEqual(y);
  expect(tape.forward(joined([ticks.slice(WINDOW), ticks.slice(WINDOW)]), 2)).toEqual(Float32Array.of(...y, ...y));
  for (const target of targets(tape.outputs)) {
    const expected = whole.backward(target).slice(size);
    expect(tape.backward(target)).toEqual(Float32Array.of(...expected, ...expected));
  }
});

/** Of each window the gradients of some outputs. */
function gradients(k: Kernels, spec: ModelSpec, windows: Float32Array[][]): Float32Array[][] {
  const tape = new Tape(k, spec, { branches: windows.length, ticks: WINDOW });
  tape.forward(joined(windows), windows.length);
  const by = targets(tape.outputs).map((target) => tape.backward(target));
  const size = WINDOW * tape.inputs;
  return windows.map((_, n) => by.map((gradient) => gradient.slice(n * size, (n + 1) * size)));
}

function joined(windows: ArrayLike<number>[][]): Float32Array {
  return Float32Array.from(windows.flatMap((ticks) => ticks.flatMap((x) => Array.from(x))));
}

function window({ inputs, tick }: Sample, seed: number): Float32Array[] {
  const next = random(seed);
  return range(WINDOW).map(() => Float32Array.from(tick(inputs, next)));
}

/** What the model itself says at the end of its ticks. */
function lastOutput(spec: ModelSpec, ticks: Float32Array[]): Float32Array {
  const model = new Model(kernels, spec, { window: WINDOW });
  for (const x of ticks) model.stepOne(x);
  return model.output(0).slice();
}

/** The first, the last and one between. */
function targets(outputs: number): number[] {
  return [...new Set([0, Math.floor(outputs / 2), outputs - 1])];
}

/** Of every input the differences to both sides. */
function differences(f: (ticks: Float64Array[]) => number, ticks: Float32Array[]): [left: number, right: number][] {
  const x = ticks.map((values) => Float64Array.from(values));
  const y = f(x);
  return x.flatMap((values) =>
    range(values.length).map((i): [number, number] => {
      const at = values[i]!;
      values[i] = at - STEP;
      const left = (y - f(x)) / STEP;
      values[i] = at + STEP;
      const right = (f(x) - y) / STEP;
      values[i] = at;
      return [left, right];
    }),
  );
}

/** @returns how many stood at a kink */
function check(gradient: Float32Array, slopes: [left: number, right: number][], what: string): number {
  let kinks = 0;
  for (const [i, [left, right]] of slopes.entries()) {
    if (Math.abs(right - left) > KINK) {
      kinks++;
      continue;
    }
    const expected = (left + right) / 2;
    const gap = Math.abs(gradient[i]! - expected);
    if (!(gap <= LIMITS.atol + LIMITS.rtol * Math.abs(expected)))
      expect.fail(`${what}, input ${i}: ${gradient[i]} is not ${expected} (${left}, ${right})`);
  }
  return kinks;
}
