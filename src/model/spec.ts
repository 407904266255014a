/** A model as every format's reader gives it and as `graph.ts` runs it: a chain of layers, and what the numbers mean. */

/** Weights in Keras' layout: kernel (I, 4H), recurrent (H, 4H), bias (4H), gates in the order i, f, g, o. */
export interface LstmSpec {
  kind: 'lstm';
  name: string;
  inputs: number;
  units: number;
  /** False where the layer gives only its last state: nothing but per-step layers may follow. */
  sequences: boolean;
  kernel: Float32Array;
  recurrent: Float32Array;
  bias: Float32Array;
}

/** kernel (I, O), bias (O). */
export interface DenseSpec {
  kind: 'dense';
  name: string;
  inputs: number;
  units: number;
  activation: string;
  kernel: Float32Array;
  bias: Float32Array;
}

/** (x - mean) / max(sqrt(variance), 1e-7), a feature at a time. */
export interface NormalizationSpec {
  kind: 'normalization';
  name: string;
  inputs: number;
  mean: Float32Array;
  variance: Float32Array;
}

/** x * scale + offset; one value each, or one a feature. */
export interface RescalingSpec {
  kind: 'rescaling';
  name: string;
  inputs: number;
  scale: Float32Array;
  offset: Float32Array;
}

/** Inert outside training; kept so that `inspect` shows what the file holds. */
export interface DropoutSpec {
  kind: 'dropout';
  name: string;
  inputs: number;
  rate: number;
}

export type LayerSpec = LstmSpec | DenseSpec | NormalizationSpec | RescalingSpec | DropoutSpec;

/** How a quantity is shown to a person: `scale` turns model units into `unit` (0.01 of log return into 1 %). */
export interface QuantityDisplay {
  label: string;
  unit: string;
  scale: number;
}

export interface ModelSpec {
  format: 'native' | 'keras' | 'torch';
  name: string;
  /** F, and a name for each of the O outputs. */
  inputs: number;
  outputs: string[];
  layers: LayerSpec[];
  /** Expressions over a feed's columns that feed the model, in order; null where the file does not say. */
  features: string[] | null;
  /** What the model predicts `horizon` ticks ahead, as an expression over the same columns, and by which output. */
  target: { expression: string; output: number } | null;
  horizon: number;
  /** Training mean of the inputs, in input units (F); null where the file does not say. */
  mean: Float32Array | null;
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
