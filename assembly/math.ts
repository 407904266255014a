// Vector sigmoid and tanh, and the scalar functions (float64) that everything recorded takes instead of JavaScript's own.
//
// tanh(x) = x P(x^2) / Q(x^2) on [-8, 8], clamped beyond; P of degree 5 and Q of degree 3 by iteratively reweighted least
// squares against tanh in float64 (1.7e-8 before rounding). Largest error of the float32 evaluation, over all of float32:
// 3.6e-7 for tanh, 2.1e-7 for sigmoid(x) = 1/2 + tanh(x/2)/2, whose halves are folded into its coefficients. Neither leaves
// [-1, 1] or [0, 1]. The scalar forms do the same operations in the same order: SIMD and scalar builds give the same bits.

const LIMIT: f32 = 8;
const LIMIT2: f32 = 16;
const P0: f32 = 0.9999999403953552;
const P1: f32 = 0.129725843667984;
const P2: f32 = 0.0029788166284561157;
const P3: f32 = 9.815586963668466e-6;
const P4: f32 = -1.4517221202936526e-8;
const P5: f32 = 2.302655809083287e-11;
const Q1: f32 = 0.46305882930755615;
const Q2: f32 = 0.02399885095655918;
const Q3: f32 = 0.00023623878951184452;

// P(x/2) x/4 and Q(x/2): division by powers of two is exact
const S0: f32 = P0 / 4;
const S1: f32 = P1 / 16;
const S2: f32 = P2 / 64;
const S3: f32 = P3 / 256;
const S4: f32 = P4 / 1024;
const S5: f32 = P5 / 4096;
const R1: f32 = Q1 / 4;
const R2: f32 = Q2 / 16;
const R3: f32 = Q3 / 64;

/** tanh of four lanes. */
export function tanh4(v: v128): v128 {
  const x = f32x4.pmax(f32x4.pmin(v, f32x4.splat(LIMIT)), f32x4.splat(-LIMIT));
  const u = f32x4.mul(x, x);
  let p = f32x4.add(f32x4.mul(f32x4.splat(P5), u), f32x4.splat(P4));
  let q = f32x4.add(f32x4.mul(f32x4.splat(Q3), u), f32x4.splat(Q2));
  p = f32x4.add(f32x4.mul(p, u), f32x4.splat(P3));
  q = f32x4.add(f32x4.mul(q, u), f32x4.splat(Q1));
  p = f32x4.add(f32x4.mul(p, u), f32x4.splat(P2));
  q = f32x4.add(f32x4.mul(q, u), f32x4.splat(1));
  p = f32x4.add(f32x4.mul(p, u), f32x4.splat(P1));
  p = f32x4.add(f32x4.mul(p, u), f32x4.splat(P0));
  return f32x4.div(f32x4.mul(p, x), q);
}

/** sigmoid of four lanes. */
export function sigmoid4(v: v128): v128 {
  const x = f32x4.pmax(f32x4.pmin(v, f32x4.splat(LIMIT2)), f32x4.splat(-LIMIT2));
  const u = f32x4.mul(x, x);
  let p = f32x4.add(f32x4.mul(f32x4.splat(S5), u), f32x4.splat(S4));
  let q = f32x4.add(f32x4.mul(f32x4.splat(R3), u), f32x4.splat(R2));
  p = f32x4.add(f32x4.mul(p, u), f32x4.splat(S3));
  q = f32x4.add(f32x4.mul(q, u), f32x4.splat(R1));
  p = f32x4.add(f32x4.mul(p, u), f32x4.splat(S2));
  q = f32x4.add(f32x4.mul(q, u), f32x4.splat(1));
  p = f32x4.add(f32x4.mul(p, u), f32x4.splat(S1));
  p = f32x4.add(f32x4.mul(p, u), f32x4.splat(S0));
  return f32x4.add(f32x4.div(f32x4.mul(p, x), q), f32x4.splat(0.5));
}

/** tanh, the operations of `tanh4`. */
export function tanh1(v: f32): f32 {
  let x = LIMIT < v ? LIMIT : v;
  x = x < -LIMIT ? -LIMIT : x;
  const u = x * x;
  const p = ((((P5 * u + P4) * u + P3) * u + P2) * u + P1) * u + P0;
  const q = ((Q3 * u + Q2) * u + Q1) * u + 1;
  return (p * x) / q;
}

/** sigmoid, the operations of `sigmoid4`. */
export function sigmoid1(v: f32): f32 {
  let x = LIMIT2 < v ? LIMIT2 : v;
  x = x < -LIMIT2 ? -LIMIT2 : x;
  const u = x * x;
  const p = ((((S5 * u + S4) * u + S3) * u + S2) * u + S1) * u + S0;
  const q = ((R3 * u + R2) * u + R1) * u + 1;
  return (p * x) / q + <f32>0.5;
}

export function exp(x: f64): f64 {
  return Math.exp(x);
}
export function expm1(x: f64): f64 {
  return Math.expm1(x);
}
export function log(x: f64): f64 {
  return Math.log(x);
}
export function log1p(x: f64): f64 {
  return Math.log1p(x);
}
export function sin(x: f64): f64 {
  return Math.sin(x);
}
export function cos(x: f64): f64 {
  return Math.cos(x);
}
export function tanh(x: f64): f64 {
  return Math.tanh(x);
}
export function pow(x: f64, y: f64): f64 {
  return x ** y;
}
