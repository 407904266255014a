import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { clocks, compileColumns, isEvent, type MathFunctions, transforms } from '../../src/features/index.ts';

/** The engine takes these from the kernels; here the machine's own will do, every figure is exact or has a tolerance. */
const maths: MathFunctions = Math;
const day = (text: string) => Date.parse(`${text}T00:00:00Z`);

describe('compileColumns', () => {
  it('evaluates columns, arithmetic and constants in order', () => {
    const columns = compileColumns(['high', '(high + low) / 2', '-low', '2 * 3 - 1'], maths);
    expect(columns.columns()).toEqual(['high', 'low']);
    expect(columns.usesTime).toBe(false);
    expect([...columns.push({ high: 3, low: 1, other: 9 }, null)!]).toEqual([3, 2, -1, 5]);
  });

  it('compares: 1, 0, or no value where a side has none', () => {
    const columns = compileColumns(['a > 2', 'a < 2', 'a >= 2', 'a <= 2'], maths);
    expect([...columns.push({ a: 1 }, null)!]).toEqual([0, 1, 0, 1]);
    expect([...columns.push({ a: 2 }, null)!]).toEqual([0, 0, 1, 1]);
    expect([...columns.push({ a: 3 }, null)!]).toEqual([1, 0, 1, 0]);
    expect(columns.push({ a: Number.NaN }, null)).toBeNull();
    const up = compileColumns(['diff(a) > 0'], maths);
    expect(up.push({ a: 1 }, null)).toBeNull();
    expect(up.push({ a: 2 }, null)![0]).toBe(1);
    expect(['a > 1', '(is(a, 2))', 'diff(a)', '-a', 'a', '1 - (a > 1)'].map(isEvent)).toEqual([
      ...[true, true, false, false, false, false],
    ]);
  });

  it('gives log(x / previous x) from the second tick on', () => {
    const columns = compileColumns(['logReturn(close)'], maths);
    expect(columns.push({ close: 100 }, null)).toBeNull();
    expect(columns.reason).toBeNull();
    expect(columns.push({ close: 200 }, null)![0]).toBeCloseTo(Math.LN2, 15);
    expect(columns.push({ close: 200 }, null)![0]).toBe(0);
  });

  it('gives diff of an expression, and of a diff after two ticks', () => {
    const columns = compileColumns(['diff(a * b)', 'diff(diff(a))'], maths);
    expect(columns.push({ a: 1, b: 2 }, null)).toBeNull();
    expect(columns.push({ a: 2, b: 2 }, null)).toBeNull();
    expect([...columns.push({ a: 5, b: 2 }, null)!]).toEqual([6, 2]);
  });

  it('places 1 January one day into the year, in UTC, in leap years as well', () => {
    const columns = compileColumns(['dayOfYear', 'sin(dayOfYear)', 'cos(dayOfYear)'], maths);
    expect(columns.usesTime).toBe(true);
    const angle = (d: number) => (2 * Math.PI * d) / 365.25;
    expect(columns.push({}, day('2013-01-01'))![0]).toBe(angle(1));
    expect(columns.push({}, day('2013-01-01') + 86_399_999)![0]).toBe(angle(1));
    expect(columns.push({}, day('2013-12-31'))![0]).toBe(angle(365));
    expect(columns.push({}, day('2012-12-31'))![0]).toBe(angle(366));
    expect(columns.push({}, day('2012-03-31'))![1]).toBeCloseTo(Math.sin(angle(91)), 15);
    expect(columns.push({}, day('2012-03-31'))![2]).toBeCloseTo(Math.cos(angle(91)), 15);
  });

  it('has no value where a number is missing or the result is not finite, and says why', () => {
    const columns = compileColumns(['log(a)', '1 / b', 'cos(dayOfYear)'], maths);
    const time = day('2020-01-01');
    expect(columns.push({ a: 0, b: 1 }, time)).toBeNull();
    expect(columns.reason).toBe('log at 0 is not a finite number');
    expect(columns.push({ a: -1, b: 1 }, time)).toBeNull();
    expect(columns.reason).toBe('log at -1 is not a finite number');
    expect(columns.push({ a: 1, b: 0 }, time)).toBeNull();
    expect(columns.reason).toBe('1 / 0 is not a finite number');
    expect(columns.push({ a: 1 }, time)).toBeNull();
    expect(columns.reason).toBe("no number in column 'b'");
    expect(columns.push({ a: 1, b: Number.NaN }, time)).toBeNull();
    expect(columns.push({ a: 1, b: 1 }, null)).toBeNull();
    expect(columns.reason).toBe('dayOfYear needs a time');
    expect(columns.push({ a: 1, b: 1e-31 }, time)).toBeNull();
    expect(columns.reason).toBe('1 / b at 1e+31 is too large for a model');
    expect(columns.push({ a: 1, b: 1 }, time)).not.toBeNull();
    expect(columns.reason).toBeNull();
  });

  it('keeps every transform in step when another expression has no value', () => {
    const columns = compileColumns(['log(a)', 'diff(b)'], maths);
    columns.push({ a: 1, b: 1 }, null);
    expect(columns.push({ a: 0, b: 5 }, null)).toBeNull();
    expect(columns.push({ a: 1, b: 7 }, null)![1]).toBe(2);
  });

  it('measures from the last finite value across a missing one', () => {
    const columns = compileColumns(['diff(b)'], maths);
    columns.push({ b: 1 }, null);
    expect(columns.push({}, null)).toBeNull();
    expect(columns.push({ b: 4 }, null)![0]).toBe(3);
  });

  it('reads own columns only', () => {
    expect(compileColumns(['constructor'], maths).push({}, null)).toBeNull();
  });

  it('starts again after a reset', () => {
    const columns = compileColumns(['diff(a)', 'logReturn(a)'], maths);
    columns.push({ a: 1 }, null);
    columns.push({ a: 2 }, null);
    columns.reset();
    expect(columns.push({ a: 3 }, null)).toBeNull();
    expect([...columns.push({ a: 3 }, null)!]).toEqual([0, 0]);
  });

  it('keeps two streams apart', () => {
    const first = compileColumns(['diff(a)'], maths);
    const second = compileColumns(['diff(a)'], maths);
    first.push({ a: 1 }, null);
    expect(second.push({ a: 10 }, null)).toBeNull();
    expect(first.push({ a: 2 }, null)![0]).toBe(1);
  });

  it('refuses what it cannot read before anything starts', () => {
    expect(() => compileColumns(['a', 'foo(b)'], maths)).toThrow(ConfigError);
  });
});

describe('the registry', () => {
  it('lists every transform file, in alphabetical order', () => {
    const names = [...transforms.map((transform) => transform.name), ...clocks.keys()].sort();
    const machinery = [
      'evaluate',
      'expression',
      'index',
      'maths',
      'recent',
      'rollingExtreme',
      'rollingMoments',
      'transform',
    ];
    const files = readdirSync(new URL('../../src/features', import.meta.url))
      .map((file) => file.replace('.ts', ''))
      .filter((file) => !machinery.includes(file));
    expect(names).toEqual(files.sort());
    expect(transforms.map((transform) => transform.name)).toEqual([...transforms.map((t) => t.name)].sort());
  });

  it.each(transforms.map((transform) => [transform.name, transform] as const))(
    '%s: a reset instance equals a new one',
    (_, transform) => {
      const constants = (transform.constants ?? []).map(() => 2);
      const used = transform.create(maths, constants);
      const xs = [0.5, 0.25, 0.75, 2];
      for (const x of xs) used.push(x * 3);
      used.reset();
      const fresh = transform.create(maths, constants);
      for (const x of xs) expect(used.push(x)).toBe(fresh.push(x));
    },
  );
});
