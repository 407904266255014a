import { describe, expect, it } from 'vitest';
import { createDetector, detectors } from '../../src/drift/index.ts';

/** Pseudo-random numbers in [-1, 1): the same in every run. */
function* noise(seed: number): Generator<number, never> {
  for (;;) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    yield seed / 2 ** 31 - 1;
  }
}

/** Quiet around 0 for 500 values, then around 10. */
function step(): number[] {
  const source = noise(7);
  return Array.from({ length: 1000 }, (_, i) => source.next().value + (i < 500 ? 0 : 10));
}

describe.each(Object.keys(detectors))('detector %s', (name) => {
  it('sees a large step, after it happened, and says that it went up', () => {
    const detector = createDetector(name);
    const at = step().findIndex((x) => detector.update(x));
    expect(at).toBeGreaterThanOrEqual(500);
    expect(at).toBeLessThan(600);
    expect(detector.direction).toBe('up');
    expect(detector.statistic).toBeGreaterThan(detector.threshold);
  });

  it('has no direction while it saw nothing', () => {
    const detector = createDetector(name);
    expect(detector.update(0)).toBe(false);
    expect(detector.direction).toBeNull();
  });

  it('begins afresh on the update after a detection: the same as a new one', () => {
    const used = createDetector(name);
    const at = step().findIndex((x) => used.update(x));
    const fresh = createDetector(name);
    for (const x of step().slice(at + 1)) {
      expect(used.update(x)).toBe(fresh.update(x));
      expect(used.statistic).toBe(fresh.statistic);
    }
  });

  it('reset makes it as new', () => {
    const used = createDetector(name);
    for (const x of step().slice(0, 520)) used.update(x);
    used.reset();
    const fresh = createDetector(name);
    for (const x of step()) {
      expect(used.update(x)).toBe(fresh.update(x));
      expect(used.statistic).toBe(fresh.statistic);
    }
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses %d and stays as it was', (bad) => {
    const disturbed = createDetector(name);
    const calm = createDetector(name);
    for (const x of step().slice(0, 505)) {
      expect(() => disturbed.update(bad)).toThrow('expected a finite number');
      expect(disturbed.update(x)).toBe(calm.update(x));
      expect(disturbed.statistic).toBe(calm.statistic);
    }
  });

  it('refuses options that it does not know', () => {
    expect(() => createDetector(name, { nonsense: 1 })).toThrow(`invalid ${name} option: 'nonsense'`);
  });
});

it('names what there is when asked for an unknown detector', () => {
  expect(() => createDetector('oracle')).toThrow(
    `invalid detector: 'oracle' (expected ${Object.keys(detectors).join(', ')})`,
  );
});
