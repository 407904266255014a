/** The distinct rows of each tick among the windows of many worlds. */
export class DistinctRows {
  /** How many a tick has (K), and what they hold (K, B, F). */
  readonly counts: Int32Array;
  readonly values: Float32Array;
  /** Which of them a world is given (K, B). */
  readonly of: Int32Array;
  readonly #B: number;
  readonly #F: number;
  readonly #bits: Uint32Array;
  /** Open addressing: k B + row, or -1 where it is free. */
  readonly #places: Int32Array;
  #worlds = 0;

  /** @param B worlds, at most */
  constructor(K: number, B: number, F: number) {
    this.#B = B;
    this.#F = F;
    this.counts = new Int32Array(K);
    this.values = new Float32Array(K * B * F);
    this.#bits = new Uint32Array(this.values.buffer);
    this.of = new Int32Array(K * B);
    this.#places = new Int32Array(2 << (32 - Math.clz32(K * B))).fill(-1);
  }

  clear(): void {
    this.counts.fill(0);
    this.#places.fill(-1);
    this.#worlds = 0;
  }

  /** The next world. @param window the bits of its values (K, F) */
  add(window: Uint32Array): void {
    const [B, F, K] = [this.#B, this.#F, this.counts.length];
    const { of } = this;
    const w = this.#worlds++;
    for (let k = 0; k < K; k++) {
      // most often the row of the world before
      const before = w > 0 ? of[k * B + w - 1]! : -1;
      of[k * B + w] = before >= 0 && this.#is(k * B + before, window, k * F) ? before : this.#tell(k, window);
    }
  }

  #tell(k: number, window: Uint32Array): number {
    const [B, F] = [this.#B, this.#F];
    const mask = this.#places.length - 1;
    let hash = k;
    for (let f = 0; f < F; f++) {
      hash = Math.imul(hash ^ window[k * F + f]!, 0x01000193);
      hash ^= hash >>> 15;
    }
    let place = hash & mask;
    for (let at = this.#places[place]!; at >= 0; at = this.#places[place]!) {
      if (Math.floor(at / B) === k && this.#is(at, window, k * F)) return at % B;
      place = (place + 1) & mask;
    }
    const row = this.counts[k]!++;
    this.#places[place] = k * B + row;
    this.#bits.set(window.subarray(k * F, (k + 1) * F), (k * B + row) * F);
    return row;
  }

  #is(row: number, window: Uint32Array, at: number): boolean {
    const F = this.#F;
    const bits = this.#bits;
    const from = row * F;
    for (let f = 0; f < F; f++) if (bits[from + f] !== window[at + f]) return false;
    return true;
  }
}
