import { describe, expect, it } from 'vitest';
import { initialise } from '../../src/training/initialise.ts';
import { lanesIn, layOut, piecesOf } from '../../src/training/lanes.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { kernels } from '../kernels.ts';
import { delayed } from './toys.ts';

describe('lanes', () => {
  it('of one piece: as many as asked for, equally long', () => {
    expect(layOut([{ from: 5, to: 108 }], 10, 3)).toEqual([{ first: [5, 35, 65], length: 3 }]);
    expect(layOut([{ from: 0, to: 20 }], 10, 8)).toEqual([{ first: [0, 10], length: 1 }]);
    expect(layOut([{ from: 0, to: 9 }], 10, 8)).toEqual([]);
  });

  it('of pieces of one length: one each, or two', () => {
    const pieces = [0, 100, 200].map((from) => ({ from, to: from + 100 }));
    expect(layOut(pieces, 10, 3)).toEqual([{ first: [0, 100, 200], length: 10 }]);
    expect(layOut(pieces, 10, 6)).toEqual([{ first: [0, 50, 100, 150, 200, 250], length: 5 }]);
    // more than fit side by side come one group after the other
    expect(layOut(pieces, 10, 4)).toEqual([
      { first: [0, 50, 100], length: 5 },
      { first: [150, 200, 250], length: 5 },
    ]);
  });

  it('of a long and a short piece: in proportion, so that little is left over; a very short one by itself', () => {
    const pieces = [
      { from: 0, to: 195 },
      { from: 200, to: 300 },
    ];
    expect(layOut(pieces, 1, 2)).toEqual([
      { first: [0, 97], length: 97 },
      { first: [200], length: 97 },
    ]);
    expect(layOut([...pieces, { from: 300, to: 303 }], 1, 3)).toEqual([
      { first: [0, 97, 200], length: 97 },
      { first: [300, 301, 302], length: 1 },
    ]);
  });

  it('never cross from one piece into another, and use nine tenths of what there is', () => {
    const lengths = [500, 333, 120, 45, 800, 10];
    let at = 0;
    const pieces = lengths.map((length) => ({ from: at, to: (at += length) }));
    for (const B of [1, 2, 5, 16, 64]) {
      let used = 0;
      for (const { first, length } of layOut(pieces, 4, B)) {
        expect(first.length).toBeLessThanOrEqual(B);
        for (const lane of first) {
          used += 4 * length;
          expect(pieces.some(({ from, to }) => lane >= from && lane + 4 * length <= to)).toBe(true);
        }
      }
      expect(used / at).toBeGreaterThan(0.9);
    }
  });

  it('are few where there is little', () => {
    expect(lanesIn([{ from: 0, to: 32 }], 16)).toBe(1);
    expect(
      lanesIn(
        [
          { from: 0, to: 600 },
          { from: 600, to: 1200 },
        ],
        16,
      ),
    ).toBe(4);
    expect(lanesIn([{ from: 0, to: 1e6 }], 16)).toBe(16);
  });
});

it('pieces end where a key ends, and where nothing is to be said', () => {
  const targets = new Float64Array(200).fill(1);
  targets.fill(Number.NaN, 0, 2);
  targets[60] = Number.NaN;
  const series = [
    { key: 'a', from: 0, to: 120, validation: 100, test: 110 },
    { key: 'b', from: 120, to: 200, validation: 160, test: 170 },
  ];
  expect(piecesOf({ series, targets }, 'train', 2)).toEqual([
    { from: 2, to: 60 },
    { from: 61, to: 98 },
    { from: 120, to: 158 },
  ]);
});

it('a loss over pieces is that over each, and each begins at the zero state', async () => {
  const data = delayed(400);
  const loss = async (validation: { from: number; to: number }[], batch: number): Promise<number> => {
    const fresh = initialise(kernels.math, { outputs: ['y'], layers: 'lstm:4', inputs: 2 }, { name: 'toy' });
    const train = { from: 0, to: 100 };
    const options = { ticks: 10, train, loss: { kind: 'mse' as const }, epochs: 1, batch };
    const trained = await new Trainer(kernels, fresh, data, { ...options, validation: { pieces: validation } }).run();
    return trained.epochs[0]!.validation!;
  };
  const [a, b] = [
    { from: 100, to: 200 },
    { from: 250, to: 300 },
  ];
  const alone = [await loss([a], 1), await loss([b], 1)];
  // one lane at a time, so that each piece is one lane: ten segments and five
  expect(await loss([a, b], 1)).toBeCloseTo((10 * alone[0]! + 5 * alone[1]!) / 15, 6);
});
