import { describe, expect, it } from 'vitest';
import { Model } from '../../src/model/graph.ts';
import { expectClose } from '../golden/golden.ts';
import { kernels } from '../kernels.ts';
import { realModels } from './formats/keras/files.ts';

// the frameworks' float32 outputs: 2e-6 + 1e-5 relative
describe.each(['keras-3', 'keras-2', 'tfjs-4'] as const)('files of %s, run by the kernels', (archive) => {
  const cases = realModels(archive).flatMap((model) => model.files.map((file) => ({ name: model.name, file, model })));

  it.each(cases)('$name $file', ({ file, model }) => {
    const spec = model.read(file);
    const windows = model.windows(spec.inputs);
    expect(windows.length).toBeGreaterThan(0);
    for (const [n, window] of windows.entries()) {
      const running = new Model(kernels, spec, { window: window.length });
      for (const x of window) running.stepOne(x);
      const expected = model.outputs[n]!;
      const output = running.output(0);
      expectClose(output, expected.slice(expected.length - output.length), {}, `y[${n}]`);
    }
  });
});
