import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PageHinkley } from '../../src/drift/index.ts';

type Mode = 'both' | 'up' | 'down';

const golden = (name: string) => new URL(`../golden/drift/${name}`, import.meta.url);
const parse = (name: string) => JSON.parse(readFileSync(golden(name), 'utf8'));

/** Indices at which the detector saw a change. */
function detections(values: Iterable<number>, mode: Mode): number[] {
  const detector = new PageHinkley({ mode });
  const found: number[] = [];
  let index = 0;
  for (const x of values) {
    if (detector.update(x)) found.push(index);
    index++;
  }
  return found;
}

describe("River's default parameters on six synthetic series", () => {
  const cases: Record<string, { n: number } & Record<Mode, number[]>> = parse('page-hinkley.json').series;
  const bytes = readFileSync(golden('series.f64'));
  const all = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  let start = 0;
  for (const [name, expected] of Object.entries(cases)) {
    const values = all.subarray(start, (start += expected.n));
    it.each(['both', 'up', 'down'] as const)(`${name}, side %s: the same indices`, (mode) => {
      expect(detections(values, mode)).toEqual(expected[mode]);
    });
  }
});

describe("River's own tests", () => {
  const { streams, expected } = parse('river-tests.json');
  for (const [detector, results] of Object.entries<Record<string, number[]>>(expected)) {
    const mode = /\((\w+)\)/.exec(detector)![1] as Mode;
    it.each(Object.entries(results))(`${detector} on %s`, (stream, indices) => {
      expect(detections([...streams[stream]].map(Number), mode)).toEqual(indices);
    });
  }
});

describe('PageHinkley', () => {
  it('says the direction, and the statistic that crossed', () => {
    const detector = new PageHinkley({ threshold: 5 });
    const rise = [...new Array(50).fill(0), ...new Array(50).fill(1)];
    expect(rise.findIndex((x) => detector.update(x))).toBe(55);
    expect(detector.direction).toBe('up');
    expect(detector.statistic).toBeGreaterThan(5);
  });

  it('finds a fall from above', () => {
    const detector = new PageHinkley({ threshold: 5 });
    const fall = [...new Array(50).fill(1), ...new Array(50).fill(0)];
    expect(fall.some((x) => detector.update(x))).toBe(true);
    expect(detector.direction).toBe('down');
  });

  it('does not test before min_instances', () => {
    const detector = new PageHinkley({ threshold: 1, min_instances: 30 });
    const at = [0, ...new Array(60).fill(100)].findIndex((x) => detector.update(x));
    expect(at).toBe(29);
  });

  it.each([
    [{ threshold: 0 }, 'invalid page-hinkley.threshold: 0 (expected a number above 0)'],
    [{ alpha: 2 }, 'invalid page-hinkley.alpha: 2 (expected a number above 0, at most 1)'],
    [{ min_instances: 1.5 }, 'invalid page-hinkley.min_instances: 1.5 (expected a whole number from 1 on)'],
    [{ mode: 'sideways' }, "invalid page-hinkley.mode: 'sideways' (expected up, down or both)"],
    [{ lambda: 1 }, "invalid page-hinkley option: 'lambda' (expected min_instances, delta, threshold, alpha, mode)"],
  ])('refuses %j', (options, message) => {
    expect(() => new PageHinkley(options as object)).toThrow(message);
  });
});
