/** Rules that integrate over [0, 1]: where a function is taken, and with which weights. */
import { ConfigError, invalid } from '../errors.ts';
import type { MathFunctions } from '../features/maths.ts';

export interface Rule {
  points: Float64Array;
  weights: Float64Array;
}

/**
 * `gauss-legendre`, or `trapezoid` with weights 1/n, half of it at the ends (as Captum has it: they add up to 1 - 1/n).
 * @param n points @throws ConfigError for another rule, or too few points
 */
export function quadrature(rule: string, n: number, maths: Pick<MathFunctions, 'cos'>): Rule {
  if (rule === 'gauss-legendre') return gaussLegendre(n, maths);
  if (rule !== 'trapezoid') throw new ConfigError(invalid('--option rule', rule, 'gauss-legendre or trapezoid'));
  if (n < 2) throw new ConfigError(invalid('--option steps', n, 'at least 2 for the trapezoid rule'));
  const points = Float64Array.from({ length: n }, (_, i) => i / (n - 1));
  const weights = Float64Array.from({ length: n }, (_, i) => (i === 0 || i === n - 1 ? 0.5 : 1) / n);
  return { points, weights };
}

/** Roots of the Legendre polynomial of degree n by Newton's method, moved from [-1, 1] to [0, 1]. */
function gaussLegendre(n: number, { cos }: Pick<MathFunctions, 'cos'>): Rule {
  const points = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let x = cos((Math.PI * (n - i - 0.25)) / (n + 0.5));
    let slope = 0;
    for (let turn = 0; turn < 100; turn++) {
      const [value, below] = legendre(n, x);
      slope = (n * (x * value - below)) / (x * x - 1);
      const step = value / slope;
      x -= step;
      if (Math.abs(step) < 1e-15) break;
    }
    points[i] = (1 + x) / 2;
    weights[i] = 1 / ((1 - x * x) * slope * slope);
  }
  return { points, weights };
}

/** The polynomials of degree n and n - 1 at x. */
function legendre(n: number, x: number): [number, number] {
  let [below, value] = [1, x];
  for (let k = 2; k <= n; k++) [below, value] = [value, ((2 * k - 1) * x * value - (k - 1) * below) / k];
  return n === 0 ? [1, 0] : [value, below];
}
