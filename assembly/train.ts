// What training does beside the layers: losses with their gradients, clipping, Adam and SGD, and parameters on their way to
// where kernels read them and back. Sums of losses and norms are float64, in index order.
import { Floats, Ints } from './memory';

/** to[i] = from[places[i] - 1], 0 where places[i] is 0; with `add` it is added to what stands there. */
export function gather(to: Floats, from: Floats, places: Ints, n: i32, add: bool): void {
  const first = from - 4;
  for (let i: usize = 0; i < <usize>n; i++) {
    const place = <usize>load<i32>(places + (i << 2));
    const at = to + (i << 2);
    const value: f32 = place == 0 ? 0 : load<f32>(first + (place << 2));
    store<f32>(at, add ? load<f32>(at) + value : value);
  }
}

/** to[places[i] - 1] += from[i], where places[i] is not 0. */
export function scatter(to: Floats, from: Floats, places: Ints, n: i32): void {
  const first = to - 4;
  for (let i: usize = 0; i < <usize>n; i++) {
    const place = <usize>load<i32>(places + (i << 2));
    if (place == 0) continue;
    const at = first + (place << 2);
    store<f32>(at, load<f32>(at) + load<f32>(from + (i << 2)));
  }
}

// Losses by number: the places in `src/training/loss.ts`.
const MSE: i32 = 0;
const MAE: i32 = 1;
const HUBER: i32 = 2;
const QUANTILE: i32 = 3;
const BINARY: i32 = 4;
const CATEGORICAL: i32 = 5;

/**
 * The loss of the first n rows of y (B, yStride; O values) and its gradient: dy (B, dyStride) = scale d loss / d y.
 * target (B, targetStride): a value an output (step 1) or one for all of them (step 0), for `CATEGORICAL` the number of a class.
 * constants (O): Huber's delta or the quantile's tau of each output. For `BINARY` and `CATEGORICAL` y are logits.
 * @returns the sum over rows and outputs, not scaled
 */
export function loss(
  kind: i32,
  constants: Floats,
  dy: Floats,
  dyStride: i32,
  y: Floats,
  yStride: i32,
  target: Floats,
  targetStride: i32,
  step: i32,
  n: i32,
  O: i32,
  scale: f64,
): f64 {
  let sum: f64 = 0;
  for (let b = 0; b < n; b++) {
    const y_b = y + ((<usize>(b * yStride)) << 2);
    const dy_b = dy + ((<usize>(b * dyStride)) << 2);
    const target_b = target + ((<usize>(b * targetStride)) << 2);
    if (kind == CATEGORICAL) {
      sum += categorical(dy_b, y_b, <i32>load<f32>(target_b), O, scale);
      continue;
    }
    for (let o = 0; o < O; o++) {
      const at = (<usize>o) << 2;
      const t = <f64>load<f32>(target_b + ((<usize>(o * step)) << 2));
      const constant = <f64>load<f32>(constants + at);
      const x = <f64>load<f32>(y_b + at);
      sum += lossOf(kind, x, t, constant);
      store<f32>(dy_b + at, <f32>(scale * lossSlope(kind, x, t, constant)));
    }
  }
  return sum;
}

function lossOf(kind: i32, x: f64, t: f64, constant: f64): f64 {
  const away = x - t;
  switch (kind) {
    case MSE:
      return away * away;
    case MAE:
      return abs(away);
    case HUBER:
      return abs(away) <= constant ? 0.5 * away * away : constant * (abs(away) - 0.5 * constant);
    case QUANTILE:
      return away < 0 ? -constant * away : (1.0 - constant) * away;
    default:
      return max(x, 0.0) - x * t + Math.log1p(Math.exp(-abs(x)));
  }
}

// At a kink the slope is 0.
function lossSlope(kind: i32, x: f64, t: f64, constant: f64): f64 {
  const away = x - t;
  switch (kind) {
    case MSE:
      return 2.0 * away;
    case MAE:
      return away > 0 ? 1.0 : away < 0 ? -1.0 : 0.0;
    case HUBER:
      return min(max(away, -constant), constant);
    case QUANTILE:
      return away > 0 ? 1.0 - constant : away < 0 ? -constant : 0.0;
    default:
      return 1.0 / (1.0 + Math.exp(-x)) - t;
  }
}

