/** Small models that show every kind of layer at work, for suites that run over all of them. */
import { ACTIVATIONS } from '../src/model/activations.ts';
import { type NewLayer, SpecBuilder, type Value } from '../src/model/formats/builder.ts';
import { kindOf } from '../src/model/layers/index.ts';
import { TICKS } from '../src/model/shape.ts';
import { type LayerSpec, MERGES, type ModelSpec } from '../src/model/spec.ts';
import { inputWidth } from '../src/model/wiring.ts';
import { random } from './kernels.ts';
import { fill } from './models.ts';

/** T of all of them. */
export const WINDOW = 7;

/** A layer without its name and without those tensors that are to be drawn. */
type Fields = { kind: LayerSpec['kind'] } & Record<string, unknown>;
type Add = (fields: Fields, ...from: Value[]) => Value[];
/** Draws the F values of one tick. */
type Draw = (F: number, next: () => number) => number[];

export interface Sample {
  what: string;
  inputs: number;
  tick: Draw;
  make: (add: Add, x: Value) => Value;
}

/**
 * The model of a sample.
 * @param windowed its layers work on a complete window, every tick of which is an output; else as the sample is
 */
export function sampleModel({ what, inputs, make }: Sample, windowed: boolean): ModelSpec {
  const builder = new SpecBuilder(what, inputs, WINDOW);
  const next = random(inputs + what.length);
  let count = 0;
  const add: Add = (fields, ...from) => {
    const layer = {
      inputs: inputWidth(
        fields,
        from.map(({ shape }) => shape),
      ),
      ...fields,
    } as LayerSpec;
    const tensors = Object.entries(kindOf(layer).tensors(layer)).map(([key, shape]) => {
      const values = fill(
        shape.reduce((a, b) => a * b, 1),
        next,
        0.6,
      );
      return [key, fields[key] ?? (key === 'variance' ? values.map((v) => Math.abs(v) + 0.3) : values)];
    });
    const name = `${fields.kind}_${count++}`;
    return builder.add({ ...fields, ...Object.fromEntries(tensors), name } as unknown as NewLayer, ...from);
  };
  // there and back: what follows cannot know that its ticks came one at a time
  const there = () => add({ kind: 'reshape', shape: [WINDOW, inputs] }, builder.input)[0]!;
  const x = windowed ? add({ kind: 'reshape', shape: [TICKS, inputs] }, there())[0]! : builder.input;
  const made = make(add, x);
  const output = windowed && made.shape.length === 2 ? add({ kind: 'flatten' }, made)[0]! : made;
  return builder.finish(output, { format: 'native', name: what, mode: 'windowed' });
}

const values: Draw = (F, next) => Array.from({ length: F }, () => 2 * next());
/** Now and then a tick of zeros, or of ones. */
const gaps: Draw = (F, next) => {
  const u = next();
  return u < -0.4 ? new Array(F).fill(0) : u > 0.4 ? new Array(F).fill(1) : values(F, next);
};
/** One of nine tokens. */
const tokens: Draw = (_, next) => [Math.floor(4.5 * (next() + 1))];

/** ` units 5, sequences true, projection`. */
const show = ({ kind: _, ...fields }: Fields): string =>
  Object.entries(fields)
    .map(([key, value]) => (value instanceof Float32Array ? ` ${key}` : ` ${key} ${value}`))
    .join();
