/**
 * A model as every format's reader gives it and as `graph.ts` runs it: layers in the order in which they run, and what the
 * numbers mean. A stack needs nothing else; in a graph a layer says where its inputs come from.
 */

/** An output of another layer; `layer` null is the model's input. Outputs beyond the first are final states (h, then c). */
export interface Source {
  layer: string | null;
  output: number;
}

interface Base {
  name: string;
  /** Values a row of what feeds it (its last axis; of all its inputs together where it joins them). */
  inputs: number;
  /** Where its inputs come from; absent: from the first output of the layer before, the first layer from the model's input. */
  from?: Source[];
}

/** What recurrent layers share. */
interface Recurrent extends Base {
  /** H. */
  units: number;
  /** False where the first output is the last state alone. Outputs 1 (h) and 2 (c) are final states in any case. */
  sequences: boolean;
  /** Runs from the window's last tick to its first; a sequence is given in the order of time all the same. */
  backwards?: boolean;
  /** Name of an activation; default tanh. */
  activation?: string;
  /** A masked tick of the sequence is zeros, not the output of the tick before (Keras' Bidirectional). */
  zeroMasked?: boolean;
}

/** Weights in Keras' layout: kernel (I, 4H), recurrent (P, 4H), bias (4H), gates in the order i, f, g, o. */
export interface LstmSpec extends Recurrent {
  kind: 'lstm';
  /** Default sigmoid. */
  recurrentActivation?: string;
  kernel: Float32Array;
  recurrent: Float32Array;
  bias: Float32Array;
  /** (H, P): h = (o act(c)) projection, PyTorch's proj_size. Without it P = H. */
  projection?: Float32Array | null;
}

/** kernel (I, 3H), recurrent (H, 3H), in the order z, r, n; bias (3H), or with resetAfter (2, 3H): input's, then recurrent. */
export interface GruSpec extends Recurrent {
  kind: 'gru';
  /** The reset gate multiplies the recurrent product (Keras' default, PyTorch), or h before the product. */
  resetAfter: boolean;
  /** Default sigmoid. */
  recurrentActivation?: string;
  kernel: Float32Array;
  recurrent: Float32Array;
  bias: Float32Array;
}

/** kernel (I, H), recurrent (H, H), bias (H). */
export interface RnnSpec extends Recurrent {
  kind: 'rnn';
  kernel: Float32Array;
  recurrent: Float32Array;
  bias: Float32Array;
}

/** kernel (I, O), bias (O); on the last axis. */
export interface DenseSpec extends Base {
  kind: 'dense';
  units: number;
  activation: string;
  kernel: Float32Array;
  bias: Float32Array;
}

/** table (V, E): a token, a whole number from 0 to V - 1, becomes its row. */
export interface EmbeddingSpec extends Base {
  kind: 'embedding';
  /** V and E. */
  vocabulary: number;
  units: number;
  /** Token 0 is padding: layers that know masks pass over it. */
  maskZero: boolean;
  table: Float32Array;
}

/** Ticks whose values all equal `value` are passed over by layers that know masks. */
export interface MaskingSpec extends Base {
  kind: 'masking';
  value: number;
}

/** Causal convolution over ticks: kernel (size, I, O), oldest tap first; bias (O). */
export interface Conv1dSpec extends Base {
  kind: 'conv1d';
  units: number;
  size: number;
  dilation: number;
  activation: string;
  kernel: Float32Array;
  bias: Float32Array;
}

/** An activation of its own; `alpha` is the slope or factor of those that have one. */
export interface ActivationSpec extends Base {
  kind: 'activation';
  activation: string;
  alpha?: number | null;
}

/** (x - mean) / max(sqrt(variance), 1e-7), a feature at a time. */
export interface NormalizationSpec extends Base {
  kind: 'normalization';
  mean: Float32Array;
  variance: Float32Array;
}

/** x * scale + offset; one value each, or one a feature. */
export interface RescalingSpec extends Base {
  kind: 'rescaling';
  scale: Float32Array;
  offset: Float32Array;
}

/** (x - mean of x) / sqrt(variance of x + epsilon) gamma + beta, over the last axis. */
export interface LayerNormalizationSpec extends Base {
  kind: 'layer-normalization';
  epsilon: number;
  gamma: Float32Array;
  beta: Float32Array;
}

/** As trained: (x - mean) gamma / sqrt(variance + epsilon) + beta, a feature at a time. */
export interface BatchNormalizationSpec extends Base {
  kind: 'batch-normalization';
  epsilon: number;
  gamma: Float32Array;
  beta: Float32Array;
  mean: Float32Array;
  variance: Float32Array;
}

/** Inert outside training; kept so that `inspect` shows what the file holds. */
export interface DropoutSpec extends Base {
  kind: 'dropout';
  rate: number;
}

/**
 * Keras' Attention of query (Q, W), value (T, V) and key (T, W; absent: the value). Scores: `dot`, scale q.k;
 * `concat`, weight sum tanh(scale (q + k)).
 */
