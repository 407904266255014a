// Dense: out = activation(b + x W) on the rows that `slots` names.
//
// Weights are packed by blocks of four outputs: block j, row k: [w[k][4j] .. w[k][4j+3]]; bias padded to a multiple of 4.

import { sigmoid1, tanh1 } from '../math';
import { Floats, Ints, pad } from '../memory';

/** out (B, pad(O)), x (B, xStride), weights (pad(O)/4, I, 4), bias (pad(O)). Sums start at the bias, in index order. */
export function denseStep(
  out: Floats,
  x: Floats,
  xStride: i32,
  slots: Ints,
  n: i32,
  weights: Floats,
  bias: Floats,
  I: i32,
  O: i32,
): void {
  const blocks = pad(O) >> 2;
  const outBytes = <usize>(blocks << 4);
  const xBytes = <usize>(xStride << 2);
  for (let j = 0; j < blocks; j++) {
    const w_j = weights + ((<usize>(j * I)) << 4);
    const bias_j = bias + ((<usize>j) << 4);
    const out_j = out + ((<usize>j) << 4);
    let b = 0;
    for (; b + 3 < n; b += 4) {
      const at = slots + ((<usize>b) << 2);
      const s0 = <usize>load<i32>(at, 0),
        s1 = <usize>load<i32>(at, 4),
        s2 = <usize>load<i32>(at, 8),
        s3 = <usize>load<i32>(at, 12);
      denseTile4(
        out_j + s0 * outBytes,
        out_j + s1 * outBytes,
        out_j + s2 * outBytes,
        out_j + s3 * outBytes,
        x + s0 * xBytes,
        x + s1 * xBytes,
        x + s2 * xBytes,
        x + s3 * xBytes,
        w_j,
        bias_j,
        I,
      );
    }
    for (; b < n; b++) {
      const s = <usize>load<i32>(slots + ((<usize>b) << 2));
      denseTile1(out_j + s * outBytes, x + s * xBytes, w_j, bias_j, I);
    }
  }
}

function denseTile4(
  out0: Floats,
  out1: Floats,
  out2: Floats,
  out3: Floats,
  x0: Floats,
  x1: Floats,
  x2: Floats,
  x3: Floats,
  w: Floats,
  bias: Floats,
  I: i32,
): void {
  if (ASC_FEATURE_SIMD) {
    let a0 = v128.load(bias),
      a1 = a0,
      a2 = a0,
      a3 = a0;
    for (const end = x0 + ((<usize>I) << 2); x0 < end; x0 += 4, x1 += 4, x2 += 4, x3 += 4, w += 16) {
      const w_k = v128.load(w);
      a0 = f32x4.add(a0, f32x4.mul(v128.load_splat<f32>(x0), w_k));
      a1 = f32x4.add(a1, f32x4.mul(v128.load_splat<f32>(x1), w_k));
      a2 = f32x4.add(a2, f32x4.mul(v128.load_splat<f32>(x2), w_k));
      a3 = f32x4.add(a3, f32x4.mul(v128.load_splat<f32>(x3), w_k));
    }
    v128.store(out0, a0);
    v128.store(out1, a1);
    v128.store(out2, a2);
    v128.store(out3, a3);
  } else {
    denseTile1(out0, x0, w, bias, I);
    denseTile1(out1, x1, w, bias, I);
    denseTile1(out2, x2, w, bias, I);
    denseTile1(out3, x3, w, bias, I);
  }
}

function denseTile1(out: Floats, x: Floats, w: Floats, bias: Floats, I: i32): void {
  if (ASC_FEATURE_SIMD) {
    let sum = v128.load(bias);
    for (const end = x + ((<usize>I) << 2); x < end; x += 4, w += 16) {
      sum = f32x4.add(sum, f32x4.mul(v128.load_splat<f32>(x), v128.load(w)));
    }
    v128.store(out, sum);
  } else {
    for (let lane: usize = 0; lane < 16; lane += 4) {
      let sum = load<f32>(bias + lane);
      for (let k = 0; k < I; k++) sum += load<f32>(x + ((<usize>k) << 2)) * load<f32>(w + lane + ((<usize>k) << 4));
      store<f32>(out + lane, sum);
    }
  }
}

/**
 * Applies an activation in place to the first O floats of each named row (B, stride).
 * kind: its place in `src/model/activations.ts`. Definitions are Keras 3's. sigmoid and tanh are the vector ones of the
 * layers; the others go through float64.
 */
export function activate(kind: i32, x: Floats, slots: Ints, n: i32, stride: i32, O: i32): void {
  for (let b = 0; b < n; b++) {
    const row = x + ((<usize>(load<i32>(slots + ((<usize>b) << 2)) * stride)) << 2);
    if (kind == 4) {
      softmax(row, O, false);
    } else if (kind == 5) {
      softmax(row, O, true);
    } else {
      for (let o = 0; o < O; o++) {
        const at = row + ((<usize>o) << 2);
        store<f32>(at, activation(kind, load<f32>(at)));
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

function activation(kind: i32, v: f32): f32 {
  const x = <f64>v;
  switch (kind) {
    case 1:
      return max<f32>(v, 0); // relu
    case 2:
      return sigmoid1(v); // sigmoid
    case 3:
      return tanh1(v); // tanh
    case 6:
      return <f32>(x > 0 ? x : Math.expm1(x)); // elu, alpha 1
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
    case 15:
      return <f32>(x > 0 ? x : 0.2 * x); // leaky_relu, slope .2
    case 16:
      return <f32>min(max(x / 6.0 + 0.5, 0.0), 1.0); // hard_sigmoid
    case 17:
      return <f32>(x * min(max(x / 6.0 + 0.5, 0.0), 1.0)); // hard_silu
    case 18:
      return min<f32>(max<f32>(v, -1), 1); // hard_tanh
    case 19:
      return <f32>(min(x, 0.0) - Math.log1p(Math.exp(-abs(x)))); // log_sigmoid
    default:
      return v; // linear
  }
}

// 2/sqrt(pi) exp(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!: all terms of one sign, so nothing cancels. Below 6 within 1e-15.
function erf(x: f64): f64 {
  if (abs(x) > 6) return x > 0 ? 1 : -1;
  let term = x;
  let sum = x;
  for (let n = 1; abs(term) > 1e-17 * abs(sum); n++) {
    term *= (2.0 * x * x) / <f64>(2 * n + 1);
    sum += term;
  }
  return 1.1283791670955126 * Math.exp(-x * x) * sum;
}
