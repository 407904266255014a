/** Activations by their definitions (Keras 3's documentation), in float64. */

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const clip = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
const elu = (x: number, alpha: number): number => (x > 0 ? x : alpha * Math.expm1(x));

/** Value by value; `alpha` is the slope or the factor of those that have one. */
const SCALARS: Record<string, (x: number, alpha?: number) => number> = {
  linear: (x) => x,
  relu: (x) => Math.max(x, 0),
  relu6: (x) => clip(x, 0, 6),
  leaky_relu: (x, alpha = 0.2) => (x >= 0 ? x : alpha * x),
  elu: (x, alpha = 1) => elu(x, alpha),
  celu: (x, alpha = 1) => Math.max(x, 0) + alpha * Math.expm1(Math.min(x, 0) / alpha),
  selu: (x) => 1.05070098735548 * elu(x, 1.673263242354377),
  sigmoid,
  log_sigmoid: (x) => -softplus(-x),
  hard_sigmoid: (x) => clip(x + 3, 0, 6) / 6,
  hard_sigmoid_2: (x) => clip(0.2 * x + 0.5, 0, 1),
  sparse_sigmoid: (x) => clip(0.5 * (x + 1), 0, 1),
  tanh: Math.tanh,
  hard_tanh: (x) => clip(x, -1, 1),
  tanh_shrink: (x) => x - Math.tanh(x),
  softplus,
  softsign: (x) => x / (1 + Math.abs(x)),
  exponential: Math.exp,
  silu: (x) => x * sigmoid(x),
  hard_silu: (x) => (x * clip(x + 3, 0, 6)) / 6,
  gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  gelu_tanh: (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  mish: (x) => x * Math.tanh(softplus(x)),
  hard_shrink: (x) => (Math.abs(x) > 0.5 ? x : 0),
  soft_shrink: (x) => Math.sign(x) * Math.max(Math.abs(x) - 0.5, 0),
  sparse_plus: (x) => (x <= -1 ? 0 : x < 1 ? (x + 1) ** 2 / 4 : x),
  squareplus: (x) => (x + Math.sqrt(x * x + 4)) / 2,
};

/** Over a whole row. */
const ROWS: Record<string, (x: Float64Array) => Float64Array> = {
  softmax,
  log_softmax(x) {
    const most = Math.max(...x);
    const sum = x.reduce((a, v) => a + Math.exp(v - most), 0);
    return x.map((v) => v - most - Math.log(sum));
  },
};

/** The names that it knows. */
export const activationNames: readonly string[] = [...Object.keys(SCALARS), ...Object.keys(ROWS)];

export function activate(name: string, x: Float64Array, alpha?: number | null): Float64Array {
  const whole = ROWS[name];
  return whole ? whole(x) : x.map((v) => SCALARS[name]!(v, alpha ?? undefined));
}

export function softmax(x: Float64Array): Float64Array {
  const most = Math.max(...x);
  const e = x.map((v) => Math.exp(v - most));
  const sum = e.reduce((a, b) => a + b);
  return e.map((v) => v / sum);
}

/** 2 / sqrt(pi) exp(-x^2) sum of 2^n x^(2n + 1) / (1 3 5 ... (2n + 1)), whose terms do not cancel; beyond 6 it is 1. */
function erf(x: number): number {
  if (x === 0 || Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
