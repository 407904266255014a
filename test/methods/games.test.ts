/** What all games and surrogates share, whatever they are asked about. */
import { describe, expect, it } from 'vitest';
import { ask } from '../../src/methods/ask.ts';
import { kernelShap } from '../../src/methods/kernelShap.ts';
import { lime } from '../../src/methods/lime.ts';
import type { Answer, Method, Question } from '../../src/methods/method.ts';
import { shapley } from '../../src/methods/shapley.ts';
import { shapleySampling } from '../../src/methods/shapleySampling.ts';
import { timeshap } from '../../src/methods/timeshap.ts';
import { openBlackBox } from '../../src/model/blackBox.ts';
import { goldenModel, goldenTensors, goldenWindow } from '../golden/golden.ts';
import { randomModel } from '../models.ts';
import { questionOf } from './questions.ts';

const games: { method: Method; options: Record<string, number | string> }[] = [
  { method: shapley, options: {} },
  { method: kernelShap, options: { players: 'ticks', coalitions: 200 } },
  { method: shapleySampling, options: { players: 'segments:6', samples: 8 } },
  { method: timeshap, options: { tolerance: 0.001, coalitions: 64 } },
  { method: timeshap, options: { level: 'feature' } },
  { method: timeshap, options: { level: 'cell', prune: 2, topEvents: 2 } },
];
const all = [...games, { method: lime, options: { samples: 100 } }];
const named = (list: typeof games) =>
  list.map((game) => ({ ...game, what: `${game.method.name} ${JSON.stringify(game.options)}` }));

/** Questions of every kind: a stream, windows with attention, a black box, a baseline that is the value before. */
async function questions(): Promise<Record<string, Question>> {
  const attention = goldenTensors('keras-attention');
  const tcn = goldenTensors('onnx-blackbox-tcn');
  const [blackBoxSpec, seen] = [goldenModel('onnx-blackbox-tcn', 'model.onnx'), goldenWindow(tcn, 0)];
  const stream = Array.from({ length: 9 }, (_, t) => [Math.sin(t), Math.cos(2 * t), 0.5]);
  return {
    stream: questionOf(randomModel(3, [6], 2, 5), stream, [0, 0, 0.5], { before: [Float32Array.of(1, 2, 3)] }),
    windows: questionOf(
      goldenModel('keras-attention', 'model.keras'),
      goldenWindow(attention, 0),
      new Float32Array(attention.x!.shape[2]!),
      { windowed: true },
    ),
    'a black box': questionOf(blackBoxSpec, seen, new Float32Array(blackBoxSpec.inputs), {
      windowed: true,
      blackBox: await openBlackBox(blackBoxSpec),
    }),
    last: questionOf(randomModel(3, [6], 2, 5), stream, [0, 0, 0], {
      baselines: {
        rows: stream.map((_, k) => Float32Array.from(stream[Math.max(0, k - 1)]!)),
        last: Float32Array.of(0.1, 0.2, 0.3),
      },
    }),
  };
}

const asked = Object.entries(await questions());
const numbers = (answer: Answer): number[] => [
  ...answer.players!.flatMap(({ value, standardError = 0 }) => [value, standardError]),
  answer.completenessGap ?? 0,
  answer.r2 ?? 0,
];

describe.each(asked)('%s', (_, question) => {
  it.each(named(all))('$what gives finite numbers for each player, and what it took', async ({ method, options }) => {
    const [found] = await ask(method, question, '0', { ...method.options, ...options });
    expect(found!.players!.length).toBeGreaterThan(1);
    expect(numbers(found!).filter((value) => !Number.isFinite(value))).toEqual([]);
    expect(found!.players!.some(({ value }) => value !== 0)).toBe(true);
    expect(found!.evaluations).toBeGreaterThan(0);
    // every cell belongs to one player
    const cells = found!.players!.reduce((sum, { ticks, features }) => sum + ticks.length * features.length, 0);
    expect(cells).toBe(question.ticks.length * question.spec.inputs);
  });

  it.each(named(games))('$what shares out what the output is beyond its baseline', async ({ method, options }) => {
    const [found] = await ask(method, question, '0', { ...method.options, ...options });
    const sum = found!.players!.reduce((total, { value }) => total + value, 0);
    expect(sum).toBeCloseTo(found!.output - found!.baselineOutput!, 6);
    expect(found!.completenessGap).toBeCloseTo(sum - (found!.output - found!.baselineOutput!), 12);
  });
});

it.each(named(all))('$what answers for all outputs as for each of them', async ({ method, options }) => {
  const [, question] = asked[0]!;
  const both = await ask(
    method,
    question,
    question.spec.outputs.map((_, o) => o),
    { ...method.options, ...options },
  );
  for (const [o, found] of both.entries()) {
    const [alone] = await ask(method, question, String(o), { ...method.options, ...options });
    expect({ ...found, evaluations: 0 }).toEqual({ ...alone, evaluations: 0 });
  }
});

it.each(named(all))('$what ends with the reason of its signal', async ({ method, options }) => {
  const reason = new Error('enough');
  const stopped = method.explain(
    asked[0]![1],
    { ...method.options, ...options },
    { signal: AbortSignal.abort(reason) },
  );
  await expect(stopped).rejects.toBe(reason);
});
