/**
 * The engine: one input log and one clock. Feed messages, statuses and acts of the user come in and are stamped; ticks,
 * predictions, attributions, drift events and alerts come out. A replay hands it the recorded inputs with their recorded
 * stamps and gets the same outputs, byte for byte.
 *
 * message -> mapping -> order -> explainer -> detectors -> rules
 */
import { type Observable, Subject } from 'rxjs';
import { Clock } from './clock.ts';
import type { EngineConfig } from './engine/config.ts';
import { Lane } from './engine/lane.ts';
import { Order } from './engine/order.ts';
import type { Watchable } from './engine/signal.ts';
import { ConfigError, DataError, invalid } from './errors.ts';
import type { RecentOptions } from './explainer/past.ts';
import { Explainer } from './explainer.ts';
import { compileColumns } from './features/index.ts';
import { compileMapping, type Mapping } from './feeds/mapping.ts';
import { type Closed, Resampler } from './feeds/resample.ts';
import type { Kernels } from './kernels.ts';
import type { ModelSpec } from './model/spec.ts';
import {
  decodeJson,
  encodeAttribution,
  encodeJson,
  encodeShapley,
  type Input,
  type LogRecord,
  nanoseconds,
  SNAPSHOT,
} from './recording/records.ts';
import { encodeSaved, type Saved } from './saved.ts';
import type { AlertTransition, DriftEvent, Explanation, FeedStatus, Tick } from './types.ts';

export { type EngineConfig, type EngineInput, type ExplainConfig, parseEngineConfig } from './engine/config.ts';
export type { Input, LogRecord } from './recording/records.ts';

export interface EngineOptions {
  kernels: Kernels;
  /** Null: ticks and rules on them only. */
  spec: ModelSpec | null;
  config: EngineConfig;
  /** Wall clock in ns since 1970 UTC, for the stamps of live inputs. */
  wall: () => bigint;
}

/** What a user can do to a running engine. */
export type Act = { act: 'reset' };

/** One tick that was taken, and all that came of it. The explanation is overwritten by the next tick of its key. */
export interface Explained {
  tick: Tick;
  /** Number of the tick among all that were taken, from 0. */
  sequence: number;
  /** Stamp of the input that brought it. */
  stamp: bigint;
  explanation: Explanation | null;
  /** The residual in its own expanding deviations; NaN without a rule on it, or too early. */
  sigma: number;
  /** The detector closest to its threshold, as a share of it; NaN without one. */
  drift: number;
  drifts: DriftEvent[];
  alerts: AlertTransition[];
  gapBefore: boolean;
  resetBefore: boolean;
}

/** What a method is asked about a recent tick, but for kernels and model. */
export type EngineQuestion = ReturnType<Explainer['question']> & { target: number };

/** Streams of one feed unless its mapping says otherwise; ticks of further keys are counted as invalid. */
export const MAX_KEYS = 64;

/** The engine, see above. `message`, `status`, `act` and `advance` are for live use, `input` for replay. */
export class Engine {
  readonly config: EngineConfig;
  readonly counters = {
    messages: 0,
    ticks: 0,
    /** Ticks that were asked for afterwards, since the stream had left them out. */
    filled: 0,
    explained: 0,
    /** Ticks that fed no model: there is none, or an expression waits for its first values. */
    waiting: 0,
    late: 0,
    duplicates: 0,
    invalid: 0,
    ignored: 0,
    held: 0,
    /** Ticks that the filter left out, bars in which nothing came, and bars that were said again. */
    filtered: 0,
    empty: 0,
    revised: 0,
    /** Ticks taken that may have come before. */
    redelivered: 0,
    /** Streams that gave way to others. */
    forgotten: 0,
    /** Connections that ended, and times for which an open one was silent. */
    closed: 0,
    stale: 0,
    gaps: 0,
    missing: 0,
    resets: 0,
    drifts: 0,
    alerts: 0,
  };
  /** Why the last tick or message was counted as invalid. */
  lastInvalid: string | null = null;

