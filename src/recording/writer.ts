/** Writes an engine's records to an MCAP file so that a crash costs at most the chunk that was open. */
import type { Timers } from '../clock.ts';
import { hashOf, seal } from './hash.ts';
import { McapFile } from './mcapFile.ts';
import { listPlaces, SNAPSHOTS, type SnapshotPlace } from './places.ts';
import { encodeJson, type LogRecord, SNAPSHOT } from './records.ts';
import { OUTPUT, Tally } from './tally.ts';

/** A file that is only ever appended to. */
export interface RecordingFile {
  /** Appends all of `bytes`, or throws. The bytes may change once it returned. */
  write(bytes: Uint8Array): void;
  /** Resolves when what was written would survive a loss of power. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** When the file is synced: after every chunk, every second, or never. A killed process loses nothing either way. */
export type SyncPolicy = 'always' | '1s' | 'never';

export interface RecorderOptions {
  file: RecordingFile;
  /** For closing chunks and syncing in time. */
  timers: Timers;
  sync?: SyncPolicy;
  /** A chunk closes at this size in bytes, or this many seconds after its first record. */
  chunkBytes?: number;
  chunkSeconds?: number;
  /** A chunk that somebody waits for (see `kept`) closes after as many seconds. */
  hurrySeconds?: number;
  head: RecordingHead;
}

/** What stands before the first record: enough to replay it with nothing but the file. */
export interface RecordingHead {
  /** Version of whytick. */
  version: string;
  /** SHA-256 of the kernels, hex. */
  kernels: string;
  /** The engine's configuration. */
  config: object;
  /** The model in the native format, or null. */
  model: Uint8Array | null;
  /** Where the messages come from, without secrets: see `redact`. */
  source?: object;
  /** When the recording began, ns since 1970 UTC. */
  time: bigint;
}

/** Snapshots take at most one part in so many of a file, and the first comes after so many bytes. */
const SNAPSHOT_SHARE = 20;
const FIRST_SNAPSHOT = 64 << 10;

/** Raised when a reader of today could misread a recording of tomorrow. */
export const RECORDING_FORMAT = '1';

export type RecorderState = 'recording' | 'failed' | 'ended';

/**
 * Appends records in chunks. When the file cannot be written any more (disk full, I/O error) the state is `failed`, with
 * the reason; further records are only counted as lost, and whoever makes them goes on.
 */
export class Recorder {
  readonly #options: Required<Omit<RecorderOptions, 'head'>>;
  readonly #mcap = new McapFile();
  readonly #tally = new Tally();
  #state: RecorderState = 'recording';
  #reason: string | null = null;
  #chunkStart = 0n;
  readonly #snapshots: SnapshotPlace[] = [];
  /** The bytes at which another one is due. */
  #snapshotAt = FIRST_SNAPSHOT;
  /** Who waits for the open chunk, and for a sync of what is in the file. */
  readonly #waiting: (() => void)[] = [];
  readonly #unsynced: (() => void)[] = [];
  #cancelChunk: () => void = () => {};
  #cancelSync: () => void = () => {};
  #dirty = false;
  #syncing: Promise<void> | null = null;
  #ending: Promise<void> | null = null;
  /** Records that came after the file failed. */
  lost = 0;

