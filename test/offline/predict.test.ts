import { describe, expect, it } from 'vitest';
import { readModel } from '../../src/model/formats/index.ts';
import type { Fed } from '../../src/offline/feed.ts';
import { type Prediction, predict } from '../../src/offline/predict.ts';
import { expectClose, goldenFile, goldenTensors } from '../golden/golden.ts';
import { kernels } from '../kernels.ts';

const tensors = goldenTensors('keras-seed');
const spec = readModel(goldenFile('keras-seed', 'model.keras'), 'seed.keras');
const [N, T] = tensors.x!.shape as [number, number];

/** All sequences of the case, one after the other or each under a key of its own. */
function ticks(n: number): Fed[] {
  return Array.from({ length: T }, (_, t) => ({
    row: { index: n * T + t, time: 0, key: String(n), values: {} },
    x: Float32Array.from(tensors.x!.row(n, t)),
  }));
}
const streams = Array.from({ length: N }, (_, n) => ({ key: String(n), ticks: ticks(n) }));

async function all(predictions: AsyncIterable<Prediction>): Promise<Prediction[]> {
  const list: Prediction[] = [];
  for await (const prediction of predictions) list.push(prediction);
  return list;
}

describe('predict', () => {
  it('stateful: begins every stream at zero and gives states and gates of every step', async () => {
    const options = { mode: 'stateful', window: null, rows: null, internals: ['hidden', 'cell', 'gates'] } as const;
    const predictions = await all(predict(kernels, spec, streams, options));
    expect(predictions.length).toBe(N * T);
    for (const { tick, output, internals } of predictions) {
      const n = Math.floor(tick.row.index / T);
      const t = tick.row.index % T;
      expectClose(output, tensors.y_steps!.row(n, t), {}, `y[${n}, ${t}]`);
      ['lstm', 'lstm_1'].forEach((layer, l) => {
        const expected = (name: string) => tensors[`${layer}.${name}`]!.row(n, t);
        expectClose(internals.hidden![l]!, expected('h'), {}, `${layer}.h`);
        expectClose(internals.cell![l]!, expected('c'), {}, `${layer}.c`);
        for (const gate of ['i', 'f', 'g', 'o'])
          expectClose(internals.gates![gate]![l]!, expected(gate), {}, `${layer}.${gate}`);
      });
    }
  });

  it('windowed: runs the last T ticks from zero, whatever came before', async () => {
    const one = [{ key: '', ticks: streams.flatMap((stream) => stream.ticks) }];
    const every = await all(predict(kernels, spec, one, { mode: 'windowed', window: T, rows: null }));
    expect(every.map(({ tick }) => tick.row.index)).toEqual(Array.from({ length: N * T - T + 1 }, (_, i) => i + T - 1));
    for (let n = 0; n < N; n++) expectClose(every[n * T]!.output, tensors.y!.row(n), {}, `y[${n}]`);
  });

  it('windowed: a window in company gives the bytes that it gives alone', async () => {
    const one = [{ key: '', ticks: streams.flatMap((stream) => stream.ticks) }];
    const every = await all(predict(kernels, spec, one, { mode: 'windowed', window: T, rows: null }));
    for (const at of [0, 17, N * T - T]) {
      const rows = new Set([at + T - 1]);
      const [alone] = await all(predict(kernels, spec, one, { mode: 'windowed', window: T, rows }));
      const [watched] = await all(
        predict(kernels, spec, one, { mode: 'windowed', window: T, rows, internals: ['hidden'] }),
      );
      expect(alone!.output).toEqual(every[at]!.output);
      expect(watched!.output).toEqual(every[at]!.output);
    }
  });

  it('answers for the rows asked for only, with the same bytes', async () => {
    const every = await all(predict(kernels, spec, streams, { mode: 'stateful', window: null, rows: null }));
    const some = await all(predict(kernels, spec, streams, { mode: 'stateful', window: null, rows: new Set([3, 25]) }));
    expect(some.map(({ tick }) => tick.row.index)).toEqual([3, 25]);
    expect(some.map(({ output }) => output)).toEqual([every[3]!.output, every[25]!.output]);
  });

  it('gives logits', async () => {
    const options = { mode: 'windowed', window: T, rows: null, score: 'logit' } as const;
    for (const [n, { output }] of (await all(predict(kernels, spec, streams, options))).entries())
      expectClose(output, tensors.logits_f64!.row(n), {}, `logits[${n}]`);
  });
});
