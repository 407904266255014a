import { describe, expect, it } from 'vitest';
import { Draws, threefry } from '../../src/methods/draws.ts';

// Random123's known answers (kat_vectors): threefry 2x32, 20 rounds
describe('Threefry', () => {
  it.each([
    { key: [0, 0], counter: [0, 0], expected: ['6b200159', '99ba4efe'] },
    { key: [0xffffffff, 0xffffffff], counter: [0xffffffff, 0xffffffff], expected: ['1cb996fc', 'bb002be7'] },
    { key: [0x13198a2e, 0x03707344], counter: [0x243f6a88, 0x85a308d3], expected: ['c4923a9c', '483df7a0'] },
  ])('of $key and $counter', ({ key, counter, expected }) => {
    const out = new Uint32Array(2);
    threefry(out, key[0]!, key[1]!, counter[0]!, counter[1]!);
    expect(Array.from(out, (word) => word.toString(16))).toEqual(expected);
  });
});

describe('draws', () => {
  const all = (draws: Draws): number[] =>
    [0, 1, 2].flatMap((world) =>
      [0, 1, 7].flatMap((tick) => [0, 1].map((feature) => draws.uniform(world, tick, feature))),
    );

  it('are the same in any order, and for any number of worlds', () => {
    const [few, many] = [new Draws(5, 3), new Draws(5, 50)];
    const last = many.uniform(2, 7, 1);
    many.uniform(49, 3, 0);
    expect(all(few)).toEqual(all(many));
    expect(few.uniform(2, 7, 1)).toBe(last);
  });

  it('differ by seed, world, tick and feature', () => {
    const drawn = [0, 1, 2 ** 32, 2 ** 40 + 1].flatMap((seed) => all(new Draws(seed, 3)));
    expect(new Set(drawn).size).toBe(4 * 18);
    expect(new Draws(1, 2).ofWorld(0)).not.toBe(new Draws(1, 2).ofWorld(1));
  });

  it('are uniform: a tenth of 100,000 in each tenth, within five standard deviations', () => {
    const draws = new Draws(3, 100);
    const tenths = new Array(10).fill(0);
    for (let world = 0; world < 100; world++)
      for (let tick = 0; tick < 1000; tick++) tenths[Math.floor(10 * draws.uniform(world, tick, 0))]++;
    for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(5 * Math.sqrt(100_000 * 0.1 * 0.9));
  });
});
