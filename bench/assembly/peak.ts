// The yardstick: the fastest multiply-add loop that registers allow, 12 independent accumulators, no memory touched.

/** 24 lanes-of-4 operations a round: 96 floating-point operations. Returns a sum, so that nothing can be left out. */
export function peak(rounds: i32): f32 {
  let a = f32x4.splat(1),
    b = a,
    c = a,
    d = a,
    e = a,
    f = a,
    g = a,
    h = a,
    i = a,
    j = a,
    k = a,
    l = a;
  const m = f32x4.splat(0.999),
    n = f32x4.splat(0.001);
  for (let r = 0; r < rounds; r++) {
    a = f32x4.add(f32x4.mul(a, m), n);
    b = f32x4.add(f32x4.mul(b, m), n);
    c = f32x4.add(f32x4.mul(c, m), n);
    d = f32x4.add(f32x4.mul(d, m), n);
    e = f32x4.add(f32x4.mul(e, m), n);
    f = f32x4.add(f32x4.mul(f, m), n);
    g = f32x4.add(f32x4.mul(g, m), n);
    h = f32x4.add(f32x4.mul(h, m), n);
    i = f32x4.add(f32x4.mul(i, m), n);
    j = f32x4.add(f32x4.mul(j, m), n);
    k = f32x4.add(f32x4.mul(k, m), n);
    l = f32x4.add(f32x4.mul(l, m), n);
  }
  const sum = f32x4.add(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), f32x4.add(f32x4.add(e, f), f32x4.add(g, h)));
  return f32x4.extract_lane(f32x4.add(sum, f32x4.add(f32x4.add(i, j), f32x4.add(k, l))), 0);
}
