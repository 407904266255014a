import { expect, it } from 'vitest';
import { Conformal, type ConformalOptions } from '../src/conformal.ts';
import { random } from './kernels.ts';

/** Errors in their own units: their usual size stays the first one's. */
const plain = { decay: 0.999_999_999 };
const after = (options: Partial<ConformalOptions>, errors: readonly number[]): Conformal => {
  const conformal = new Conformal(options);
  for (const error of errors) conformal.update(error);
  return conformal;
};

it('each side is a quantile with its correction for a finite sample', () => {
  // a quarter on either side: of n errors the floor((n + 1) / 4)-th from the outside
  const options = { ...plain, coverage: 0.5, rate: 0, recent: 7 };
  expect(after(options, [1, -2]).reach).toEqual({ below: Number.NaN, above: Number.NaN });
  const three = after(options, [1, -2, 3]).reach;
  expect(three.above).toBeCloseTo(3, 6);
  expect(three.below).toBeCloseTo(2, 6);
  const seven = after(options, [1, -2, 3, -4, 5, -6, 7]).reach;
  expect(seven.above).toBeCloseTo(5, 6);
  expect(seven.below).toBeCloseTo(4, 6);
  // the two oldest go: -2 3 -4 5 -6 7 and 9, of which 7 and -4 are the second from the outside
  const later = after(options, [1, -2, 3, -4, 5, -6, 7, 9]).reach;
  expect(later.above).toBeCloseTo(7, 6);
  expect(later.below).toBeCloseTo(4, 6);
});

it('errors that lean to one side make an interval that does', () => {
  const { below, above } = after(
    { ...plain, coverage: 0.75, rate: 0 },
    Array.from({ length: 23 }, (_, i) => i + 1),
  ).reach;
  // an eighth on either side: the third of 23 from the outside
  expect(above).toBeCloseTo(21, 5);
  expect(below).toBeCloseTo(-3, 5);
});

it('the interval grows and shrinks with the usual size of errors', () => {
  // all are 1 usual size, then the size falls by half with every error of 0
  const calm = after({ coverage: 0.5, rate: 0, recent: 100, decay: 0.5 }, [2, -2, 2, -2, 2, -2, 2, -2, 0]);
  expect(calm.reach).toEqual({ below: 1, above: 1 });
  calm.update(0);
  expect(calm.reach).toEqual({ below: 0.5, above: 0.5 });
});

it('a side that was missed goes out, one that was not comes in', () => {
  const conformal = after({ ...plain, coverage: 0.5, rate: 0.1, recent: 10 }, [1, -2, 3]);
  // beyond 3: above .25 + .1 (.25 - 1) = .175, of four floor(5 * .175) = 0, so the furthest; below .275, the first of four
  conformal.update(4);
  expect(conformal.reach.above).toBeCloseTo(4, 6);
  expect(conformal.reach.below).toBeCloseTo(2, 6);
  // within twice: above .225, floor(7 * .225) = 1; below .325, floor(7 * .325) = 2
  conformal.update(0);
  conformal.update(0);
  expect(conformal.reach.above).toBeCloseTo(4, 6);
  expect(conformal.reach.below).toBeCloseTo(0, 6);
});

it('holds what was asked for, also where errors grow tenfold and lean', () => {
  const next = random(3);
  const errors = Array.from({ length: 6000 }, (_, i) => (next() + 0.3) * (i < 3000 ? 1 : 10));
  const conformal = new Conformal();
  let [held, late] = [0, 0];
  for (const [i, error] of errors.entries()) {
    const { below, above } = conformal.reach;
    conformal.update(error);
    if (!(-below <= error && error <= above)) continue;
    held++;
    if (i >= 3000) late++;
  }
  expect(held / 6000).toBeCloseTo(0.9, 1);
  expect(late / 3000).toBeCloseTo(0.9, 2);
});

it('begins again after a reset, and takes no error that is no number', () => {
  const conformal = after(
    {},
    Array.from({ length: 30 }, (_, i) => i),
  );
  const { above } = { ...conformal.reach };
  conformal.reset();
  expect(conformal.reach.above).toBeNaN();
  for (let i = 0; i < 30; i++) conformal.update(i);
  expect(conformal.reach.above).toBe(above);
  expect(() => conformal.update(Number.NaN)).toThrow('an error of NaN');
});

it.each([
  [{ coverage: 1 }, 'invalid coverage: 1 (expected a share above 0 and below 1)'],
  [{ rate: -1 }, 'invalid rate: -1 (expected from 0 to below 1)'],
  [{ decay: 1 }, 'invalid decay: 1 (expected from 0 to below 1)'],
  [{ coverage: 0.98, recent: 50 }, 'invalid recent: 50 (expected 99 or more, for 0.98)'],
])('%j is refused', (options, message) => {
  expect(() => new Conformal(options)).toThrow(message);
});
