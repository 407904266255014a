import type { Kernels } from '../kernels.ts';
import type { BlackBox } from '../model/blackBox.ts';
import type { ModelOptions } from '../model/graph.ts';
import type { ModelSpec } from '../model/spec.ts';

/** One question to an attribution method: why is this output of this model what it is after the last of these ticks? */
export interface Question {
  kernels: Kernels;
  spec: ModelSpec;
  /** The model where it can only be called with whole windows; else null. */
  blackBox: BlackBox | null;
  score: NonNullable<ModelOptions['score']>;
  /** Which output. */
  target: number;
  /** Whether the window starts from a zero state. */
  windowed: boolean;
  /** Ticks that are stepped from a zero state before the window (each F): never occluded. */
  before: readonly Float32Array[];
  /** The K ticks explained, oldest first (each F). */
  ticks: readonly Float32Array[];
  /** What each of them holds when it is occluded (K, each F). */
  baselines: readonly Float32Array[];
}

/** A method's answer. What it does not give is null. */
export interface Answer {
  /** Cells (K, F) and whole ticks (K), oldest first: output minus counterfactual output. */
  values: Float32Array | null;
  events: Float32Array | null;
  /** Branch-ticks stepped; for a black box, windows run. */
  evaluations: number;
}

export type OptionValue = number | string | boolean;

/** An attribution method as `whytick explain` offers it; `index.ts` lists all. */
export interface Method {
  name: string;
  summary: string;
  /** Every option with its default; the default's type is the option's. */
  options: Readonly<Record<string, OptionValue>>;
  /** @throws ConfigError for an option out of range */
  explain(question: Question, options: Readonly<Record<string, OptionValue>>): Promise<Answer>;
  /** True, or why the method cannot explain this model. */
  supports(spec: ModelSpec): true | string;
}
