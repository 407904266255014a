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
  const moments = (read: (t: number) => number): { mean: number; variance: number; constant: boolean } => {
    let [mean, squares] = [0, 0];
    ticks.forEach((t, i) => {
      const off = read(t) - mean;
      mean += off / (i + 1);
      squares += off * (read(t) - mean);
    });
    const variance = squares / ticks.length;
    return { mean, variance, constant: !(variance > 1e-24 * Math.max(1, mean * mean)) };
  };
  const inputs = columns.map((name, f) => {
    const x = moments((t) => values[t * F + f]!);
    const expected = 'values that differ: it is constant over the training part';
    if (x.constant) throw new DataError(invalid(`column ${name}`, x.mean, expected));
    return x;
  });
  const y = moments((t) => targets[t]!);
  if (y.constant) {
    const expected = `values that differ: it is ${y.mean} throughout the training part`;
    throw new DataError(invalid('--target', target, expected));
  }
  return {
    mean: Float32Array.from(inputs, ({ mean }) => mean),
    variance: Float32Array.from(inputs, ({ variance }) => variance),
    target: { mean: y.mean, deviation: Math.sqrt(y.variance) },
  };
}
