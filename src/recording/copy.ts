import { DataError, invalid } from '../errors.ts';
import { seal } from './hash.ts';
import { McapFile } from './mcapFile.ts';
import { listPlaces, SNAPSHOTS, type SnapshotPlace } from './places.ts';
import type { Recording } from './reader.ts';
import { channelOf, type LogRecord, SNAPSHOT } from './records.ts';
import { OUTPUT } from './tally.ts';
import type { RecordingFile } from './writer.ts';

/** Writes a recording of records of others; those of one chunk in one chunk, which makes it the same bytes. */
export class Copy {
  readonly #file: Pick<RecordingFile, 'write'>;
  readonly #mcap = new McapFile();
  readonly #snapshots: SnapshotPlace[] = [];

  /**
   * @param of whose attachments and metadata stand at its head
   * @param more metadata by name, and names of metadata that are left out
   */
  constructor(
    file: Pick<RecordingFile, 'write'>,
    of: Recording,
    { more = {}, without = [] }: { more?: Record<string, Record<string, string>>; without?: readonly string[] } = {},
  ) {
    this.#file = file;
    file.write(this.#mcap.start(of.library.startsWith('whytick') ? of.library : 'whytick'));
    for (const [name, data] of of.attachments) {
      const { mediaType, time } = of.attached.get(name)!;
      file.write(this.#mcap.attachment(name, mediaType, data, time));
    }
    for (const [name, metadata] of of.metadata) {
      if (![OUTPUT, SNAPSHOTS, ...without].includes(name) && !(name in more))
        file.write(this.#mcap.metadata(name, metadata));
    }
    for (const [name, entries] of Object.entries(more)) file.write(this.#mcap.metadata(name, seal(entries)));
  }

  /** Bytes waiting in the open chunk. */
  get pending(): number {
    return this.#mcap.pending;
  }

  /** @throws DataError for a record of a later version */
  record(record: LogRecord): void {
    const { topic, stamp, time, sequence } = record;
    if (!channelOf(topic)) throw new DataError(invalid('topic', topic, 'one that this version of whytick knows'));
    if (topic === SNAPSHOT) this.#snapshots.push({ offset: this.#mcap.position, stamp, time, sequence });
    this.#mcap.message(record);
  }

  /** Closes the open chunk, if it has records. */
  chunk(): void {
    if (this.#mcap.pending > 0) this.#file.write(this.#mcap.chunk());
  }

  /**
   * Writes the end, with what is known of the outputs.
   * @param more metadata by name
   * @returns bytes written in all
   */
  end(output: Map<string, string>, more: Record<string, Record<string, string>> = {}): number {
    this.chunk();
    for (const [name, entries] of Object.entries(more)) this.#file.write(this.#mcap.metadata(name, seal(entries)));
    this.#file.write(this.#mcap.metadata(OUTPUT, output));
    if (this.#snapshots.length > 0) this.#file.write(this.#mcap.metadata(SNAPSHOTS, listPlaces(this.#snapshots)));
    this.#file.write(this.#mcap.end());
    return this.#mcap.position;
  }
}

/** @throws DataError for a recording that is damaged: what is made of it could not be told from a whole one */
export function checkUndamaged({ file, damage: [first] }: Recording): void {
  if (first)
    throw new DataError(invalid(`${file} byte ${first.offset}`, first.reason, 'an undamaged recording: see recover'));
}