/** The layer alone. */
const one = (inputs: number, fields: Fields, tick = values): Sample => ({
  what: `F ${inputs}${show(fields)}`,
  inputs,
  tick,
  make: (add, x) => add(fields, x)[0]!,
});
const mask = (add: Add, x: Value, value: number) => add({ kind: 'masking', value }, x)[0]!;
/** What a layer gives, and, where that is a sequence, beside it what a layer that knows masks makes of it. */
function seen(add: Add, made: Value): Value {
  if (made.shape.length === 1) return made;
  return add({ kind: 'concatenate' }, made, add({ kind: 'rnn', units: 3, sequences: true }, made)[0]!)[0]!;
}
/** The layer on ticks some of which are masked. */
const masked = (inputs: number, fields: Fields): Sample => ({
  what: `F ${inputs} masked${show(fields)}`,
  inputs,
  tick: gaps,
  make: (add, x) => seen(add, add(fields, mask(add, x, 0))[0]!),
});
/** The layer on several sequences; with `masks`, each has one of its own. */
const several = (count: number, masks: boolean, fields: Fields): Sample => ({
  what: `${count} inputs${masks ? ' masked' : ''}${show(fields)}`,
  inputs: 3,
  tick: masks ? gaps : values,
  make: (add, x) => seen(add, add(fields, ...sequences(add, x, count, masks))[0]!),
});
function sequences(add: Add, x: Value, count: number, masks: boolean): Value[] {
  return Array.from(
    { length: count },
    (_, i) => add({ kind: 'rnn', units: 5, sequences: true }, masks ? mask(add, x, i % 2) : x)[0]!,
  );
}

const attends = (fields: Fields): Sample[] =>
  [false, true].flatMap((causal) => [
    several(2, false, { ...fields, causal }),
    several(2, true, { ...fields, causal }),
    several(3, true, { ...fields, causal }),
  ]);
const SIZES = [
  { inputs: 1, units: 1 },
  { inputs: 3, units: 5 },
  { inputs: 6, units: 13 },
];
const recurrent = (fields: Fields): Sample[] => [
  ...SIZES.map(({ inputs, units }) => one(inputs, { ...fields, units, sequences: true })),
  one(3, { ...fields, units: 4, sequences: false }),
  one(3, { ...fields, units: 6, sequences: true, activation: 'softsign' }),
  one(3, { ...fields, units: 3, sequences: true, backwards: true }),
  one(3, { ...fields, units: 3, sequences: false, backwards: true }),
  masked(3, { ...fields, units: 5, sequences: true }),
  masked(3, { ...fields, units: 5, sequences: false }),
  masked(3, { ...fields, units: 5, sequences: true, backwards: true }),
  masked(3, { ...fields, units: 5, sequences: true, zeroMasked: true }),
];
const rowwise = (inputs: number, fields: Fields): Sample[] => [one(inputs, fields), masked(inputs, fields)];

