import { describe, expect, it } from 'vitest';
import { Explainer } from '../../src/explainer.ts';
import { findMethod } from '../../src/methods/index.ts';
import { readModel, writeNative } from '../../src/model/formats/index.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { explain } from '../../src/offline/explain.ts';
import { feed, type Row } from '../../src/offline/feed.ts';
import { predict } from '../../src/offline/predict.ts';
import { makeDataset } from '../../src/training/dataset.ts';
import { type FitOptions, fitModel } from '../../src/training/fitModel.ts';
import { goalOf } from '../../src/training/goal.ts';
import type { LossOptions } from '../../src/training/loss.ts';
import type { Report } from '../../src/training/report.ts';
import { kernels, random } from '../kernels.ts';

/** x runs after its value two ticks ago; c is its third of the range -1 to 1, as a number. */
function series(n: number): Row[] {
  const next = random(11);
  const xs = [0, 0];
  for (let t = 2; t < n; t++) xs.push(0.8 * xs[t - 2]! + 0.5 * next());
  return xs.map((x, index) => ({
    ...{ index, time: 1000 * index, key: '' },
    values: { x, c: Math.max(0, Math.min(2, Math.floor(1.5 * x + 1.5))) },
  }));
}

const rows = series(1200);
const COLUMNS = ['x'];

async function trained(target: string, loss?: LossOptions): Promise<{ spec: ModelSpec; report: Report }> {
  const dataset = makeDataset(
    rows,
    { columns: COLUMNS, target, horizon: 2, split: [0.7, 0.15, 0.15], timed: true, window: null },
    kernels.math,
  );
  const options: FitOptions = {
    ...{ name: 'kind', columns: COLUMNS, target, horizon: 2, window: null, layers: 'lstm:6', epochs: 25, batch: 8 },
    ...{ seed: 2, optimizer: { rate: 0.02, clip: 1 } },
  };
  return fitModel(kernels, dataset, { ...options, ...(loss ? { loss } : {}) });
}

/** Written, read back, run over the rows, and asked why. */
async function used(spec: ModelSpec): Promise<{ read: ModelSpec; outputs: Float32Array[] }> {
  const read = readModel(writeNative(spec), 'kind.safetensors');
  const { streams } = feed(rows.slice(0, 80), [...read.features!], true, kernels.math);
  const outputs: Float32Array[] = [];
  const mode = { mode: 'stateful', window: null } as const;
  for await (const { output } of predict(kernels, read, streams, { ...mode, rows: null })) outputs.push(output);
  const method = findMethod('rolling-occlusion');
  for (const target of read.outputs) {
    const why = await explain(kernels, read, streams[0]!.ticks, {
      ...{ ...mode, method, methodOptions: { eps: 0 }, ticks: 10, baseline: 'zero', target, score: 'raw' },
    });
    expect(why.output).toBe(outputs.at(-1)![read.outputs.indexOf(target)]);
    expect(why.values!.some((value) => value !== 0)).toBe(true);
  }
  return { read, outputs };
}

describe('an event', () => {
  it('is said as a probability, and what arrived minus that is its residual', async () => {
    const { spec, report } = await trained('x > 0');
    const { read, outputs } = await used(spec);
    expect(read).toMatchObject({ outputs: ['x > 0'], target: { expression: 'x > 0', output: 0 }, horizon: 2 });
    expect(read.layers.map(({ kind }) => kind)).toEqual(['normalization', 'lstm', 'dense']);
    expect(outputs.every(([p]) => p! > 0 && p! < 1)).toBe(true);
    expect(report).toMatchObject({ kind: 'event', loss: 'binary-crossentropy', warnings: [], quantiles: null });
    const { classes, test } = report;
    expect(classes!.auroc).toBeGreaterThan(0.85);
    expect(classes!.skillVsBaseRate).toBeGreaterThan(0.4);
    expect(classes!.logLoss).toBeLessThan(0.8 * classes!.logLossOfBaseRate);
    expect(test.rmse).toBeCloseTo(Math.sqrt(classes!.brier), 12);
    expect([test.skillVsDrift, test.intervalCoverage]).toEqual([null, null]);
    expect(report.calibration.reduce((sum, { count }) => sum + count, 0)).toBe(report.rows.test);

    const explainer = new Explainer(kernels, read, { window: 8 });
    for (const [t, row] of rows.slice(0, 80).entries()) {
      const answer = explainer.push({ key: '', time: row.time, seq: null, values: row.values })!;
      expect(answer.arrived).toBe(row.values.x! > 0 ? 1 : 0);
      if (t >= 2) expect(answer.residual).toBe(answer.arrived - outputs[t - 2]![0]!);
    }
  });

  it('is one or zero, and both in the training part', async () => {
    const twos = { kind: 'binary-crossentropy' } as const;
    await expect(trained('c', twos)).rejects.toThrow(
      /^invalid row \d+ c: 2 \(expected 0 or 1: an event, such as c > 0\)$/,
    );
    await expect(trained('x > 100')).rejects.toThrow(
      "invalid --target: 'x > 100' (expected values that differ: it is 0 throughout the training part)",
    );
  });
});

