/**
 * White-box scores: where it is known which cells matter, how well do attributions find them? The metrics of tint (Enguehard
 * 2023, Crabbe and van der Schaar 2021), over N series at once, each with its cells in any order:
 *
 *     a = (A - min A) / (max A - min A + eps)   series by series, eps = 1e-5
 *     AUP, AUR      areas under precision and recall, over the threshold
 *     AUPRC, AUROC  average precision; area under the curve of true against false positives
 *     information   sum over salient cells of |log2(1 - a + eps)|
 *     entropy       sum over salient cells of a |log2(a + eps)| + (1 - a) |log2(1 - a + eps)|
 *
 * Information and entropy are sums, in bits: they grow with the data, and a cell with a = 1 alone adds 16.6 bits of information.
 */
import { DataError, invalid } from '../errors.ts';
import type { Kernels } from '../kernels.ts';

const EPS = 1e-5;

/** How well scores part the salient cells from the others, whatever threshold is put to them. */
export interface Separation {
  aup: number;
  aur: number;
  auprc: number;
  auroc: number;
}

/** All white-box scores; `mae`, `mse` and `rmse` are those of a against the mask. */
export interface WhiteBox extends Separation {
  information: number;
  entropy: number;
  mae: number;
  mse: number;
  rmse: number;
}

/** N series of cells each. */
type Cells = readonly ArrayLike<number>[];

/**
 * Scores attributions against the truth.
 * @param attributions cells of every series (N, each its cells); signs count, so take absolute values where size is meant
 * @param truth 1 for a salient cell, else 0, in the same shape
 * @param math the kernels' functions
 * @throws DataError where shapes differ, an attribution is not finite, or the truth is not of cells of both kinds
 */
export function whiteBox(attributions: Cells, truth: Cells, math: Pick<Kernels['math'], 'log'>): WhiteBox {
  const { salient } = flatten(attributions, truth);
  const a = attributions.flatMap(minMax);
  const bits = (p: number): number => Math.abs(math.log(p + EPS) / Math.LN2);
  let [information, entropy, mae, mse] = [0, 0, 0, 0];
  for (const [i, a_i] of a.entries()) {
    const error = a_i - salient[i]!;
    mae += Math.abs(error) / a.length;
    mse += (error * error) / a.length;
    if (!salient[i]) continue;
    information += bits(1 - a_i);
    entropy += a_i * bits(a_i) + (1 - a_i) * bits(1 - a_i);
  }
  return { ...separate(a, salient), information, entropy, mae, mse, rmse: Math.sqrt(mse) };
}

/**
 * The same areas for scores as they are: series are compared with one another, so that one in which nothing matters may say so.
 * @param scores @param truth as of `whiteBox`
 * @throws DataError as `whiteBox` does
 */
export function separation(scores: Cells, truth: Cells): Separation {
  const { score, salient } = flatten(scores, truth);
  return separate(score, salient);
}

/** One series from 0 to almost 1. */
function minMax(series: ArrayLike<number>): number[] {
  const values = Array.from(series);
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const range = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) - least;
  return values.map((value) => (value - least) / (range + EPS));
}

/** Every distinct score is a threshold; from the highest to the lowest, cells at or above it are what is found. */
function separate(score: readonly number[], salient: readonly number[]): Separation {
  const order = Uint32Array.from(score, (_, i) => i).sort((i, j) => score[j]! - score[i]!);
  const S = salient.reduce((sum, s) => sum + s, 0);
  const areas = { aup: 0, aur: 0, auprc: 0, auroc: 0 };
  let before = { threshold: Number.NaN, precision: 0, recall: 0, falsePositives: 0 };
  let hits = 0;
  for (let n = 1; n <= order.length; n++) {
    const threshold = score[order[n - 1]!]!;
    hits += salient[order[n - 1]!]!;
    if (n < order.length && score[order[n]!] === threshold) continue;
    const now = {
      threshold,
      precision: hits / n,
      recall: hits / S,
      falsePositives: (n - hits) / (score.length - S),
    };
    if (before.threshold > threshold) {
      const step = before.threshold - threshold;
      areas.aup += (step * (now.precision + before.precision)) / 2;
      areas.aur += (step * (now.recall + before.recall)) / 2;
    }
    areas.auprc += (now.recall - before.recall) * now.precision;
    areas.auroc += ((now.falsePositives - before.falsePositives) * (now.recall + before.recall)) / 2;
    before = now;
  }
  return areas;
}

/** All cells of all series in one row. @throws DataError */
function flatten(scores: Cells, truth: Cells): { score: number[]; salient: number[] } {
  if (scores.length !== truth.length)
    throw new DataError(
      invalid('attributions', `${scores.length} series`, `${truth.length}, as many as the truth has`),
    );
  const [score, salient]: [number[], number[]] = [[], []];
  for (const [n, series] of scores.entries()) {
    const mask = truth[n]!;
    if (series.length !== mask.length) {
      const expected = `${mask.length}, as many as the truth has`;
      throw new DataError(invalid(`attributions[${n}]`, `${series.length} cells`, expected));
    }
    for (let i = 0; i < mask.length; i++) {
      const [value, mark] = [series[i]!, mask[i]!];
      if (!Number.isFinite(value)) throw new DataError(invalid(`attributions[${n}][${i}]`, value, 'a finite number'));
      if (mark !== 0 && mark !== 1)
        throw new DataError(invalid(`truth[${n}][${i}]`, mark, '1 for a salient cell, else 0'));
      score.push(value);
      salient.push(mark);
    }
  }
  const found = salient.filter(Boolean).length;
  if (found === 0 || found === salient.length) {
    const expected = 'some that are salient and some that are not';
    throw new DataError(invalid('truth', `${found} of ${salient.length} cells salient`, expected));
  }
  return { score, salient };
}
