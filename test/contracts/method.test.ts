import { describe, expect, it } from 'vitest';
import {
  type Answer,
  ask,
  explanationJson,
  type Method,
  methodOptions,
  methods,
  type Options,
  type PlayerValue,
  type Question,
} from '../../src/methods/index.ts';
import { openBlackBox } from '../../src/model/blackBox.ts';
import { Model } from '../../src/model/graph.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { goldenModel, goldenTensors, goldenWindow } from '../golden/golden.ts';
import { builds, kernels, random } from '../kernels.ts';
import { questionAt } from '../methods/questions.ts';
import { denseSpec, fill, lstmSpec, modelOf, randomModel } from '../models.ts';

/** What a method must be told before it can answer, and what makes it quick. */
const OPTIONS: Record<string, Options> = {
  counterfactual: { threshold: 0.1 },
  delta: { since: 24 },
  'kernel-shap': { players: 'segments:3' },
  'rolling-shapley': { branches: 128 },
  shapley: { players: 'segments:3' },
  'shapley-sampling': { samples: 8 },
  timeshap: { coalitions: 100 },
  lime: { samples: 100 },
};
const optionsOf = (method: Method): Options => ({ ...method.options, ...OPTIONS[method.name] });

/** Methods whose numbers are no effects of values: they need not vanish where nothing differs from the baseline. */
const SLOPES = ['attention', 'counterfactual', 'saliency', 'smooth-grad'];

const FIELDS = [
  ...[
    'method',
    'mode',
    'index',
    'target',
    'window',
    'features',
    'baseline',
    'output',
    'baselineOutput',
    'values',
    'events',
  ],
  ...[
    'byFeature',
    'segments',
    'bySegment',
    'players',
    'change',
    'since',
    'counterfactual',
    'attention',
    'completenessGap',
  ],
  ...['standardError', 'evaluations', 'elapsedMs', 'options'],
];

const [K, F] = [6, 3];
const next = random(31);
const stream = Array.from({ length: 30 }, () => Float32Array.from({ length: F }, next));
const lstm = randomModel(F, [5], 2, 4);
/** A ring of five inputs under an LSTM. */
const convolving = modelOf(F, 2, [
  {
    kind: 'conv1d',
    name: 'conv',
    inputs: F,
    units: 4,
    size: 3,
    dilation: 2,
    activation: 'relu',
    kernel: fill(3 * F * 4, next, 0.5),
    bias: fill(4, next, 0.5),
  },
  lstmSpec('lstm', 4, 5, next),
  denseSpec('dense', 5, 2, next),
]);
const stateful = questionAt(lstm, stream, [0.1, -0.2, 0.3], { K });
const attending = goldenModel('keras-attention', 'model.keras');
const T = attending.window!;
const long = Array.from({ length: T + 8 }, () => Float32Array.from({ length: attending.inputs }, next));
const windowed: Question = {
  ...questionAt(attending, long.slice(-T), new Float32Array(attending.inputs), { windowed: true }),
  history: long,
  indices: long.map((_, i) => i),
};

const sentiment = goldenModel('keras-embedding-sentiment', 'model.keras');
const words = goldenTensors('keras-embedding-sentiment');
const sentences = [0, 1].flatMap((n) => goldenWindow(words, n));
const tokens: Question = {
  ...questionAt(sentiment, sentences.slice(-sentiment.window!), [0], { windowed: true }),
  history: sentences.map((x) => Float32Array.from(x)),
  indices: sentences.map((_, i) => i),
};

const all = methods.map((method) => [method.name, method] as const);
const streaming = all.filter(([, method]) => method.supports(lstm) === true);
const answers = (
  method: Method,
  asked: Question,
  target: string | number[] = [0, 1],
  options = optionsOf(method),
): Promise<Answer[]> => ask(method, asked, target, options);

