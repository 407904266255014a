/**
 * What the page remembers: rings of typed columns, bounded, nothing allocated per tick.
 *
 * A tick is named by its sequence number: how many ticks this page received before it. It is not the model's index,
 * which begins again with every reset.
 */
import { TickFlag, type WireShapley, type WireTick } from '../src/wire.ts';

/** Ticks whose figures are kept (for the minimap), whose inputs and attributions are kept, and whose cells are. */
export const KEPT = { figures: 8192, attributions: 1024, cells: 512 } as const;

/** The error of the model and of "same as now" over the same ticks. */
export interface Skill {
  /** Ticks counted. */
  count: number;
  /** Root mean squares, model units. */
  model: number;
  same: number;
  /** 1 - model / same: above zero the model errs less. */
  gain: number;
  /** Earliest event time counted. */
  since: number;
}

export class Series {
  readonly window: number;
  readonly features: number;
  /** One past the newest tick. */
  end = 0;
  readonly time = new Float64Array(KEPT.figures);
  readonly received = new Float64Array(KEPT.figures);
  readonly index = new Uint32Array(KEPT.figures);
  readonly flags = new Uint8Array(KEPT.figures);
  readonly prediction = new Float32Array(KEPT.figures);
  readonly predicted = new Float32Array(KEPT.figures);
  readonly arrived = new Float32Array(KEPT.figures);
  readonly sigma = new Float32Array(KEPT.figures);
  readonly drift = new Float32Array(KEPT.figures);
  readonly memory = new Float32Array(KEPT.figures);
  readonly low = new Float32Array(KEPT.figures);
  readonly high = new Float32Array(KEPT.figures);
  readonly predictedLow = new Float32Array(KEPT.figures);
  readonly predictedHigh = new Float32Array(KEPT.figures);
  readonly heldShare = new Float32Array(KEPT.figures);
  readonly #inputs: Float32Array;
  readonly #byFeature: Float32Array;
  readonly #events: Float32Array;
  readonly #cells: Float32Array;
  /** Of the same ticks as the cells: values, then standard errors (K each); then what belongs to them. */
  readonly #shapley: Float32Array;
  readonly #shapleyOf = new Float64Array(KEPT.cells).fill(-1);
  readonly #cellsOf = new Float64Array(KEPT.cells).fill(-1);

  /** @param window K, past ticks explained  @param features F */
  constructor(window: number, features: number) {
    this.window = window;
    this.features = features;
    this.#inputs = new Float32Array(KEPT.attributions * features);
    this.#byFeature = new Float32Array(KEPT.attributions * features);
    this.#events = new Float32Array(KEPT.attributions * window);
    this.#cells = new Float32Array(KEPT.cells * window * features);
    this.#shapley = new Float32Array(KEPT.cells * (2 * window + 3));
  }

  /** The oldest tick whose figures are kept. */
  get start(): number {
    return Math.max(0, this.end - KEPT.figures);
  }

  /** Place of a tick's figures in the columns; only for `start <= at < end`. */
  slot(at: number): number {
    return at % KEPT.figures;
  }

  has(at: number): boolean {
    return at >= this.start && at < this.end;
  }

  hasAttribution(at: number): boolean {
    return at >= 0 && at < this.end && at >= this.end - KEPT.attributions;
  }

  /** Takes a tick in and gives its sequence number. Its arrays are copied. */
  push(tick: WireTick): number {
    const at = this.end++;
    const slot = this.slot(at);
    this.time[slot] = tick.time;
    this.received[slot] = tick.received;
    this.index[slot] = tick.index;
    this.flags[slot] = tick.flags;
    this.prediction[slot] = tick.prediction;
    this.predicted[slot] = tick.predicted;
    this.arrived[slot] = tick.arrived;
    this.sigma[slot] = tick.sigma;
    this.drift[slot] = tick.drift;
    this.memory[slot] = tick.memory;
    this.low[slot] = tick.low;
    this.high[slot] = tick.high;
    this.predictedLow[slot] = tick.predictedLow;
    this.predictedHigh[slot] = tick.predictedHigh;
    this.heldShare[slot] = tick.heldShare;
    const rich = at % KEPT.attributions;
    this.#inputs.set(tick.input, rich * this.features);
    this.#byFeature.set(tick.byFeature, rich * this.features);
    this.#events.set(tick.events, rich * this.window);
    return at;
  }

  /** Inputs of a tick (F), a view: valid until the ring comes round. */
  inputs(at: number): Float32Array {
    const rich = (at % KEPT.attributions) * this.features;
    return this.#inputs.subarray(rich, rich + this.features);
  }

  /** One input; NaN when no longer kept. */
  input(at: number, feature: number): number {
    return this.hasAttribution(at) ? this.#inputs[(at % KEPT.attributions) * this.features + feature]! : Number.NaN;
  }

  /** Attribution of a tick by feature; 0 when not kept. */
  byFeature(at: number, feature: number): number {
    return this.hasAttribution(at) ? this.#byFeature[(at % KEPT.attributions) * this.features + feature]! : 0;
  }

  /** Effect on the prediction at `at` of the whole tick `age` ticks before it. */
  event(at: number, age: number): number {
    if (!this.hasAttribution(at)) return 0;
    return this.#events[(at % KEPT.attributions) * this.window + this.window - 1 - age]!;
  }

