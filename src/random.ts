/**
 * Numbers at random from a seed: xoshiro128** 1.1 (Blackman & Vigna 2018). Integers throughout, so that every engine draws
 * the same ones.
 */
import type { MathFunctions } from './features/maths.ts';

export class Random {
  readonly #s: Uint32Array;

  /** @param seed a whole number from 0 on, or the four words of the state, not all of them zero */
  constructor(seed: number | readonly [number, number, number, number]) {
    this.#s = typeof seed === 'number' ? expand(seed) : Uint32Array.from(seed);
  }

  /** The four words of its state: a generator made of them goes on as this one does. */
  get state(): readonly [number, number, number, number] {
    return [...this.#s] as unknown as [number, number, number, number];
  }

  /** Uniform over the whole numbers below 2^32. */
  next(): number {
    const s = this.#s;
    const [s0, s1, s2, s3] = s as unknown as [number, number, number, number];
    const result = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0;
    s[2] = s2 ^ s0;
    s[3] = s3 ^ s1;
    s[1] = s1 ^ s[2]!;
    s[0] = s0 ^ s[3]!;
    s[2]! ^= s1 << 9;
    s[3] = rotate(s[3]!, 11);
    return result;
  }

  /** Uniform on [0, 1), in steps of 2^-32. */
  uniform(): number {
    return this.next() / RANGE;
  }

  /** Uniform over 0 .. n - 1, n below 2^32. */
  below(n: number): number {
    // what is left when the range is cut into equal parts is drawn again
    const end = RANGE - (RANGE % n);
    let drawn = this.next();
    while (drawn >= end) drawn = this.next();
    return drawn % n;
  }

  /** Puts the first `count` places of an array in a random order of all its values: every choice is equally likely. */
  shuffle(values: Int32Array, count: number = values.length): void {
    for (let i = 0; i < count; i++) {
      const j = i + this.below(values.length - i);
      [values[i], values[j]] = [values[j]!, values[i]!];
    }
  }
}

/** Standard normal (Box & Muller, 1958). */
export function normal(random: Random, { log, cos }: Pick<MathFunctions, 'log' | 'cos'>): number {
  const radius = Math.sqrt(-2 * log(1 - random.uniform()));
  return radius * cos(2 * Math.PI * random.uniform());
}

const RANGE = 0x1_0000_0000;

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}

/** Four words from both halves of a seed, by the finaliser of MurmurHash3 over a Weyl sequence. */
function expand(seed: number): Uint32Array {
  let weyl = 0;
  const mixed = (x: number): number => {
    weyl = (weyl + 0x9e3779b9) | 0;
    let z = x ^ weyl;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return z ^ (z >>> 16);
  };
  const high = mixed(Math.floor(seed / RANGE) | 0);
  const start = mixed(high ^ ((seed % RANGE) | 0));
  return Uint32Array.from({ length: 4 }, () => mixed(start));
}
