import { describe, expect, it } from 'vitest';
import { Model } from '../../src/model/graph.ts';
import { builds, kernels, random } from '../kernels.ts';
import { fill, lstmSpec, modelOf, randomModel } from '../models.ts';
import { reference } from '../reference/forward.ts';

/** Steps B branches with inputs of their own for a few ticks; `order` says in which slot branch b lives. */
function run(F: number, units: number[], B: number, order: number[], k = kernels): Float32Array[] {
  const spec = randomModel(F, units, 2, 9);
  const slots = Math.max(...order) + 1;
  const model = new Model(k, spec, { branches: slots, inputRows: B });
  const next = random(5);
  const ticks = Array.from({ length: 6 }, () => fill(577 * F, next, 2));
  for (const x of ticks) {
    for (let b = 0; b < B; b++) {
      model.input.set(x.subarray(b * F, (b + 1) * F), b * model.inputStride);
      model.slots[b] = order[b]!;
      model.inputRow[b] = b;
    }
    model.step(B, B);
  }
  return order.map((slot) => model.output(slot).slice());
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe.each(builds)('a branch and its company ($name)', ({ kernels: k }) => {
  it.each([
    { F: 1, units: [1] },
    { F: 3, units: [5] },
    { F: 7, units: [4, 6] },
    { F: 2, units: [13, 3] },
  ])('gives the same bytes at every B, in every slot and order (F $F, H $units)', ({ F, units }) => {
    const all = run(F, units, 577, range(577), k);
    for (const B of [1, 2, 3]) expect(run(F, units, B, range(B), k)).toEqual(all.slice(0, B));
    const shuffled = range(577).map((b) => (b * 251) % 577);
    expect(run(F, units, 577, shuffled, k)).toEqual(all);
    const padded = range(577).map((b) => b * 2 + 1);
    expect(run(F, units, 577, padded, k)).toEqual(all);
  });
});

describe('builds', () => {
  it('SIMD, scalar and debug give the same bytes', () => {
    const [simd, ...others] = builds.map(({ kernels: k }) => run(5, [9, 6], 33, range(33), k));
    for (const other of others) expect(other).toEqual(simd);
  });

  it('release builds import nothing', async () => {
    const { readFile } = await import('node:fs/promises');
    const { asset } = await import('../../src/node/assets.ts');
    for (const name of ['whytick', 'whytick.scalar']) {
      const module = await WebAssembly.compile(await readFile(asset(`dist/kernels/${name}.wasm`)));
      expect(WebAssembly.Module.imports(module)).toEqual([]);
    }
  });
});

describe.each(builds)('one branch against the float64 reference ($name)', ({ kernels: k }) => {
  it.each([
    [1, [1]],
    [3, [6]],
    [8, [17]],
    [2, [5, 12]],
  ] as [number, number[]][])('F %d, H %o: 300 steps, state and gates', (F, units) => {
    const spec = randomModel(F, units, 1, 21);
    const model = new Model(k, spec);
    const truth = reference(spec);
    const next = random(8);
    for (let t = 0; t < 300; t++) {
      const x = fill(F, next, 3);
      const y = truth.step(x);
      expect(Math.abs(model.stepOne(x)[0]! - y[0]!)).toBeLessThan(4e-6);
    }
  });

  it('numbers that a reader can check: one unit, all weights by hand', () => {
    // z_i = x, z_f = 0, z_g = 2x, z_o = 0 at the first step: h = sigmoid(0) tanh(sigmoid(x) tanh(2x)), x = 0.5
    const layer = lstmSpec('lstm', 1, 1, () => 0);
    layer.kernel.set([1, 0, 2, 0]);
    const model = new Model(k, modelOf(1, 1, [layer]));
    const c = 0.6224593312018546 * 0.7615941559557649;
    expect(model.stepOne([0.5])[0]).toBeCloseTo(0.5 * Math.tanh(c), 6);
    const { cell, i, f, g, o } = model.internals()[0]!.values;
    expect([cell![0], i![0], f![0], g![0], o![0]]).toEqual([
      expect.closeTo(c, 6),
      expect.closeTo(0.6224593312018546, 6),
      0.5,
      expect.closeTo(0.7615941559557649, 6),
      0.5,
    ]);
  });
});
