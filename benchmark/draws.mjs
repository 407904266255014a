/** Seeded draws, the same on every machine. */
import { random } from '../bench/measure.mjs';

/** Uniform on [0, 1). @param {number} seed @returns {() => number} */
export function uniform(seed) {
  const next = random(seed);
  return () => (next() + 1) / 2;
}

/**
 * Standard normal (Box and Muller), two draws of `next` each.
 * @param {() => number} next uniform on [0, 1)
 * @param {{log(x: number): number, cos(x: number): number}} math the kernels' functions: JavaScript's own differ between engines
 * @returns {() => number}
 */
export function normal(next, { log, cos }) {
  return () => Math.sqrt(-2 * log(1 - next())) * cos(2 * Math.PI * next());
}

/** Poisson (Knuth). @param {() => number} next @param {number} mean @param {{exp(x: number): number}} math */
export function poisson(next, mean, { exp }) {
  const limit = exp(-mean);
  let count = 0;
  for (let product = next(); product > limit; product *= next()) count++;
  return count;
}