describe.each(all)('%s', (name, method) => {
  it('says what it is, and keeps the types of its options', () => {
    expect(method.summary.length).toBeGreaterThan(10);
    for (const text of Object.values(method.about)) expect(text.length).toBeGreaterThan(2);
    const asTyped = Object.fromEntries(Object.entries(OPTIONS[name] ?? {}).map(([key, value]) => [key, String(value)]));
    expect(methodOptions(method, asTyped)).toEqual(optionsOf(method));
    expect(() => methodOptions(method, { nonsense: '1' })).toThrow(/^invalid --option nonsense/);
  });

  it('answers about a model of attention on windows, or says why not', async () => {
    const reason = method.supports(attending);
    if (reason !== true) {
      expect([name, reason]).toEqual(['lrp', expect.stringMatching(/attention/)]);
      return;
    }
    for (const answer of await answers(method, windowed, '0')) checkShapes(answer, T, attending.inputs);
  });

  it('answers about tokens, or says why not', async () => {
    const reason = method.supports(tokens.spec);
    if (reason !== true) {
      expect(reason).toMatch(/token|embedding|attention/);
      return;
    }
    for (const answer of await answers(method, tokens, '0')) checkShapes(answer, tokens.ticks.length, 1);
  });

  it('answers about a black box, or says why not', async () => {
    const spec = goldenModel('onnx-blackbox-tcn', 'model.onnx');
    const reason = method.supports(spec);
    if (reason !== true) {
      expect(reason).toMatch(/black box/);
      return;
    }
    const blackBox = await openBlackBox(spec);
    const window = spec.window ?? 32;
    const ticks = Array.from({ length: window + 5 }, () => Float32Array.from({ length: spec.inputs }, next));
    const asked: Question = {
      ...questionAt(spec, ticks.slice(-window), new Float32Array(spec.inputs), { windowed: true, blackBox }),
      history: ticks,
      indices: ticks.map((_, i) => i),
    };
    const options = { ...optionsOf(method), ...(name === 'delta' ? { since: window + 2 } : {}) };
    if (name === 'temporal-occlusion') Object.assign(options, { tunnel: false });
    if (name === 'shapley-sampling') Object.assign(options, { players: 'segments:4' });
    try {
      for (const answer of await answers(method, asked, '0', options)) checkShapes(answer, window, spec.inputs);
    } finally {
      await blackBox.close();
    }
  });
});

describe.each(streaming)('%s on a stream', (name, method) => {
  it('gives the fields of the contract', async () => {
    const [answer] = await ask(method, stateful, '1', optionsOf(method));
    checkShapes(answer!, K, F);
    const json = JSON.parse(
      JSON.stringify(
        explanationJson(answer!, {
          method: name,
          mode: 'stateful',
          index: 29,
          window: K,
          features: ['a', 'b', 'c'],
          baseline: new Float32Array(F),
          elapsedMs: 1,
          options: optionsOf(method),
        }),
      ),
    );
    expect(Object.keys(json)).toEqual(expect.arrayContaining(FIELDS));
    expect(json.target).toBe(1);
  });

  it('is nothing where nothing differs from the baseline', async () => {
    if (SLOPES.includes(name)) return expect(SLOPES).toContain(name);
    const zeros = questionAt(
      lstm,
      stream.map(() => new Float32Array(F)),
      new Float32Array(F),
      { K },
    );
    for (const answer of await answers(method, zeros))
      for (const value of numbers(answer)) expect(value).toBeCloseTo(0, 12);
  });

  it('gives each target the same answer, asked alone or with others', async () => {
    const both = await answers(method, stateful);
    for (const target of ['0', '1']) {
      const [alone] = await answers(method, stateful, target);
      expect(withoutCost(both[Number(target)]!)).toEqual(withoutCost(alone!));
    }
  });

  it('gives the same bytes for a seed, in every build', async () => {
    const asked = { ...stateful, seed: 7 };
    const once = await answers(method, asked);
    for (const { kernels: build } of builds) expect(await answers(method, { ...asked, kernels: build })).toEqual(once);
  });

  it('takes the state before the window from a snapshot', async () => {
    const model = new Model(kernels, lstm);
    for (const x of stream.slice(0, 15)) model.stepOne(x);
    const later: Question = { ...stateful, start: model.snapshot(), before: stream.slice(15, 30 - K) };
    expect(await answers(method, later)).toEqual(await answers(method, stateful));
    const reason = method.supports(convolving);
    if (reason !== true) {
      expect([name, reason]).toEqual(['lrp', expect.stringMatching(/no rule for its layer conv/)]);
      return;
    }
    const other = new Model(kernels, convolving);
    for (const x of stream.slice(0, 16)) other.stepOne(x);
    const asked = { ...stateful, spec: convolving };
    const from16: Question = { ...asked, start: other.snapshot(), before: stream.slice(16, 30 - K) };
    expect(await answers(method, from16)).toEqual(await answers(method, asked));
  });

  it('ends when it is told to', async () => {
    const reason = new Error('enough');
    const run = { signal: AbortSignal.abort(reason) };
    await expect(ask(method, stateful, '0', optionsOf(method), run)).rejects.toBe(reason);
  });

  it('answers about one tick', async () => {
    const options = { ...optionsOf(method) };
    if (options.players === 'segments:3') options.players = 'ticks';
    const asked = questionAt(lstm, stream, [0.1, -0.2, 0.3], { K: 1 });
    for (const answer of await answers(method, asked, [0, 1], options)) checkShapes(answer, 1, F);
  });
});

