import { describe, expect, it } from 'vitest';
import { builds } from '../kernels.ts';

describe.each(builds)('sigmoid and tanh ($name)', ({ kernels }) => {
  const { sigmoid1, tanh1 } = kernels.arena();
  const inputs: number[] = [];
  for (let i = -200_000; i <= 200_000; i++) inputs.push(Math.fround(i / 10_000));
  for (let e = -149; e < 128; e++) inputs.push(2 ** e, -(2 ** e));

  it('stay within the error that the source documents', () => {
    let [tanhError, sigmoidError] = [0, 0];
    for (const x of inputs) {
      tanhError = Math.max(tanhError, Math.abs(tanh1(x) - Math.tanh(x)));
      sigmoidError = Math.max(sigmoidError, Math.abs(sigmoid1(x) - 1 / (1 + Math.exp(-x))));
    }
    expect(tanhError).toBeLessThan(3.6e-7);
    expect(sigmoidError).toBeLessThan(2.1e-7);
  });

  it('never leave their range, and are odd and symmetric', () => {
    const fits = (x: number): boolean =>
      Math.abs(tanh1(x)) <= 1 && sigmoid1(x) >= 0 && sigmoid1(x) <= 1 && tanh1(-x) === -tanh1(x);
    expect(inputs.filter((x) => !fits(x))).toEqual([]);
  });
});

describe.each(builds)('float64 functions ($name)', ({ kernels: { math } }) => {
  it.each([
    ['exp', 1, Math.E],
    ['expm1', 1e-10, 1.00000000005e-10],
    ['log', 10, Math.LN10],
    ['log1p', 1e-10, 9.9999999995e-11],
    ['sin', 1, 0.8414709848078965],
    ['cos', 1, 0.5403023058681398],
    ['tanh', 0.5, 0.46211715726000973],
  ] as const)('%s(%d)', (name, x, expected) => {
    expect(Math.abs(math[name](x) / expected - 1)).toBeLessThan(2e-15);
  });

  it('pow', () => {
    expect(math.pow(2, 0.5)).toBeCloseTo(Math.SQRT2, 15);
  });
});
