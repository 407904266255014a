/** A live session: feed -> engine -> recording. What shows it subscribes to the engine. */
import { basename } from 'node:path';
import type { Observable, Subscription } from 'rxjs';
import { Engine, type EngineConfig } from '../engine.ts';
import type { FeedEvent } from '../feeds/index.ts';
import type { Kernels } from '../kernels.ts';
import { writeNative } from '../model/formats/index.ts';
import type { ModelSpec } from '../model/spec.ts';
import { Recorder, redact } from '../recording/index.ts';
import type { Status } from '../wire.ts';
import { Samples } from './percentile.ts';
import { createRecordingFile } from './recordingFile.ts';
import { packageVersion } from './version.ts';
import { wallNs, wallTimers } from './wall.ts';

export interface SessionOptions {
  kernels: Kernels;
  /** SHA-256 of the kernels, hex. */
  kernelsHash: string;
  /** Null: ticks are recorded and watched, nothing is predicted. */
  spec: ModelSpec | null;
  config: EngineConfig;
  feed: Observable<FeedEvent>;
  /** Where the feed comes from, for the recording; secrets in it are left out. */
  source: object;
  /** A file to record to, which must not exist yet. */
  record: string | null;
}

/** How often the engine's clock is moved on between inputs, ms. */
const ADVANCE_MS = 100;

export class Session {
  readonly engine: Engine;
  /** Time of the engine for one live message, ms. */
  readonly tickMs = new Samples();
  /** Resolves when the feed has an end, such as that of a file, and it is reached. */
  readonly ended: Promise<void>;
  /** Called with each of these. */
  onTickMs: (ms: number) => void = () => {};
  readonly #options: SessionOptions;
  #recorder: Recorder | null = null;
  #subscription: Subscription | null = null;
  #end: () => void = () => {};
  #clock: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | null = null;
  /** History comes in a flood while the machine is still warming up: its times say nothing about a live tick. */
  #warmingUp = false;

  /**
   * Checks everything that can be checked; nothing runs and nothing is written before `start`.
   * @throws ConfigError or ModelError for what does not fit
   */
  constructor(options: SessionOptions) {
    const { kernels, spec, config } = options;
    this.engine = new Engine({ kernels, spec, config, wall: wallNs });
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** @throws ConfigError where the recording cannot be created */
  start(): void {
    const { feed, record } = this.#options;
    if (record) {
      const recorder = this.#createRecorder(record);
      this.engine.records$.subscribe((each) => recorder.record(each));
      this.#recorder = recorder;
    }
    this.engine.explained$.subscribe(({ tick }) => {
      this.#warmingUp = tick.history === true;
    });
    this.#subscription = feed.subscribe({ next: (event) => this.#take(event), complete: () => this.#end() });
    this.#clock = setInterval(() => this.engine.advance(), ADVANCE_MS);
  }

  /** How the recording is, as dashboards show it; null without one. */
  recording(): Status['recording'] {
    const recorder = this.#recorder;
    if (!recorder) return null;
    const { state, reason, bytes, counts } = recorder;
    return {
      file: basename(this.#options.record!),
      state: state === 'failed' ? 'failed' : 'recording',
      ...(reason === null ? {} : { reason }),
      ticks: counts.tick ?? 0,
      bytes,
    };
  }

  /** Takes nothing in any more, lets due timers fire and completes the recording. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  #createRecorder(path: string): Recorder {
    const { kernelsHash, spec, config, source } = this.#options;
    return new Recorder({
      file: createRecordingFile(path),
      timers: wallTimers,
      head: {
        version: packageVersion(),
        kernels: kernelsHash,
        config,
        model: spec && writeNative(spec),
        source: redact(source) as object,
        time: wallNs(),
      },
    });
  }

  async #stop(): Promise<void> {
    this.#subscription?.unsubscribe();
    clearInterval(this.#clock);
    this.engine.end();
    await this.#recorder?.end();
  }

  #take(event: FeedEvent): void {
    if (event.kind === 'status') {
      this.engine.status(event.status);
      return;
    }
    const begun = performance.now();
    this.engine.message(event.data);
    if (this.#recorder?.snapshotDue && this.engine.saves) this.#recorder.record(this.engine.snapshot());
    if (event.ack) {
      if (this.#recorder) this.#recorder.kept(event.ack);
      else event.ack();
    }
    if (this.#warmingUp) return;
    const ms = performance.now() - begun;
    this.tickMs.add(ms);
    this.onTickMs(ms);
  }
}
