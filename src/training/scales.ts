/** What the training part says about the size of things: networks learn from values around 0 and of about 1. */
import { DataError, invalid } from '../errors.ts';

export interface Scales {
  /** Training mean and variance of the inputs (F); mean and deviation of what should be said. */
  mean: Float32Array;
  variance: Float32Array;
  target: { mean: number; deviation: number };
}

export interface Read {
  /** Inputs (T, F), and what should be said (T). */
  values: Float32Array;
  inputs: number;
  targets: Float64Array;
  /** Their expressions. */
  columns: readonly string[];
  target: string;
}

/** Moments over some ticks, by Welford's recurrence. @throws DataError for a column without variance */
export function scales({ values, inputs: F, targets, columns, target }: Read, ticks: readonly number[]): Scales {
  const moments = (name: string, read: (t: number) => number): { mean: number; variance: number } => {
    let [mean, squares] = [0, 0];
    ticks.forEach((t, i) => {
      const off = read(t) - mean;
      mean += off / (i + 1);
      squares += off * (read(t) - mean);
    });
    const variance = squares / ticks.length;
    if (!(variance > 1e-24 * Math.max(1, mean * mean)))
      throw new DataError(invalid(`column ${name}`, mean, 'values that differ: it is constant over the training part'));
    return { mean, variance };
  };
  const inputs = columns.map((name, f) => moments(name, (t) => values[t * F + f]!));
  const y = moments(target, (t) => targets[t]!);
  return {
    mean: Float32Array.from(inputs, ({ mean }) => mean),
    variance: Float32Array.from(inputs, ({ variance }) => variance),
    target: { mean: y.mean, deviation: Math.sqrt(y.variance) },
  };
}
