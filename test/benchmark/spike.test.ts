import { describe, expect, it } from 'vitest';
import {
  DELAY,
  draw,
  F,
  judge,
  largestEffects,
  latch,
  meanRank,
  methods,
  REACH,
  runSpike,
  scoreStreams,
  T,
  truthOf,
} from '../../benchmark/spike.mjs';
import { findMethod } from '../../src/methods/index.ts';
import { LagBand, lagBandSize } from '../../src/methods/lagBand.ts';
import type { Method, Question } from '../../src/methods/method.ts';
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

/** The largest absolute number of every cell, over the REACH outputs that see it. */
async function scoreLive(push: (x: Float32Array) => Float32Array, reset: () => void): Promise<Float32Array[]> {
  const scores: Float32Array[] = [];
  for (const { rows } of streams) {
    reset();
    scores.push(await largestEffects(rows, (t) => push(rows[t]!)));
  }
  return scores;
}

describe('live', () => {
  it('rolling occlusion finds the spike, but not in its newest tick', async () => {
    const model = new Model(kernels, latch(), bankSize(REACH, F));
    const bank = new RollingOcclusion(model, { window: REACH, eps: 0, target: 0 });
    const upTo = (depth: number) =>
      scoreLive(
        (x) => {
          bank.push(x, zero);
          return bank.values.slice(-Math.min(bank.filled, depth) * F);
        },
        () => bank.reset(),
      );
    const found = await upTo(REACH);
    expect(separation(found, truth).auprc).toBeGreaterThanOrEqual(0.95);
    expect(meanRank(found, truth)).toBeLessThanOrEqual(1.1);
    expect(separation(await upTo(1), truth).auprc).toBeLessThan(0.05);
  });

  it('lag bands find it', async () => {
    const bank = new LagBand(new Model(kernels, latch(), lagBandSize(REACH, F)), { band: REACH, target: 0 });
    const found = await scoreLive(
      (x) => {
        bank.push(x, zero);
        return bank.values.slice(-bank.filled * F);
      },
      () => bank.reset(),
    );
    expect(separation(found, truth).auprc).toBeGreaterThanOrEqual(0.95);
    expect(meanRank(found, truth)).toBeLessThanOrEqual(1.1);
  });
});

describe('asked tick by tick', () => {
  const some = streams.slice(0, 20);
  it.each(methods)('$name reaches its bar', async (bar) => {
    const scores = await scoreStreams(kernels, findMethod(bar.name), some);
    expect(judge(bar, scores, some.map(truthOf), separation)).toMatchObject({ met: true });
  });

  it('hands a method what has happened so far, and takes its cells for those of the last ticks', async () => {
    const seen: number[] = [];
    const newest: Pick<Method, 'options' | 'explain'> = {
      options: {},
      async explain({ before, ticks, history }) {
        seen.push(before.length + ticks.length);
        expect(history).toEqual([...before, ...ticks]);
        return [{ values: ticks.at(-1)!.slice(), evaluations: 0 }];
      },
    };
    const [scores] = await scoreStreams(kernels, newest, streams.slice(0, 1));
    expect(seen).toEqual(Array.from({ length: T }, (_, t) => t + 1));
    expect([...scores!]).toEqual(streams[0]!.rows.flatMap((x) => Array.from(x, Math.abs)));
  });
});

it('says which bar is missed', async () => {
  const blind = {
    options: {},
    explain: async ({ ticks }: Question) => [{ values: new Float32Array(ticks.length * F), evaluations: 0 }],
  };
  const lines: string[] = [];
  const parts = { kernels, findMethod: () => blind, separation };
  expect(await runSpike(parts, (line: string) => lines.push(line))).toBe(false);
  const last = lines.slice(-3).map((line) => line.split('|').map((cell) => cell.trim()));
  expect(last.map((cells) => [cells[1], cells[5]])).toEqual([
    ['rolling-occlusion', 'missed'],
    ['lag-band', 'missed'],
    ['temporal-occlusion', 'met'],
  ]);
});

it('ranks a true cell within its own stream, equals at the mean of their ranks', () => {
  const scores = [Float32Array.of(3, 2, 2, 1), Float32Array.of(9, 8), Float32Array.of(5, 5)];
  const masks = [Float32Array.of(0, 0, 1, 0), Float32Array.of(0, 0), Float32Array.of(0, 1)];
  expect(meanRank(scores, masks)).toBe((2.5 + 1.5) / 2);
});
