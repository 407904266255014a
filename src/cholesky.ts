/** Systems that are positive definite, in float64, by Cholesky's L L^T. */

/** A pivot that is smaller than this part of its diagonal is rounding. */
const PIVOT = 1e-11;

/**
 * The x with A x = b for symmetric A, by Cholesky's L L^T.
 * @param A (n, n) @param b (n)
 * @returns null where A is not positive definite
 */
export function solve(A: Float64Array, b: Float64Array): Float64Array | null {
  const L = A.slice();
  const x = b.slice();
  if (!factorise(L, b.length)) return null;
  substitute(L, x);
  return x;
}

/**
 * The lower triangle of A (n, n) becomes L, A = L L^T, in place; what is above the diagonal is neither read nor written.
 * @returns false where A is not positive definite
 */
export function factorise(A: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = A[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= A[i * n + k]! * A[j * n + k]!;
      if (j < i) A[i * n + j] = sum / A[j * n + j]!;
      else if (sum > PIVOT * A[i * n + i]!) A[i * n + i] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** x (n) becomes the solution y of L L^T y = x, in place. */
export function substitute(L: Float64Array, x: Float64Array): void {
  const n = x.length;
  for (let i = 0; i < n; i++) {
    let sum = x[i]!;
    for (let k = 0; k < i; k++) sum -= L[i * n + k]! * x[k]!;
    x[i] = sum / L[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = x[i]!;
    for (let k = i + 1; k < n; k++) sum -= L[k * n + i]! * x[k]!;
    x[i] = sum / L[i * n + i]!;
  }
}
