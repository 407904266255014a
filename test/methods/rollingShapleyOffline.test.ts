/** The offline method is the live one, given the whole past of the stream. */
import { describe, expect, it } from 'vitest';
import { RollingShapley } from '../../src/methods/rollingShapley.ts';
import { rollingShapley } from '../../src/methods/rollingShapleyOffline.ts';
import { shapley } from '../../src/methods/shapley.ts';
import { Model } from '../../src/model/graph.ts';
import { expectClose, goldenModel } from '../golden/golden.ts';
import { kernels, random } from '../kernels.ts';
import { randomModel } from '../models.ts';
import { answer, attributionCases, questionOf } from './questions.ts';

const [F, K, T] = [3, 6, 40];
const spec = randomModel(F, [5], 1, 2);
const next = random(3);
const stream = Array.from({ length: T }, () => Float32Array.from({ length: F }, next));
const baseline = Float32Array.of(0.1, -0.2, 0.3);
const seed = 9;
const options = { branches: 300 };
const live = (windowLength: number | null = null): RollingShapley =>
  new RollingShapley(kernels, spec, {
    ...{ window: K, players: 'ticks', estimator: 'auto', target: 0, seed, windowLength },
    ...options,
  });
const asked = (more: Parameters<typeof questionOf>[3] = {}) =>
  questionOf(spec, stream.slice(-K), baseline, {
    seed,
    before: stream.slice(0, -K),
    history: stream,
    indices: stream.map((_, t) => t),
    ...more,
  });

describe('on a stream', () => {
  it('the ticks before the window live in the worlds as well', async () => {
    const bank = live();
    for (const x of stream) bank.push(x, baseline);
    const told = await answer(rollingShapley, asked(), options);
    expect(told.events).toEqual(bank.values);
    expect(told.standardError).toEqual(bank.standardErrors);
    expect(told.completenessGap).toBeUndefined();
    expect(told.evaluations).toBe(bank.evaluations);
    expect(told.notes).toEqual([
      'means over the flips of 42 worlds',
      `where no tick of the stream is present the model says ${Number(bank.noneOutput.toPrecision(4))}`,
      `ticks before the window are players too, and add ${Number(bank.remainder.toPrecision(4))} together`,
    ]);
  });

  it('with no tick before the window the gap says how far the values are from adding up', async () => {
    const bank = live(K);
    for (const x of stream.slice(-K)) bank.push(x, baseline);
    const told = await answer(rollingShapley, questionOf(spec, stream.slice(-K), baseline, { seed }), options);
    expect(told.events).toEqual(bank.values);
    expect(told.completenessGap).toBe(bank.completenessGap);
    expect(Math.abs(told.completenessGap!)).toBeGreaterThan(0);
    expect(told.notes).toEqual(['a regression over 298 worlds']);
  });

  it('the baseline `last` is the value that came before, in the window and before it', async () => {
    const bank = live();
    stream.forEach((x, t) => {
      bank.push(x, stream[Math.max(0, t - 1)]!);
    });
    const rows = stream.slice(-K - 1, -1);
    const told = await answer(rollingShapley, asked({ baselines: { rows, last: rows[0]! } }), options);
    expect(told.events).toEqual(bank.values);
  });

  it('where the stream is not known from its first tick, its first ticks are as observed in all worlds', async () => {
    const model = new Model(kernels, spec);
    for (const x of stream.slice(0, 20)) model.stepOne(x);
    const start = model.snapshot();
    const bank = live();
    bank.startFrom(start);
    for (const x of stream.slice(20)) bank.push(x, baseline);
    const known = stream.slice(20);
    const told = await answer(rollingShapley, asked({ start, before: known.slice(0, -K), history: known }), options);
    expect(told.events).toEqual(bank.values);
    expect(told.notes!.at(-1)).toBe('the first 20 ticks of the stream are as observed in all worlds');
    for (const x of stream.slice(20)) model.stepOne(x);
    expect(bank.output).toBe(model.value(0, 0));
  });

  it('features, by all their subsets, over the whole past', async () => {
    const told = await answer(rollingShapley, asked(), { ...options, players: 'features' });
    const whole = await answer(shapley, questionOf(spec, stream, baseline), { players: 'features' });
    expectClose(told.byFeature!, whole.byFeature!, { atol: 1e-6 });
    expect(told.standardError).toBeUndefined();
    expect(told.notes).toHaveLength(2);
    expect(told.notes![0]).toBe('enumerated in 8 worlds');
  });
});

describe('in a windowed run', () => {
  it.each(['ticks', 'segments:3', 'cells'])('%s, within five standard errors of all coalitions', async (players) => {
    const [one] = attributionCases as [(typeof attributionCases)[number]];
    const { ticks, spec: model } = one.question(0, 'mean');
    const row = one.tensors.baseline_mean!.data;
    // the first ticks come before the window, and are never absent
    const cut = players === 'cells' ? 22 : 15;
    const question = questionOf(model, ticks.slice(cut), row, { windowed: true, before: ticks.slice(0, cut), seed });
    const exact = await answer(shapley, question, { players });
    const told = await answer(rollingShapley, question, { players });
    told.players!.forEach(({ ticks: own, features, value, standardError }, m) => {
      const { value: expected, ...player } = exact.players![m]!;
      expect({ ticks: own, features }).toEqual(player);
      expect(Math.abs(value - expected)).toBeLessThan(5 * standardError! + 1e-6);
    });
    const spread = 5 * Math.max(...told.standardError!) * Math.sqrt(told.players!.length);
    expect(Math.abs(told.completenessGap!)).toBeLessThan(spread);
  });
});

it('refuses what it cannot do, and says what would do', async () => {
  const refused = (more: Record<string, string | number>) => answer(rollingShapley, asked(), { ...options, ...more });
  await expect(refused({ players: 'mask:0,0,1' })).rejects.toThrow(
    /^invalid --option players: 'mask:0,0,1' \(expected ticks/,
  );
  await expect(refused({ estimator: 'guess' })).rejects.toThrow(/^invalid --option estimator: 'guess' \(expected auto/);
  await expect(refused({ branches: 15 })).rejects.toThrow(/^invalid branches: 15 \(expected at least 16 for 6 players/);
  const box = goldenModel('onnx-blackbox-tcn', 'model.onnx');
  expect(rollingShapley.supports(box)).toMatch(/black box/);
});
