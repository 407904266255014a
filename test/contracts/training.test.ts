import { describe, expect, it } from 'vitest';
import type { Kernels } from '../../src/kernels.ts';
import { Model } from '../../src/model/graph.ts';
import { layerKinds } from '../../src/model/layers/index.ts';
import { floats } from '../../src/model/layers/layer.ts';
import { whyNoTraining } from '../../src/model/parameters.ts';
import type { LayerSpec, ModelSpec } from '../../src/model/spec.ts';
import { Tape, whyNoGradient } from '../../src/model/tape.ts';
import { builds, kernels, random } from '../kernels.ts';
import { reference } from '../reference/forward.ts';
import { type Sample, sampleModel, samples, WINDOW } from '../samples.ts';

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
/** Float32 gradients against central differences of float64 outputs, whose own error is about STEP squared. */
const LIMITS = { atol: 5e-6, rtol: 1e-5 };
const STEP = 1e-4;
/** One-sided differences further apart than this, relative to what is summed, stand at a kink, where there are two slopes. */
const KINK = 0.02;
/** Values of each tensor that are tried: all of small ones. */
const TRIED = 40;
const N = 3;

const all = Object.values(samples)
  .flat()
  .map((sample) => {
    const spec = sampleModel(sample, true);
    return [`${spec.layers.map(({ kind }) => kind).join(', ')}: ${sample.what}`, sample, spec] as const;
  });
const learning = all.filter(([, , spec]) => !whyNoTraining(spec));

it('every kind with tensors learns, but statistics of the data', () => {
  expect(layerKinds.filter(({ frozen }) => frozen).map(({ kind }) => kind)).toEqual([
    'batch-normalization',
    'normalization',
    'rescaling',
  ]);
  const kinds = new Set(learning.flatMap(([, , spec]) => spec.layers.map(({ kind }) => kind)));
  const learners = layerKinds.filter(({ tensorNames, frozen }) => tensorNames.length > 0 && !frozen);
  expect(learners.filter(({ kind }) => !kinds.has(kind))).toEqual([]);
});

describe.each(learning)('%s', (_, sample, spec) => {
  const windows = range(N).map((n) => window(sample, n + 1));

  it('gradients of weights that are finite differences', () => {
    const { tape, weights } = descended(kernels, spec, windows);
    const gradients = tape.parameters!.gradients;
    const truth = reference(spec);
    // what is masked stays masked, whatever its weights
    const runs = windows.map((ticks) => truth.run(ticks));
    let [kinks, tried] = [0, 0];
    for (const { layer, tensor, from, length } of tape.parameters!.list) {
      const [varied, values] = loose(spec, layer, tensor);
      const model = reference(varied);
      const loss = (): number => {
        let sum = 0;
        for (const [n, ticks] of windows.entries())
          model.run(ticks, runs[n]).output.forEach((y, o) => {
            sum += weights[n]![o]! * y;
          });
        return sum;
      };
      const here = loss();
      for (const i of chosen(length)) {
        const at = values[i]!;
        values[i] = at - STEP;
        const left = (here - loss()) / STEP;
        values[i] = at + STEP;
        const right = (loss() - here) / STEP;
        values[i] = at;
        tried++;
        if (Math.abs(right - left) > KINK * (1 + Math.abs(left))) {
          kinks++;
          continue;
        }
        const expected = (left + right) / 2;
        const gap = Math.abs(gradients[from + i]! - expected);
        if (!(gap <= LIMITS.atol * N + LIMITS.rtol * Math.abs(expected)))
          expect.fail(`${layer} ${tensor}[${i}]: ${gradients[from + i]} is not ${expected} (${left}, ${right})`);
      }
    }
    expect(kinks, 'kinks').toBeLessThanOrEqual(0.1 * tried);
  });

  it('the same bytes in every build; outputs are those of the model that learns nothing', () => {
    const [first, ...others] = builds.map(({ kernels: k }) => descended(k, spec, windows).tape.parameters!.gradients);
    for (const gradients of others) expect(gradients).toEqual(first);
    const { y } = descended(kernels, spec, windows);
    const options = { branches: N, ticks: WINDOW };
    if (!whyNoGradient(spec)) expect(new Tape(kernels, spec, options).forward(joined(windows), N)).toEqual(y);
  });

  it('what was changed stands where kernels read it, and is given back', () => {
    const { tape } = descended(kernels, spec, windows);
    const parameters = tape.parameters!;
    const other = random(9);
    parameters.values.forEach((value, i, values) => {
      values[i] = value + 0.1 * other();
    });
    parameters.write();
    const changed = parameters.apply(spec);
    const fresh = new Tape(kernels, changed, { branches: N, ticks: WINDOW, learns: true });
    expect(tape.forward(joined(windows), N)).toEqual(fresh.forward(joined(windows), N));
    expect(fresh.parameters!.values).toEqual(parameters.values);
    // also in a model that runs tick by tick
    const running = new Model(kernels, spec, { window: WINDOW, learns: true });
    expect(stepped(running, windows[0]!)).toEqual(stepped(new Model(kernels, spec, { window: WINDOW }), windows[0]!));
    running.parameters!.values.set(parameters.values);
    running.parameters!.write();
    expect(stepped(running, windows[0]!)).toEqual(
      stepped(new Model(kernels, changed, { window: WINDOW }), windows[0]!),
    );
  });
});

/** Outputs after a window, from zero. */
function stepped(model: Model, ticks: Float32Array[]): Float32Array {
  model.reset();
  for (const x of ticks) model.stepOne(x);
  return model.output(0).slice();
}

/** After a way back from the sum of all windows' outputs, each times a weight drawn for it. */
function descended(k: Kernels, spec: ModelSpec, windows: Float32Array[][]) {
  const tape = new Tape(k, spec, { branches: N, ticks: WINDOW, learns: true });
  const y = tape.forward(joined(windows), N);
  const next = random(4);
  const weights = range(N).map(() => Float32Array.from({ length: tape.outputs }, next));
  const { gradient } = tape.scored(false);
  tape.descend(() => {
    for (const [n, own] of weights.entries()) {
      for (let r = 0; r < gradient.length; r++) {
        const row = floats(tape.arena, gradient.at + 4 * (n * gradient.stride + r * gradient.tick), gradient.width);
        row.set(own.subarray(r * gradient.width, (r + 1) * gradient.width));
      }
    }
  });
  return { tape, weights, y };
}

/** The same model with one tensor in float64, to be varied. */
function loose(spec: ModelSpec, layer: string, tensor: string): [varied: ModelSpec, values: Float64Array] {
  const found = spec.layers.find(({ name }) => name === layer)! as unknown as Record<string, Float32Array>;
  const values = Float64Array.from(found[tensor]!);
  const layers = spec.layers.map((one) =>
    one.name === layer ? ({ ...one, [tensor]: values } as unknown as LayerSpec) : one,
  );
  return [{ ...spec, layers }, values];
}

function chosen(length: number): number[] {
  return length <= TRIED ? range(length) : range(TRIED).map((i) => Math.floor((i * length) / TRIED));
}

function joined(windows: ArrayLike<number>[][]): Float32Array {
  return Float32Array.from(windows.flatMap((ticks) => ticks.flatMap((x) => Array.from(x))));
}

function window({ inputs, tick }: Sample, seed: number): Float32Array[] {
  const next = random(seed);
  return range(WINDOW).map(() => Float32Array.from(tick(inputs, next)));
}
