import { describe, expect, it } from 'vitest';
import { exactShapley, shapley } from '../../src/methods/shapley.ts';
import { expectClose } from '../golden/golden.ts';
import { denseSpec, modelOf, randomModel } from '../models.ts';
import { answer, attributionCases, captumModel, fixtureL, questionOf } from './questions.ts';

const exact = { atol: 1e-5, rtol: 1e-4 };

describe.each(attributionCases)('$name', ({ tensors, question, sizes: { N } }) => {
  it.each(['zero', 'mean'] as const)('all coalitions of segments and of features, baseline %s', async (baseline) => {
    for (let n = 0; n < N; n++) {
      const segments = await answer(shapley, question(n, baseline));
      expectClose(segments.bySegment!, tensors[`shapley_events_${baseline}`]!.row(n), exact, `segments of ${n}`);
      const features = await answer(shapley, question(n, baseline), { players: 'features' });
      expectClose(features.byFeature!, tensors[`shapley_features_${baseline}`]!.row(n), exact, `features of ${n}`);
      for (const { completenessGap } of [segments, features]) expect(Math.abs(completenessGap!)).toBeLessThan(1e-7);
    }
  });

  it('share their past: over 8 segments a quarter of the branch-ticks of 2^8 windows', async () => {
    const { evaluations } = await answer(shapley, question(0, 'zero'));
    const lengths = tensors.x!.shape[1]! === 24 ? Array(8).fill(3) : [3, 3, 3, 3, 2, 2, 2, 2];
    expect(evaluations).toBe(lengths.reduce((sum, length, m) => sum + length * 2 ** (m + 1), 0));
  });
});

describe('fixture L', () => {
  it('has the figures of its README', async () => {
    const { question, figures } = fixtureL();
    const ticks = await answer(shapley, question, { players: 'ticks' });
    expectClose(
      ticks.events!,
      figures.shap_event_exact!.map(([value]) => value!),
      { atol: 2e-6 },
    );
    expect(Math.abs(ticks.completenessGap!)).toBeLessThan(1e-6);
    const features = await answer(shapley, question, { players: 'features' });
    expectClose(features.byFeature!, figures.shap_feature_exact![0]!, { atol: 2e-6 });
  });
});

// Captum's own tests: tests/attr/test_kernel_shap.py
describe('relu(s - 10) + 3 relu(s + 1) - 1', () => {
  const x = [20, 50, 30];

  it.each([
    { players: 'features', baseline: [0, 0, 0], expected: [76.66667, 196.66667, 116.66667] },
    { players: 'mask:0,0,1', baseline: [0, 0, 0], expected: [275, 115] },
    { players: 'mask:0,0,1', baseline: [4, 4, 4], expected: [248, 104] },
    { players: 'cells', baseline: [10, 20, 10], expected: [40, 120, 80] },
  ])('$players from $baseline', async ({ players, baseline, expected }) => {
    const { players: found } = await answer(shapley, questionOf(captumModel(), [x], baseline), { players });
    expectClose(
      found!.map(({ value }) => value),
      expected,
      { atol: 1e-4 },
    );
  });
});