  readonly #options: EngineOptions;
  readonly #clock = new Clock();
  readonly #mapping: Mapping;
  /** How many streams there may be, and what becomes of further ones. */
  readonly #streams: { most: number; beyond: 'refuse' | 'forget' };
  readonly #watchable: Watchable;
  readonly #lanes = new Map<string, Lane>();
  readonly #records = new Subject<LogRecord>();
  readonly #explained = new Subject<Explained>();
  readonly #alerts = new Subject<AlertTransition>();
  readonly #status = new Subject<FeedStatus>();
  /** Every input, followed by the outputs that it caused. */
  readonly records$: Observable<LogRecord> = this.#records;
  /** Every tick that was taken. */
  readonly explained$: Observable<Explained> = this.#explained;
  /** Every transition of an alert rule, also those that a timer made. */
  readonly alerts$: Observable<AlertTransition> = this.#alerts;
  /** What the feed says of itself, and the gaps and resets that the engine found. */
  readonly status$: Observable<FeedStatus> = this.#status;
  /** Made to check the configuration; serves the first key that comes. */
  #unused: Lane | null;
  #alertsOfTick: AlertTransition[] | null = null;
  #stamp = 0n;
  #inputs = 0;
  #feed = 'feed';
  /** The latest event time of all ticks taken, ms. */
  #latest = 0;
  /** The feed is silent: when it is open again, that is the same connection, and its numbers go on. */
  #stale = false;

