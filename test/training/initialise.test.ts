import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { readModel, writeNative } from '../../src/model/formats/index.ts';
import { floats } from '../../src/model/layers/layer.ts';
import type { DenseSpec, GruSpec, LstmSpec, ModelSpec } from '../../src/model/spec.ts';
import { Tape } from '../../src/model/tape.ts';
import { initialise } from '../../src/training/initialise.ts';
import { expectClose } from '../golden/golden.ts';
import { builds, kernels } from '../kernels.ts';
import { model } from './toys.ts';

const fresh = (layers: string, seed = 1, more = {}): ModelSpec =>
  initialise(kernels.math, { inputs: 8, outputs: ['a', 'b'], layers, seed, ...more }, { name: 'fresh' });

describe('fresh models', () => {
  it('layers as they are listed, the last recurrent one with its last state', () => {
    const statistics = { mean: new Float32Array(8), variance: new Float32Array(8).fill(4) };
    const { layers } = fresh('lstm:64, dropout:0.2, gru:32, layer-normalization, dense:16:relu', 1, {
      statistics,
      activation: 'softmax',
    });
    expect(layers.map(({ kind, inputs }) => [kind, inputs])).toEqual([
      ['normalization', 8],
      ['lstm', 8],
      ['dropout', 64],
      ['gru', 64],
      ['layer-normalization', 32],
      ['dense', 32],
      ['dense', 16],
    ]);
    expect(layers.flatMap((layer) => ('sequences' in layer ? [layer.sequences] : []))).toEqual([true, false]);
    expect(layers.flatMap((layer) => ('activation' in layer ? [layer.activation] : []))).toEqual(['relu', 'softmax']);
  });

  it('kernels between the limits of Glorot, as wide as a uniform distribution', () => {
    const [lstm, dense] = fresh('lstm:64').layers as [LstmSpec, DenseSpec];
    for (const [kernel, rows, columns] of [
      [lstm.kernel, 8, 256],
      [dense.kernel, 64, 2],
    ] as const) {
      const limit = Math.sqrt(6 / (rows + columns));
      expect(kernel.length).toBe(rows * columns);
      expect(Math.max(...kernel.map(Math.abs))).toBeLessThanOrEqual(limit);
      const variance = kernel.reduce((sum, v) => sum + v * v, 0) / kernel.length;
      // limit^2 / 3; a deviation of the estimate is 0.9 / sqrt(n) of it
      expect(Math.abs(variance / ((limit * limit) / 3) - 1)).toBeLessThan((4 * 0.9) / Math.sqrt(kernel.length));
    }
    expect(dense.bias).toEqual(new Float32Array(2));
  });

  it.each(['lstm:24', 'gru:24', 'rnn:24'])('%s: rows of recurrent weights have length 1 and right angles', (text) => {
    const [{ recurrent }] = fresh(text).layers as [LstmSpec];
    const columns = recurrent.length / 24;
    for (let a = 0; a < 24; a++) {
      for (let b = 0; b <= a; b++) {
        let dot = 0;
        for (let c = 0; c < columns; c++) dot += recurrent[a * columns + c]! * recurrent[b * columns + c]!;
        expect(Math.abs(dot - (a === b ? 1 : 0))).toBeLessThan(1e-6);
      }
    }
  });

  it('biases are zero, that of a forget gate 1', () => {
    const [lstm, gru] = fresh('lstm:3,gru:2').layers as [LstmSpec, GruSpec];
    expect([...lstm.bias]).toEqual([0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    expect(gru.bias).toEqual(new Float32Array(12));
  });

  it('the same seed the same bytes, in every build; a file and back', () => {
    const spec = fresh('lstm:6');
    for (const { kernels: k } of builds) {
      expect(
        initialise(k.math, { inputs: 8, outputs: ['a', 'b'], layers: 'lstm:6', seed: 1 }, { name: 'fresh' }),
      ).toEqual(spec);
    }
    expect(fresh('lstm:6', 2)).not.toEqual(spec);
    expect(readModel(writeNative(spec), 'fresh').layers).toEqual(spec.layers);
  });

  it.each(['lstm', 'lstm:0', 'lstm:2.5', 'lstm:4:relu', 'dense:4:nothing', 'dropout:1', 'dropout', 'attention:3', ''])(
    'no layer: %o',
    (text) => {
      expect(() => fresh(text)).toThrow(ConfigError);
      expect(() => fresh(text)).toThrow(/invalid layer: .*\(expected lstm:<units>/);
    },
  );
});

describe('dropout', () => {
  const W = 1000;
  const rate = 0.3;
  const spec = model(
    W,
    W,
    {
      kind: 'layer-normalization',
      name: 'norm',
      inputs: W,
      epsilon: 1e-3,
      gamma: new Float32Array(W),
      beta: new Float32Array(W).fill(2),
    },
    { kind: 'dropout', name: 'first', inputs: W, rate },
    { kind: 'dropout', name: 'second', inputs: W, rate: 0 },
  );
  const run = (k: typeof kernels, on: boolean, key: number) => {
    const tape = new Tape(k, spec, { branches: 2, ticks: 2, learns: true });
    const noise = tape.parameters!.noise;
    noise.on = on;
    noise.key = key;
    const y = tape.forward(new Float32Array(4 * W), 2);
    const { gradient } = tape.scored(false);
    tape.descend(() => {
      for (let n = 0; n < 2; n++) floats(tape.arena, gradient.at + 4 * n * gradient.stride, W).fill(1);
    });
    return { y, beta: tape.parameters!.gradients.subarray(W) };
  };

  it('what stays is scaled up, and gets all of the gradient; what does not gets none', () => {
    const { y, beta } = run(kernels, true, 77);
    const stays = Float32Array.of(2 / (1 - rate))[0]!;
    const kept = y.filter((v) => v !== 0);
    expect(kept.every((v) => Math.abs(v - stays) < 1e-6)).toBe(true);
    // 2,000 throws: four deviations
    expect(Math.abs(kept.length / 2000 - 0.7)).toBeLessThan(4 * Math.sqrt((0.7 * 0.3) / 2000));
    // the gradient of beta is y's own factor, of both windows
    expectClose(
      beta,
      beta.map((_, w) => (y[w]! + y[W + w]!) / 2),
    );
  });

  it('another mask for another window and key, the same in every build, none when it is off', () => {
    const { y } = run(kernels, true, 77);
    expect(y.subarray(0, W)).not.toEqual(y.subarray(W));
    expect(run(kernels, true, 78).y).not.toEqual(y);
    for (const { kernels: k } of builds) expect(run(k, true, 77).y).toEqual(y);
    expect(run(kernels, false, 77).y).toEqual(new Float32Array(2 * W).fill(2));
  });
});
