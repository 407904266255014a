/** Means and standard errors of sampled arrays (Welford, 1962). */
export class Moments {
  count = 0;
  readonly mean: Float64Array;
  readonly #squares: Float64Array;

  /** @param length values a sample */
  constructor(length: number) {
    this.mean = new Float64Array(length);
    this.#squares = new Float64Array(length);
  }

  add(sample: ArrayLike<number>): void {
    this.count++;
    for (let i = 0; i < this.mean.length; i++) {
      const off = sample[i]! - this.mean[i]!;
      this.mean[i]! += off / this.count;
      this.#squares[i]! += off * (sample[i]! - this.mean[i]!);
    }
  }

  /** Standard errors of the means; from two samples on. */
  standardErrors(): Float64Array {
    return this.#squares.map((sum) => Math.sqrt(sum / (this.count - 1) / this.count));
  }

  /** As fields of an answer. */
  answer(): { values: Float32Array; standardError: Float32Array } {
    return { values: Float32Array.from(this.mean), standardError: Float32Array.from(this.standardErrors()) };
  }
}
