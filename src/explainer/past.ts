/**
 * The recent past of one stream: what fed the model, what the baselines were and, every 64 ticks, the state that it had. Any
 * recent tick can be asked about again, and the answer has the bytes that the stream had.
 *
 * A stateful model is stepped again from the newest snapshot before the window that is explained; a windowed one from zero.
 * Memory is bounded: R = recent + K + 64 rows of 2F float32 and a time, and one state of branch 0 for every 64 of them.
 */
import { ConfigError, invalid } from '../errors.ts';
import { type Baseline, type BaselineOption, createBaseline } from '../methods/baseline.ts';
import type { Question } from '../methods/method.ts';
import type { Model, Snapshot } from '../model/graph.ts';
import type { ModelSpec } from '../model/spec.ts';
import type { Saved, Saves } from '../saved.ts';

/** What a question about a recent tick rests on. Plain data, copied: it may wait, and travel to another thread. */
export type Recent = Pick<Question, 'windowed' | 'start' | 'before' | 'ticks' | 'baselines' | 'history' | 'indices'>;

/** What is asked about a recent tick, beside its number. */
export interface RecentOptions {
  /** The tick's event time, ms: tells it from a tick of the same number before a reset. */
  time?: number;
  /** Default: what held when each tick came. */
  baseline?: BaselineOption | null;
}

export interface PastOptions {
  /** Ticks that can be asked about. */
  recent: number;
  /** K, the ticks that an answer explains. */
  window: number;
  windowed: boolean;
  /** The rule whose vectors `push` is given. */
  baseline: Baseline;
}

/** Ticks from one snapshot to the next: what a question steps at most before the window that it explains. */
const EVERY = 64;

export class Past implements Saves {
  readonly #spec: ModelSpec;
  readonly #options: PastOptions;
  /** R. Row i mod R is tick i's. */
  readonly #rows: number;
  readonly #inputs: Float32Array;
  readonly #baselines: Float32Array;
  readonly #times: Float64Array;
  /** Of ticks 0, 64, 128 ..: the state before each of them. */
  readonly #snapshots: (Snapshot | null)[];
  #newest = -1;
  /** Number of the oldest tick that is known: 0, or where a saved past begins. */
  #oldest = 0;

  constructor(spec: ModelSpec, options: PastOptions) {
    const { recent, window, windowed } = options;
    if (!Number.isInteger(recent) || recent < 0)
      throw new ConfigError(invalid('recent', recent, 'a whole number of ticks, at least 0'));
    this.#spec = spec;
    this.#options = options;
    const reach = windowed ? 0 : EVERY;
    this.#rows = recent + window + reach;
    this.#inputs = new Float32Array(this.#rows * spec.inputs);
    this.#baselines = new Float32Array(this.#rows * spec.inputs);
    this.#times = new Float64Array(this.#rows);
    this.#snapshots = new Array(windowed || recent === 0 ? 0 : Math.ceil(this.#rows / EVERY) + 1).fill(null);
  }