  constructor({ head, ...options }: RecorderOptions) {
    this.#options = { sync: '1s', chunkBytes: 256 << 10, chunkSeconds: 0.5, hurrySeconds: 0.02, ...options };
    this.#write(() => this.#mcap.start(`whytick ${head.version}`));
    const attach = (name: string, mediaType: string, data: Uint8Array) => {
      this.#write(() => this.#mcap.attachment(name, mediaType, data, head.time));
      return hashOf(data);
    };
    const model = head.model ? attach('model.safetensors', 'application/octet-stream', head.model) : '';
    const config = attach('config.json', 'application/json', encodeJson(head.config));
    if (head.source) attach('source.json', 'application/json', encodeJson(head.source));
    const { version, kernels } = head;
    const about = { format: RECORDING_FORMAT, version, 'kernels sha256': kernels, 'model sha256': model };
    this.#write(() => this.#mcap.metadata('whytick', seal({ ...about, 'config sha256': config, seeds: '' })));
    if (this.#options.sync !== 'never') this.#sync();
  }

  get state(): RecorderState {
    return this.#state;
  }

  /** Why it failed; null while it has not. */
  get reason(): string | null {
    return this.#reason;
  }

  /** Bytes in the file. */
  get bytes(): number {
    return this.#mcap.position;
  }

  /** Records taken, by topic. */
  get counts(): Readonly<Record<string, number>> {
    return this.#tally.counts;
  }

  /** Whether a snapshot would keep within its share of the file. */
  get snapshotDue(): boolean {
    return this.#state === 'recording' && this.#mcap.position >= this.#snapshotAt;
  }

  /** Takes a record. Never throws. */
  record(record: LogRecord): void {
    if (this.#state !== 'recording') {
      this.lost++;
      return;
    }
    const { chunkBytes, chunkSeconds, timers } = this.#options;
    if (this.#mcap.pending > 0 && record.stamp - this.#chunkStart >= BigInt(Math.round(chunkSeconds * 1e9)))
      this.flush();
    if (this.#mcap.pending === 0) {
      this.#chunkStart = record.stamp;
      this.#cancelChunk = timers.after(chunkSeconds, () => this.flush());
    }
    if (record.topic === SNAPSHOT) {
      const { stamp, time, sequence, data } = record;
      // its chunk will begin where the file ends now
      this.#snapshots.push({ offset: this.#mcap.position, stamp, time, sequence });
      this.#snapshotAt = this.#mcap.position + SNAPSHOT_SHARE * data.byteLength;
    }
    this.#mcap.message(record);
    this.#tally.update(record);
    if (this.#mcap.pending >= chunkBytes) this.flush();
  }

  /** Closes the open chunk: what was recorded so far is in the file. */
  flush(): void {
    this.#cancelChunk();
    if (this.#state === 'recording' && this.#mcap.pending > 0) {
      this.#write(() => this.#mcap.chunk());
      if (this.#options.sync === 'always') this.#sync();
    }
    const waiting = this.#waiting.splice(0);
    if (this.#syncing && this.#options.sync === 'always') this.#unsynced.push(...waiting);
    else for (const told of waiting) told();
  }

  /**
   * Calls back once all that was taken so far is in the file, and with `sync: always` synced. Where the file has failed it is
   * called as well: nothing can be kept any more, and whoever waits may go on.
   */
  kept(told: () => void): void {
    this.#waiting.push(told);
    if (this.#state !== 'recording' || this.#mcap.pending === 0) this.flush();
    else if (this.#waiting.length === 1) {
      this.#cancelChunk();
      this.#cancelChunk = this.#options.timers.after(this.#options.hurrySeconds, () => this.flush());
    }
  }

  /**
   * Writes the output hash and the summary, and closes the file. Resolves when that is done; never rejects (a failure is
   * the state).
   */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.flush();
    this.#cancelSync();
    this.#write(() => this.#mcap.metadata(OUTPUT, this.#tally.sealed()));
    if (this.#snapshots.length > 0) this.#write(() => this.#mcap.metadata(SNAPSHOTS, listPlaces(this.#snapshots)));
    this.#write(() => this.#mcap.end());
    await this.#syncing;
    this.#cancelSync();
    try {
      if (this.#options.sync !== 'never' && this.#state === 'recording') await this.#options.file.sync();
      await this.#options.file.close();
    } catch (error) {
      this.#fail(error);
    }
    if (this.#state === 'recording') this.#state = 'ended';
  }

  #write(bytes: () => Uint8Array): void {
    if (this.#state !== 'recording') return;
    try {
      this.#options.file.write(bytes());
      this.#dirty = true;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Syncs what is not synced yet, one call at a time; under `1s` again in a second. */
  #sync(): void {
    this.#cancelSync();
    if (this.#state !== 'recording' || this.#ending) return;
    if (this.#options.sync === '1s') this.#cancelSync = this.#options.timers.after(1, () => this.#sync());
    if (!this.#dirty || this.#syncing) return;
    this.#dirty = false;
    this.#syncing = this.#options.file
      .sync()
      .catch((error) => this.#fail(error))
      .finally(() => {
        this.#syncing = null;
        if (!this.#dirty) for (const told of this.#unsynced.splice(0)) told();
        if (this.#dirty && this.#options.sync === 'always') this.#sync();
      });
  }

  #fail(error: unknown): void {
    if (this.#state === 'failed') return;
    this.#state = 'failed';
    this.#reason = error instanceof Error ? error.message : String(error);
    this.#cancelChunk();
    this.#cancelSync();
    for (const told of [...this.#unsynced.splice(0), ...this.#waiting.splice(0)]) told();
  }
}
