import type { Kernels } from '../kernels.ts';
import type { BlackBox } from '../model/blackBox.ts';
import type { ModelOptions, Snapshot } from '../model/graph.ts';
import type { ModelSpec } from '../model/spec.ts';

/** What occluded values hold, in input units. */
export interface Baselines {
  /** For each of the K ticks (each F). */
  readonly rows: readonly Float32Array[];
  /**
   * Where the rule is `last`: the tick before the window (F). An occluded value then holds the value one tick before it in its
   * own world, so that a run of occluded ticks holds what came before the run. Else null.
   */
  readonly last: Float32Array | null;
}

/** One question to an attribution method: why are these outputs of this model what they are after the last of these ticks? */
export interface Question {
  kernels: Kernels;
  spec: ModelSpec;
  /** The model where it can only be called with whole windows; else null. */
  blackBox: BlackBox | null;
  score: NonNullable<ModelOptions['score']>;
  /** Which outputs; there is one answer for each. */
  targets: readonly number[];
  /** Whether the model runs on a window that begins with `before` from a zero state, and ends with the last tick. */
  windowed: boolean;
  /** The state before `before`; null: zero. */
  start: Snapshot | null;
  /** Ticks that are stepped before those explained (each F): never occluded. */
  before: readonly Float32Array[];
  /** The K ticks explained, oldest first (each F). */
  ticks: readonly Float32Array[];
  baselines: Baselines;
  /** What is known of the stream, oldest first (each F): it ends with the last tick explained. */
  history: readonly Float32Array[];
  /** The number that each tick of `history` has in its stream. */
  indices: readonly number[];
  /** Windows (K ticks each) to draw from in place of `history`'s; null: those of `history`. */
  background: readonly (readonly Float32Array[])[] | null;
  /** For what is drawn at random. */
  seed: number;
}

/** A group of cells that a game or a surrogate model treats as one. */
export interface PlayerValue {
  /** Ticks of the window (0 is the oldest) and features: the player's cells are all pairs of them, less those of others. */
  ticks: readonly number[];
  features: readonly number[];
  value: number;
  standardError?: number;
}

/** A method's answer for one output. What it does not give is absent. Arrays are oldest tick first; numbers are output minus
 * counterfactual output unless the method says otherwise. */
export interface Answer {
  /** Cells (K, F). */
  values?: Float32Array;
  /** Whole ticks (K). */
  events?: Float32Array;
  byFeature?: Float32Array;
  /** First and last tick of each of M segments, and the M numbers. */
  segments?: readonly (readonly [first: number, last: number])[];
  bySegment?: Float32Array;
  players?: readonly PlayerValue[];
  /** Cells (K, F) of what moved the output since the tick numbered `since`. */
  change?: Float32Array;
  since?: number;
  /** The window (K, F) as changed, and what the model says then; null where none was found. */
  counterfactual?: { values: Float32Array; output: number } | null;
  /** Weights (K) of each head, and what the heads took from the ticks, a vector a layer. */
  attention?: readonly Float32Array[];
  context?: readonly Float32Array[];
  /** Sum of the attributions less (output - output at the baseline), where the method promises zero. */
  completenessGap?: number;
  /** In the shape of the field it belongs to: events, cells (K, F), features or segments. */
  standardError?: Float32Array;
  /** What was explained, where it is not the plain output: a change, a score before the activation. */
  output?: number;
  /** The same at the baseline, where that is not the question's. */
  baselineOutput?: number;
  /** Coefficient of determination of a surrogate model on its own samples, weighted as it was fitted. */
  r2?: number;
  /** Relevance that went into the state before the window. */
  stateRelevance?: number;
  /** What a reader must know about this answer, one sentence each. */
  notes?: readonly string[];
  /** All options as used, where a default depends on the question. */
  options?: Options;
  /** Branch-ticks stepped, both ways where gradients are taken; for a black box, windows run. */
  evaluations: number;
}

export type OptionValue = number | string | boolean;
export type Options = Readonly<Record<string, OptionValue>>;

/** How a long answer is watched and ended. */
export interface Run {
  /** Ends the work with the signal's reason. */
  signal?: AbortSignal;
  /** What is done of what there is to do. */
  progress?: (done: number, total: number) => void;
}

/** What people ask before they choose a method: a row of docs/methods.md. */
export interface About {
  family: 'attention' | 'counterfactual' | 'gradient' | 'perturbation' | 'Shapley' | 'surrogate';
  /** The question that it answers. */
  question: string;
  /** Branch-ticks for K ticks, F features, M players. */
  cost: string;
  baselines: string;
  /** What it must not be taken for. */
  caveat: string;
  source: string;
}

/** An attribution method as `whytick explain` offers it; `index.ts` lists all. */
export interface Method {
  name: string;
  summary: string;
  about: About;
  /** Every option with its default; the default's type is the option's. NaN: a number still to be given, '': a name. */
  options: Options;
  /** Draws from the background in place of a baseline: it takes `--baseline reservoir`. */
  draws?: boolean;
  /** True, or why the method cannot explain this model: what `inspect` shows as well. */
  supports(spec: ModelSpec): true | string;
  /**
   * One answer for each target.
   * @throws ConfigError for an option out of range, or a question that the method cannot be asked
   */
  explain(question: Question, options: Options, run?: Run): Promise<Answer[]>;
}
