import { describe, expect, it } from 'vitest';
import type { WireExplanation } from '../../src/wire.ts';
import { type Context, changesOf, shownOf } from '../../web/answer.ts';

const DAY = 86_400_000;

/** Four ticks, the 1st to the 4th of January 1970; the target in percent. */
const context: Context = {
  features: [
    { name: 'diff(a)', label: 'change', unit: '%', scale: 100, decimals: 1 },
    { name: 'b', label: 'level', unit: '', scale: 1, decimals: 0 },
  ],
  target: { name: 'y', label: 'target', unit: '%', scale: 100, decimals: 1 },
  times: [0, DAY, 2 * DAY, 3 * DAY],
  inputs: [0.01, 1, 0.02, 2, 0.03, 3, 0.04, 4],
};

function explanation(more: Partial<WireExplanation>): WireExplanation {
  return {
    method: 'shapley',
    mode: 'stateful',
    index: 9,
    target: 0,
    window: 4,
    features: ['diff(a)', 'b'],
    baseline: [0, 0],
    output: 0.05,
    baselineOutput: 0.02,
    values: null,
    events: null,
    byFeature: null,
    segments: null,
    bySegment: null,
    players: null,
    change: null,
    since: null,
    counterfactual: null,
    attention: null,
    completenessGap: null,
    standardError: null,
    evaluations: 1,
    elapsedMs: 1,
    options: {},
    ...more,
  };
}

const values = [
  [0.01, 0],
  [0, -0.02],
  [0.003, 0],
  [0.02, 0.004],
];

describe('what an explanation shows', () => {
  it('cells by feature, in the unit of the target, with their sums', () => {
    const { heat, columns, bars, unit } = shownOf(explanation({ values }), context);
    expect(heat!.rows.map(({ name, sum, tone }) => [name, sum, tone])).toEqual([
      ['Change', '+3.3', 'tone-raises'],
      ['Level', '\u22121.6', 'tone-lowers'],
    ]);
    expect(Array.from(heat!.rows[1]!.values)).toEqual([0, -2, 0, 0.4]);
    expect([heat!.most, heat!.apart, columns, bars, unit]).toEqual([2, false, null, [], 'points']);
  });

  it('whole ticks above the cells where there are both, as columns where there are no cells', () => {
    const events = [0.01, 0, 0, 0.02];
    expect(shownOf(explanation({ values, events }), context).heat!.rows[0]).toMatchObject({
      name: 'Whole tick',
      sum: '+3.0',
    });
    const alone = shownOf(explanation({ events, standardError: [0.001, 0, 0, 0.002] }), context);
    expect([alone.heat, alone.columns]).toEqual([null, { values: [1, 0, 0, 2], errors: [0.1, 0, 0, 0.2] }]);
  });

  it('a window that had not filled yet stands at the right', () => {
    const { heat } = shownOf(explanation({ window: 2, values: values.slice(2) }), context);
    expect(Array.from(heat!.rows[0]!.values)).toEqual([0, 0, 0.3, 2]);
  });

  it('segments, features and players by name, with standard errors', () => {
    const bySegment = shownOf(
      explanation({
        segments: [
          [0, 2],
          [3, 3],
        ],
        bySegment: [0.01, -0.02],
        standardError: [0.001, 0.002],
      }),
      context,
    );
    expect(bySegment.bars).toEqual([
      { name: '1 Jan to 3 Jan', note: '', effect: 1, error: 0.1 },
      { name: '4 Jan', note: '', effect: -2, error: 0.2 },
    ]);
    expect(shownOf(explanation({ byFeature: [0.01, 0] }), context).bars.map(({ name }) => name)).toEqual([
      'Change',
      'Level',
    ]);
    const players = [
      { ticks: [0, 1, 2, 3], features: [1], value: 0.01 },
      { ticks: [3], features: [0, 1], value: -0.03, standardError: 0.01 },
    ];
    expect(shownOf(explanation({ players }), context).bars).toEqual([
      { name: '4 Jan', note: '', effect: -3, error: 1 },
      { name: 'Level all ticks', note: '', effect: 1 },
    ]);
  });

  it('many players: the twelve largest, and the sum of the others', () => {
    const players = Array.from({ length: 14 }, (_, i) => ({ ticks: [3], features: [0], value: (i + 1) / 100 }));
    const { bars } = shownOf(explanation({ players }), context);
    expect(bars).toHaveLength(13);
    expect(bars[0]!.effect).toBeCloseTo(14, 9);
    expect(bars[12]).toEqual({ name: '2 others', note: '', effect: 3 });
  });

  it('slopes in the units of both sides', () => {
    const { heat, unit } = shownOf(explanation({ method: 'saliency', values }), context);
    // 0.02 a unit of the input; in percent a percent it is 0.02 as well
    expect(Array.from(heat!.rows[0]!.values)).toEqual([0.01, 0, 0.003, 0.02]);
    expect(unit).toBe('slope: per unit of each input');
  });

  it('says what must be said beside the numbers', () => {
    const said = explanation({ values, completenessGap: 0.001, r2: 0.974, notes: ['sampled twice'], since: 7 });
    expect(shownOf(said, context).facts).toEqual([
      'Since 2 Jan: +5.00 in all.',
      'The parts add up to +3.10; gap +0.10.',
      'The simple model explains 97\u202f% of what was sampled.',
      'Sampled twice.',
    ]);
  });

  it('weights of attention a head each, and where the largest stands', () => {
    const { weights } = shownOf(
      explanation({
        attention: [
          [0.1, 0.6, 0.2, 0.1],
          [0, 0, 0, 1],
        ],
      }),
      context,
    );
    expect(weights!.map(({ name, sum }) => [name, sum])).toEqual([
      ['Head 1', '2 back'],
      ['Head 2', 'newest'],
    ]);
  });
});

describe('a counterfactual', () => {
  it('names the values that it changed, newest first', () => {
    const changed = [
      [0.01, 1],
      [0.02, 7],
      [0.03, 3],
      [-0.05, 4],
    ];
    const found = explanation({ counterfactual: { values: changed, output: 0.1 } });
    expect(changesOf(found, context)).toEqual([
      { name: 'Change 4 Jan', from: '+4.0\u202f%', to: '\u22125.0\u202f%' },
      { name: 'Level 2 Jan', from: '2', to: '7' },
    ]);
  });

  it('is none where none was found', () => {
    expect(changesOf(explanation({}), context)).toBeNull();
  });
});
