import { describe, expect, it } from 'vitest';
import { openGame } from '../../src/methods/game.ts';
import type { Question } from '../../src/methods/method.ts';
import { parsePlayers } from '../../src/methods/players.ts';
import { openWorlds, runWorlds } from '../../src/methods/worlds.ts';
import { openBlackBox } from '../../src/model/blackBox.ts';
import { Model } from '../../src/model/graph.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { expectClose, goldenModel, goldenTensors, goldenWindow } from '../golden/golden.ts';
import { builds, random } from '../kernels.ts';
import { randomModel } from '../models.ts';
import { questionOf } from './questions.ts';

/** What the model says (O) at the end of one window, alone. */
function alone({ kernels, spec, score, windowed, before, start }: Question, window: Float32Array): number[] {
  const F = spec.inputs;
  const T = before.length + window.length / F;
  const model = new Model(kernels, spec, { score, window: windowed ? T : null });
  if (start) model.restore(start);
  for (const x of before) model.stepOne(x);
  for (let at = 0; at < window.length; at += F) model.stepOne(window.subarray(at, at + F));
  return Array.from(model.output(0));
}

const models: { name: string; spec: ModelSpec; windowed: boolean; values: (next: () => number) => number }[] = [
  { name: 'a stack', spec: randomModel(3, [5, 6], 2, 3), windowed: false, values: (next) => next() },
  { name: 'a stack on windows', spec: randomModel(3, [5], 2, 3), windowed: true, values: (next) => next() },
  { name: 'attention', spec: goldenModel('keras-attention', 'model.keras'), windowed: true, values: (next) => next() },
  {
    name: 'tokens with padding',
    spec: goldenModel('keras-embedding-sentiment-masked', 'model.keras'),
    windowed: true,
    values: (next) => Math.max(0, Math.floor(9 * next())),
  },
];

describe.each(models)('$name', ({ spec, windowed, values }) => {
  const next = random(8);
  const K = spec.window ?? 6;
  const F = spec.inputs;
  const tick = (): number[] => Array.from({ length: F }, () => values(next));
  const ticks = Array.from({ length: K }, tick);
  const others = Array.from({ length: K }, tick);

  it.each(builds)('worlds end as their windows do alone, bit for bit ($name)', async ({ kernels }) => {
    const question = questionOf(spec, ticks, others, { windowed, kernels });
    // some worlds part early, some late, some are the same
    const windows = Array.from({ length: 12 }, (_, n) =>
      Float32Array.from(ticks.flatMap((x, k) => ((n * 5 + k) % 4 > 0 || n === 3 ? x : others[k]!))),
    );
    const write = (n: number, window: Float32Array): void => window.set(windows[n]!);
    const { values: found, outputs, evaluations } = await runWorlds(question, { count: 12, write });
    expect(outputs).toBe(spec.outputs.length);
    windows.forEach((window, n) => {
      expect(Array.from(found.subarray(n * outputs, (n + 1) * outputs))).toEqual(alone(question, window));
    });
    // five different windows: four by n mod 4, and the third of them as observed
    expect(evaluations).toBeLessThanOrEqual(5 * K);
  });
});

describe('worlds', () => {
  const spec = randomModel(2, [4], 2, 5);
  const ticks = Array.from({ length: 11 }, (_, t) => [Math.sin(t), Math.cos(t)]);

  it('of more than one batch are those of one, and go on from a state', async () => {
    const model = new Model(questionOf(spec, ticks, [0, 0]).kernels, spec);
    model.stepOne([1, -1]);
    const before = [Float32Array.of(0.5, 2)];
    const question = questionOf(spec, ticks, [0, 0], { start: model.snapshot(), before });
    const window = (n: number): Float32Array => Float32Array.from(ticks.flatMap((x, k) => ((n >> k) & 1 ? [0, 0] : x)));
    const write = (n: number, to: Float32Array): void => to.set(window(n));
    const { values, outputs, evaluations } = await runWorlds(question, { count: 2048, write, keep: [1] });
    expect(outputs).toBe(1);
    for (const n of [0, 1, 2, 1023, 1024, 1500, 2047]) expect(values[n]).toBe(alone(question, window(n))[1]);
    // two batches, each a tree whose last level alone is theirs: the newest tick parts the batches
    expect(evaluations).toBe(2 * (2 + 4 + 8 + 16 + 32 + 64 + 128 + 256 + 512 + 1024 + 1024));
  });

  it('may be asked for again, more of them too', async () => {
    const question = questionOf(spec, ticks, [0, 0]);
    const worlds = openWorlds(question);
    const zero = (count: number) => worlds({ count, write: (n, window) => window.fill(0, 0, n) });
    const few = await zero(2);
    const many = await zero(20);
    const again = await zero(2);
    expect(again).toEqual(few);
    expect(many.values.subarray(0, few.values.length)).toEqual(few.values);
    expect((await worlds({ count: 0, write: () => {} })).values.length).toBe(0);
  });
});

// onnxruntime's own answers to the same questions
describe.each(['onnx-blackbox-tcn', 'onnx-blackbox-transformer'])('%s', (name) => {
  it('is called with whole windows', async () => {
    const tensors = goldenTensors(name);
    const spec = goldenModel(name, 'model.onnx');
    const blackBox = await openBlackBox(spec);
    const ticks = goldenWindow(tensors, 0);
    const [K, F] = [ticks.length, spec.inputs];
    // the first tick is not one of those that are explained
    const [first, ...explained] = ticks;
    const question = questionOf(spec, explained, new Float32Array(F), {
      blackBox,
      windowed: true,
      before: [Float32Array.from(first!)],
    });
    const game = openGame(question, parsePlayers('cells', K - 1, F));
    const cells = game.active.length;
    const v = await game.play({ count: cells + 1, has: (c, a) => c !== a });
    await blackBox.close();
    expect(game.evaluations).toBe(cells + 1);
    const effect = new Float64Array((K - 1) * F);
    game.active.forEach((cell, a) => {
      effect[cell] = v[cells]! - v[a]!;
    });
    expectClose(effect, tensors.occlusion_cell_zero!.row(0).subarray(F), { atol: 5e-6, rtol: 1e-4 });
  });
});
