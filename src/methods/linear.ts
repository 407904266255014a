/** Weighted least squares on rows of zeros and ones, in float64: what LIME and KernelSHAP solve. */

/** Rows (n, M) of zeros and ones, and what each of them weighs (n). */
export interface Binary {
  M: number;
  rows: Uint8Array;
  weights: Float64Array;
}

/** Unknowns whose moments fit into memory, and whose equations are solved in a minute. */
export const MOST_UNKNOWNS = 4096;

/** sum w z z^T over the rows (M, M). */
export function secondMoments({ M, rows, weights }: Binary): Float64Array {
  const moments = new Float64Array(M * M);
  const ones = new Int32Array(M);
  weights.forEach((weight, n) => {
    let count = 0;
    for (let a = 0; a < M; a++) if (rows[n * M + a]) ones[count++] = a;
    for (let i = 0; i < count; i++) {
      const row = ones[i]! * M;
      for (let j = 0; j <= i; j++) moments[row + ones[j]!]! += weight;
    }
  });
  for (let a = 0; a < M; a++) for (let b = 0; b < a; b++) moments[b * M + a] = moments[a * M + b]!;
  return moments;
}

/** sum w z y over the rows (M). */
export function firstMoments({ M, rows, weights }: Binary, y: (n: number) => number): Float64Array {
  const moments = new Float64Array(M);
  weights.forEach((weight, n) => {
    const value = weight * y(n);
    for (let a = 0; a < M; a++) if (rows[n * M + a]) moments[a]! += value;
  });
  return moments;
}
