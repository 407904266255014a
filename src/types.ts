/**
 * The nouns of whytick. A Tick comes in, an Explanation goes out.
 *
 * Times are milliseconds since 1970 UTC; stamps of the engine's clock are nanoseconds since 1970 UTC (bigint).
 * Dimension letters, as in the kernels: B branches, T ticks, F features (inputs of the model), H hidden units,
 * O outputs, K window (past ticks explained).
 */

/** One observation of one stream. */
export interface Tick {
  /** Which stream: a symbol, a sensor. `''` where a feed has only one. */
  key: string;
  /** Event time, ms since 1970 UTC. */
  time: number;
  /** The venue's own sequence number, or null where it sends none. */
  seq: number | null;
  /** What tells it from other ticks of its stream, where the feed says it. */
  id?: string;
  /** Columns by name, in the feed's own units. */
  values: Record<string, number>;
  /** Names of columns whose value was held from the tick before, because this one had none. */
  held?: string[];
  /** A bar in which nothing came: without values, or with those of the bar before, held. */
  empty?: boolean;
  /** A bar that had been closed and is said again, because a tick of it came late. */
  revised?: boolean;
  /** Asked for afterwards, since the stream itself had left it out. */
  filled?: boolean;
  /** Warm-up: state, scalers and detectors take it, alerts do not fire on it. */
  history?: boolean;
  /** The sender says that it may have sent it before, and nothing names or numbers it: perhaps it is here twice. */
  redelivered?: boolean;
}

/** What one past tick did to the prediction. Arrays belong to the explainer and are overwritten by its next push. */
export interface Attribution {
  method: string;
  /** K, and how many of them hold a tick already: rows before K - filled are zero. */
  window: number;
  filled: number;
  /** Cells (K, F), oldest tick first: output minus the output had this one value been at its baseline. */
  values: Float32Array;
  /** Whole ticks (K), oldest first. */
  events: Float32Array;
  /** Branches still alive after this tick (branch 0 left out), and the oldest of them in ticks: the model's effective memory. */
  live: number;
  memory: number;
  /** Share of the sum of absolute cells that rests on values that were held, 0 to 1. */
  heldShare: number;
}

/** What every recent tick is worth on average over random worlds. Arrays belong to the explainer and are overwritten. */
export interface ShapleyAttribution {
  /** K, and how many of them hold a tick already: numbers before K - filled are zero. */
  window: number;
  filled: number;
  /** Shapley values of whole ticks (K), oldest first, and one standard error of each. */
  values: Float32Array;
  standardErrors: Float32Array;
  estimator: 'worlds' | 'regression' | 'exact';
  /** M worlds that the values are means over. */
  worlds: number;
  /** What the model would say with every tick of the stream at its baseline. */
  noneOutput: number;
  /** What ticks older than the window add to the output. */
  remainder: number;
  /** Sum of the values, plus the remainder, less (output - noneOutput). */
  gap: number;
}

/** Where the next value is expected to lie. Owned by the explainer and overwritten. */
export interface PredictionInterval {
  /** The share of values that it should hold. */
  coverage: number;
  /** Around the prediction of this tick; NaN while too few errors are known. */
  low: number;
  high: number;
  /** What had been said for this tick, `horizon` ticks ago; NaN while there was none. */
  predictedLow: number;
  predictedHigh: number;
  /** Whether that held what arrived; null where either is missing. */
  held: boolean | null;
  /** Intervals that could be settled so far, and the share of them that held. */
  settled: number;
  realised: number;
}

/** A model that goes on learning, beside a frozen copy of what was loaded. Owned by the explainer and overwritten. */
export interface Adaptation {
  /** Whether it learns; else the event time (ms) at which it ended, because it had made things worse. */
  on: boolean;
  stoppedAt: number | null;
  /** What the frozen copy says now, and what it had said for this tick; NaN while there is nothing. */
  frozen: number;
  frozenPredicted: number;
  /** Predictions of both that have been settled, and the root mean squares of their errors over the latest 250 of them. */
  settled: number;
  error: number;
  frozenError: number;
}

/** The answer to one tick. Owned by the explainer and overwritten by its next push: copy what must last. */
export interface Explanation {
  tick: Tick;
  /** Count of ticks that fed the model so far, minus one. */
  index: number;
  /** What entered the model (F), in input units. */
  input: Float32Array;
  /** What the model says now (O), in the target's units, or null while a windowed model has not seen its window. */
  output: Float32Array | null;
  /** output[target], the number explained; NaN without an output. */
  prediction: number;
  target: number;
  /** The target's value that this tick brought; NaN where the model names no target. */
  arrived: number;
  /** What had been predicted for this tick, `horizon` ticks ago; NaN while there was none. */
  predicted: number;
  /** arrived - predicted; NaN while either is missing. */
  residual: number;
  /** Null where it was not asked for, or the model names no target. */
  interval: PredictionInterval | null;
  /** Null where it was not asked for. */
  adaptation: Adaptation | null;
  attribution: Attribution | null;
  /** Null where it was not asked for, or in windowed mode: there it is not live. */
  shapley: ShapleyAttribution | null;
}

/** A detector saw a change. */
export interface DriftEvent {
  /** Which stream, where a feed has several. */
  key?: string;
  /** Name of the rule whose detector it was. */
  rule: string;
  detector: string;
  /** Signal path: `residual`, `input.<feature>`. */
  on: string;
  direction: 'up' | 'down';
  /** The statistic that crossed, and the threshold it crossed. */
  statistic: number;
  threshold: number;
  /** The standardised value of the signal at that tick. */
  value: number;
  index: number;
  time: number;
}

export type AlertState = 'normal' | 'firing';

/** One transition of one alert rule. */
export interface AlertTransition {
  /** Which stream, where a feed has several. */
  key?: string;
  rule: string;
  from: AlertState;
  to: AlertState;
  index: number;
  time: number;
  value: number;
  direction: 'up' | 'down' | null;
  severity: 'critical' | 'warning';
}

/** What a feed says of itself. A gap is an interval in which ticks may have been missed. */
export interface FeedStatus {
  feed: string;
  /** Which stream, where a gap is that of one. */
  key?: string;
  state: 'connecting' | 'open' | 'stale' | 'closed' | 'gap' | 'reset';
  reason?: string;
  /** Attempt number and the wait before the next one, while reconnecting. */
  attempt?: number;
  retryInMs?: number;
  /** Bounds of a gap in receive time (ms), and how many ticks are known to be missing (null: not knowable). */
  from?: number;
  to?: number;
  missing?: number | null;
  /** Of `open`: numbers go on where they were. */
  resumed?: boolean;
}
