import { expect, it } from 'vitest';
import { ACTIVATIONS, ROW_ACTIVATIONS } from '../../src/model/activations.ts';
import { Tape } from '../../src/model/tape.ts';
import { builds } from '../kernels.ts';
import { modelOf } from '../models.ts';
import { activate } from '../reference/activations.ts';

// between the kinks, which stand at multiples of 1/2, and beyond where each of them saturates
const POINTS = Array.from({ length: 64 }, (_, i) => -7.875 + i / 4);
const STEP = 1e-5;
const single = ACTIVATIONS.filter((name) => !ROW_ACTIVATIONS.includes(name));

it.each(single)('the slope of %s, from -8 to 8', (name) => {
  for (const { name: build, kernels } of builds) {
    const spec = modelOf(1, 1, [{ kind: 'activation', name: 'activation', inputs: 1, activation: name }]);
    const tape = new Tape(kernels, spec, { branches: POINTS.length, ticks: 1 });
    tape.forward(Float32Array.from(POINTS), POINTS.length);
    for (const [i, slope] of tape.backward(0).entries()) {
      const x = POINTS[i]!;
      const [left, right] = activate(name, Float64Array.of(x - STEP, x + STEP)) as unknown as [number, number];
      const expected = (right - left) / (2 * STEP);
      // sigmoid and tanh are approximations, within 3.6e-7, and their slopes made of their values
      expect(Math.abs(slope - expected), `${build}: at ${x} ${slope}, not ${expected}`).toBeLessThan(
        8e-7 + 2e-7 * Math.abs(expected),
      );
    }
  }
});
