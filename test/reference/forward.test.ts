import { expect, it } from 'vitest';
import { whyWindowed } from '../../src/model/wiring.ts';
import { expectClose, kerasKinds } from '../golden/golden.ts';
import { modelOf } from '../models.ts';
import { reference } from './forward.ts';
import { flat } from './values.ts';

const kinds = kerasKinds().map((kind) => ({
  ...kind,
  spec: { ...modelOf(kind.inputs, 1, kind.layers), window: kind.window },
}));

// Keras in float64: all that the last layer gives, tick by tick, masked ticks included
it.each(kinds)('as Keras: $name', ({ atol, spec, x, y }) => {
  const model = reference(spec);
  expect(x.length).toBeGreaterThan(0);
  for (const [n, ticks] of x.entries()) {
    const { rows } = model.run(ticks).values.get(spec.layers.at(-1)!.name)![0]!;
    expectClose(flat(rows), y[n]!, { atol, rtol: 0 }, `y[${n}]`);
  }
});

const streams = kinds.filter(({ spec }) => !whyWindowed(spec));

it.each(streams)('along a stream as over a window of all its ticks: $name', ({ spec, x }) => {
  const model = reference(spec);
  for (const ticks of x) {
    model.reset();
    for (const [t, values] of ticks.entries()) {
      const { output, internals } = model.run(ticks.slice(0, t + 1));
      expect(model.step(values)).toEqual(output);
      expect(model.internals()).toEqual(internals.map(({ steps }) => steps.at(-1)));
    }
  }
});
