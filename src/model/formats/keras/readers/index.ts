/** The classes of Keras that are read, alphabetical, one line each. */
import type { LayerSpec } from '../../../spec.ts';
import type { LayerReader } from '../place.ts';
import { Activation, ELU, LeakyReLU, ReLU, Relu, Sigmoid, Softmax, Tanh } from './activation.ts';
import { AdditiveAttention, Attention, MultiHeadAttention } from './attention.ts';
import { Bidirectional } from './bidirectional.ts';
import { Conv1D, Dense, Embedding } from './dense.ts';
import { Add, Average, Maximum, Minimum, Multiply, Subtract } from './merge.ts';
import { Dropout, Identity } from './noise.ts';
import { BatchNormalization, LayerNormalization, Normalization, Rescaling } from './normalization.ts';
import { GetItem, SlicingOpLambda, TFOpLambda } from './operations.ts';
import {
  Concatenate,
  ExpandDims,
  Flatten,
  GlobalAveragePooling1D,
  GlobalMaxPooling1D,
  Masking,
  RepeatVector,
  Reshape,
  Squeeze,
} from './rearrange.ts';
import { GRU, LSTM, RNN, SimpleRNN } from './recurrent.ts';
import { TimeDistributed } from './timeDistributed.ts';

export const readers: Readonly<Record<string, LayerReader>> = {
  Activation,
  ActivityRegularization: Dropout,
  Add,
  AdditiveAttention,
  AlphaDropout: Dropout,
  Attention,
  Average,
  BatchNormalization,
  Bidirectional,
  Concatenate,
  Conv1D,
  CuDNNGRU: GRU,
  CuDNNLSTM: LSTM,
  Dense,
  Dropout,
  ELU,
  Embedding,
  ExpandDims,
  Flatten,
  GaussianDropout: Dropout,
  GaussianNoise: Dropout,
  GetItem,
  GlobalAveragePooling1D,
  GlobalMaxPooling1D,
  GRU,
  Identity,
  LayerNormalization,
  LeakyReLU,
  LSTM,
  Masking,
  Maximum,
  Minimum,
  MultiHeadAttention,
  Multiply,
  Normalization,
  ReLU,
  Relu,
  RepeatVector,
  Rescaling,
  Reshape,
  RNN,
  Sigmoid,
  SimpleRNN,
  SlicingOpLambda,
  Softmax,
  SpatialDropout1D: Dropout,
  Squeeze,
  Subtract,
  Tanh,
  TFOpLambda,
  TimeDistributed,
};

/** Every class that is read, and the kinds of layers that it becomes; none: it is left out. */
export const kerasClasses: readonly { name: string; kinds: readonly LayerSpec['kind'][] }[] = Object.entries(
  readers,
).map(([name, { kinds }]) => ({ name, kinds }));