/** y = 2 x0 - 3 x1 of the newest tick, at x = (4, 1) with the baseline (1, 2): 6 and 3 are what the values are worth. */
describe('a linear model, on paper', () => {
  const linear: ModelSpec = modelOf(2, 1, [
    { ...denseSpec('d', 2, 1, () => 0), kernel: Float32Array.of(2, -3), bias: Float32Array.of(5) },
  ]);
  const ticks = [
    [1, 2],
    [1, 2],
    [4, 1],
  ];
  const asked = questionAt(linear, [[1, 2], [1, 2], ...ticks], [1, 2], { K: 3 });
  const background = [
    [
      [1, 2],
      [1, 2],
      [1, 2],
    ].map((x) => Float32Array.from(x)),
  ];
  const cells = [0, 0, 0, 0, 6, 3];
  const EXPECTED: Record<string, { options?: Options; cells?: number[]; ticks?: number[] } | null> = {
    ablation: { cells },
    // no attention layer, and no numbers for values
    attention: null,
    'augmented-occlusion': { cells },
    counterfactual: null,
    delta: { options: { since: 3 }, cells, ticks: [0, 0, 9] },
    'expected-gradients': { cells },
    'input-x-gradient': { cells: [0, 0, 0, 0, 8, -3] },
    'integrated-gradients': { cells },
    'kernel-shap': { options: { players: 'cells' }, cells },
    'lag-band': { cells },
    // ridge draws all numbers a little towards zero, the least of them nothing but its own tick's
    lime: { options: { regression: 'ridge', alpha: 1e-6 }, ticks: [0, 0, 9] },
    lrp: null,
    occlusion: { cells },
    'rolling-occlusion': { cells, ticks: [0, 0, 9] },
    'rolling-shapley': { options: { players: 'ticks', branches: 64 }, ticks: [0, 0, 9] },
    saliency: { cells: [0, 0, 0, 0, 2, -3] },
    shapley: { options: { players: 'cells' }, cells },
    'shapley-sampling': { cells },
    'smooth-grad': { cells: [0, 0, 0, 0, 2, -3] },
    'temporal-integrated-gradients': { cells },
    'temporal-occlusion': { cells },
    timeshap: { options: { level: 'event', prune: 0 }, ticks: [0, 0, 9] },
  };

  it.each(all)('%s', async (name, method) => {
    expect(Object.keys(EXPECTED)).toContain(name);
    const expected = EXPECTED[name];
    if (!expected) return;
    const options = { ...method.options, ...expected.options };
    const [answer] = await ask(method, { ...asked, background }, '0', options);
    if (expected.cells)
      for (const [at, value] of expected.cells.entries()) expect(answer!.values![at]).toBeCloseTo(value, 4);
    if (expected.ticks)
      for (const [k, value] of expected.ticks.entries()) expect(answer!.events![k]).toBeCloseTo(value, 4);
  });
});

/** Every field of the length that it should have, every number finite. */
function checkShapes(answer: Answer, ticks: number, features: number): void {
  const lengths = { values: ticks * features, events: ticks, byFeature: features, change: ticks * features } as const;
  for (const [field, length] of Object.entries(lengths)) {
    const found = answer[field as keyof typeof lengths];
    if (found) expect(found.length, field).toBe(length);
  }
  if (answer.bySegment) expect(answer.bySegment.length).toBe(answer.segments!.length);
  for (const head of answer.attention ?? []) expect(head.length).toBe(ticks);
  if (answer.counterfactual) expect(answer.counterfactual.values.length).toBe(ticks * features);
  if (answer.standardError) {
    const whose = [answer.values, answer.events, answer.byFeature, answer.bySegment].find((field) => field);
    expect(answer.standardError.length).toBe(whose?.length ?? answer.players!.length);
  }
  for (const value of numbers(answer)) expect(Number.isFinite(value)).toBe(true);
  expect(answer.evaluations).toBeGreaterThan(0);
  const told = [answer.values, answer.events, answer.byFeature, answer.bySegment, answer.attention, answer.players];
  expect(told.some((field) => field) || answer.counterfactual !== undefined).toBe(true);
}

function numbers(answer: Answer): number[] {
  const players = (answer.players ?? []).flatMap(({ value, standardError = 0 }: PlayerValue) => [value, standardError]);
  const arrays = [
    answer.values,
    answer.events,
    answer.byFeature,
    answer.bySegment,
    answer.change,
    answer.standardError,
  ];
  return [...arrays.flatMap((values) => (values ? Array.from(values) : [])), ...players];
}

function withoutCost({ evaluations: _, ...answer }: Answer): Partial<Answer> {
  return answer;
}
