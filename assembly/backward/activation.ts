// Slopes of the activations of `../activation.ts`: of each at the value before it, of sigmoid and tanh at their own value.
// At a kink the slope is that of the side where the activation's own formula puts the point.
import { erf, LEAKY_RELU, LOG_SOFTMAX, SIGMOID, SOFTMAX, TANH } from '../activation';
import { Floats, Ints } from '../memory';

/** d activation / d x at x = v, whose activation is y. alpha is read by elu, leaky_relu and celu. */
export function activationSlope(kind: i32, v: f32, y: f32, alpha: f32): f32 {
  const x = <f64>v;
  const a = <f64>alpha;
  switch (kind) {
    case 1:
      return v > 0 ? 1 : 0; // relu
    case SIGMOID:
      return y * (1 - y);
    case TANH:
      return 1 - y * y;
    case 6:
      return <f32>(x > 0 ? 1.0 : a * Math.exp(x)); // elu
    case 7:
      return <f32>(1.0507009873554804934193349852946 * (x > 0 ? 1.0 : 1.6732632423543772848170429916717 * Math.exp(x))); // selu
    case 8:
      return <f32>sigmoid(x); // softplus
    case 9:
      return <f32>(1.0 / ((1.0 + abs(x)) * (1.0 + abs(x)))); // softsign
    case 10:
      return <f32>Math.exp(x); // exponential
    case 11:
      return v > 0 && v < 6 ? 1 : 0; // relu6
    case 12:
      return <f32>(sigmoid(x) * (1.0 + x * sigmoid(-x))); // silu
    case 13:
      // gelu: Phi(x) + x phi(x)
      return <f32>(0.5 * (1.0 + erf(x * 0.7071067811865476)) + x * 0.3989422804014327 * Math.exp(-0.5 * x * x));
    case 14: {
      const t = Math.tanh(max(x, 0.0) + Math.log1p(Math.exp(-abs(x)))); // mish
      return <f32>(t + x * (1.0 - t * t) * sigmoid(x));
    }
    case LEAKY_RELU:
      return x > 0 ? 1 : alpha;
    case 16:
      return <f32>(abs(x) < 3 ? 1.0 / 6.0 : 0.0); // hard_sigmoid
    case 17:
      return <f32>(x <= -3 ? 0.0 : x >= 3 ? 1.0 : x / 3.0 + 0.5); // hard_silu
    case 18:
      return abs(v) < 1 ? 1 : 0; // hard_tanh
    case 19:
      return <f32>sigmoid(-x); // log_sigmoid
    case 20:
      return <f32>(abs(x) < 2.5 ? 0.2 : 0.0); // hard_sigmoid_2
    case 21: {
      const t = Math.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)); // gelu_tanh
      return <f32>(0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * 0.7978845608028654 * (1.0 + 0.134145 * x * x));
    }
    case 22:
      return <f32>(x > 0 ? 1.0 : Math.exp(x / a)); // celu
    case 23:
    case 24:
      return abs(x) > 0.5 ? 1 : 0; // hard_shrink, soft_shrink
    case 25:
      return <f32>(x <= -1 ? 0.0 : x >= 1 ? 1.0 : 0.5 * (x + 1.0)); // sparse_plus
    case 26:
      return <f32>(abs(x) < 1 ? 0.5 : 0.0); // sparse_sigmoid
    case 27:
      return <f32>(0.5 * (1.0 + x / Math.sqrt(x * x + 4.0))); // squareplus
    case 28: {
      const t = Math.tanh(x); // tanh_shrink
      return <f32>(t * t);
    }
    default:
      return 1; // linear
  }
}

/** Four slopes of a gate or a state; what has an alpha takes Keras' default. */
export function slope4(kind: i32, v: v128, y: v128): v128 {
  if (kind == SIGMOID) return f32x4.mul(y, f32x4.sub(f32x4.splat(1), y));
  if (kind == TANH) return f32x4.sub(f32x4.splat(1), f32x4.mul(y, y));
  let out = f32x4.splat(slope1(kind, f32x4.extract_lane(v, 0), f32x4.extract_lane(y, 0)));
  out = f32x4.replace_lane(out, 1, slope1(kind, f32x4.extract_lane(v, 1), f32x4.extract_lane(y, 1)));
  out = f32x4.replace_lane(out, 2, slope1(kind, f32x4.extract_lane(v, 2), f32x4.extract_lane(y, 2)));
  return f32x4.replace_lane(out, 3, slope1(kind, f32x4.extract_lane(v, 3), f32x4.extract_lane(y, 3)));
}

/** One slope of a gate or a state; what has an alpha takes Keras' default. */
export function slope1(kind: i32, v: f32, y: f32): f32 {
  return activationSlope(kind, v, y, kind == LEAKY_RELU ? <f32>0.2 : 1);
}

/**
 * Back through an activation of the first O values of each named row: dx = slope dy, from the values x before it and y after
 * it. dx may be dy. Strides in floats.
 */
export function activateBack(
  kind: i32,
  alpha: f32,
  dx: Floats,
  dxStride: i32,
  dy: Floats,
  dyStride: i32,
  x: Floats,
  xStride: i32,
  y: Floats,
  yStride: i32,
  slots: Ints,
  n: i32,
  O: i32,
): void {
  for (let b = 0; b < n; b++) {
    const s = load<i32>(slots + ((<usize>b) << 2));
    const dx_s = dx + ((<usize>(s * dxStride)) << 2);
    const dy_s = dy + ((<usize>(s * dyStride)) << 2);
    const y_s = y + ((<usize>(s * yStride)) << 2);
    if (kind == SOFTMAX || kind == LOG_SOFTMAX) {
      softmaxBack(dx_s, dy_s, y_s, O, kind == LOG_SOFTMAX);
      continue;
    }
    const x_s = x + ((<usize>(s * xStride)) << 2);
    for (let o = 0; o < O; o++) {
      const at = (<usize>o) << 2;
      store<f32>(
        dx_s + at,
        load<f32>(dy_s + at) * activationSlope(kind, load<f32>(x_s + at), load<f32>(y_s + at), alpha),
      );
    }
  }
}

// softmax: dx = y (dy - sum of y dy); log_softmax: dx = dy - exp(y) sum of dy
function softmaxBack(dx: Floats, dy: Floats, y: Floats, O: i32, ofLog: bool): void {
  let sum: f64 = 0;
  for (let o = 0; o < O; o++) {
    const at = (<usize>o) << 2;
    sum += <f64>load<f32>(dy + at) * (ofLog ? 1.0 : <f64>load<f32>(y + at));
  }
  for (let o = 0; o < O; o++) {
    const at = (<usize>o) << 2;
    const d = <f64>load<f32>(dy + at);
    const p = <f64>load<f32>(y + at);
    store<f32>(dx + at, <f32>(ofLog ? d - Math.exp(p) * sum : p * (d - sum)));
  }
}

function sigmoid(x: f64): f64 {
  return 1.0 / (1.0 + Math.exp(-x));
}
