import { describe, expect, it } from 'vitest';
import { separation, whiteBox } from '../../src/trust/index.ts';
import { goldenCases, goldenFile, goldenTensors } from '../golden/golden.ts';
import { kernels } from '../kernels.ts';

const { math } = kernels;

describe.each(goldenCases('metrics'))('$name', ({ name }) => {
  const tensors = goldenTensors(name);
  const figures: Record<string, number> = JSON.parse(
    new TextDecoder().decode(goldenFile(name, 'case.json')),
  ).white_box_on_abs_attributions;
  const N = tensors.truth_mask!.shape[0]!;
  const rows = (tensor: string, change = (v: number) => v): Float64Array[] =>
    Array.from({ length: N }, (_, n) => tensors[tensor]!.row(n).map(change));
  const truth = rows('truth_mask');
  const methods = Object.keys(tensors).flatMap((key) => (key.startsWith('attr.') ? [key.slice(5)] : []));

  it.each(methods)('gives the figures of tint in float64 for %s', (method) => {
    const attributions = rows(`attr.${method}`, Math.abs);
    const scaled: object = whiteBox(attributions, truth, math);
    const plain: object = separation(attributions, truth);
    const asked = Object.entries(figures).filter(([key]) => key.includes(`|${method}|`));
    expect(asked).toHaveLength(13);
    for (const [key, figure] of asked) {
      const ours = new Map<string, number>(Object.entries(key.endsWith('normalize=True') ? scaled : plain));
      const metric = key.split('|')[0]!.replace('roc_auc', 'auroc');
      expect(ours.get(metric), key).toBeCloseTo(figure, 9);
    }
  });
});

describe('scores', () => {
  it('are those that tint printed for two series of three ticks', () => {
    const attributions = [
      [0.1, 0.9, 0.4, 0.35, 0.8, 0.2],
      [0.5, 0.05, 0.3, 0.7, 0.6, 0.65],
    ];
    const truth = [
      [0, 1, 0, 1, 1, 0],
      [1, 0, 0, 1, 0, 0],
    ];
    const ours = whiteBox(attributions, truth, math);
    expect(ours.aup).toBeCloseTo(0.599921, 6);
    expect(ours.aur).toBeCloseTo(0.802393, 6);
    expect(ours.auprc).toBeCloseTo(0.794444, 6);
    expect(ours.auroc).toBeCloseTo(0.8, 9);
    expect(ours.entropy).toBeCloseTo(2.330486, 6);
    // tint ran in float32: the same formula there gives 35.945328, in float64 35.946065
    expect(Math.abs(ours.information - 35.945328)).toBeLessThan(1e-3);
  });

  it('can be worked out on paper', () => {
    // thresholds 4, 3, 2, 1: precision 1, 1/2, 2/3, 1/2; recall 1/2, 1/2, 1, 1
    const { aup, aur, auprc, auroc } = separation([[4, 3, 2, 1]], [[1, 0, 1, 0]]);
    expect(aup).toBeCloseTo((1 + 1 / 2) / 2 + (1 / 2 + 2 / 3) / 2 + (2 / 3 + 1 / 2) / 2, 12);
    expect(aur).toBeCloseTo(1 / 2 + 3 / 4 + 1, 12);
    expect(auprc).toBeCloseTo((1 / 2) * 1 + (1 / 2) * (2 / 3), 12);
    expect(auroc).toBeCloseTo(3 / 4, 12);
  });

  it('of equal attributions are those of a guess', () => {
    const guess = separation([[7, 7, 7, 7]], [[1, 0, 0, 0]]);
    expect(guess).toEqual({ aup: 0, aur: 0, auprc: 1 / 4, auroc: 1 / 2 });
  });

  it('of the mask itself are the best there are, but for eps', () => {
    const best = whiteBox([[0, 5, 0, 5]], [[0, 1, 0, 1]], math);
    expect(best).toMatchObject({ auprc: 1, auroc: 1 });
    expect(best.aur).toBeCloseTo(1, 5);
    expect(best.rmse).toBeLessThan(1e-5);
    // 1 - a + eps = 1.2e-5 in both: 2 x 16.3465 bits
    expect(best.information).toBeCloseTo(32.693, 3);
  });

  it('compare series with one another only where they are not scaled first', () => {
    const [attributions, truth] = [
      [
        [0, 10],
        [0, 1],
      ],
      [
        [0, 1],
        [0, 0],
      ],
    ];
    expect(separation(attributions!, truth!).auprc).toBe(1);
    // 10 / (10 + eps) is still ahead of 1 / (1 + eps), by 9e-6
    expect(whiteBox(attributions!, truth!, math).auprc).toBe(1);
    expect(
      whiteBox(
        [
          [0, 1],
          [0, 10],
        ],
        truth!,
        math,
      ).auprc,
    ).toBe(1 / 2);
  });
});

describe('what cannot be scored is refused', () => {
  const truth = [[0, 1]];
  it.each([
    ['series too few', [], truth, /^invalid attributions: '0 series' \(expected 1, as many as the truth has\)$/],
    ['cells too many', [[1, 2, 3]], truth, /^invalid attributions\[0\]: '3 cells' \(expected 2, as many/],
    ['a NaN', [[1, Number.NaN]], truth, /^invalid attributions\[0\]\[1\]: NaN \(expected a finite number\)$/],
    ['a mask of other numbers', [[1, 2]], [[0, 2]], /^invalid truth\[0\]\[1\]: 2 \(expected 1 for a salient cell/],
    ['a truth without a salient cell', [[1, 2]], [[0, 0]], /^invalid truth: '0 of 2 cells salient' \(expected some/],
    ['a truth of nothing else', [[1, 2]], [[1, 1]], /^invalid truth: '2 of 2 cells salient' \(expected some/],
  ])('%s', (_, attributions, mask, message) => {
    expect(() => whiteBox(attributions, mask, math)).toThrow(message);
    expect(() => separation(attributions, mask)).toThrow(message);
  });
});
