import { describe, expect, it } from 'vitest';
import { Model } from '../../src/model/graph.ts';
import { expectClose } from '../golden/golden.ts';
import { kernels, random } from '../kernels.ts';
import { denseSpec, modelOf, randomModel } from '../models.ts';
import { answer, questionAt } from './questions.ts';

const next = random(6);
const stream = Array.from({ length: 20 }, () => Float32Array.of(next(), next()));
const spec = randomModel(2, [5], 1, 9);
const baseline = [0.25, -0.5];

/** y_t - y_s of a stateful run in which some cells hold the baseline: the whole stream stepped again. */
function moved(s: number, occluded: (t: number, f: number) => boolean): number {
  const model = new Model(kernels, spec);
  let [then, now] = [0, 0];
  for (const [t, x] of stream.entries()) {
    now = model.stepOne(x.map((value, f) => (occluded(t, f) ? baseline[f]! : value)))[0]!;
    if (t === s) then = now;
  }
  return now - then;
}

describe.each([15, 11, 3])('since tick %d, of a window that begins with 12', (s) => {
  const asked = questionAt(spec, stream, baseline, { K: 8 });

  it('rolling occlusion: each cell and tick, by brute force', async () => {
    const { values, events, change, since, output, baselineOutput } = await answer('delta', asked, { since: s });
    const y = moved(s, () => false);
    expect(since).toBe(s);
    expectClose([output], [y], { atol: 1e-6 }, 'output');
    expectClose([baselineOutput!], [moved(s, (t) => t >= 12)], { atol: 1e-6 }, 'baselineOutput');
    for (let k = 0; k < 8; k++) {
      expectClose([events![k]!], [y - moved(s, (t) => t === 12 + k)], { atol: 1e-6 }, `tick ${k}`);
      for (let f = 0; f < 2; f++) {
        const effect = y - moved(s, (t, g) => t === 12 + k && g === f);
        expectClose([values![k * 2 + f]!, change![k * 2 + f]!], [effect, effect], { atol: 1e-6 }, `cell ${k} ${f}`);
      }
    }
  });

  it.each<Record<string, string>>([
    { of: 'integrated-gradients' },
    { of: 'shapley' },
    { of: 'shapley', players: 'features' },
  ])('%o adds up to the move', async (options) => {
    const { completenessGap, output, baselineOutput, values, players } = await answer('delta', asked, {
      since: s,
      ...options,
    });
    expect(Math.abs(completenessGap!)).toBeLessThan(2e-6);
    const numbers = values ? Array.from(values) : players!.map(({ value }) => value);
    expectClose([numbers.reduce((a, b) => a + b)], [output - baselineOutput!], { atol: 2e-6 });
  });
});

it('a windowed model: both windows begin at zero', async () => {
  const windowed = questionAt(spec, stream.slice(-8), baseline, {
    windowed: true,
    history: stream,
    indices: stream.map((_, i) => i),
  });
  const { output, values } = await answer('delta', windowed, { since: 17 });
  const run = (rows: Float32Array[]): number => {
    const model = new Model(kernels, spec);
    return rows.map((x) => model.stepOne(x)[0]!).at(-1)!;
  };
  const occluded = (t: number, f: number): Float32Array[] =>
    stream.map((x, i) => (i === t ? x.map((value, g) => (g === f ? baseline[g]! : value)) : x));
  const y = (rows: Float32Array[]): number => run(rows.slice(12, 20)) - run(rows.slice(10, 18));
  expectClose([output], [y(stream)], { atol: 1e-6 });
  for (const [t, f] of [
    [12, 0],
    [16, 1],
    [19, 0],
  ] as const)
    expectClose([values![(t - 12) * 2 + f]!], [y(stream) - y(occluded(t, f))], { atol: 1e-6 }, `cell ${t} ${f}`);
});

it('a linear model, on paper: what came has come, what went is not asked', async () => {
  // y = 3 x of the newest tick
  const linear = modelOf(1, 1, [
    { ...denseSpec('d', 1, 1, () => 0), kernel: Float32Array.of(3), bias: Float32Array.of(0) },
  ]);
  const asked = questionAt(linear, [[5], [2], [4]], [1]);
  const { values, output } = await answer('delta', asked, { since: 1 });
  expect(output).toBe(6);
  expect([...values!]).toEqual([0, -3, 9]);
});

it.each([
  [{}, /^invalid --option since: NaN \(expected the number of a tick from 0 to 18\)/],
  [{ since: 19 }, /^invalid --option since: 19 /],
  [
    { since: 2, of: 'lime' },
    /^invalid --option of: 'lime' \(expected rolling-occlusion, integrated-gradients, shapley\)/,
  ],
])('refuses %o', (options, message) => {
  return expect(answer('delta', questionAt(spec, stream, baseline), options)).rejects.toThrow(message);
});
