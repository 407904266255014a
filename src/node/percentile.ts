/** The last `size` samples of something, and their percentiles. */
export class Samples {
  readonly #ring: Float64Array;
  #count = 0;

  constructor(size = 4096) {
    this.#ring = new Float64Array(size);
  }

  add(value: number): void {
    this.#ring[this.#count++ % this.#ring.length] = value;
  }

  /** Samples ever added. */
  get count(): number {
    return this.#count;
  }

  /** The smallest sample that at least a share `p` of them does not exceed; 0 without samples. */
  percentile(p: number): number {
    const n = Math.min(this.#count, this.#ring.length);
    if (n === 0) return 0;
    const sorted = this.#ring.slice(0, n).sort();
    return sorted[Math.max(0, Math.ceil(p * n) - 1)]!;
  }

  clear(): void {
    this.#count = 0;
  }
}
