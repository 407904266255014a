/** A tick of the recent past, asked about again: the answer is the one that the stream had, bit for bit. */
import { describe, expect, it } from 'vitest';
import { Explainer, type ExplainerOptions } from '../../src/explainer.ts';
import { ask, findMethod, type Question } from '../../src/methods/index.ts';
import { readModel } from '../../src/model/formats/index.ts';
import { Model } from '../../src/model/graph.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import type { Tick } from '../../src/types.ts';
import { goldenFile } from '../golden/golden.ts';
import { kernels, random } from '../kernels.ts';
import { randomModel } from '../models.ts';
import { sampleModel, samples } from '../samples.ts';

const names = (F: number): string[] => Array.from({ length: F }, (_, f) => `x${f}`);
const named = (spec: ModelSpec, mode: ModelSpec['mode']): ModelSpec => ({
  ...spec,
  mode,
  features: names(spec.inputs),
});

function stream(F: number, n: number, seed = 5): Tick[] {
  const next = random(seed);
  return Array.from({ length: n }, (_, t) => ({
    key: '',
    time: 1000 * t,
    seq: null,
    values: Object.fromEntries(names(F).map((name) => [name, next()])),
  }));
}

const questionOf = (explainer: Explainer, index: number, more = {}): Omit<Question, 'targets'> => ({
  kernels,
  spec: explainer.spec,
  blackBox: null,
  background: null,
  seed: 0,
  ...explainer.question(index, more),
});

const lstm = randomModel(3, [6, 4]);
const gru = named(readModel(goldenFile('torch-gru', 'model.safetensors'), 'gru'), 'stateful');
const dilated = sampleModel(samples.conv1d[1]!, false);
const cases: [string, ModelSpec, ExplainerOptions][] = [
  ['LSTM', lstm, { window: 9 }],
  ['LSTM that forgets', lstm, { window: 40, eps: 1e-4 }],
  ['LSTM, the value before as the baseline', lstm, { window: 9, baseline: 'last' }],
  ['GRU', gru, { window: 12, baseline: 'zero' }],
  ['dilated convolution', named(dilated, 'stateful'), { window: 5 }],
  ['LSTM over windows', named({ ...lstm, window: 8 }, 'windowed'), {}],
  ['dilated convolution over windows', named(dilated, 'windowed'), { baseline: 'last' }],
  ['convolution of sequences', named(sampleModel(samples.conv1d[1]!, true), 'windowed'), {}],
];

describe.each(cases)('%s', (_, spec, options) => {
  it('rolling occlusion of every recent tick is what it was live', async () => {
    const recent = 150;
    const explainer = new Explainer(kernels, spec, { ...options, recent });
    const lived = stream(spec.inputs, 333).map((tick) => {
      const { prediction, attribution } = explainer.push(tick)!;
      return { prediction, values: attribution!.values.slice(), events: attribution!.events.slice() };
    });
    const { eps = 0 } = options;
    expect(explainer.recent.first).toBe(333 - recent);
    for (let index = 333 - recent; index < 333; index++) {
      const [answer] = await ask(findMethod('rolling-occlusion'), questionOf(explainer, index), '0', { eps });
      const { prediction, values, events } = lived[index]!;
      expect(answer!.output, `output of ${index}`).toBe(prediction);
      expect(answer!.values, `cells of ${index}`).toEqual(values);
      expect(answer!.events, `ticks of ${index}`).toEqual(events);
    }
  });
});

it('ticks whose window is not full are explained as far as the stream reaches back', async () => {
  const explainer = new Explainer(kernels, lstm, { window: 9 });
  let values = new Float32Array();
  for (const tick of stream(3, 4)) values = explainer.push(tick)!.attribution!.values.slice();
  const question = questionOf(explainer, 3);
  expect([question.ticks.length, question.before.length, question.start]).toEqual([4, 0, null]);
  const [answer] = await ask(findMethod('rolling-occlusion'), question, '0', { eps: 0 });
  expect(answer!.values).toEqual(values.slice(5 * 3));
});