// -log softmax(y)[label], and softmax(y) less 1 at the label.
function categorical(dy: Floats, y: Floats, label: i32, O: i32, scale: f64): f64 {
  let largest = load<f32>(y);
  for (let o = 1; o < O; o++) largest = max(largest, load<f32>(y + ((<usize>o) << 2)));
  let sum: f64 = 0;
  for (let o = 0; o < O; o++) sum += Math.exp(<f64>load<f32>(y + ((<usize>o) << 2)) - <f64>largest);
  for (let o = 0; o < O; o++) {
    const at = (<usize>o) << 2;
    const p = Math.exp(<f64>load<f32>(y + at) - <f64>largest) / sum;
    store<f32>(dy + at, <f32>(scale * (p - (o == label ? 1.0 : 0.0))));
  }
  return Math.log(sum) - (<f64>load<f32>(y + ((<usize>label) << 2)) - <f64>largest);
}

/** The sum of squares of n values: four partial sums, so that no addition waits for the one before. */
export function squares(x: Floats, n: i32): f64 {
  let a: f64 = 0,
    b: f64 = 0,
    c: f64 = 0,
    d: f64 = 0;
  let at = x;
  for (const end = x + ((<usize>(n & ~3)) << 2); at < end; at += 16) {
    const p = <f64>load<f32>(at, 0),
      q = <f64>load<f32>(at, 4),
      r = <f64>load<f32>(at, 8),
      s = <f64>load<f32>(at, 12);
    a += p * p;
    b += q * q;
    c += r * r;
    d += s * s;
  }
  for (const end = x + ((<usize>n) << 2); at < end; at += 4) {
    const p = <f64>load<f32>(at);
    a += p * p;
  }
  return a + b + (c + d);
}

/**
 * One step of Adam (Kingma & Ba 2015) as PyTorch takes it, on n parameters p with gradients g scaled by `clip`:
 * m and v their moments, p -= rate m / (sqrt(v) / root + epsilon), where rate is the learning rate over 1 - beta1^t, root the
 * root of 1 - beta2^t. keep: what decoupled weight decay (Loshchilov & Hutter 2019) leaves of p before, 1 - learning rate x decay.
 */
export function adam(
  p: Floats,
  g: Floats,
  m: Floats,
  v: Floats,
  n: i32,
  clip: f32,
  rate: f32,
  beta1: f32,
  beta2: f32,
  rest1: f32,
  rest2: f32,
  root: f32,
  epsilon: f32,
  keep: f32,
): void {
  let at: usize = 0;
  const end = (<usize>n) << 2;
  if (ASC_FEATURE_SIMD) {
    const whole = end & ~15;
    const clips = f32x4.splat(clip),
      rates = f32x4.splat(rate),
      roots = f32x4.splat(root),
      epsilons = f32x4.splat(epsilon),
      keeps = f32x4.splat(keep);
    for (; at < whole; at += 16) {
      const g_i = f32x4.mul(v128.load(g + at), clips);
      const m_i = f32x4.add(f32x4.mul(f32x4.splat(beta1), v128.load(m + at)), f32x4.mul(f32x4.splat(rest1), g_i));
      const v_i = f32x4.add(
        f32x4.mul(f32x4.splat(beta2), v128.load(v + at)),
        f32x4.mul(f32x4.splat(rest2), f32x4.mul(g_i, g_i)),
      );
      v128.store(m + at, m_i);
      v128.store(v + at, v_i);
      const step = f32x4.div(f32x4.mul(rates, m_i), f32x4.add(f32x4.div(f32x4.sqrt(v_i), roots), epsilons));
      v128.store(p + at, f32x4.sub(f32x4.mul(keeps, v128.load(p + at)), step));
    }
  }
  for (; at < end; at += 4) {
    const g_i = load<f32>(g + at) * clip;
    const m_i = beta1 * load<f32>(m + at) + rest1 * g_i;
    const v_i = beta2 * load<f32>(v + at) + rest2 * (g_i * g_i);
    store<f32>(m + at, m_i);
    store<f32>(v + at, v_i);
    store<f32>(p + at, keep * load<f32>(p + at) - (rate * m_i) / (sqrt<f32>(v_i) / root + epsilon));
  }
}

/**
 * One step of stochastic gradient descent as PyTorch takes it, on n parameters p with gradients g scaled by `scale`: weight decay
 * is added to the gradient (L2), m = momentum m + gradient, p -= rate m.
 */
export function sgd(p: Floats, g: Floats, m: Floats, n: i32, scale: f32, rate: f32, momentum: f32, decay: f32): void {
  for (let at: usize = 0, end = (<usize>n) << 2; at < end; at += 4) {
    const p_i = load<f32>(p + at);
    const m_i = momentum * load<f32>(m + at) + (scale * load<f32>(g + at) + decay * p_i);
    store<f32>(m + at, m_i);
    store<f32>(p + at, p_i - rate * m_i);
  }
}