/** At least one of every kind. */
export const samples: Record<LayerSpec['kind'], Sample[]> = {
  activation: [
    ...ACTIVATIONS.map((activation) => one(5, { kind: 'activation', activation })),
    ...['leaky_relu', 'elu', 'celu'].map((activation) => one(2, { kind: 'activation', activation, alpha: 0.7 })),
    masked(3, { kind: 'activation', activation: 'softmax' }),
  ],
  'additive-attention': [
    ...attends({ kind: 'additive-attention' }),
    ...attends({ kind: 'additive-attention', scale: Float32Array.of(0.5, -1, 2, 1, 0.25) }),
  ],
  attention: [
    ...attends({ kind: 'attention', score: 'dot' }),
    ...attends({ kind: 'attention', score: 'dot', scale: Float32Array.of(0.75) }),
    ...attends({ kind: 'attention', score: 'concat', scale: Float32Array.of(0.75), weight: Float32Array.of(1.5) }),
  ],
  'batch-normalization': rowwise(5, { kind: 'batch-normalization', epsilon: 1e-3 }),
  concatenate: [2, 3].flatMap((n) => [
    several(n, false, { kind: 'concatenate' }),
    several(n, true, { kind: 'concatenate' }),
  ]),
  conv1d: [
    one(1, { kind: 'conv1d', units: 1, size: 1, dilation: 1, activation: 'linear' }),
    one(3, { kind: 'conv1d', units: 5, size: 3, dilation: 2, activation: 'relu' }),
    one(2, { kind: 'conv1d', units: 2, size: 4, dilation: 3, activation: 'tanh' }),
    masked(3, { kind: 'conv1d', units: 4, size: 2, dilation: 1, activation: 'linear' }),
  ],
  dense: [
    one(1, { kind: 'dense', units: 1, activation: 'linear' }),
    one(5, { kind: 'dense', units: 9, activation: 'softmax' }),
    masked(3, { kind: 'dense', units: 4, activation: 'tanh' }),
  ],
  dropout: rowwise(3, { kind: 'dropout', rate: 0.5 }),
  embedding: [false, true].flatMap((maskZero) => [
    one(1, { kind: 'embedding', vocabulary: 9, units: 5, maskZero }, tokens),
    {
      ...one(1, { kind: 'embedding', vocabulary: 9, units: 5, maskZero }, tokens),
      what: `below a layer that knows masks, maskZero ${maskZero}`,
      make: (add, x) =>
        add(
          { kind: 'gru', units: 3, sequences: true, resetAfter: true },
          add({ kind: 'embedding', vocabulary: 9, units: 5, maskZero }, x)[0]!,
        )[0]!,
    },
  ]),
  flatten: [one(3, { kind: 'flatten' })],
  'global-pooling': ['average', 'max'].flatMap((operation) => [
    ...rowwise(3, { kind: 'global-pooling', operation, keep: false }),
    one(5, { kind: 'global-pooling', operation, keep: true }),
  ]),
  gru: [true, false].flatMap((resetAfter) => [
    ...recurrent({ kind: 'gru', resetAfter }),
    one(3, { kind: 'gru', resetAfter, units: 6, sequences: true, recurrentActivation: 'hard_sigmoid' }),
  ]),
  last: rowwise(3, { kind: 'last' }),
  'layer-normalization': rowwise(5, { kind: 'layer-normalization', epsilon: 1e-3 }),
  lstm: [
    ...recurrent({ kind: 'lstm' }),
    one(3, { kind: 'lstm', units: 6, sequences: true, recurrentActivation: 'hard_sigmoid_2' }),
    ...[one, masked].map((how) =>
      how(3, {
        kind: 'lstm',
        units: 6,
        sequences: true,
        projection: fill(18, random(1), 0.6),
        recurrent: fill(72, random(2), 0.6),
      }),
    ),
    {
      ...one(3, { kind: 'lstm', units: 4, sequences: true }, gaps),
      what: 'its final states',
      make(add, x) {
        const [sequence, h, c] = add({ kind: 'lstm', units: 4, sequences: true }, mask(add, x, 0));
        return add({ kind: 'concatenate' }, c!, h!, add({ kind: 'last' }, sequence!)[0]!)[0]!;
      },
    },
  ],
  masking: [
    one(3, { kind: 'masking', value: 1 }, gaps),
    { ...masked(2, { kind: 'masking', value: 1 }), what: 'over another, which it replaces' },
  ],
  merge: MERGES.flatMap((operation) =>
    [false, true].flatMap((masks) => [
      several(2, masks, { kind: 'merge', operation }),
      ...(operation === 'subtract' ? [] : [several(3, masks, { kind: 'merge', operation })]),
    ]),
  ),
  'multi-head-attention': [
    { heads: 1, keyWidth: 1, valueWidth: 1, units: 1 },
    { heads: 3, keyWidth: 2, valueWidth: 5, units: 6 },
  ].flatMap((sizes) => attends({ kind: 'multi-head-attention', keyInputs: 5, valueInputs: 5, ...sizes })),
  normalization: rowwise(5, { kind: 'normalization' }),
  repeat: [
    {
      ...one(3, { kind: 'repeat', count: 4 }),
      make: (add, x) => {
        const rows = add({ kind: 'repeat', count: 4 }, add({ kind: 'last' }, x)[0]!)[0]!;
        return add({ kind: 'rnn', units: 2, sequences: true }, rows)[0]!;
      },
    },
  ],
  rescaling: [
    ...rowwise(3, { kind: 'rescaling', scale: Float32Array.of(2), offset: Float32Array.of(-0.5) }),
    ...rowwise(2, { kind: 'rescaling', scale: Float32Array.of(2, -3), offset: Float32Array.of(0, 0.5) }),
  ],
  reshape: [
    one(4, { kind: 'reshape', shape: [4, WINDOW] }),
    one(2, { kind: 'reshape', shape: [2 * WINDOW] }),
    masked(2, { kind: 'reshape', shape: [TICKS, 2] }),
  ],
  rnn: recurrent({ kind: 'rnn' }),
};