it('the state that a question starts from is that of the stream', () => {
  const explainer = new Explainer(kernels, lstm, { window: 9, recent: 100 });
  const all = stream(3, 200);
  for (const tick of all) explainer.push(tick);
  const { start, before, ticks, history, indices } = explainer.question(180);
  const restored = new Model(kernels, lstm);
  restored.restore(start!);
  for (const x of [...before, ...ticks]) restored.stepOne(x);
  const whole = new Model(kernels, lstm);
  for (const { values } of all.slice(0, 181)) whole.stepOne(Object.values(values));
  expect(restored.snapshot().states).toEqual(whole.snapshot().states);
  expect(before.length).toBe(172 - 128); // the window begins at 172, the newest snapshot before it is that of 128
  expect([history.length, indices.at(-1), indices[0]]).toEqual([indices.length, 180, 200 - (100 + 9 + 64)]);
  expect(history.at(-1)).toEqual(ticks.at(-1));
});

it('a question is a copy: the stream may go on', () => {
  const explainer = new Explainer(kernels, lstm, { window: 4, recent: 10 });
  const all = stream(3, 300);
  for (const tick of all.slice(0, 100)) explainer.push(tick);
  const question = explainer.question(95);
  const before = structuredClone(question);
  for (const tick of all.slice(100)) explainer.push(tick);
  expect(question).toEqual(before);
});

it('another baseline takes the place of the one that held', () => {
  const explainer = new Explainer(kernels, lstm, { window: 4, baseline: 'zero' });
  const all = stream(3, 20);
  for (const tick of all) explainer.push(tick);
  const x = (t: number) => Float32Array.from(Object.values(all[t]!.values));
  const last = explainer.question(10, { baseline: 'last' }).baselines;
  expect(last.rows).toEqual([x(6), x(7), x(8), x(9)]);
  expect(last.last).toEqual(x(6));
  const fixed = explainer.question(10, { baseline: [1, 2, 3] }).baselines;
  expect(fixed).toEqual({ rows: new Array(4).fill(Float32Array.of(1, 2, 3)), last: null });
  expect(() => explainer.question(10, { baseline: [1] })).toThrow('invalid baseline: [1] (expected 3 numbers');
});

describe('a tick that is not kept', () => {
  const explainer = new Explainer(kernels, lstm, { window: 4, recent: 10 });

  it('is none, before the first one and where nothing is to be kept', () => {
    const nothing = 'a tick that is kept: there is none';
    expect(() => explainer.question(0)).toThrow(`invalid index: 0 (expected ${nothing}`);
    const forgets = new Explainer(kernels, lstm, { recent: 0 });
    forgets.push(stream(3, 1)[0]!);
    expect(() => forgets.question(0)).toThrow('invalid index: 0 (expected');
  });

  it('is too old, to come, no number, or of before a reset', () => {
    for (const tick of stream(3, 50)) explainer.push(tick);
    for (const index of [39, 50, -1, 41.5, Number.NaN])
      expect(() => explainer.question(index)).toThrow(`invalid index: ${index} (expected 40 to 49`);
    expect(explainer.question(40, { time: 40_000 }).ticks).toHaveLength(4);
    explainer.reset();
    expect(() => explainer.question(45)).toThrow('there is none)');
    for (const tick of stream(3, 50)) explainer.push({ ...tick, time: tick.time + 500 });
    expect(() => explainer.question(45, { time: 45_000 })).toThrow(
      'invalid time: 45000 (expected 45500, the time of tick 45: the stream began again since)',
    );
  });

  it('takes no more memory', () => {
    const bounded = new Explainer(kernels, lstm, { window: 4, recent: 100 });
    for (const tick of stream(3, 400)) bounded.push(tick);
    const { bytes } = bounded.recent;
    for (const tick of stream(3, 1000)) bounded.push(tick);
    expect(bounded.recent.bytes).toBe(bytes);
    expect(bytes).toBeLessThan(168 * (2 * 3 * 4 + 8) + 5 * 4 * 2 * (8 + 8));
  });

  it('is refused where the number of ticks is none', () => {
    expect(() => new Explainer(kernels, lstm, { recent: -1 })).toThrow('invalid recent: -1');
  });
});
