// Activations by number: the places in `src/model/activations.ts`. Definitions are Keras 3's. sigmoid and tanh are the vector
// ones of `math.ts`; the others go through float64. Scalar and vector forms do the same operations: the same bits.
import { sigmoid1, sigmoid4, tanh1, tanh4 } from './math';
import { Floats, Ints } from './memory';

export const SIGMOID: i32 = 2;
export const TANH: i32 = 3;
export const SOFTMAX: i32 = 4;
export const LOG_SOFTMAX: i32 = 5;
export const LEAKY_RELU: i32 = 15;

/** Applies an activation in place to the first O floats of each named row (B, stride); alpha: its slope or factor, if it has one. */
export function activate(kind: i32, alpha: f32, x: Floats, slots: Ints, n: i32, stride: i32, O: i32): void {
  for (let b = 0; b < n; b++) {
    const row = x + ((<usize>(load<i32>(slots + ((<usize>b) << 2)) * stride)) << 2);
    if (kind == SOFTMAX) {
      softmax(row, O, false);
    } else if (kind == LOG_SOFTMAX) {
      softmax(row, O, true);
    } else {
      for (let o = 0; o < O; o++) {
        const at = row + ((<usize>o) << 2);
        store<f32>(at, activation(kind, load<f32>(at), alpha));
      }
    }
  }
}

function softmax(row: Floats, O: i32, asLog: bool): void {
  let largest = load<f32>(row);
  for (let o = 1; o < O; o++) largest = max(largest, load<f32>(row + ((<usize>o) << 2)));
  let sum: f64 = 0;
  for (let o = 0; o < O; o++) sum += Math.exp(<f64>(load<f32>(row + ((<usize>o) << 2)) - largest));
  const logSum = Math.log(sum);
  for (let o = 0; o < O; o++) {
    const at = row + ((<usize>o) << 2);
    const x = <f64>(load<f32>(at) - largest);
    store<f32>(at, <f32>(asLog ? x - logSum : Math.exp(x) / sum));
  }
}

/** One value. alpha is read by elu, leaky_relu and celu. */
export function activation(kind: i32, v: f32, alpha: f32): f32 {
  const x = <f64>v;
  const a = <f64>alpha;
  switch (kind) {
    case 1:
      return max<f32>(v, 0); // relu
    case SIGMOID:
      return sigmoid1(v);
    case TANH:
      return tanh1(v);
    case 6:
      return <f32>(x > 0 ? x : a * Math.expm1(x)); // elu
    case 7:
      return <f32>(1.0507009873554804934193349852946 * (x > 0 ? x : 1.6732632423543772848170429916717 * Math.expm1(x))); // selu
    case 8:
      return <f32>(max(x, 0.0) + Math.log1p(Math.exp(-abs(x)))); // softplus
    case 9:
      return <f32>(x / (1.0 + abs(x))); // softsign
    case 10:
      return <f32>Math.exp(x); // exponential
    case 11:
      return min<f32>(max<f32>(v, 0), 6); // relu6
    case 12:
      return <f32>(x / (1.0 + Math.exp(-x))); // silu
    case 13:
      return <f32>(0.5 * x * (1.0 + erf(x * 0.7071067811865476))); // gelu, exact form
    case 14:
      return <f32>(x * Math.tanh(max(x, 0.0) + Math.log1p(Math.exp(-abs(x))))); // mish
    case LEAKY_RELU:
      return x > 0 ? v : alpha * v; // leaky_relu
    case 16:
      return <f32>min(max(x / 6.0 + 0.5, 0.0), 1.0); // hard_sigmoid
    case 17:
      return <f32>(x * min(max(x / 6.0 + 0.5, 0.0), 1.0)); // hard_silu
    case 18:
      return min<f32>(max<f32>(v, -1), 1); // hard_tanh
    case 19:
      return <f32>(min(x, 0.0) - Math.log1p(Math.exp(-abs(x)))); // log_sigmoid
    case 20:
      return <f32>min(max(x * 0.2 + 0.5, 0.0), 1.0); // hard_sigmoid_2
    case 21:
      return <f32>(0.5 * x * (1.0 + Math.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))); // gelu_tanh
    case 22:
      return <f32>(x > 0 ? x : a * Math.expm1(x / a)); // celu
    case 23:
      return abs(x) > 0.5 ? v : 0; // hard_shrink
    case 24:
      return <f32>(x > 0.5 ? x - 0.5 : x < -0.5 ? x + 0.5 : 0.0); // soft_shrink
    case 25:
      return <f32>(x <= -1 ? 0.0 : x >= 1 ? x : 0.25 * (x + 1.0) * (x + 1.0)); // sparse_plus
    case 26:
      return <f32>min(max(0.5 * (x + 1.0), 0.0), 1.0); // sparse_sigmoid
    case 27:
      return <f32>(0.5 * (x + Math.sqrt(x * x + 4.0))); // squareplus
    case 28:
      return <f32>(x - Math.tanh(x)); // tanh_shrink
    default:
      return v; // linear
  }
}

/** Four values of a gate or a state; what has an alpha takes Keras' default. */
export function activation4(kind: i32, v: v128): v128 {
  if (kind == SIGMOID) return sigmoid4(v);
  if (kind == TANH) return tanh4(v);
  let out = f32x4.splat(gate1(kind, f32x4.extract_lane(v, 0)));
  out = f32x4.replace_lane(out, 1, gate1(kind, f32x4.extract_lane(v, 1)));
  out = f32x4.replace_lane(out, 2, gate1(kind, f32x4.extract_lane(v, 2)));
  return f32x4.replace_lane(out, 3, gate1(kind, f32x4.extract_lane(v, 3)));
}

/** One value of a gate or a state; what has an alpha takes Keras' default. */
export function gate1(kind: i32, v: f32): f32 {
  return activation(kind, v, kind == LEAKY_RELU ? <f32>0.2 : 1);
}

// 2/sqrt(pi) exp(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!: all terms of one sign, so nothing cancels. Below 6 within 1e-15.
export function erf(x: f64): f64 {
  if (abs(x) > 6) return x > 0 ? 1 : -1;
  let term = x;
  let sum = x;
  for (let n = 1; abs(term) > 1e-17 * abs(sum); n++) {
    term *= (2.0 * x * x) / <f64>(2 * n + 1);
    sum += term;
  }
  return 1.1283791670955126 * Math.exp(-x * x) * sum;
}
