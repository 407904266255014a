import { describe, expect, it } from 'vitest';
import { ACTIVATIONS } from '../../src/model/activations.ts';
import { Model } from '../../src/model/graph.ts';
import { builds } from '../kernels.ts';
import { denseSpec, modelOf } from '../models.ts';

// value of each activation at -1.5 and 0.75 (softmax and log_softmax over the pair), from their definitions in float64
const EXPECTED: Record<(typeof ACTIVATIONS)[number], [number, number]> = {
  linear: [-1.5, 0.75],
  relu: [0, 0.75],
  sigmoid: [0.18242552380635635, 0.679178699175393],
  tanh: [-0.9051482536448664, 0.6351489523872873],
  softmax: [0.0953494649, 0.9046505351],
  log_softmax: [-2.3502064904, -0.1002064904],
  elu: [-0.7768698398515702, 0.75],
  selu: [-1.3658142671, 0.7880257605],
  softplus: [0.20141327798275246, 1.1368710061148998],
  softsign: [-0.6, 0.42857142857142855],
  exponential: [0.22313016014842982, 2.117000016612675],
  relu6: [0, 0.75],
  silu: [-0.27363828570953453, 0.5093840243815448],
  gelu: [-0.1002108019, 0.5800295355],
  mish: [-0.29809974216680674, 0.6100183352182934],
  leaky_relu: [-0.3, 0.75],
  hard_sigmoid: [0.25, 0.625],
  hard_silu: [-0.375, 0.46875],
  hard_tanh: [-1, 0.75],
  log_sigmoid: [-1.7014132779827524, -0.3868710061148999],
  hard_sigmoid_2: [0.2, 0.65],
  gelu_tanh: [-0.10042842301976707, 0.5799605551656203],
  celu: [-0.7768698398515702, 0.75],
  hard_shrink: [-1.5, 0.75],
  soft_shrink: [-1, 0.25],
  sparse_plus: [0, 0.765625],
  sparse_sigmoid: [0, 0.875],
  squareplus: [0.5, 1.443000468164691],
  tanh_shrink: [-0.5948517463551336, 0.1148510476127127],
};

describe.each(builds)('dense ($name)', ({ kernels }) => {
  it.each(ACTIVATIONS)('%s', (activation) => {
    const layer = denseSpec('dense', 2, 2, () => 0, activation);
    layer.kernel.set([1, 0, 0, 1]);
    const y = new Model(kernels, modelOf(2, 2, [layer])).stepOne([-1.5, 0.75]);
    const [a, b] = EXPECTED[activation];
    expect(y[0]).toBeCloseTo(a, 5);
    expect(y[1]).toBeCloseTo(b, 5);
  });

  it('sums what it should: (I, O) = (3, 5)', () => {
    const layer = denseSpec('dense', 3, 5, () => 0);
    layer.kernel.set(Array.from({ length: 15 }, (_, i) => i));
    layer.bias.set([1, 2, 3, 4, 5]);
    const y = new Model(kernels, modelOf(3, 5, [layer])).stepOne([1, 10, 100]);
    expect(Array.from(y)).toEqual([1051, 1163, 1275, 1387, 1499]);
  });
});
