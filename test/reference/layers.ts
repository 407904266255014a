/** Every kind of layer on whole sequences. Masks go where Keras 3 lets them go. */
import type { LayerSpec, MergeSpec } from '../../src/model/spec.ts';
import { activate } from './activations.ts';
import { additiveAttention, attention, multiHeadAttention } from './attention.ts';
import { gru, lstm, rnn } from './recurrent.ts';
import { flat, gives, type Memory, plus, product, type Result, type Rows } from './values.ts';

type Apply<S> = (layer: S, inputs: Rows[], memory: Memory) => Result;
type Kinds = { [K in LayerSpec['kind']]: Apply<Extract<LayerSpec, { kind: K }>> };

const kinds: Kinds = {
  lstm,
  gru,
  rnn,
  attention,
  'additive-attention': additiveAttention,
  'multi-head-attention': multiHeadAttention,

  // row by row: what is masked stays masked
  dense: ({ kernel, bias, units, activation }, [x]) =>
    each(x!, (row) => activate(activation, plus(product(row, kernel, units), bias))),
  activation: ({ activation, alpha }, [x]) => each(x!, (row) => activate(activation, row, alpha)),
  dropout: (_, [x]) => each(x!, (row) => row),
  normalization: ({ mean, variance }, [x]) =>
    each(x!, (row) => row.map((v, k) => (v - mean[k]!) / Math.max(Math.sqrt(variance[k]!), 1e-7))),
  rescaling: ({ scale, offset }, [x]) => each(x!, (row) => row.map((v, k) => v * at(scale, k) + at(offset, k))),
  'layer-normalization': ({ gamma, beta, epsilon }, [x]) =>
    each(x!, (row) => {
      const mean = average(row);
      const deviation = Math.sqrt(average(row.map((v) => (v - mean) ** 2)) + epsilon);
      return row.map((v, k) => ((v - mean) / deviation) * gamma[k]! + beta[k]!);
    }),
  'batch-normalization': ({ gamma, beta, mean, variance, epsilon }, [x]) =>
    each(x!, (row) => row.map((v, k) => ((v - mean[k]!) * gamma[k]!) / Math.sqrt(variance[k]! + epsilon) + beta[k]!)),

  // where masks begin; one that came in is forgotten
  embedding: ({ table, units, maskZero }, [x]) =>
    gives(
      x!.rows.map(([token]) => Float64Array.from(table.subarray(token! * units, (token! + 1) * units))),
      maskZero ? x!.rows.map(([token]) => token !== 0) : null,
    ),
  masking({ name, value }, [x], { masks }) {
    const mask = masks?.get(name)?.[0]?.mask ?? x!.rows.map((row) => row.some((v) => v !== value));
    return gives(
      x!.rows.map((row, t) => (mask[t] ? row : row.map(() => 0))),
      mask,
    );
  },

  // where they are combined: a tick is visible where any of the inputs is
  concatenate: (_, inputs) =>
    gives(
      inputs[0]!.rows.map((_, t) => flat(inputs.map(({ rows }) => rows[t]!))),
      any(inputs),
    ),
  merge: ({ operation }, inputs) =>
    gives(
      inputs[0]!.rows.map((_, t) => merge(operation, inputs, t)),
      any(inputs),
    ),

  // where they end
  conv1d({ name, kernel, bias, units, size, dilation, activation, inputs: I }, [x], { past }) {
    const seen = past.get(name) ?? [];
    const rows = [...seen, ...x!.rows];
    past.set(name, rows);
    const at = (t: number) => {
      let y: Float64Array = Float64Array.from(bias);
      for (let tap = 0; tap < size; tap++) {
        const row = rows[t - (size - 1 - tap) * dilation];
        if (row) y = plus(y, product(row, kernel.subarray(tap * I * units, (tap + 1) * I * units), units));
      }
      return activate(activation, y);
    };
    return gives(x!.rows.map((_, t) => at(seen.length + t)));
  },
  flatten: (_, [x]) => gives([flat(x!.rows)]),
  reshape({ shape }, [x]) {
    const values = flat(x!.rows);
    const width = shape.length === 1 ? values.length : shape.at(-1)!;
    return gives(Array.from({ length: values.length / width }, (_, t) => values.slice(t * width, (t + 1) * width)));
  },
  'global-pooling'({ operation }, [x]) {
    const seen = operation === 'max' ? x!.rows : x!.rows.filter((_, t) => !x!.mask || x!.mask[t]);
    const column = (k: number) => seen.map((row) => row[k]!);
    return gives([x!.rows[0]!.map((_, k) => (operation === 'max' ? Math.max(...column(k)) : average(column(k))))]);
  },
  last: (_, [x]) => gives([x!.rows.at(-1)!]),
  repeat: ({ count }, [x]) => gives(new Array<Float64Array>(count).fill(x!.rows[0]!)),
};

/** Runs one layer on all that comes in. */
export function apply(layer: LayerSpec, inputs: Rows[], memory: Memory): Result {
  return (kinds[layer.kind] as Apply<LayerSpec>)(layer, inputs, memory);
}

function each({ rows, mask }: Rows, f: (row: Float64Array) => Float64Array): Result {
  return gives(rows.map(f), mask);
}

/** No mask is one in which everything is visible. */
function any(inputs: Rows[]): boolean[] | null {
  if (inputs.some(({ mask }) => !mask)) return null;
  return inputs[0]!.rows.map((_, t) => inputs.some(({ mask }) => mask![t]));
}

/** Keras 3: products, maxima and minima are those of the visible inputs. Where none is: 0, or the first of them. */
function merge(operation: MergeSpec['operation'], inputs: Rows[], t: number): Float64Array {
  const all = inputs.map(({ rows }) => rows[t]!);
  const seen = all.filter((_, i) => !inputs[i]!.mask || inputs[i]!.mask[t]);
  const over = (rows: Float64Array[], f: (a: number, b: number) => number) =>
    rows.reduce((a, b) => a.map((v, k) => f(v, b[k]!)));
  switch (operation) {
    case 'add':
      return over(all, (a, b) => a + b);
    case 'subtract':
      return over(all, (a, b) => a - b);
    case 'average':
      return over(all, (a, b) => a + b).map((v) => v / all.length);
    case 'multiply':
      return seen.length > 0 ? over(seen, (a, b) => a * b) : all[0]!.map(() => 0);
    case 'maximum':
      return over(seen.length > 0 ? seen : all.slice(0, 1), Math.max);
    case 'minimum':
      return over(seen.length > 0 ? seen : all.slice(0, 1), Math.min);
  }
}

function average(values: ArrayLike<number>): number {
  return Array.from(values).reduce((a, b) => a + b, 0) / values.length;
}

/** One value for all, or one each. */
function at(values: Float32Array, k: number): number {
  return values.length === 1 ? values[0]! : values[k]!;
}
