import { describe, expect, it } from 'vitest';
import { Explainer } from '../../src/explainer.ts';
import { Model } from '../../src/model/graph.ts';
import { goldenModel, goldenTensors } from '../golden/golden.ts';
import { kernels } from '../kernels.ts';

const spec = { ...goldenModel('keras-embedding-sentiment-masked', 'model.keras'), mode: 'stateful' as const };
const tokens = Array.from(goldenTensors('keras-embedding-sentiment-masked').x!.row(3));
const tick = (time: number, token: number) => ({ key: '', time, seq: null, values: { token } });

describe('a model of tokens', () => {
  it('is explained by padding: an occluded token is passed over, to the bits of a stream without it', () => {
    const explainer = new Explainer(kernels, spec, { columns: ['token'], baseline: 'zero', window: 6 });
    const run = (list: number[]): number => {
      const model = new Model(kernels, spec);
      for (const token of list) model.stepOne([token]);
      return model.value(0, 0);
    };
    for (const [t, token] of tokens.entries()) {
      const { prediction, attribution } = explainer.push(tick(t, token))!;
      expect(prediction).toBe(run(tokens.slice(0, t + 1)));
      for (let k = 0; k < attribution!.filled; k++) {
        const occluded = t - attribution!.filled + 1 + k;
        const without = tokens.slice(0, t + 1).map((other, s) => (s === occluded ? 0 : other));
        const row = 6 - attribution!.filled + k;
        expect(attribution!.events[row]).toBe(Math.fround(prediction - run(without)));
      }
    }
  });

  it.each([200, -1, 1.5])('is not fed %d, and says why', (token) => {
    const explainer = new Explainer(kernels, spec, { columns: ['token'], baseline: 'zero' });
    expect(explainer.push(tick(0, token))).toBeNull();
    expect(explainer.reason).toMatch(/^invalid token: .* \(expected a whole number from 0 to 199/);
    expect(explainer.push(tick(1, 3))!.index).toBe(0);
  });

  it.each([['mean'], [[1.5]], [[200]]] as ('mean' | number[])[][])(
    'takes no baseline of %o: it is no token',
    (baseline) => {
      expect(() => new Explainer(kernels, spec, { columns: ['token'], baseline: baseline! })).toThrow(
        /^invalid baseline: .* \(expected zero, last or a token from 0 to 199\)/,
      );
    },
  );

  it('a step of a token that is none is refused by the layer itself', () => {
    expect(() => new Model(kernels, spec).stepOne([200])).toThrow(/invalid token: 200/);
  });
});
