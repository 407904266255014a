/** A linear model of rows of zeros and ones, fitted with weights and a penalty: what LIME explains by. */

import { solve } from '../cholesky.ts';
import { ConfigError, invalid } from '../errors.ts';
import { type Binary, firstMoments, secondMoments } from './linear.ts';

export const REGRESSIONS = ['ridge', 'lasso'] as const;
export type Regression = (typeof REGRESSIONS)[number];

export interface Surrogate {
  /** One a column (M). */
  coefficients: Float64Array;
  intercept: number;
  /** Coefficient of determination on the same samples, weighted; 1 where y is constant. */
  r2: number;
}

/**
 * Fits y = intercept + rows coefficients, the intercept without a penalty, as scikit-learn's Ridge and Lasso do with
 * `sample_weight`: sum w r^2 + alpha |c|^2, or sum w r^2 / (2 sum w) + alpha |c|_1.
 * @param y what the model says of each row
 * @throws ConfigError where alpha is too small for what the samples tell apart
 */
export function fitSurrogate(samples: Binary, y: ArrayLike<number>, regression: Regression, alpha: number): Surrogate {
  const { M, rows, weights } = samples;
  const W = weights.reduce((sum, weight) => sum + weight, 0);
  // from the first sample on: a model that always says the same leaves zeros, not rounding
  const said = (n: number): number => y[n]! - y[0]!;
  const meanY = weights.reduce((sum, weight, n) => sum + weight * said(n), 0) / W;
  const means = firstMoments(samples, () => 1).map((sum) => sum / W);
  const covariance = secondMoments(samples).map(
    (moment, at) => moment / W - means[Math.floor(at / M)]! * means[at % M]!,
  );
  const right = firstMoments(samples, (n) => said(n) - meanY).map((sum) => sum / W);
  const coefficients = regression === 'ridge' ? ridge(covariance, right, alpha / W) : lasso(covariance, right, alpha);
  if (!coefficients) {
    const expected = `more than that: ${weights.length} samples do not tell ${M} players apart without a larger penalty`;
    throw new ConfigError(invalid('--option alpha', alpha, expected));
  }
  const predicted = (n: number): number => {
    let sum = meanY;
    for (let a = 0; a < M; a++) sum += coefficients[a]! * (rows[n * M + a]! - means[a]!);
    return sum;
  };
  let [left, spread] = [0, 0];
  weights.forEach((weight, n) => {
    left += weight * (said(n) - predicted(n)) * (said(n) - predicted(n));
    spread += weight * (said(n) - meanY) * (said(n) - meanY);
  });
  const intercept = y[0]! + meanY - coefficients.reduce((sum, value, a) => sum + value * means[a]!, 0);
  return { coefficients, intercept, r2: spread > 0 ? 1 - left / spread : 1 };
}

function ridge(covariance: Float64Array, right: Float64Array, penalty: number): Float64Array | null {
  const M = right.length;
  const A = covariance.slice();
  for (let a = 0; a < M; a++) A[a * M + a]! += penalty;
  return solve(A, right);
}

/** Rounds of coordinate descent, at most, and the part of the largest coefficient that counts as no change. */
const ROUNDS = 10_000;
const UNCHANGED = 1e-10;

/** Coordinate descent on the moments: each coefficient in turn takes what the others leave, less the penalty. */
function lasso(covariance: Float64Array, right: Float64Array, penalty: number): Float64Array | null {
  const M = right.length;
  const coefficients = new Float64Array(M);
  // what each column still has in common with the residual
  const left = right.slice();
  for (let round = 0; round < ROUNDS; round++) {
    let [largest, changed] = [0, 0];
    for (let a = 0; a < M; a++) {
      const own = covariance[a * M + a]!;
      if (!(own > 0)) continue;
      const before = coefficients[a]!;
      const pull = left[a]! + own * before;
      const size = Math.abs(pull) - penalty;
      const after = size > 0 ? (Math.sign(pull) * size) / own : 0;
      coefficients[a] = after;
      largest = Math.max(largest, Math.abs(after));
      changed = Math.max(changed, Math.abs(after - before));
      if (after !== before) for (let b = 0; b < M; b++) left[b]! -= covariance[a * M + b]! * (after - before);
    }
    if (changed <= UNCHANGED * largest) return coefficients;
  }
  return null;
}
