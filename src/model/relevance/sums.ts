/** The epsilon rule for sums: of z = b + sum of a_k w_k the term k is given a_k w_k / (z + epsilon sign z). */

/** A part of a matrix: rows as long as `stride`, columns from `from` on. */
export interface Matrix {
  values: Float32Array;
  stride: number;
  from: number;
}

/** z[o] += sum over k of a[k] w[k][o]. */
export function addProduct(z: Float64Array, a: ArrayLike<number>, { values, stride, from }: Matrix): void {
  for (let k = 0; k < a.length; k++) {
    for (let o = 0; o < z.length; o++) z[o]! += a[k]! * values[k * stride + from + o]!;
  }
}

/** into[k] += a[k] times the sum over o of w[k][o] share[o]. */
export function handDown(
  into: Float32Array | Float64Array,
  a: ArrayLike<number>,
  { values, stride, from }: Matrix,
  share: Float64Array,
): void {
  for (let k = 0; k < a.length; k++) {
    let sum = 0;
    for (let o = 0; o < share.length; o++) sum += values[k * stride + from + o]! * share[o]!;
    into[k]! += a[k]! * sum;
  }
}

/** What each unit of contribution to z is given of its relevance: R / (z + epsilon sign z). */
export function shares(R: ArrayLike<number>, z: Float64Array, epsilon: number): Float64Array {
  return z.map((value, o) => R[o]! / (value + (value < 0 ? -epsilon : epsilon)));
}
