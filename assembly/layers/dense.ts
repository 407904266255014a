// Dense: out = activation(b + x W) on the rows that `slots` names.
//
// Weights are packed by blocks of four outputs: block j, row k: [w[k][4j] .. w[k][4j+3]]; bias padded to a multiple of 4.

import { Floats, Ints, pad } from '../memory';

/** out (B, outStride), x (B, xStride), weights (pad(O)/4, I, 4), bias (pad(O)). Sums start at the bias, in index order. */
export function denseStep(
  out: Floats,
  outStride: i32,
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
  const outBytes = <usize>(outStride << 2);
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