describe('classes', () => {
  it('are said as probabilities that make one, with no target to subtract them from', async () => {
    const { spec, report } = await trained('c', { kind: 'categorical-crossentropy' });
    const { read, outputs } = await used(spec);
    expect(read).toMatchObject({ outputs: ['c=0', 'c=1', 'c=2'], target: null, horizon: 2 });
    for (const output of outputs) expect(output.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
    expect(report.test).toMatchObject({ rmse: null, mae: null, skillVsDrift: null, intervalCoverage: null });
    expect(report.classes!.auroc).toBeNull();
    expect(report.classes!.accuracy).toBeGreaterThan(report.classes!.accuracyOfMostFrequent + 0.05);
    expect(report.classes!.skillVsBaseRate).toBeGreaterThan(0.2);
    expect(report.said[0]!.probabilities).toHaveLength(3);
    const explainer = new Explainer(kernels, read, { window: 8, target: 'c=1' });
    const last = rows.slice(0, 80).map(({ time, values }) => explainer.push({ key: '', time, seq: null, values })!);
    expect(last.at(-1)!.prediction).toBe(outputs.at(-1)![1]);
    expect(last.at(-1)!.residual).toBeNaN();
  });

  it('are numbers from 0 on', async () => {
    await expect(trained('x', { kind: 'categorical-crossentropy' })).rejects.toThrow(
      /^invalid row \d+ x: -?[\d.]+ \(expected the number of a class: 0, 1, 2, \.\. up to 255\)$/,
    );
  });
});

describe('quantiles', () => {
  it('are an output each; the middle one is the target', async () => {
    const { spec, report } = await trained('x', { kind: 'quantile', tau: [0.1, 0.4, 0.9] });
    const { read } = await used(spec);
    expect(read).toMatchObject({ outputs: ['x@0.1', 'x@0.4', 'x@0.9'], target: { expression: 'x', output: 1 } });
    expect(report.quantiles!.map(({ tau }) => tau)).toEqual([0.1, 0.4, 0.9]);
    for (const { tau, below, skill } of report.quantiles!) {
      expect(Math.abs(below - tau)).toBeLessThan(0.12);
      expect(skill).toBeGreaterThan(0.2);
    }
    expect(report.calibration.map(({ realised }) => realised)).toEqual(report.quantiles!.map(({ below }) => below));
    expect(report.said.every(({ low, high }) => low < high)).toBe(true);
    const explainer = new Explainer(kernels, read, { window: 8 });
    expect(explainer.target).toBe(1);
  });

  it('are ascending shares, .1, .5 and .9 where nobody asks for others', () => {
    const dataset = makeDataset(
      rows,
      { columns: COLUMNS, target: 'x', horizon: 1, split: [0.7, 0.15, 0.15], timed: true },
      kernels.math,
    );
    expect(goalOf(dataset, 'x', 1, { kind: 'quantile' })).toMatchObject({ taus: [0.1, 0.5, 0.9], central: 1 });
    expect(() => goalOf(dataset, 'x', 1, { kind: 'quantile', tau: [0.9, 0.1] })).toThrow(
      "invalid --tau: '0.9,0.1' (expected shares between 0 and 1, ascending)",
    );
    expect(goalOf(dataset, 'x', 1).loss).toEqual({ kind: 'mse' });
  });
});