describe('a game', () => {
  /** 3 x0 + x1 of the last tick: nothing else counts. */
  const linear = modelOf(2, 1, [{ ...denseSpec('sum', 2, 1, () => 0), kernel: Float32Array.of(3, 1) }]);

  it('gives nothing to a player at its baseline, nor to one that the model does not read', async () => {
    const at = await answer(
      shapley,
      questionOf(
        randomModel(3, [6]),
        [
          [1, 0.5, 2],
          [3, 0.5, 1],
        ],
        [0, 0.5, 0],
      ),
      {
        players: 'features',
      },
    );
    expect(at.byFeature![1]).toBe(0);
    expect(at.byFeature![0]).not.toBe(0);
    const unread = await answer(
      shapley,
      questionOf(
        linear,
        [
          [1, 2],
          [3, 5],
        ],
        [0, 0],
      ),
      { players: 'cells' },
    );
    expect([...unread.values!]).toEqual([0, 0, 9, 5]);
    const nothing = await answer(shapley, questionOf(linear, [[1, 2]], [1, 2]), { players: 'cells' });
    expect(nothing).toMatchObject({ completenessGap: 0, evaluations: 1 });
    expect([...nothing.values!]).toEqual([0, 0]);
  });

  it('knows players without cells, and cells without a player', async () => {
    const question = questionOf(
      linear,
      [
        [1, 2],
        [3, 5],
      ],
      [0, 0],
    );
    const players = { kind: 'mask' as const, count: 3, of: Int32Array.of(0, 0, -1, 2), segments: null };
    const { values, all, none } = await exactShapley(question, players);
    expect([...values[0]!]).toEqual([0, 0, 5]);
    expect([all[0], none[0]]).toEqual([14, 9]);
  });

  it('runs of ticks that hold the value before them hold what came before the run', async () => {
    // worth of {}: x(-1) = (1, 1), of {0}: x0, of {1} and of both: x1
    const question = questionOf(
      linear,
      [
        [2, 1],
        [4, 3],
      ],
      [0, 0],
      {
        baselines: { rows: [Float32Array.of(1, 1), Float32Array.of(2, 1)], last: Float32Array.of(1, 1) },
      },
    );
    const { events } = await answer(shapley, question, { players: 'ticks' });
    // v = 4, 7, 15, 15: phi_0 = (3 + 0) / 2, phi_1 = (11 + 8) / 2
    expect([...events!]).toEqual([1.5, 9.5]);
  });

  it('over a window shorter than eight ticks has their number of segments', async () => {
    const found = await answer(
      shapley,
      questionOf(
        linear,
        [
          [1, 2],
          [3, 5],
          [1, 1],
        ],
        [0, 0],
      ),
    );
    expect(found).toMatchObject({
      options: { players: 'segments:3' },
      segments: [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
    });
    expect([...found.bySegment!]).toEqual([0, 0, 4]);
  });

  it('answers for several outputs in one pass', async () => {
    const spec = randomModel(2, [5], 3, 4);
    const ticks = [
      [1, 2],
      [0.5, -1],
      [2, 0],
    ];
    const some = await shapley.explain(questionOf(spec, ticks, [0, 0], { targets: [2, 0] }), { players: 'ticks' });
    for (const [i, target] of [2, 0].entries()) {
      const alone = await answer(shapley, questionOf(spec, ticks, [0, 0], { targets: [target] }), { players: 'ticks' });
      expect(alone).toMatchObject(some[i]!);
    }
  });

  it('asks about a window after others, and from a state, as a stream does', async () => {
    const spec = randomModel(2, [5], 1, 4);
    const ticks = [
      [1, 2],
      [0.5, -1],
      [2, 0],
      [1, 1],
    ];
    const before = ticks.slice(0, 2).map((x) => Float32Array.from(x));
    const whole = questionOf(spec, ticks, [0, 0]);
    // players of the last two ticks alone
    const players = { kind: 'mask' as const, count: 2, of: Int32Array.of(-1, -1, -1, -1, 0, 0, 1, 1), segments: null };
    const { values } = await exactShapley(whole, players);
    const { events } = await answer(shapley, questionOf(spec, ticks.slice(2), [0, 0], { before }), {
      players: 'ticks',
    });
    expect([...events!]).toEqual([...Float32Array.from(values[0]!)]);
  });

  it('ends when it is told to, and says how far it is', async () => {
    const question = questionOf(randomModel(2, [4]), Array(11).fill([1, 2]), [0, 0]);
    const told: number[][] = [];
    await shapley.explain(question, { players: 'ticks' }, { progress: (...at) => told.push(at) });
    expect(told).toEqual([
      [0, 2048],
      [1024, 2048],
      [2048, 2048],
    ]);
    const reason = new Error('enough');
    await expect(shapley.explain(question, { players: 'ticks' }, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
  });

  it.each([
    ['guess', /^invalid --option players: 'guess' \(expected ticks, features, cells, segments:M or mask/],
    ['segments:9', /^invalid --option players: 'segments:9' \(expected 1 to 4 segments of 4 ticks/],
    [7, /^invalid --option players: 7 \(expected a text\)/],
  ])('refuses the players %s', async (players, message) => {
    const question = questionOf(linear, Array(4).fill([1, 2]), [0, 0]);
    await expect(answer(shapley, question, { players })).rejects.toThrow(message);
  });

  it('refuses more players than it can try, and says what would do', async () => {
    const question = questionOf(linear, Array(21).fill([1, 2]), [0, 0]);
    await expect(answer(shapley, question, { players: 'ticks' })).rejects.toThrow(
      /^invalid --option players: 21 \(expected at most 20 players that .*, such as segments:20; for more, --method shapley-sam/,
    );
  });
});
