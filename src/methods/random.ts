/** Seeded draws: integer arithmetic alone, so that Node and browsers draw the same. */
import type { MathFunctions } from '../features/maths.ts';

/** Uniform whole numbers from 0 to 2^32 - 1 (mulberry32, Tommy Ettinger). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** A whole number from 0 to n - 1. */
export function below(n: number, draw: () => number): number {
  return Math.floor((draw() / 4294967296) * n);
}

/** Uniform on [0, 1). */
export function uniform(draw: () => number): number {
  return draw() / 4294967296;
}

/** Standard normal (Box & Muller, 1958). */
export function normal(draw: () => number, { log, cos }: Pick<MathFunctions, 'log' | 'cos'>): number {
  const radius = Math.sqrt(-2 * log((draw() + 1) / 4294967296));
  return radius * cos(2 * Math.PI * uniform(draw));
}
