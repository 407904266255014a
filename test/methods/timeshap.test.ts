import { describe, expect, it } from 'vitest';
import type { Question } from '../../src/methods/method.ts';
import { pruneCurve, prunedTicks, shareOfTwo } from '../../src/methods/pruning.ts';
import { exactShapley } from '../../src/methods/shapley.ts';
import { timeshap } from '../../src/methods/timeshap.ts';
import { cellPlayers } from '../../src/methods/timeshapPlayers.ts';
import { openWorlds } from '../../src/methods/worlds.ts';
import { expectClose } from '../golden/golden.ts';
import { randomModel } from '../models.ts';
import { answer, attributionCases, fixtureL, questionOf } from './questions.ts';

const exact = { atol: 1e-5, rtol: 1e-4 };
const curveOf = async (question: Question) => (await pruneCurve(question, openWorlds(question))).shares[0]!;

describe.each(attributionCases)('$name', ({ tensors, question, sizes: { N, T, F } }) => {
  // TimeSHAP's own code
  it('prunes what it prunes', async () => {
    for (let n = 0; n < N; n++) {
      const curve = await curveOf(question(n, 'mean'));
      expectClose(curve, tensors.timeshap_prune_curve!.row(n), exact, `curve of ${n}`);
      const kept = Array.from(
        tensors.timeshap_prune_tolerances!.data,
        (tolerance) => prunedTicks(curve, tolerance) - T,
      );
      expect(kept).toEqual(Array.from(tensors.timeshap_prune_index!.row(n)));
    }
  });

  it('events, oldest first, with the old ones as one player', async () => {
    for (let n = 0; n < N; n++) {
      const found = await answer(timeshap, question(n, 'mean'), { prune: T - 8 });
      const expected = tensors.timeshap_event_pruned!.row(n).toReversed();
      expectClose(found.bySegment!, expected, exact, `events of ${n}`);
      expect(found.players![0]).toMatchObject({ ticks: Array.from({ length: T - 8 }, (_, k) => k) });
      expect(found.segments!.at(0)).toEqual([0, T - 9]);
      expect(found.segments!.at(-1)).toEqual([T - 1, T - 1]);
      expect(Math.abs(found.completenessGap!)).toBeLessThan(1e-7);
    }
  });

  it('features, with and without old events', async () => {
    for (let n = 0; n < N; n++) {
      const all = await answer(timeshap, question(n, 'mean'), { level: 'feature', prune: 0 });
      expectClose(all.byFeature!, tensors.timeshap_feature!.row(n), exact, `features of ${n}`);
      const some = await answer(timeshap, question(n, 'mean'), { level: 'feature', prune: T - 8 });
      const expected = tensors.timeshap_feature_pruned!.row(n);
      expectClose(some.byFeature!, expected.subarray(0, F), exact, `pruned features of ${n}`);
      expectClose([some.players![0]!.value], [expected[F]!], exact, `pruned events of ${n}`);
    }
  });

  it('cells of the events and features that the reference chose', async () => {
    const events = T === 24 ? [19, 22, 23] : [15, 18, 19];
    // there the pruned events come last, and the cells of the newest event first
    const place = (m: number): number =>
      m === 0 ? 12 : m < 7 ? 2 * (2 - Math.floor((m - 1) / 2)) + ((m - 1) % 2) : m - 1;
    for (let n = 0; n < N; n++) {
      const players = cellPlayers(T, F, T - 8, events, [0, 2]);
      const found = (await exactShapley(question(n, 'mean'), players)).values[0]!;
      const expected = tensors.timeshap_cell_pruned!.row(n);
      const inOrder = Array.from({ length: 13 }, (_, m) => expected[place(m)]!);
      expectClose(found, inOrder, exact, `cells of ${n}`);
    }
  });

  it('of all events come as close as 2,000 coalitions of the reference', async () => {
    const [runs, seeds] = [4, [0, 1, 2, 3]];
    for (let n = 0; n < 2; n++) {
      const found = await Promise.all(
        seeds.map(async (seed) => {
          const asked = { ...question(n, 'mean'), seed };
          return (await answer(timeshap, asked, { prune: 0, coalitions: 2000 })).events!;
        }),
      );
      const mean = Float64Array.from({ length: T }, (_, k) => found.reduce((sum, run) => sum + run[k]!, 0) / runs);
      const squares = mean.map((m, k) => found.reduce((sum, run) => sum + (run[k]! - m) ** 2, 0) / (runs - 1));
      const theirs = tensors.timeshap_event_full_sd!.row(n).map((sd) => sd * sd);
      const variance = [squares, theirs].map((list) => list.reduce((sum, value) => sum + value, 0) / T);
      const error = Math.sqrt((variance[0]! + variance[1]!) / runs);
      const expected = tensors.timeshap_event_full_mean!.row(n).toReversed();
      for (let k = 0; k < T; k++) expect(Math.abs(mean[k]! - expected[k]!), `event ${k}`).toBeLessThan(5 * error);
      expect(Math.sqrt(variance[0]!)).toBeLessThan(2 * Math.sqrt(variance[1]!));
    }
  });
});