export interface AttentionSpec extends Base {
  kind: 'attention';
  score: 'dot' | 'concat';
  /** A tick attends to no later one. */
  causal: boolean;
  /** One number each, or null: 1. */
  scale?: Float32Array | null;
  weight?: Float32Array | null;
}

/** Keras' AdditiveAttention: sum of scale tanh(q + k); scale (W), or null: ones. */
export interface AdditiveAttentionSpec extends Base {
  kind: 'additive-attention';
  causal: boolean;
  scale?: Float32Array | null;
}

/**
 * Keras' MultiHeadAttention of query (Q, I), value (T, V) and key (T, K; absent: the value): softmax of q.k / sqrt(D) a head.
 * query (I, heads D), key (K, heads D), value (V, heads E), output (heads E, O), each with its bias.
 */
export interface MultiHeadAttentionSpec extends Base {
  kind: 'multi-head-attention';
  heads: number;
  /** D and E. */
  keyWidth: number;
  valueWidth: number;
  /** O. */
  units: number;
  /** K and V. */
  keyInputs: number;
  valueInputs: number;
  causal: boolean;
  query: Float32Array;
  queryBias: Float32Array;
  key: Float32Array;
  keyBias: Float32Array;
  value: Float32Array;
  valueBias: Float32Array;
  output: Float32Array;
  outputBias: Float32Array;
}

/** All axes to one. */
export interface FlattenSpec extends Base {
  kind: 'flatten';
}

/** Axes after it; one may be `TICKS`. */
export interface ReshapeSpec extends Base {
  kind: 'reshape';
  shape: number[];
}

/** Side by side on the last axis. */
export interface ConcatenateSpec extends Base {
  kind: 'concatenate';
}

export const MERGES = ['add', 'subtract', 'multiply', 'average', 'maximum', 'minimum'] as const;

/** Inputs of one shape, value by value. */
export interface MergeSpec extends Base {
  kind: 'merge';
  operation: (typeof MERGES)[number];
}

/** Over all ticks of the window. */
export interface PoolingSpec extends Base {
  kind: 'global-pooling';
  operation: 'average' | 'max';
  /** Keeps the axis of time, with the length 1. */
  keep: boolean;
}

/** Of a sequence its last tick. */
export interface LastSpec extends Base {
  kind: 'last';
}

/** A vector as `count` equal ticks of a sequence. */
export interface RepeatSpec extends Base {
  kind: 'repeat';
  count: number;
}

export type LayerSpec =
  | ActivationSpec
  | AdditiveAttentionSpec
  | AttentionSpec
  | BatchNormalizationSpec
  | ConcatenateSpec
  | Conv1dSpec
  | DenseSpec
  | DropoutSpec
  | EmbeddingSpec
  | FlattenSpec
  | GruSpec
  | LastSpec
  | LayerNormalizationSpec
  | LstmSpec
  | MaskingSpec
  | MergeSpec
  | MultiHeadAttentionSpec
  | NormalizationSpec
  | PoolingSpec
  | RepeatSpec
  | RescalingSpec
  | ReshapeSpec
  | RnnSpec;

/** A model that is only called, never looked into: an ONNX file for onnxruntime-web. */
export interface BlackBoxSpec {
  bytes: Uint8Array;
  /** Names of its input (N, T, F) and of its output (N, O). */
  input: string;
  output: string;
  /** Axes of its input: 2 where it has no axis of features. */
  axes: number;
  /** N where the file fixes it, else null. */
  batch: number | null;
  /** Operators in it, for `inspect`, and why it is not run by the kernels. */
  operators: string[];
  reason: string;
  /** Numbers in its initializers. */
  parameters: number;
}

/** How a quantity is shown to a person: `scale` turns model units into `unit` (0.01 of log return into 1 %). */
export interface QuantityDisplay {
  label: string;
  unit: string;
  scale: number;
}

export interface ModelSpec {
  format: 'native' | 'keras' | 'h5' | 'tfjs' | 'torch' | 'onnx';
  name: string;
  /** F, and a name for each of the O outputs. */
  inputs: number;
  outputs: string[];
  /** The last one's first output is the model's. Empty for a black box. */
  layers: LayerSpec[];
  blackBox?: BlackBoxSpec;
  /** Expressions over a feed's columns that feed the model, in order; null where the file does not say. */
  features: string[] | null;
  /** What the model predicts `horizon` ticks ahead, as an expression over the same columns, and by which output. */
  target: { expression: string; output: number } | null;
  horizon: number;
  /** Training mean of the inputs, in input units (F); null where the file does not say. */
  mean: Float32Array | null;
  /** Errors (arrived - predicted) on ticks that it has not learnt from, oldest first: what live intervals begin with. */
  errors?: Float32Array | null;
  mode: 'stateful' | 'windowed';
  /** T that the file fixes, or null. */
  window: number | null;
  display: {
    features: QuantityDisplay[];
    target: QuantityDisplay;
    axis: 'time' | 'tick';
    tickMeans: string | null;
  } | null;
  /** Where it came from: data, rows, errors, and `trainedUntil`, `validatedUntil` (event time, ms). */
  provenance: Record<string, unknown> | null;
}
