import { expect, it } from 'vitest';
import { LiveDelta } from '../../src/methods/liveDelta.ts';
import { bankSize, RollingOcclusion } from '../../src/methods/rollingOcclusion.ts';
import { Model } from '../../src/model/graph.ts';
import { expectClose } from '../golden/golden.ts';
import { kernels, random } from '../kernels.ts';
import { randomModel } from '../models.ts';
import { answer, questionAt } from './questions.ts';

it('says at every tick what `delta` says of the stream up to it', async () => {
  const [F, K] = [2, 6];
  const spec = randomModel(F, [4], 1, 3);
  const model = new Model(kernels, spec, bankSize(K, F));
  const bank = new RollingOcclusion(model, { window: K, eps: 0, target: 0 });
  const live = new LiveDelta(bank);
  const next = random(5);
  const stream = Array.from({ length: 30 }, () => Float32Array.from({ length: F }, next));
  const baseline = [0.5, -0.25];
  const marks = [9, 20];
  let marked = -1;
  for (const [t, x] of stream.entries()) {
    bank.push(x, baseline);
    if (marks.includes(t)) {
      marked = t;
      live.mark(model.value(0, 0));
      expect([live.moved, live.age]).toEqual([0, 0]);
      expect([...live.values, ...live.events].every((value) => value === 0)).toBe(true);
      continue;
    }
    live.update(model.value(0, 0));
    if (marked < 0) {
      expect(live.age).toBe(null);
      continue;
    }
    expect(live.age).toBe(t - marked);
    const asked = questionAt(spec, stream.slice(0, t + 1), baseline, { K });
    const found = await answer('delta', asked, { since: marked });
    expectClose([live.moved], [found.output], { atol: 1e-7 }, `moved at ${t}`);
    expectClose(live.values, found.values!, { atol: 2e-7 }, `values at ${t}`);
    expectClose(live.events, found.events!, { atol: 2e-7 }, `events at ${t}`);
  }
  live.clear();
  expect([live.age, live.moved, live.values[0]]).toEqual([null, 0, 0]);
});
