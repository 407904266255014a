/** Runs a recording through a new engine, in virtual time: timers follow the recording, never the wall clock. */
import { asyncScheduler, type Observable, type SchedulerLike, Subject } from 'rxjs';
import { Engine, type Explained } from '../engine.ts';
import type { Kernels } from '../kernels.ts';
import type { ModelSpec } from '../model/spec.ts';
import { decodeSaved } from '../saved.ts';
import type { AlertTransition, FeedStatus } from '../types.ts';
import { OutputHash } from './hash.ts';
import { partStart } from './part.ts';
import type { SnapshotPlace } from './places.ts';
import { prepare } from './prepare.ts';
import type { Recording } from './reader.ts';
import { channelOf, type LogRecord, nanoseconds, SNAPSHOT } from './records.ts';
import { recoveredFrom } from './recover.ts';

/** A place in a recording: an event time in ms since 1970 UTC, or the number of a tick from 0. */
export type Mark = { time: number } | { tick: number };

export interface ReplayOptions {
  recording: Recording;
  kernels: Kernels;
  /** Another model in place of the recorded one. */
  spec?: ModelSpec | undefined;
  /** Factor on the recording's own pace; Infinity (the default): as fast as it goes. */
  speed?: number;
  /**
   * First and last tick shown. Those before are computed, since the state of all that follows rests on them: from the nearest
   * snapshot on, where the recording has some and the model is its own.
   */
  from?: Mark | undefined;
  to?: Mark | undefined;
  /** Begins again at the end, until stopped. */
  loop?: boolean;
  scheduler?: SchedulerLike;
}

export interface ReplayResult {
  /** Records of each topic within the range: inputs from the file, outputs as computed now. */
  counts: Record<string, number>;
  /** Hash of all outputs computed (with `from`: those since the snapshot it began with); of the last pass where it looped. */
  outputHash: string;
  /** Hash that the recording states; null where it was cut off. */
  recordedHash: string | null;
  /** Null where the two need not be equal: another model, a part of the recording, or no recorded hash. */
  hashEqual: boolean | null;
}

/**
 * A recording as a live session: the same streams, at any speed.
 *
 * ```ts
 * const recording = await Recording.open(source, 'session.mcap');
 * const replay = new Replay({ recording, kernels, speed: 10 });
 * replay.explained$.subscribe(({ tick, explanation }) => console.log(tick.time, explanation?.prediction));
 * console.log((await replay.run()).hashEqual); // true
 * ```
 */
export class Replay {
  /** Of the model that runs, or null. */
  readonly spec: ModelSpec | null;
  readonly #options: ReplayOptions;
  readonly #scheduler: SchedulerLike;
  readonly #explained = new Subject<Explained>();
  readonly #alerts = new Subject<AlertTransition>();
  readonly #status = new Subject<FeedStatus>();
  /** Ticks within the range. */
  readonly explained$: Observable<Explained> = this.#explained;
  /** Transitions within the range. */
  readonly alerts$: Observable<AlertTransition> = this.#alerts;
  /** What the feed said of itself within the range. */
  readonly status$: Observable<FeedStatus> = this.#status;
  #engine: Engine;
  #speed: number;
  /** Scheduler's time and stamp that belong together; null until the next input sets them. */
  #anchor: { at: number; stamp: bigint } | null = null;

