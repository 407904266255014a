import { describe, expect, it } from 'vitest';
import { RollingShapley, type RollingShapleyOptions, shapleyPlan } from '../../src/methods/rollingShapley.ts';
import { kernels } from '../kernels.ts';
import { randomModel } from '../models.ts';

const OPTIONS = { window: 24, players: 'ticks', branches: 1000, estimator: 'auto', target: 0, seed: 3 } as const;

describe('plans', () => {
  const plan = (asked: Partial<RollingShapleyOptions>, F = 3) =>
    Object.values(shapleyPlan({ ...OPTIONS, ...asked }, F));
  const bankOf = (asked: Partial<RollingShapleyOptions>) =>
    new RollingShapley(kernels, randomModel(3, [4]), { ...OPTIONS, ...asked });

  it('fit as many pairs of worlds as the branches allow', () => {
    expect(plan({})).toEqual([38, 'worlds', 952]);
    expect(plan({ branches: 52 })).toEqual([2, 'worlds', 52]);
    expect(plan({ window: 12, players: 'cells', branches: 1024 }, 7)).toEqual([12, 'worlds', 1022]);
    expect(plan({ players: 'segments:4' })).toEqual([198, 'worlds', 992]);
    expect(plan({ estimator: 'regression' })).toEqual([998, 'regression', 1000]);
  });

  it('enumerate features where they can, and regress where nothing is older than the players', () => {
    expect(plan({ players: 'features' }, 6)).toEqual([64, 'exact', 64]);
    expect(plan({ players: 'features' }, 10)).toEqual([998, 'regression', 1000]);
    expect(plan({ players: 'features', estimator: 'worlds' }, 6)).toEqual([142, 'worlds', 996]);
    expect(plan({ windowLength: 24 })).toEqual([998, 'regression', 1000]);
    expect(plan({ windowLength: 30 })).toEqual([38, 'worlds', 952]);
    expect(plan({ windowLength: 24, players: 'cells' }, 7)).toEqual([4, 'worlds', 678]);
  });

  it.each([
    [{ branches: 51 }, /^invalid branches: 51 \(expected at least 52 for 24 players, or fewer players\)$/],
    [{ branches: 105, estimator: 'regression' }, /^invalid branches: 105 \(expected at least 106 for 24 players/],
    [{ branches: 63.5 }, /^invalid branches: 63.5 \(expected a whole number\)/],
    [{ window: 0 }, /^invalid window: 0 \(expected a whole number of ticks/],
    [{ players: 'segments:25' }, /^invalid players: 'segments:25' \(expected ticks, cells, features, or segments:1 to/],
  ] as const)('%o are refused', (asked, message) => {
    expect(() => plan(asked)).toThrow(message);
  });

  it('seeds and distances that are none are refused', () => {
    expect(() => bankOf({ seed: -1 })).toThrow(/^invalid seed: -1 \(expected a whole number from 0 on\)/);
    expect(() => bankOf({ eps: -1 })).toThrow(/^invalid eps: -1 \(expected zero or a small positive number\)/);
  });
});