  /** Keeps the cells (K, F) of a tick, and its Shapley values where it has some. */
  setCells(at: number, values: Float32Array, shapley: WireShapley | null = null): void {
    const slot = at % KEPT.cells;
    this.#cells.set(values, slot * this.window * this.features);
    this.#cellsOf[slot] = at;
    this.#shapleyOf[slot] = shapley ? at : -1;
    if (!shapley) return;
    const K = this.window;
    const from = slot * (2 * K + 3);
    this.#shapley.set(shapley.values, from);
    this.#shapley.set(shapley.standardErrors, from + K);
    this.#shapley.set([shapley.noneOutput, shapley.remainder, shapley.gap], from + 2 * K);
  }

  /** Shapley values of a tick, or null as for cells. Views. */
  shapley(at: number): WireShapley | null {
    const slot = at % KEPT.cells;
    if (at < 0 || this.#shapleyOf[slot] !== at) return null;
    const K = this.window;
    const kept = this.#shapley.subarray(slot * (2 * K + 3), (slot + 1) * (2 * K + 3));
    const [noneOutput, remainder, gap] = kept.subarray(2 * K) as unknown as [number, number, number];
    return { values: kept.subarray(0, K), standardErrors: kept.subarray(K, 2 * K), noneOutput, remainder, gap };
  }

  /** Cells (K, F) of a tick, oldest first, or null when they were not sent or are no longer kept. A view. */
  cells(at: number): Float32Array | null {
    const slot = at % KEPT.cells;
    if (at < 0 || this.#cellsOf[slot] !== at) return null;
    const size = this.window * this.features;
    return this.#cells.subarray(slot * size, (slot + 1) * size);
  }

  /** The newest tick at or before `at` whose cells are kept, or -1. */
  explainedAt(at: number): number {
    for (let seq = at; seq > at - KEPT.cells && seq >= 0; seq--)
      if (this.#cellsOf[seq % KEPT.cells] === seq) return seq;
    return -1;
  }

  /** The kept tick nearest to `at` that was explained, or -1. */
  nearestExplained(at: number): number {
    for (let d = 0; d < KEPT.attributions; d++) {
      if (this.#explained(at - d)) return at - d;
      if (this.#explained(at + d)) return at + d;
    }
    return -1;
  }

  #explained(at: number): boolean {
    return this.hasAttribution(at) && (this.flags[this.slot(at)]! & TickFlag.explained) !== 0;
  }

  /** Whether what arrived at a tick lay within what had been said for it; null where either is not known. */
  held(at: number): boolean | null {
    const slot = this.slot(at);
    const [value, low, high] = [this.arrived[slot]!, this.predictedLow[slot]!, this.predictedHigh[slot]!];
    return Number.isFinite(value) && Number.isFinite(low) ? low <= value && value <= high : null;
  }

  /** The newest tick of this model index and event time from `from` on, or -1. */
  find(index: number, time: number, from: number): number {
    for (let at = this.end - 1; at >= Math.max(from, this.start); at--) {
      const slot = this.slot(at);
      if (this.index[slot] === index && this.time[slot] === time) return at;
    }
    return -1;
  }

  /** Whether a reset lies between two ticks. */
  resetBetween(from: number, to: number): boolean {
    for (let at = from + 1; at <= to; at++) if (this.flags[this.slot(at)]! & TickFlag.reset) return true;
    return false;
  }
}

/**
 * Skill over the last `most` ticks before `end` that had a prediction and something to be compared with.
 * "Same as now" predicts for a tick what had arrived `horizon` ticks earlier; ticks across a reset do not count.
 */
export function skill(series: Series, end: number, horizon: number, most = 250): Skill | null {
  let count = 0;
  let model = 0;
  let same = 0;
  let since = Number.NaN;
  for (let at = end - 1; at - horizon >= series.start && count < most; at--) {
    const slot = series.slot(at);
    const arrived = series.arrived[slot]!;
    const error = arrived - series.predicted[slot]!;
    const change = arrived - series.arrived[series.slot(at - horizon)]!;
    if (!Number.isFinite(error) || !Number.isFinite(change) || series.resetBetween(at - horizon, at)) continue;
    model += error * error;
    same += change * change;
    since = series.time[slot]!;
    count++;
  }
  if (count === 0) return null;
  const rms = { model: Math.sqrt(model / count), same: Math.sqrt(same / count) };
  return { count, ...rms, gain: rms.same > 0 ? 1 - rms.model / rms.same : Number.NaN, since };
}

/** Share of the last `most` intervals before `end` that held what arrived, of those that could be settled; null: of none. */
export function coverage(series: Series, end: number, most = 250): { count: number; share: number } | null {
  let [count, held] = [0, 0];
  for (let at = end - 1; at >= series.start && count < most; at--) {
    const hit = series.held(at);
    if (hit === null) continue;
    count++;
    if (hit) held++;
  }
  return count === 0 ? null : { count, share: held / count };
}

/** Standard deviation of a feature over the last `most` ticks kept, model units; NaN under two of them. */
export function spreadOf(series: Series, feature: number, end: number, most = 250): number {
  let n = 0;
  let mean = 0;
  let squares = 0;
  for (let at = end - 1; at >= Math.max(0, end - most) && series.hasAttribution(at); at--) {
    const value = series.input(at, feature);
    if (!Number.isFinite(value)) continue;
    n++;
    const d = value - mean;
    mean += d / n;
    squares += d * (value - mean);
  }
  return n < 2 ? Number.NaN : Math.sqrt(squares / (n - 1));
}