// TimeSHAP's tests/explainer/test_pruning.py
it('two players share by halves', () => {
  const [none, recent, old, all] = [0.01820675, 0.019985398, 0.6154269, 0.7290683];
  expect(shareOfTwo(none, recent, old, all)).toBeCloseTo(0.05771002, 6);
  expect(shareOfTwo(none, old, recent, all)).toBeCloseTo(0.65315153, 6);
});

it('scans back from the newest tick, which always stays', () => {
  const shares = Float64Array.of(0, 0.01, 0.2, 0.03, 0.01);
  expect(prunedTicks(shares, 0.05)).toBe(3);
  expect(prunedTicks(shares, 0.02)).toBe(1);
  expect(prunedTicks(shares, 0)).toBe(0);
});

it('fixture L', async () => {
  const { question, figures } = fixtureL();
  const theirs = figures['timeshap_pruning[idx,phi_recent,phi_older]']!.map(([, , older]) => older!).toReversed();
  expectClose(await curveOf(question), theirs, { atol: 2e-6 });
});

describe('TimeSHAP', () => {
  const spec = randomModel(3, [6], 2, 5);
  const ticks = Array.from({ length: 6 }, (_, t) => [Math.sin(t), Math.cos(2 * t), 1]);
  const question = questionOf(spec, ticks, [0, 0, 1]);

  it('chooses the strongest events and features', async () => {
    const options = { prune: 2, topEvents: 2, topFeatures: 1 };
    const events = await answer(timeshap, question, { ...options, level: 'event' });
    const features = await answer(timeshap, question, { ...options, level: 'feature' });
    const strongest = (values: ArrayLike<number>, count: number): number[] =>
      Array.from(values, (value, i) => ({ value: Math.abs(value), i }))
        .sort((a, b) => b.value - a.value)
        .slice(0, count)
        .map(({ i }) => i)
        .sort();
    const its = strongest(events.bySegment!.subarray(1), 2).map((k) => k + 2);
    const [f] = strongest(features.byFeature!, 1);
    const others = [2, 3, 4, 5].filter((k) => !its.includes(k));
    const rest = [0, 1, 2].filter((g) => g !== f);
    const cells = await answer(timeshap, question, { ...options, level: 'cell' });
    expect(cells.players!.map(({ ticks, features }) => [ticks, features])).toEqual([
      [
        [0, 1],
        [0, 1, 2],
      ],
      [[its[0]], [f]],
      [[its[1]], [f]],
      [[its[0]], rest],
      [[its[1]], rest],
      [others, [f]],
      [others, rest],
    ]);
    expect(cells.values).toBeUndefined();
    expect(Math.abs(cells.completenessGap!)).toBeLessThan(1e-6);
  });

  it('has no player without cells', async () => {
    const { players } = await answer(timeshap, question, { level: 'cell', prune: 0, topEvents: 99, topFeatures: 99 });
    expect(players!.length).toBe(18);
    expect(cellPlayers(2, 1, 0, [1], [0]).count).toBe(2);
  });

  it('gives a column at its baseline exactly nothing', async () => {
    const { byFeature } = await answer(timeshap, question, { level: 'feature', prune: 1 });
    expect(byFeature![2]).toBe(0);
  });

  it('prunes for each output by itself, and says how much', async () => {
    const both = await timeshap.explain({ ...question, targets: [0, 1] }, { ...timeshap.options, tolerance: 0.05 });
    for (const target of [0, 1]) {
      const asked = { ...question, targets: [target] };
      const pruned = prunedTicks(await curveOf(asked), 0.05);
      expect(both[target]!.options).toEqual({ ...timeshap.options, tolerance: 0.05, prune: pruned });
      const fixed = await answer(timeshap, asked, { prune: pruned });
      expect(both[target]!.players).toEqual(fixed.players);
    }
  });

  it('with nothing pruned, or one tick, speaks of ticks', async () => {
    const whole = await answer(timeshap, question, { prune: 0 });
    expect(whole.events!.length).toBe(6);
    expect((await answer(timeshap, question, { prune: 1 })).events).toEqual(whole.events);
  });

  it.each([
    [{ level: 'tick' }, /^invalid --option level: 'tick' \(expected event, feature, cell\)/],
    [{ prune: 6 }, /^invalid --option prune: 6 \(expected a whole number from 0 to 5\)/],
    [{ tolerance: -0.1 }, /^invalid --option tolerance: -0.1/],
    [{ coalitions: 0 }, /^invalid --option coalitions: 0/],
    [{ topEvents: 0, level: 'cell' }, /^invalid --option topEvents: 0 \(expected a whole number from 1 on\)/],
    [{ prune: 0, coalitions: 4 }, /^invalid --option coalitions: 4 \(expected more: these do not tell 6 players/],
  ])('refuses %j', async (options, message) => {
    await expect(answer(timeshap, question, options)).rejects.toThrow(message);
  });
});
