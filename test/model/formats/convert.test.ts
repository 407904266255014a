import { describe, expect, it } from 'vitest';
import { readModel, writeNative } from '../../../src/model/formats/index.ts';
import { Model } from '../../../src/model/graph.ts';
import type { ModelSpec } from '../../../src/model/spec.ts';
import { goldenCases, goldenModel, goldenTensors, goldenWindow } from '../../golden/golden.ts';
import { kernels } from '../../kernels.ts';

const cases = goldenCases('models').flatMap(({ name, files }) => files.map((file) => ({ name, file })));

describe.each(cases)('$name $file in the native format', ({ name, file }) => {
  const original = goldenModel(name, file);
  const bytes = writeNative(original);
  const converted = readModel(bytes, 'converted');

  it('is the same model, and the same file however often it is written', () => {
    expect({ ...converted, format: original.format }).toEqual(original);
    expect(writeNative(converted)).toEqual(bytes);
  });

  it('gives the same bytes', () => {
    const tensors = goldenTensors(name);
    for (let n = 0; n < tensors.x!.shape[0]!; n++) {
      const window = goldenWindow(tensors, n);
      expect(run(converted, window)).toEqual(run(original, window));
    }
  });
});

function run(spec: ModelSpec, window: ArrayLike<number>[]): Float32Array {
  const model = new Model(kernels, spec, { window: window.length });
  for (const x of window) model.stepOne(x);
  return model.output(0).slice();
}
