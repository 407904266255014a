/** The modules of an architecture that are not recurrent. A module's layer is called as its prefix, or by its kind. */
import { invalid, ModelError } from '../../../errors.ts';
import { ALPHA } from '../../activations.ts';
import type { NewLayer, Value } from '../builder.ts';
import { toFloat32 } from '../tensor.ts';
import { type Module, type Place, widthOf } from './module.ts';
import type { StateDict } from './stateDict.ts';

/** Where they differ from Keras', PyTorch's own slopes and factors. */
const DEFAULT_ALPHA: Readonly<Record<string, number>> = { ...ALPHA, leaky_relu: 0.01 };

/** nn.Linear: weight (O, I), bias (O). */
export function dense(prefix: string, activation: string): Module {
  const name = prefix || 'linear';
  return {
    along: false,
    joins: true,
    inputs: (state) => state.sizeOf(`${state.prefixOf(prefix)}weight`, 1),
    add(place) {
      const { state } = place;
      const key = state.prefixOf(prefix);
      const weight = state.take(`${key}weight`, [null, widthOf(place)]);
      const units = weight.shape[0]!;
      const kernel = toFloat32(weight, [1, 0]);
      return addActive(place, { kind: 'dense', name, units, activation, kernel, bias: biasOf(state, key, units) });
    },
  };
}

/** Causal nn.Conv1d, padded on the left: weight (O, I, k), the oldest tap first; bias (O). */
export function conv1d(prefix: string, dilation: number, activation: string): Module {
  const name = prefix || 'conv1d';
  return {
    along: true,
    joins: false,
    inputs: (state) => state.sizeOf(`${state.prefixOf(prefix)}weight`, 1),
    add(place) {
      const { state } = place;
      const key = state.prefixOf(prefix);
      const weight = state.take(`${key}weight`, [null, widthOf(place), null]);
      const [units, , size] = weight.shape as [number, number, number];
      const kernel = toFloat32(weight, [2, 1, 0]);
      const bias = biasOf(state, key, units);
      return addActive(place, { kind: 'conv1d', name, units, size, dilation, activation, kernel, bias });
    },
  };
}

/** An activation with a slope of its own becomes a layer of its own. */
function addActive(place: Place, layer: Extract<NewLayer, { kind: 'dense' | 'conv1d' }>): Value {
  const { activation, name } = layer;
  if (!(activation in ALPHA)) return place.add(layer, place.below);
  const below = place.add({ ...layer, activation: 'linear' }, place.below);
  return activate(activation, null, `${name}_${activation}`).add({ ...place, below });
}

/** nn.Embedding: weight (V, E), a token a tick; of a padding_idx the row is zero as it is. */
export function embedding(prefix: string): Module {
  const name = prefix || 'embedding';
  return {
    along: false,
    joins: false,
    inputs: () => 1,
    add({ state, below, add }) {
      const key = `${state.prefixOf(prefix)}weight`;
      if (below.layer !== null)
        throw new ModelError(invalid(`${state.file} ${key}`, `an embedding above ${below.layer}`, 'one of the inputs'));
      const table = state.take(key, [null, null]);
      const [vocabulary, units] = table.shape as [number, number];
      return add({ kind: 'embedding', name, vocabulary, units, maskZero: false, table: toFloat32(table) }, below);
    },
  };
}

/** nn.LayerNorm over the last axis: weight, bias (W). */
export function layerNorm(prefix: string, epsilon: number): Module {
  const name = prefix || 'layer-norm';
  return {
    along: false,
    joins: false,
    inputs: (state) => state.sizeOf(`${state.prefixOf(prefix)}weight`, 0),
    add(place) {
      const { state, below, add } = place;
      const key = state.prefixOf(prefix);
      const gamma = toFloat32(state.take(`${key}weight`, [widthOf(place)]));
      return add({ kind: 'layer-normalization', name, epsilon, gamma, beta: biasOf(state, key, gamma.length) }, below);
    },
  };
}

/** nn.BatchNorm1d as trained: running_mean, running_var and, where it is affine, weight, bias (W). */
export function batchNorm(prefix: string, epsilon: number): Module {
  const name = prefix || 'batch-norm';
  return {
    along: false,
    joins: false,
    inputs: (state) => state.sizeOf(`${state.prefixOf(prefix)}running_mean`, 0),
    add(place) {
      const { state, below, add } = place;
      const key = state.prefixOf(prefix);
      const width = widthOf(place);
      const mean = toFloat32(state.take(`${key}running_mean`, [width]));
      const variance = toFloat32(state.take(`${key}running_var`, [width]));
      const weight = state.takeIf(`${key}weight`, [width]);
      const gamma = weight ? toFloat32(weight) : new Float32Array(width).fill(1);
      const beta = biasOf(state, key, width);
      state.pass(`${key}num_batches_tracked`);
      return add({ kind: 'batch-normalization', name, epsilon, gamma, beta, mean, variance }, below);
    },
  };
}

/** @param alpha slope or factor, where the activation has one; null: PyTorch's default */
export function activate(activation: string, alpha: number | null, name = activation): Module {
  const slope = alpha ?? DEFAULT_ALPHA[activation];
  return {
    along: false,
    joins: false,
    inputs: () => null,
    add: ({ below, add }) =>
      add({ kind: 'activation', name, activation, ...(slope === undefined ? {} : { alpha: slope }) }, below),
  };
}

export function dropout(rate: number): Module {
  return {
    along: false,
    joins: false,
    inputs: () => null,
    add: ({ below, add }) => add({ kind: 'dropout', name: 'dropout', rate }, below),
  };
}

export function flatten(): Module {
  return {
    along: false,
    joins: true,
    flattens: true,
    inputs: () => null,
    add: ({ below, add }) => add({ kind: 'flatten', name: 'flatten' }, below),
  };
}

function biasOf(state: StateDict, key: string, size: number): Float32Array {
  const bias = state.takeIf(`${key}bias`, [size]);
  return bias ? toFloat32(bias) : new Float32Array(size);
}