  /** @throws DataError, ConfigError or ModelError for what is wrong in the recording, or a model that does not fit it */
  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#scheduler = options.scheduler ?? asyncScheduler;
    this.#speed = options.speed ?? Number.POSITIVE_INFINITY;
    this.spec = options.spec ?? prepare(options.recording).spec;
    this.#engine = this.#newEngine();
  }

  get kernels(): Kernels {
    return this.#options.kernels;
  }

  /** The engine of the present pass. */
  get engine(): Engine {
    return this.#engine;
  }

  get speed(): number {
    return this.#speed;
  }

  /** Takes effect from the next input on. */
  set speed(speed: number) {
    this.#speed = speed;
    this.#anchor = null;
  }

  /** Plays until the end of the recording or of the range, or until `signal` says stop. Completes the streams. */
  async run(signal?: AbortSignal): Promise<ReplayResult> {
    let result = await this.#pass(false, signal);
    while (this.#options.loop && !signal?.aborted) {
      this.#engine = this.#newEngine();
      result = await this.#pass(true, signal);
    }
    for (const stream of [this.#explained, this.#alerts, this.#status]) stream.complete();
    return result;
  }

  #newEngine(): Engine {
    const { recording, kernels } = this.#options;
    return new Engine({ kernels, spec: this.spec, config: prepare(recording).config, wall: () => this.#engine.stamp });
  }

  async #pass(again: boolean, signal: AbortSignal | undefined): Promise<ReplayResult> {
    const { recording, from, to } = this.#options;
    const engine = this.#engine;
    const hash = new OutputHash();
    const counts: Record<string, number> = {};
    let inRange = from === undefined;
    let past = false;
    let first = again;
    engine.records$.subscribe((record) => {
      if (record.topic === 'tick') {
        inRange ||= !before(record, from!);
        past ||= to !== undefined && beyond(record, to);
      }
      hash.update(record);
      if (inRange && !past) counts[record.topic] = (counts[record.topic] ?? 0) + 1;
    });
    engine.explained$.subscribe((explained) => {
      if (!inRange || past) return;
      this.#explained.next(first ? { ...explained, resetBefore: true } : explained);
      first = false;
    });
    engine.alerts$.subscribe((alert) => inRange && !past && this.#alerts.next(alert));
    engine.status$.subscribe((status) => inRange && !past && this.#status.next(status));

    this.#anchor = null;
    const start = await this.#start();
    let begun = start === null;
    for await (const { records } of recording.chunks(start?.offset)) {
      for (const record of records) {
        if (!begun && record.topic === SNAPSHOT && record.stamp === start!.stamp) {
          engine.load(decodeSaved(record.data));
          begun = true;
        }
        if (!begun || channelOf(record.topic)?.role !== 'input') continue;
        if (inRange) await this.#untilDue(record.stamp, signal);
        if (past || signal?.aborted) break;
        engine.input(record);
      }
      await this.#pause(0);
      if (past || signal?.aborted) break;
    }
    engine.complete();

    const outputHash = hash.digest();
    const recordedHash = recording.metadata.get('whytick output')?.get('output sha256') ?? null;
    const recovered = await recoveredFrom(recording);
    const whole =
      !recovered && !this.#options.spec && from === undefined && !past && !signal?.aborted && recordedHash !== null;
    return { counts, outputHash, recordedHash, hashEqual: whole ? outputHash === recordedHash : null };
  }

  /** The last snapshot before the range, or that of a part; null: from the beginning. */
  async #start(): Promise<Pick<SnapshotPlace, 'offset' | 'stamp'> | null> {
    const { recording, from, spec } = this.#options;
    // another model knows nothing of these states
    if (spec) return null;
    return (from && (await snapshotBefore(recording, from))) ?? partStart(recording);
  }

  /** Waits in slices, so that a new speed or a stop is noticed. */
  async #untilDue(stamp: bigint, signal: AbortSignal | undefined): Promise<void> {
    while (this.#speed !== Number.POSITIVE_INFINITY && !signal?.aborted) {
      this.#anchor ??= { at: this.#scheduler.now(), stamp };
      const due = this.#anchor.at + Number(stamp - this.#anchor.stamp) / 1e6 / this.#speed;
      const wait = due - this.#scheduler.now();
      if (wait < 1) return;
      await this.#pause(Math.min(wait, 100));
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#scheduler.schedule(() => resolve(), ms);
    });
  }
}

/** The last snapshot before a place; null: there is none. */
export async function snapshotBefore(recording: Recording, mark: Mark): Promise<SnapshotPlace | null> {
  const places = await recording.snapshots();
  return places.findLast((place) => ('time' in mark ? before(place, mark) : place.sequence <= mark.tick)) ?? null;
}

function before({ time, sequence }: Pick<LogRecord, 'time' | 'sequence'>, mark: Mark): boolean {
  return 'time' in mark ? time < nanoseconds(mark.time) : sequence < mark.tick;
}

export function beyond({ time, sequence }: LogRecord, mark: Mark): boolean {
  return 'time' in mark ? time > nanoseconds(mark.time) : sequence > mark.tick;
}
