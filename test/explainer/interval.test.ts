import { describe, expect, it } from 'vitest';
import { Conformal } from '../../src/conformal.ts';
import { LiveInterval } from '../../src/explainer/interval.ts';

const errors = Float32Array.from({ length: 40 }, (_, i) => ((i % 7) - 3) / 4);
const known = new Conformal();
errors.forEach((error) => {
  known.update(error);
});
const { below, above } = { ...known.reach };

describe('a live interval', () => {
  it('begins with the errors of the training run, around the first prediction', () => {
    const { answer } = pushed(new LiveInterval({ coverage: 0.9 }, { horizon: 1, errors }), [
      [Number.NaN, Number.NaN, 10],
    ]);
    expect([answer.low, answer.high]).toEqual([10 - below, 10 + above]);
    expect(answer).toMatchObject({ coverage: 0.9, held: null, settled: 0 });
    expect(answer.predictedLow).toBeNaN();
  });

  it('settles what it said so many ticks ago as the horizon', () => {
    const live = new LiveInterval({ coverage: 0.9 }, { horizon: 2, errors });
    const { answer } = pushed(live, [
      [Number.NaN, Number.NaN, 10],
      [Number.NaN, Number.NaN, 20],
    ]);
    pushed(live, [[10 + above / 2, 10, 30]]);
    expect(answer).toMatchObject({ predictedLow: 10 - below, predictedHigh: 10 + above, held: true, settled: 1 });
    pushed(live, [[20 + 2 * above, 20, 40]]);
    expect(answer).toMatchObject({ held: false, settled: 2, realised: 0.5 });
  });

  it('has nothing to settle where no value arrived, or nothing was predicted', () => {
    const live = new LiveInterval({ coverage: 0.9 }, { horizon: 1, errors });
    pushed(live, [
      [Number.NaN, Number.NaN, 10],
      [Number.NaN, 10, Number.NaN],
      [5, Number.NaN, 11],
    ]);
    expect(live.answer).toMatchObject({ held: null, settled: 0, low: 11 - below, high: 11 + above });
  });

  it('without errors of a training run waits for twenty of its own; a reset begins again', () => {
    const live = new LiveInterval({ coverage: 0.9 }, { horizon: 1 });
    const ticks = Array.from({ length: 21 }, (_, i): [number, number, number] => [i % 3, 1, 1]);
    pushed(live, ticks.slice(0, 19));
    expect(live.answer.low).toBeNaN();
    pushed(live, ticks.slice(19));
    expect(live.answer.low).toBeLessThan(1);
    const after = { ...live.answer };
    live.reset();
    pushed(live, ticks);
    expect(live.answer).toEqual(after);
  });
});

function pushed(live: LiveInterval, ticks: readonly [number, number, number][]): LiveInterval {
  for (const tick of ticks) live.push(...tick);
  return live;
}
