/** What a server and its dashboards say to each other in JSON. */
import type { OptionValue } from '../methods/method.ts';
import type { Adaptation, AlertTransition, DriftEvent, FeedStatus } from '../types.ts';

/** How a quantity is shown: `scale` turns model units into `unit` (0.01 log return to 1 %). */
export interface Display {
  name: string;
  label: string;
  unit: string;
  scale: number;
}

/** An attribution method that a dashboard may ask, as `explain` of the command line knows it. */
export interface WireMethod {
  name: string;
  summary: string;
  /** What it must not be taken for. */
  caveat: string;
  family: string;
  /** Whether it takes windows drawn from the stream in place of a baseline. */
  draws: boolean;
  /** True, or why it cannot explain this model. */
  supported: true | string;
  /** Every option with its default; null: a number that the method chooses itself, or that must be given. */
  options: Record<string, OptionValue | null>;
}

/** First message on every connection. */
export interface Hello {
  type: 'hello';
  wire: number;
  version: string;
  session: 'demo' | 'serve' | 'replay';
  stream: string;
  model: string;
  features: Display[];
  target: Display | null;
  /** Whether the model names what it predicts, so that predictions can be compared with what arrives. */
  settles?: boolean;
  horizon: number;
  window: number;
  mode: 'stateful' | 'windowed';
  baseline: { kind: string; values: number[] };
  /** Event times (ms) up to which the model was trained and validated, null where it does not say. */
  trainedUntil: number | null;
  validatedUntil: number | null;
  /** `time` or, for feeds with trading hours, `tick`; and what a tick is: `1 tick = 1 trading day`. */
  axis: 'time' | 'tick';
  tickMeans: string | null;
  /** Where the feed's speed can be set: the present factor. */
  speed: number | null;
  /** The share that live intervals should hold; null: there are none. */
  interval: { coverage: number } | null;
  /** Whether Shapley values of ticks are live beside it, over how many worlds. */
  shapley: { worlds: number; estimator: string } | null;
  /** What explains every tick, or null; and what can be asked about any of the `recent` last ones. */
  live: { method: string; options: Record<string, OptionValue> } | null;
  recent: number;
  methods: WireMethod[];
}

/** Four times a second. Everything that depends on load or elapsed time, none of it part of any hash. */
export interface Status {
  type: 'status';
  feed: FeedStatus;
  now: number;
  lastReceived: number | null;
  ticksPerSecond: number;
  /** Ticks that could feed the model, and those that were explained. */
  ticks: number;
  explained: number;
  /** Connections of the feed that ended, and times for which an open one was silent. */
  closed: number;
  stale: number;
  gaps: number;
  late: number;
  duplicates: number;
  /** Bars that were said again, because a tick of theirs came late. */
  revised: number;
  /** Taken, though they may have come before. */
  redelivered: number;
  /** Asked for afterwards, since the stream had left them out. */
  filled: number;
  invalid: number;
  held: number;
  /** Median and 99th percentile of the engine's time for one tick, ms. */
  tickMs: number;
  tickMsP99: number;
  /** Receive to send, ms, 99th percentile over the last ticks. */
  sendMsP99: number;
  queueDropped: number;
  /** Of all dashboards: questions that wait or are being answered, and what became of the others. */
  questions: { open: number; answered: number; refused: number; failed: number };
  /** Of a model that goes on learning. */
  adaptation: Omit<Adaptation, 'frozen' | 'frozenPredicted'> | null;
  speed: number | null;
  recording: { file: string; state: 'recording' | 'failed'; reason?: string; ticks: number; bytes: number } | null;
}

export type ServerMessage =
  | Hello
  | Status
  | { type: 'alert'; alert: AlertTransition }
  | { type: 'drift'; drift: DriftEvent }
  | { type: 'error'; message: string }
  /** To the dashboard that asked; each question ends with one of the last two. */
  | { type: 'progress'; id: number; done: number; total: number }
  | { type: 'explanation'; id: number; explanation: WireExplanation }
  | { type: 'explain-error'; id: number; message: string };

/** What `whytick explain --json` prints; see docs/formats.md. Ticks oldest first; what a method does not give is null. */
export interface WireExplanation {
  method: string;
  mode: 'stateful' | 'windowed';
  index: number;
  target: number;
  /** K, at most the stream's. */
  window: number;
  features: string[];
  baseline: number[] | number[][];
  output: number;
  baselineOutput: number | null;
  values: number[][] | null;
  events: number[] | null;
  byFeature: number[] | null;
  segments: [first: number, last: number][] | null;
  bySegment: number[] | null;
  players: { ticks: number[]; features: number[]; value: number; standardError?: number }[] | null;
  change: number[][] | null;
  since: number | null;
  counterfactual: { values: number[][]; output: number } | null;
  attention: number[][] | null;
  completenessGap: number | null;
  /** In the shape of the field that it belongs to. */
  standardError: number[] | number[][] | null;
  evaluations: number;
  elapsedMs: number;
  options: Record<string, OptionValue>;
  context?: number[][];
  r2?: number;
  stateRelevance?: number;
  notes?: string[];
}

/** Asks why the model said what it said at a recent tick of the stream that is shown. */
export interface ExplainMessage {
  type: 'explain';
  /** The client's own number for the question, by which it is answered and cancelled. */
  id: number;
  /** Number of the tick since the last reset, and its event time (ms): both must fit. */
  index: number;
  time: number;
  method: string;
  options: Record<string, OptionValue>;
  /** Default: what held when the ticks came. */
  baseline?: 'zero' | 'mean' | 'last' | number[] | null;
  /** Number or name of an output, or argmax; default: the one that the stream explains. */
  target?: number | string | null;
}

export type ClientMessage = { type: 'speed'; value: number } | ExplainMessage | { type: 'cancel'; id: number };
