/** What a model must beat: forecasts that need no network, scored on the same ticks. */
import { factorise, substitute } from '../cholesky.ts';
import { type Dataset, ticksOf } from './dataset.ts';

/** Says something at a tick of the series. */
export type Forecast = (t: number) => number;

/** As now. Of a change (`diff`, `logReturn`) "as now" is no change. */
export function persistence({ now }: Dataset, target: string): Forecast {
  if (/^(diff|logReturn)\(/.test(target)) return () => 0;
  return (t) => now[t]!;
}

/** As now, and the mean change of so many ticks over the training part. */
export function drift(dataset: Dataset, target: string, horizon: number): Forecast {
  const same = persistence(dataset, target);
  const ticks = ticksOf(dataset, 'train', horizon).filter((t) => Number.isFinite(same(t)));
  const change = ticks.reduce((sum, t) => sum + dataset.targets[t]! - same(t), 0) / ticks.length;
  return (t) => same(t) + change;
}

/** Penalties that are tried. */
const LAMBDAS = [1e-3, 1e-1, 10, 1e3];
/** Unknowns at most: where the window has more, the linear model sees its newest ticks alone. */
const MOST = 384;

/**
 * Ridge regression on the standardised values of the last ticks of the window; the penalty that does best on the validation
 * part.
 * @param window ticks that the model sees
 */
export function ridge(dataset: Dataset, horizon: number, window: number): Forecast {
  const { values, inputs: F, mean, variance, targets, target } = dataset;
  const T = Math.max(1, Math.min(window, Math.floor(MOST / F)));
  const d = T * F;
  const row = new Float64Array(d);
  const read = (t: number): Float64Array => {
    for (let k = 0; k < T; k++)
      for (let f = 0; f < F; f++)
        row[k * F + f] = (values[(t - T + 1 + k) * F + f]! - mean[f]!) / Math.sqrt(variance[f]!);
    return row;
  };
  const gram = new Float64Array(d * d);
  const moments = new Float64Array(d);
  for (const t of ticksOf(dataset, 'train', horizon, T - 1)) {
    const x = read(t);
    const y = targets[t]! - target.mean;
    for (let i = 0; i < d; i++) {
      const xi = x[i]!;
      moments[i]! += xi * y;
      for (let j = 0; j <= i; j++) gram[i * d + j]! += xi * x[j]!;
    }
  }
  const say =
    (weights: Float64Array): Forecast =>
    (t) =>
      read(t).reduce((sum, x, i) => sum + x * weights[i]!, target.mean);
  const tried = LAMBDAS.flatMap((lambda) => {
    const L = gram.slice();
    for (let i = 0; i < d; i++) L[i * d + i]! += lambda;
    const weights = moments.slice();
    if (!factorise(L, d)) return [];
    substitute(L, weights);
    const forecast = say(weights);
    return [{ forecast, error: meanSquare(dataset, ticksOf(dataset, 'validation', horizon, T - 1), forecast) }];
  });
  return tried.reduce((best, one) => (one.error < best.error ? one : best)).forecast;
}

/** Mean squared error of a forecast at these ticks. */
export function meanSquare(
  { targets }: Pick<Dataset, 'targets'>,
  ticks: readonly number[],
  forecast: Forecast,
): number {
  return ticks.reduce((sum, t) => sum + (forecast(t) - targets[t]!) * (forecast(t) - targets[t]!), 0) / ticks.length;
}
