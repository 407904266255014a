/** Fresh models: layers from a list, with the weights that Keras starts with. */
import { ConfigError, invalid } from '../errors.ts';
import type { MathFunctions } from '../features/maths.ts';
import { activationIndex } from '../model/activations.ts';
import { checkModel } from '../model/formats/check.ts';
import type { LayerSpec, ModelSpec } from '../model/spec.ts';
import { normal, Random } from '../random.ts';

/** A layer to be: `lstm:64`, `dense:16:relu`, `dropout:0.2`. */
const FORMS =
  'lstm:<units>, gru:<units>, rnn:<units>, dense:<units>[:<activation>], dropout:<rate> or layer-normalization';

export interface NewModel {
  /** Names of the O outputs, and the activation of the Dense layer that gives them; default linear. */
  outputs: string[];
  activation?: string;
  /** Layers below it: a list, or its texts joined by commas. The last recurrent one gives its last state alone. */
  layers: string | readonly string[];
  /** F. */
  inputs: number;
  /** Mean and variance of each input (F) by which it is standardised; default: not at all. */
  statistics?: { mean: Float32Array; variance: Float32Array } | null;
  /** Default 0. */
  seed?: number;
}

type Draw = () => number;

/**
 * Glorot uniform kernels (Glorot & Bengio 2010), orthogonal recurrent ones (Saxe et al. 2014), zero biases, the forget gate's 1
 * (Jozefowicz et al. 2015).
 * @param rest what the model is told to be beside its layers: a name at least
 * @throws ConfigError for a layer that is none of those
 */
export function initialise(
  math: Pick<MathFunctions, 'log' | 'cos'>,
  { outputs, activation = 'linear', layers, inputs, statistics = null, seed = 0 }: NewModel,
  rest: Partial<ModelSpec> & { name: string },
): ModelSpec {
  const random = new Random(seed);
  const uniform: Draw = () => 2 * random.uniform() - 1;
  const gaussian: Draw = () => normal(random, math);
  const made: LayerSpec[] = [];
  if (statistics) {
    const { mean, variance } = statistics;
    made.push({ kind: 'normalization', name: 'normalization', inputs, mean, variance });
  }
  const texts = typeof layers === 'string' ? layers.split(',') : layers;
  const asked = texts.map((text) => parse(text.trim()));
  const last = asked.findLastIndex(({ kind }) => kind === 'lstm' || kind === 'gru' || kind === 'rnn');
  let width = inputs;
  for (const [i, one] of [...asked, { kind: 'dense' as const, units: outputs.length, activation }].entries()) {
    const name = i === asked.length ? 'output' : `${one.kind.replace('-', '_')}_${i}`;
    made.push(layer(one, { name, inputs: width, sequences: i < last, uniform, gaussian }));
    if ('units' in one) width = one.units;
  }
  const spec: ModelSpec = {
    format: 'native',
    inputs,
    outputs,
    features: null,
    target: null,
    horizon: 1,
    mean: statistics?.mean ?? null,
    mode: 'stateful',
    window: null,
    display: null,
    provenance: null,
    ...rest,
    layers: made,
  };
  checkModel(spec, spec.name);
  return spec;
}

type Asked =
  | { kind: 'lstm' | 'gru' | 'rnn'; units: number }
  | { kind: 'dense'; units: number; activation: string }
  | { kind: 'dropout'; rate: number }
  | { kind: 'layer-normalization' };

function parse(text: string): Asked {
  const [kind, size, activation, ...more] = text.split(':');
  const number = Number(size);
  const units = Number.isInteger(number) && number >= 1;
  if ((kind === 'lstm' || kind === 'gru' || kind === 'rnn') && units && activation === undefined)
    return { kind, units: number };
  const known = activation === undefined || activationIndex(activation) >= 0;
  if (kind === 'dense' && units && known && more.length === 0)
    return { kind, units: number, activation: activation ?? 'linear' };
  if (kind === 'dropout' && size && number >= 0 && number < 1 && activation === undefined)
    return { kind, rate: number };
  if (kind === 'layer-normalization' && size === undefined) return { kind };
  throw new ConfigError(invalid('layer', text, FORMS));
}

interface Place {
  name: string;
  inputs: number;
  sequences: boolean;
  uniform: Draw;
  gaussian: Draw;
}

function layer(asked: Asked, { name, inputs: I, sequences, uniform, gaussian }: Place): LayerSpec {
  const base = { name, inputs: I };
  if (asked.kind === 'dropout') return { ...base, ...asked };
  if (asked.kind === 'layer-normalization')
    return { ...base, ...asked, epsilon: 1e-3, gamma: new Float32Array(I).fill(1), beta: new Float32Array(I) };
  const { units: H } = asked;
  const bias = new Float32Array(H);
  if (asked.kind === 'dense') return { ...base, ...asked, kernel: glorot(I, H, uniform), bias };
  const recurrent = { ...base, units: H, sequences };
  if (asked.kind === 'rnn') {
    const kernel = glorot(I, H, uniform);
    return { ...recurrent, kind: 'rnn', kernel, recurrent: orthogonal(H, H, gaussian), bias };
  }
  const G = asked.kind === 'gru' ? 3 : 4;
  const weights = { kernel: glorot(I, G * H, uniform), recurrent: orthogonal(H, G * H, gaussian) };
  if (asked.kind === 'gru')
    return { ...recurrent, kind: 'gru', resetAfter: true, ...weights, bias: new Float32Array(6 * H) };
  return { ...recurrent, kind: 'lstm', ...weights, bias: new Float32Array(4 * H).fill(1, H, 2 * H) };
}

function glorot(rows: number, columns: number, uniform: Draw): Float32Array {
  const limit = Math.sqrt(6 / (rows + columns));
  return Float32Array.from({ length: rows * columns }, () => limit * uniform());
}

/** Rows (at most as many as columns) of length 1 and at right angles, by Gram and Schmidt, twice over, in float64. */
export function orthogonal(rows: number, columns: number, gaussian: Draw): Float32Array {
  const out = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const own = out.subarray(r * columns, (r + 1) * columns);
    for (let c = 0; c < columns; c++) own[c] = gaussian();
    // what rounding left of the earlier rows the first time goes the second time
    for (let pass = 0; pass < 2; pass++) {
      for (let before = 0; before < r; before++) {
        const other = out.subarray(before * columns, (before + 1) * columns);
        const share = dot(own, other);
        for (let c = 0; c < columns; c++) own[c]! -= share * other[c]!;
      }
      const length = Math.sqrt(dot(own, own));
      for (let c = 0; c < columns; c++) own[c]! /= length;
    }
  }
  return Float32Array.from(out);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
