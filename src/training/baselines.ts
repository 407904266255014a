/** What a model must beat: forecasts that need no network, scored on the same ticks. */
import { factorise, substitute } from '../cholesky.ts';
import { outermost } from '../features/index.ts';
import type { Dataset } from './dataset.ts';
import { ticksOf } from './series.ts';

/** Says something at a tick; NaN: nothing. */
export type Forecast = (t: number) => number;

/** As now. Of a change (`diff`, `logReturn`) "as now" is no change. */
export function persistence({ now }: Dataset, target: string): Forecast {
  const name = outermost(target);
  if (name === 'diff' || name === 'logReturn') return () => 0;
  return (t) => now[t]!;
}

/** As now, and the mean change of so many ticks over the training part. */
export function drift(dataset: Dataset, target: string, horizon: number): Forecast {
  const same = persistence(dataset, target);
  const ticks = ticksOf(dataset, 'train', horizon).filter((t) => Number.isFinite(same(t)));
  const change = ticks.reduce((sum, t) => sum + dataset.targets[t]! - same(t), 0) / ticks.length;
  return (t) => same(t) + change;
}

/** How often each of C classes arrived over the training part (C). */
export function shares({ targets }: Dataset, ticks: readonly number[], C: number): number[] {
  const counts = new Array<number>(C).fill(0);
  for (const t of ticks) counts[targets[t]!]!++;
  return counts.map((count) => count / ticks.length);
}

/** How often each of C classes followed, over the training part, on the class that holds now (C). */
export function transitions(dataset: Dataset, ticks: readonly number[], C: number): (t: number) => readonly number[] {
  const all = shares(dataset, ticks, C);
  const after = Array.from({ length: C }, (_, c) => {
    const those = ticks.filter((t) => dataset.now[t] === c);
    return those.length > 0 ? shares(dataset, those, C) : all;
  });
  return (t) => after[dataset.now[t]!] ?? all;
}

/** Penalties that are tried. */
const LAMBDAS = [1e-3, 1e-1, 10, 1e3];
/** Unknowns at most: where the window has more, the linear model sees its newest ticks alone. */
const MOST = 384;

/**
 * Ridge regression on the standardised values of the last ticks of the window; the penalty that does best on the validation
 * part.
 * @param window ticks that the model sees
 * @returns fits what should be said (T) by them
 */
export function ridge(dataset: Dataset, horizon: number, window: number): (targets: Float64Array) => Forecast {
  const { values, inputs: F, mean, variance } = dataset;
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
  const learnt = ticksOf(dataset, 'train', horizon, T - 1);
  for (const t of learnt) {
    const x = read(t);
    for (let i = 0; i < d; i++) {
      const xi = x[i]!;
      for (let j = 0; j <= i; j++) gram[i * d + j]! += xi * x[j]!;
    }
  }
  const factors = LAMBDAS.flatMap((lambda) => {
    const L = gram.slice();
    for (let i = 0; i < d; i++) L[i * d + i]! += lambda;
    return factorise(L, d) ? [L] : [];
  });
  const chosenBy = ticksOf(dataset, 'validation', horizon, T - 1);
  return (targets) => {
    const middle = learnt.reduce((sum, t) => sum + targets[t]!, 0) / learnt.length;
    const moments = new Float64Array(d);
    for (const t of learnt) {
      const x = read(t);
      const y = targets[t]! - middle;
      for (let i = 0; i < d; i++) moments[i]! += x[i]! * y;
    }
    const tried = factors.map((L) => {
      const weights = moments.slice();
      substitute(L, weights);
      const forecast: Forecast = (t) => read(t).reduce((sum, x, i) => sum + x * weights[i]!, middle);
      return { forecast, error: meanSquare({ targets }, chosenBy, forecast) };
    });
    return tried.reduce((best, one) => (one.error < best.error ? one : best)).forecast;
  };
}

/** Mean squared error of a forecast at these ticks. */
export function meanSquare(
  { targets }: Pick<Dataset, 'targets'>,
  ticks: readonly number[],
  forecast: Forecast,
): number {
  return ticks.reduce((sum, t) => sum + (forecast(t) - targets[t]!) * (forecast(t) - targets[t]!), 0) / ticks.length;
}