  /**
   * @throws ConfigError for a mapping, an option or a rule that does not fit, or a column that the feed does not have;
   *   ModelError for a model whose shapes do not fit
   */
  constructor(options: EngineOptions) {
    this.#options = options;
    this.config = options.config;
    this.#mapping = compileMapping(options.config.mapping);
    const { mapping, explain } = options.config;
    if (rewinds(mapping) && (explain.adapt || explain.shapley)) {
      const expected = 'keep, where the model adapts or Shapley values are live';
      throw new ConfigError(invalid('mapping.resample.revise', 'rewind', expected));
    }
    const explainer = this.#explainer();
    const { key, filter, resample } = mapping;
    this.#streams = typeof key === 'object' ? key : { most: MAX_KEYS, beyond: 'refuse' };
    const filtered = filter === undefined ? [] : compileColumns([filter], options.kernels.math).columns();
    this.#columns('mapping.filter', this.#mapping.columns, filtered);
    const columns = resample ? new Resampler(resample, this.#mapping.columns).columns : this.#mapping.columns;
    this.#columns(resample ? 'mapping.resample.bars' : 'mapping.features', columns, explainer?.rawColumns() ?? []);
    this.#watchable = { features: explainer?.columns ?? [], columns, target: Boolean(explainer?.spec.target) };
    this.#unused = this.#lane(explainer);
  }

  /** The stamp of the latest input. */
  get stamp(): bigint {
    return this.#stamp;
  }

  /** A message of the feed, as received. Junk is counted, never thrown. */
  message(data: Uint8Array): void {
    this.#live('feed/message', data);
  }

  status(status: FeedStatus): void {
    this.#live('feed/status', encodeJson(status));
  }

  act(act: Act): void {
    this.#live('engine/act', encodeJson(act));
  }

  /** The wall clock went on: timers that are due fire. To be called a few times a second. */
  advance(): void {
    const due = this.#clock.nextDue;
    if (due !== null && due <= this.#options.wall()) this.#live('engine/clock', encodeJson({}));
  }

  /**
   * What a question about a recent tick of a stream rests on, and which output it is about; see `Explainer.question`.
   * @throws ConfigError for a stream that has no model or is not known, a tick that is not kept, a baseline that does not fit
   */
  question(key: string, index: number, options: RecentOptions = {}): EngineQuestion {
    const explainer = this.#lanes.get(key)?.explainer;
    if (!explainer) throw new ConfigError(invalid('key', key, 'a stream that is explained'));
    return { target: explainer.target, ...explainer.question(index, options) };
  }

  /** Whether `save` has all that goes on: not where the model adapts or has live Shapley values. */
  get saves(): boolean {
    return this.#lanesThere.every(({ explainer }) => explainer?.saves ?? true);
  }

  /** All that the next input finds, between two inputs. An engine of the same model and configuration goes on from it. */
  save(): Saved {
    return {
      ...{
        stamp: this.#stamp,
        inputs: this.#inputs,
        latest: this.#latest,
        feed: this.#feed,
        stale: this.#stale,
        lastInvalid: this.lastInvalid,
      },
      ...{ counters: { ...this.counters }, mapping: this.#mapping.save() },
      lanes: [...this.#lanes.values()].map((lane) => lane.save(this.#clock)),
    };
  }

  /** `save` as a record: what a replay can begin with. */
  snapshot(): LogRecord {
    const { ticks: sequence } = this.counters;
    const time = nanoseconds(this.#latest);
    return { topic: SNAPSHOT, stamp: this.#stamp, time, sequence, data: encodeSaved(this.save()) };
  }

  /** Takes back what `save` gave. @throws DataError for what is no state of such an engine */
  load(saved: Saved): void {
    try {
      const { stamp, inputs, latest, feed, stale, lastInvalid, counters, mapping, lanes } = saved as unknown as {
        stamp: bigint;
        inputs: number;
        latest: number;
        feed: string;
        stale: boolean;
        lastInvalid: string | null;
        counters: Engine['counters'];
        mapping: Saved;
        lanes: { key: string }[];
      };
      this.#clock.reset(stamp);
      this.#stamp = stamp;
      this.#inputs = inputs;
      this.#latest = latest;
      this.#feed = feed;
      this.#stale = stale;
      this.lastInvalid = lastInvalid;
      Object.assign(this.counters, counters);
      this.#mapping.load(mapping);
      this.#lanes.clear();
      for (const each of lanes) {
        const lane = this.#unused ?? this.#lane(this.#explainer());
        this.#unused = null;
        lane.load(each as unknown as Saved, this.#clock);
        this.#lanes.set(lane.key, lane);
      }
    } catch (cause) {
      throw new DataError(invalid('snapshot', 'one of something else', 'the state of this model and configuration'), {
        cause,
      });
    }
  }

  /** The last word: every timer due by now fires, and the streams complete. */
  end(): void {
    this.#live('engine/clock', encodeJson({}));
    this.complete();
  }

  /** Completes the streams without another input: the end of a replay. */
  complete(): void {
    for (const stream of [this.#records, this.#explained, this.#alerts, this.#status]) stream.complete();
  }

  /**
   * Handles one input. Timers due at or before its stamp fire first.
   * @throws DataError for an unknown topic, or a stamp that is not after the last one
   */
  input(input: Input): void {
    if (input.stamp <= this.#stamp) throw new DataError(invalid('stamp', input.stamp, `one after ${this.#stamp}`));
    this.#stamp = input.stamp;
    const sequence = this.#inputs++;
    if (this.#records.observed) {
      const { topic, stamp, data } = input;
      this.#records.next({ topic, stamp, time: stamp, sequence, data });
    }
    this.#clock.advanceTo(input.stamp);
    if (input.topic === 'feed/message') this.#message(input.data);
    else if (input.topic === 'feed/status') this.#feedStatus(decodeJson(input.data, input.topic));
    else if (input.topic === 'engine/act') this.#act(decodeJson(input.data, input.topic));
    else if (input.topic !== 'engine/clock')
      throw new DataError(invalid('input topic', input.topic, 'one of an engine'));
  }

  /** The stamp in ms, to the microsecond. */
  get #nowMs(): number {
    return Number(this.#stamp) / 1e6;
  }

  get #lanesThere(): Lane[] {
    return [...this.#lanes.values(), ...(this.#unused ? [this.#unused] : [])];
  }

  #live(topic: string, data: Uint8Array): void {
    this.input({ topic, stamp: this.#clock.stamp(this.#options.wall()), data });
  }

  #message(data: Uint8Array): void {
    this.counters.messages++;
    const mapped = this.#mapping.parse(data, Math.round(Number(this.#stamp) / 1e6));
    for (const reason of mapped.invalid) this.#invalid(reason);
    this.counters.ignored += mapped.ignored;
    this.counters.held += mapped.held;
    if (mapped.resets) this.#reset('the feed begins again');
    for (const tick of mapped.ticks) this.#tick(tick);
  }

  #tick(tick: Tick): void {
    const { maxAhead } = this.config.mapping.time;
    if (tick.time > this.#nowMs + maxAhead * 1000) {
      this.#invalid(invalid('time', tick.time, `at most ${maxAhead} s ahead of this machine's clock`));
      return;
    }
    const lane = this.#laneOf(tick.key);
    if (!lane) {
      this.#invalid(invalid('key', tick.key, `one of the first ${this.#streams.most}`));
      return;
    }
    const place = lane.order.check(tick);
    if (!place.take) {
      this.counters[place.why === 'late' ? 'late' : 'duplicates']++;
      return;
    }
    if (tick.filled) this.counters.filled++;
    if (place.missing !== 0) this.#gap(lane, place.missing);
    if (lane.filter && !lane.filter.push(tick.values, tick.time)?.[0]) this.counters.filtered++;
    else if (lane.resampler) this.#bars(lane, lane.resampler.push(tick));
    else this.#take(lane, tick);
  }

  /** Bars that closed, in order. */
  #bars(lane: Lane, { bars, late, hole }: Closed): void {
    if (late && bars.length === 0) this.counters.late++;
    if (hole) this.#hole(lane);
    for (const bar of bars) {
      if (bar.revised) this.#revise(lane, bar);
      else this.#take(lane, bar);
    }
    this.#await(lane);
  }

  /** What is open closes once nothing has come for as long as a bar may take. */
  #await(lane: Lane): void {
    const { resampler } = lane;
    lane.heard = this.#clock.now;
    if (lane.waiting || !resampler?.waits) return;
    lane.waiting = true;
    this.#clock.after(resampler.patience / 1000, lane.look);
  }

  #look(lane: Lane, resampler: Resampler): void {
    const left = lane.heard + BigInt(Math.round(resampler.patience * 1e6)) - this.#clock.now;
    if (left > 0n) {
      this.#clock.after(Number(left) / 1e9, lane.look);
      return;
    }
    lane.waiting = false;
    if (this.#lanes.get(lane.key) === lane) this.#bars(lane, resampler.flush(lane.key));
  }

  /** A bar is said again: its record changes, and what came of it stays, or is made anew where it is the newest. */
  #revise({ explainer, sequence }: Lane, bar: Tick): void {
    this.counters.revised++;
    this.#emit('tick', bar.time, this.counters.ticks, () => encodeJson(bar));
    if (!rewinds(this.config.mapping)) return;
    const explanation = explainer?.amend(bar);
    if (explanation) this.#emitExplanation(explanation, sequence);
  }

  #hole(lane: Lane): void {
    lane.gapBefore = true;
    this.counters.gaps++;
    this.#say({ feed: this.#feed, state: 'gap', reason: 'no tick for more than 1,000 bars' });
  }

  /** A tick, or a bar, takes its turn. */
  #take(lane: Lane, tick: Tick): void {
    if (tick.empty) this.counters.empty++;
    if (tick.redelivered) this.counters.redelivered++;
    const sequence = this.counters.ticks++;
    if (tick.time > this.#latest) this.#latest = tick.time;
    lane.sequence = sequence;
    this.#emit('tick', tick.time, sequence, () => encodeJson(tick));

    // an empty bar feeds nothing, and what comes next stands behind a gap
    const masked = tick.empty === true && tick.held === undefined;
    if (masked) lane.gapBefore = true;
    const explanation = masked ? null : (lane.explainer?.push(tick) ?? null);
    if (!masked && lane.explainer?.reason) this.#invalid(lane.explainer.reason);
    if (explanation) this.#explanation(explanation, sequence);
    else if (masked || !lane.explainer?.reason) this.counters.waiting++;
    const alerts: AlertTransition[] = [];
    this.#alertsOfTick = alerts;
    const index = explanation?.index ?? sequence;
    const { sigma, drift, drifts } = lane.watch(tick, explanation, index, (event) => {
      this.counters.drifts++;
      this.#emit('drift', tick.time, sequence, () => encodeJson(event));
    });
    this.#alertsOfTick = null;
    const { gapBefore, resetBefore } = lane;
    lane.gapBefore = false;
    lane.resetBefore = false;
    const stamp = this.#stamp;
    this.#explained.next({ tick, sequence, stamp, explanation, sigma, drift, drifts, alerts, gapBefore, resetBefore });
  }

  #explanation(explanation: Explanation, sequence: number): void {
    if (explanation.output) this.counters.explained++;
    else this.counters.waiting++;
    this.#emitExplanation(explanation, sequence);
  }

  #emitExplanation(explanation: Explanation, sequence: number): void {
    const { tick, index, prediction, predicted, arrived, residual, interval, adaptation, attribution, shapley } =
      explanation;
    this.#emit('prediction', tick.time, sequence, () => {
      const output = explanation.output && Array.from(explanation.output);
      return encodeJson({ key: tick.key, index, time: tick.time, prediction, predicted, arrived, residual, output });
    });
    if (interval && explanation.output) {
      this.#emit('interval', tick.time, sequence, () =>
        encodeJson({ key: tick.key, index, time: tick.time, ...interval }),
      );
    }
    if (adaptation) {
      this.#emit('adaptation', tick.time, sequence, () =>
        encodeJson({ key: tick.key, index, time: tick.time, ...adaptation }),
      );
    }
    if (attribution && explanation.output) {
      this.#emit('attribution', tick.time, sequence, () => encodeAttribution(attribution, prediction));
    }
    if (shapley && explanation.output) {
      this.#emit('shapley', tick.time, sequence, () => encodeShapley(shapley, prediction));
    }
  }

  #feedStatus(status: FeedStatus): void {
    this.#feed = status.feed;
    const { state, key, resumed } = status;
    if (state === 'open' && !resumed && !this.#stale) {
      this.#mapping.connected?.();
      for (const lane of this.#lanes.values()) lane.order.reconnected();
    }
    if (state === 'closed' || state === 'stale') this.counters[state]++;
    if (state === 'gap') {
      this.counters.gaps++;
      // a mapping without keys makes one stream of all
      const one = key !== undefined && typeof this.config.mapping.key === 'object';
      for (const lane of this.#lanes.values()) if (!one || lane.key === key) lane.gapBefore = true;
    } else {
      this.#stale = state === 'stale';
    }
    this.#status.next(status);
  }

  #act(act: { act: string }): void {
    if (act.act !== 'reset') throw new DataError(invalid('act', act.act, 'reset'));
    this.#reset('asked for');
  }

  #reset(reason: string): void {
    this.counters.resets++;
    this.#mapping.reset();
    for (const lane of this.#lanes.values()) lane.reset();
    this.#say({ feed: this.#feed, state: 'reset', reason });
  }

  #gap(lane: Lane, missing: number | null): void {
    lane.gapBefore = true;
    this.counters.gaps++;
    this.counters.missing += missing ?? 0;
    const reason = missing === null ? 'sequence numbers begin anew' : 'sequence numbers jump';
    this.#say({ feed: this.#feed, ...(lane.key ? { key: lane.key } : {}), state: 'gap', reason, missing });
  }

  #say(status: FeedStatus): void {
    this.#emit('engine/status', null, this.counters.ticks, () => encodeJson(status));
    this.#status.next(status);
  }

  #invalid(reason: string): void {
    this.counters.invalid++;
    this.lastInvalid = reason;
  }

  #explainer(): Explainer | null {
    const { kernels, spec, config } = this.#options;
    if (!spec) return null;
    const { target, ...explain } = config.explain;
    return new Explainer(kernels, spec, {
      ...explain,
      columns: config.columns,
      ...(target === null ? {} : { target }),
      amends: rewinds(config.mapping),
    });
  }

  #laneOf(key: string): Lane | null {
    const known = this.#lanes.get(key);
    const { most, beyond } = this.#streams;
    if (known) {
      // the one that was heard of last stands at the end
      if (beyond === 'forget' && this.#lanes.delete(key)) this.#lanes.set(key, known);
      return known;
    }
    if (this.#lanes.size >= most && beyond === 'refuse') return null;
    const lane = this.#lanes.size >= most ? this.#forget() : (this.#unused ?? this.#lane(this.#explainer()));
    this.#unused = null;
    lane.key = key;
    this.#lanes.set(key, lane);
    return lane;
  }

  /** The stream that has been quiet for the longest time gives way to another. */
  #forget(): Lane {
    const [key, lane] = this.#lanes.entries().next().value!;
    this.#lanes.delete(key);
    this.counters.forgotten++;
    lane.reset();
    return lane;
  }

  /** @throws ConfigError for a column that is not there */
  #columns(where: string, columns: readonly string[], wanted: readonly string[]): void {
    const absent = wanted.find((name) => !columns.includes(name));
    if (absent !== undefined) throw new ConfigError(invalid(where, columns, `the column '${absent}'`));
  }

  #lane(explainer: Explainer | null): Lane {
    const { id, filter, resample } = this.config.mapping;
    const parts = {
      order: new Order(id?.window, resample !== undefined, this.#mapping.dense),
      resampler: resample ? new Resampler(resample, this.#mapping.columns) : null,
      filter: filter === undefined ? null : compileColumns([filter], this.#options.kernels.math),
    };
    const lane = new Lane(explainer, parts, this.config.alerts, this.#watchable, this.#clock, (alert, of) =>
      this.#alert(alert, of),
    );
    const { resampler } = parts;
    if (resampler) lane.look = () => this.#look(lane, resampler);
    return lane;
  }

  #alert(alert: AlertTransition, lane: Lane): void {
    this.counters.alerts++;
    this.#emit('alert', alert.time, lane.sequence, () => encodeJson(alert));
    this.#alertsOfTick?.push(alert);
    this.#alerts.next(alert);
  }

  /** Nobody listens: nothing is encoded. `time` in ms, null for the stamp's own. */
  #emit(topic: string, time: number | null, sequence: number, encode: () => Uint8Array): void {
    if (!this.#records.observed) return;
    const stamp = this.#stamp;
    this.#records.next({ topic, stamp, time: time === null ? stamp : nanoseconds(time), sequence, data: encode() });
  }
}

/** Whether a bar that is said again corrects what the model was given. */
function rewinds({ resample }: EngineConfig['mapping']): boolean {
  return resample?.late === 'revise' && resample.revise === 'rewind';
}
