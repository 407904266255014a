import { describe, expect, it } from 'vitest';
import { expectClose } from '../../../golden/golden.ts';
import { reference } from '../../../reference/forward.ts';
import { realModels } from './files.ts';

/** What real files hold, run by the float64 reference: a wire in the wrong place shows in the figures. */
describe.each(['keras-2', 'keras-3', 'tfjs-4'] as const)('%s', (archive) => {
  const models = realModels(archive);

  it.each(models.map((model) => [model.name, model] as const))('%s gives its figures', (_, model) => {
    for (const file of model.files) {
      const spec = model.read(file);
      const run = reference(spec);
      model.windows(spec.inputs).forEach((window, n) => {
        const { output } = run.run(window);
        // of a sequence the reference gives the last tick
        expectClose(output, model.outputs[n]!.slice(-output.length), {}, `${file} y[${n}]`);
      });
    }
  });
});

it('a .keras and a .h5 of one model are read as the same', () => {
  for (const { name, files, read } of realModels('keras-3')) {
    expect(files, name).toEqual(['model.keras', 'model.h5']);
    expect({ ...read('model.h5'), format: 'keras' }, name).toEqual(read('model.keras'));
  }
});
