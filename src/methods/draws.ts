/**
 * Random numbers that are looked up instead of drawn in turn: the number of (seed, world, tick, feature) is the same whenever,
 * wherever and in whatever order it is asked for. Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror & Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011): 32-bit additions, rotations and exclusive ors, so that every engine has the same.
 * Numbers drawn in turn are `../random.ts`.
 */

const PARITY = 0x1bd11bda;
const RANGE = 0x1_0000_0000;

/** Two words of 32 bits from a key and a counter of two words each, into `out`. */
export function threefry(out: Uint32Array, key0: number, key1: number, counter0: number, counter1: number): void {
  let [a, b, c] = [key0 | 0, key1 | 0, PARITY ^ key0 ^ key1];
  let x0 = (counter0 + a) | 0;
  let x1 = (counter1 + b) | 0;
  for (let group = 1; group <= 5; group++) {
    const odd = (group & 1) === 1;
    x0 = (x0 + x1) | 0;
    x1 = rotate(x1, odd ? 13 : 17) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotate(x1, odd ? 15 : 29) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotate(x1, odd ? 26 : 16) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotate(x1, odd ? 6 : 24) ^ x0;
    [a, b, c] = [b, c, a];
    x0 = (x0 + a) | 0;
    x1 = (x1 + b + group) | 0;
  }
  out[0] = x0;
  out[1] = x1;
}

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}

/** What each of some worlds draws: a key of its own from the seed, and from it numbers by tick and feature. */
export class Draws {
  /** Two words a world. */
  readonly #keys: Uint32Array;
  readonly #rates: Float64Array;
  readonly #out = new Uint32Array(2);

  /** @param seed a whole number from 0 on */
  constructor(seed: number, worlds: number) {
    const [low, high] = [seed % RANGE, Math.floor(seed / RANGE)];
    this.#keys = new Uint32Array(2 * worlds);
    this.#rates = new Float64Array(worlds);
    for (let w = 0; w < worlds; w++) {
      threefry(this.#out, low, high, w, 0);
      this.#keys.set(this.#out, 2 * w);
      threefry(this.#out, low, high, w, 1);
      this.#rates[w] = this.#out[0]! / RANGE;
    }
  }

  /** A world's own number, uniform on [0, 1), whatever the tick. */
  ofWorld(world: number): number {
    return this.#rates[world]!;
  }

  /** Uniform on [0, 1), in steps of 2^-32. @param tick a whole number; those that agree modulo 2^32 draw the same */
  uniform(world: number, tick: number, feature: number): number {
    threefry(this.#out, this.#keys[2 * world]!, this.#keys[2 * world + 1]!, tick, feature);
    return this.#out[0]! / RANGE;
  }
}
