/** The kinds of layers, one line each. */
import type { LayerSpec } from '../spec.ts';
import { activation } from './activation.ts';
import { additiveAttention, attention, multiHeadAttention } from './attention.ts';
import { conv1d } from './conv1d.ts';
import { dense } from './dense.ts';
import { dropout } from './dropout.ts';
import { embedding } from './embedding.ts';
import { gru } from './gru.ts';
import type { LayerKind } from './layer.ts';
import { layerNormalization } from './layerNormalization.ts';
import { lstm } from './lstm.ts';
import { masking } from './masking.ts';
import { merge } from './merge.ts';
import { batchNormalization, normalization, rescaling } from './normalization.ts';
import { globalPooling } from './pooling.ts';
import { concatenate, flatten, last, repeat, reshape } from './rearrange.ts';
import { rnn } from './rnn.ts';

export const layerKinds: readonly LayerKind[] = [
  activation,
  additiveAttention,
  attention,
  batchNormalization,
  concatenate,
  conv1d,
  dense,
  dropout,
  embedding,
  flatten,
  globalPooling,
  gru,
  last,
  layerNormalization,
  lstm,
  masking,
  merge,
  multiHeadAttention,
  normalization,
  repeat,
  rescaling,
  reshape,
  rnn,
];

const byKind = new Map<string, LayerKind>(layerKinds.map((kind) => [kind.kind, kind]));

/** The kind of a layer. */
export function kindOf(layer: Pick<LayerSpec, 'kind'>): LayerKind {
  return byKind.get(layer.kind)!;
}

/** The kind of that name, where there is one. */
export function findKind(name: string): LayerKind | undefined {
  return byKind.get(name);
}
