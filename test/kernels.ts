/** The builds that a suite runs over, and a seeded generator for weights and streams. */
import { readKernels } from '../src/node/assets.ts';

export const BUILDS = ['whytick', 'whytick.scalar', 'whytick.debug'] as const;

export const builds = await Promise.all(BUILDS.map(async (name) => ({ name, ...(await readKernels(name)) })));
export const { kernels } = builds[0]!;

/** Uniform on [-1, 1): mulberry32, the same on every machine. */
export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2147483648 - 1;
  };
}
