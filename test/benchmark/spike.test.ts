import { describe, expect, it } from 'vitest';
import { DELAY, draw, F, largestEffects, latch, meanRank, REACH, T, truthOf } from '../../benchmark/spike.mjs';
import { bankSize, RollingOcclusion } from '../../src/methods/rollingOcclusion.ts';
import { Model } from '../../src/model/graph.ts';
import { separation } from '../../src/trust/index.ts';
import { kernels } from '../kernels.ts';

const streams = Array.from({ length: 60 }, (_, seed) => draw(seed, kernels.math));
const truth = streams.map(truthOf);
const zero = new Float32Array(F);

describe('the model by hand', () => {
  it('is 0 until two ticks after the first spike of feature 0, and 1 from then on', () => {
    const model = new Model(kernels, latch());
    expect(streams.filter(({ first }) => first !== null).length).toBeGreaterThan(12);
    expect(streams.some(({ rows, first }) => rows.some(([x0], t) => first !== null && t > first && x0! > 1))).toBe(
      true,
    );
    for (const { rows, first } of streams) {
      model.reset();
      for (const [t, x] of rows.entries()) {
        const label = first !== null && t >= first + DELAY ? 1 : 0;
        expect(Math.abs(model.stepOne(x)[0]! - label)).toBeLessThan(1e-5);
      }
    }
  });

  it('has one true cell where feature 0 spikes, and none elsewhere', () => {
    for (const [n, { first }] of streams.entries()) {
      expect(truth[n]!.length).toBe(T * F);
      expect(truth[n]!.reduce((a, b) => a + b, 0)).toBe(first === null ? 0 : 1);
    }
  });
});

describe('the live bank of rolling occlusion', async () => {
  const model = new Model(kernels, latch(), bankSize(REACH, F));
  const bank = new RollingOcclusion(model, { window: REACH, eps: 0, target: 0 });
  /** Each stream's cells by their effects up to `depth` ticks old. */
  async function scores(depth: number): Promise<Float32Array[]> {
    const scored: Float32Array[] = [];
    for (const { rows } of streams) {
      bank.reset();
      const effectsAt = (t: number): Float32Array => {
        bank.push(rows[t]!, zero);
        return bank.values.slice(-Math.min(bank.filled, depth) * F);
      };
      scored.push(await largestEffects(rows, effectsAt));
    }
    return scored;
  }

  it('finds the spike', async () => {
    const found = await scores(REACH);
    expect(separation(found, truth).auprc).toBeGreaterThanOrEqual(0.95);
    expect(meanRank(found, truth)).toBeLessThanOrEqual(1.1);
  });

  it('does not where only the newest tick is looked at', async () => {
    expect(separation(await scores(1), truth).auprc).toBeLessThan(0.05);
  });
});

it('ranks a true cell within its own stream, equals at the mean of their ranks', () => {
  const scores = [Float32Array.of(3, 2, 2, 1), Float32Array.of(9, 8), Float32Array.of(5, 5)];
  const masks = [Float32Array.of(0, 0, 1, 0), Float32Array.of(0, 0), Float32Array.of(0, 1)];
  expect(meanRank(scores, masks)).toBe((2.5 + 1.5) / 2);
});
