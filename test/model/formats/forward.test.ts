import { describe, it } from 'vitest';
import { readModel } from '../../../src/model/formats/index.ts';
import { expectClose, goldenFile, goldenTensors } from '../../golden/golden.ts';
import { reference } from '../../reference/forward.ts';

/** What the readers read, run by the float64 reference: a wrong layout or gate order shows in every figure. */
const cases = [
  { name: 'keras-seed', file: 'model.keras', layers: ['lstm', 'lstm_1'] },
  { name: 'torch-lstm', file: 'model.safetensors', layers: ['l0', 'l1'] },
];

describe.each(cases)('$name', ({ name, file, layers }) => {
  const tensors = goldenTensors(name);
  const model = reference(readModel(goldenFile(name, file), file));
  const [N, T] = tensors.x!.shape as [number, number];

  it('gives every gate, state and output', () => {
    for (let n = 0; n < N; n++) {
      model.reset();
      let y: Float64Array = new Float64Array();
      for (let t = 0; t < T; t++) {
        y = model.step(tensors.x!.row(n, t));
        model.internals().forEach((internals, l) => {
          for (const [key, values] of Object.entries(internals)) {
            const tensor = `${layers[l]}.${key}`;
            expectClose(values, tensors[tensor]!.row(n, t), {}, `${tensor}[${n}, ${t}]`);
          }
        });
        if (tensors.y_steps) expectClose(y, tensors.y_steps.row(n, t), {}, `y_steps[${n}, ${t}]`);
      }
      expectClose(y, tensors.y!.row(n), {}, `y[${n}]`);
      expectClose(y, tensors.y_f64!.row(n), { atol: 1e-8, rtol: 0 }, `y_f64[${n}]`);
    }
  });
});