  /** Number of the oldest tick that can be asked about; none while it is beyond the newest. */
  get first(): number {
    const { recent, windowed, window } = this.#options;
    const begun = this.#oldest === 0 ? 0 : this.#oldest + window - 1;
    return Math.max(windowed ? window - 1 : 0, begun, this.#newest - recent + 1);
  }

  /** Whether the newest tick can be asked about. */
  get keeps(): boolean {
    return this.#options.windowed || this.#snapshots.length > 0;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    let bytes = this.#inputs.byteLength + this.#baselines.byteLength + this.#times.byteLength;
    for (const snapshot of this.#snapshots)
      for (const { byteLength } of snapshot?.states.flat() ?? []) bytes += byteLength;
    return bytes;
  }

  /** The next tick, before the model takes it. @param x (F) @param baseline (F) */
  push(time: number, x: ArrayLike<number>, baseline: ArrayLike<number>, model: Model): void {
    const i = ++this.#newest;
    const row = i % this.#rows;
    this.#inputs.set(x, row * this.#spec.inputs);
    this.#baselines.set(baseline, row * this.#spec.inputs);
    this.#times[row] = time;
    this.remember(i, model);
  }

  /** The state before a tick, where that is one whose state is kept. */
  remember(index: number, model: Model): void {
    if (this.#snapshots.length > 0 && index % EVERY === 0)
      this.#snapshots[(index / EVERY) % this.#snapshots.length] = model.snapshot();
  }

  /** The newest tick again, as it is now. @param x (F) @param baseline (F) */
  amend(x: ArrayLike<number>, baseline: ArrayLike<number>): void {
    this.input(this.#newest).set(x);
    this.baseline(this.#newest).set(baseline);
  }

  /** What fed the model at a tick that is kept (F). A view. */
  input(index: number): Float32Array {
    return this.#row(this.#inputs, index);
  }

  /** The baseline that held at a tick that is kept (F). A view. */
  baseline(index: number): Float32Array {
    return this.#row(this.#baselines, index);
  }

  /**
   * What a question about a tick rests on.
   * @param index number of the tick since the last reset
   * @throws ConfigError where it is not kept (any more), or the baseline does not fit the model
   */
  question(index: number, { time, baseline = null }: RecentOptions = {}): Recent {
    this.#check(index, time);
    const { window, windowed } = this.#options;
    const K = windowed ? window : Math.min(window, index + 1);
    const first = index - K + 1;
    const from = windowed ? first : first - (first % EVERY);
    const oldest = Math.max(this.#oldest, this.#newest - this.#rows + 1);
    const history = this.#copy(this.#inputs, oldest, index);
    return {
      windowed,
      start: windowed || from === 0 ? null : this.#snapshots[(from / EVERY) % this.#snapshots.length]!,
      before: history.slice(from - oldest, first - oldest),
      ticks: history.slice(first - oldest),
      baselines: baseline === null ? this.#held(first, index) : this.#asked(baseline, history, K),
      history,
      indices: history.map((_, n) => oldest + n),
    };
  }

  /** What the answer to a question about the newest tick rests on, and nothing older. */
  save(): Saved {
    const newest = this.#newest;
    if (newest < 0) return null;
    const { window, windowed } = this.#options;
    const first = Math.max(0, newest - window + 1);
    const from = windowed ? first : first - (first % EVERY);
    const state = windowed || from === 0 ? null : this.#snapshots[(from / EVERY) % this.#snapshots.length]!;
    const rows = Array.from({ length: newest - from + 1 }, (_, k) => from + k);
    const flat = (of: (index: number) => Float32Array): Float32Array =>
      Float32Array.from(rows.flatMap((i) => [...of(i)]));
    return {
      ...{ from, newest, times: Float64Array.from(rows, (i) => this.#times[i % this.#rows]!) },
      ...{ inputs: flat((i) => this.input(i)), baselines: flat((i) => this.baseline(i)) },
      state: state && { states: state.states, rings: state.rings, ticks: state.ticks },
    };
  }

  load(saved: Saved): void {
    this.reset();
    if (saved === null) return;
    const { from, newest, times, inputs, baselines, state } = saved as {
      from: number;
      newest: number;
      times: Float64Array;
      inputs: Float32Array;
      baselines: Float32Array;
      state: Snapshot | null;
    };
    const F = this.#spec.inputs;
    for (let i = from; i <= newest; i++) {
      const at = (i - from) * F;
      this.input(i).set(inputs.subarray(at, at + F));
      this.baseline(i).set(baselines.subarray(at, at + F));
      this.#times[i % this.#rows] = times[i - from]!;
    }
    if (state) this.#snapshots[(from / EVERY) % this.#snapshots.length] = state;
    this.#oldest = from;
    this.#newest = newest;
  }

  /** As before the first tick. */
  reset(): void {
    this.#newest = -1;
    this.#oldest = 0;
    this.#snapshots.fill(null);
  }

  #check(index: number, time: number | undefined): void {
    const { first } = this;
    const newest = this.#newest;
    if (!Number.isInteger(index) || index < first || index > newest) {
      const expected = newest < first ? 'a tick that is kept: there is none' : `${first} to ${newest}`;
      throw new ConfigError(invalid('index', index, `${expected}`));
    }
    const at = this.#times[index % this.#rows]!;
    if (time !== undefined && time !== at)
      throw new ConfigError(invalid('time', time, `${at}, the time of tick ${index}: the stream began again since`));
  }

  /** The baselines that held when the ticks came. */
  #held(first: number, last: number): Question['baselines'] {
    const rows = this.#copy(this.#baselines, first, last);
    return { rows, last: this.#options.baseline.kind === 'last' ? rows[0]! : null };
  }

  /** The baselines of a rule that did not hold, had it been there since the oldest tick that is kept. */
  #asked(option: BaselineOption, history: readonly Float32Array[], K: number): Question['baselines'] {
    const baseline = createBaseline(option, this.#spec);
    const rows = history.map((x) => baseline.next(x).slice()).slice(-K);
    return { rows, last: baseline.kind === 'last' ? rows[0]! : null };
  }

  #row(ring: Float32Array, index: number): Float32Array {
    const F = this.#spec.inputs;
    const at = (index % this.#rows) * F;
    return ring.subarray(at, at + F);
  }

  /** Rows `first` .. `last` as views of one copy. */
  #copy(ring: Float32Array, first: number, last: number): Float32Array[] {
    const F = this.#spec.inputs;
    const n = last - first + 1;
    const all = new Float32Array(n * F);
    for (let k = 0; k < n; k++) all.set(this.#row(ring, first + k), k * F);
    return Array.from({ length: n }, (_, k) => all.subarray(k * F, (k + 1) * F));
  }
}
