import { expect, it } from 'vitest';
import { Random } from '../src/random.ts';

it('is xoshiro128** 1.1: what its authors’ C code gives from the state 1, 2, 3, 4', () => {
  const random = new Random([1, 2, 3, 4]);
  expect(Array.from({ length: 10 }, () => random.next())).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
  ]);
});

it('draws the same from the same seed, other numbers from another, beyond 2^32 too', () => {
  const first = (seed: number) => new Random(seed).next();
  const seeds = [0, 1, 2, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER];
  expect(seeds.map(first)).toEqual(seeds.map(first));
  expect(new Set(seeds.map(first)).size).toBe(seeds.length);
});

it('is uniform below n, on [0, 1), and over all orders of three', () => {
  const random = new Random(7);
  const counts = { below: new Float64Array(3), uniform: new Float64Array(4), orders: new Map<string, number>() };
  const n = 60_000;
  for (let i = 0; i < n; i++) {
    counts.below[random.below(3)]!++;
    counts.uniform[Math.floor(4 * random.uniform())]!++;
    const order = Int32Array.of(0, 1, 2);
    random.shuffle(order);
    counts.orders.set(order.join(), (counts.orders.get(order.join()) ?? 0) + 1);
  }
  expect(counts.orders.size).toBe(6);
  // within five standard deviations of a binomial
  for (const seen of [[...counts.below], [...counts.uniform], [...counts.orders.values()]]) {
    const p = 1 / seen.length;
    for (const count of seen) expect(Math.abs(count - n * p)).toBeLessThan(5 * Math.sqrt(n * p * (1 - p)));
  }
});
