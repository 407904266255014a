/** A part of a recording that proves itself as the whole does: it begins with a snapshot. */
import { ConfigError, invalid } from '../errors.ts';
import { OutputHash, seal } from './hash.ts';
import { McapFile } from './mcapFile.ts';
import { PART } from './part.ts';
import { provenance } from './prepare.ts';
import type { Recording } from './reader.ts';
import { channelOf, type LogRecord, SNAPSHOT } from './records.ts';
import { beyond, type Mark, snapshotBefore } from './replay.ts';
import { ending, type SnapshotPlace } from './writer.ts';

/** What a part holds. */
export interface Slice {
  records: number;
  ticks: number;
  /** Number of its first tick, at or before the place that was asked for: where the recording has a snapshot, else 0. */
  first: number;
}

/** A chunk of it closes at this size, bytes. */
const CHUNK = 256 << 10;

/**
 * Hands the part from the last snapshot before `from` to the last tick before or at `to` to `write`, as a complete file.
 * @param write appends all of the bytes, or throws; they may change once it returned
 * @throws ConfigError for a part without a tick, DataError for an MCAP file of somebody else
 */
export async function slice(
  recording: Recording,
  { from, to }: { from?: Mark | undefined; to?: Mark | undefined },
  write: (bytes: Uint8Array) => void,
): Promise<Slice> {
  provenance(recording);
  const start = from ? await snapshotBefore(recording, from) : null;
  const mcap = new McapFile();
  const hash = new OutputHash();
  const counts: Record<string, number> = {};
  const snapshots: SnapshotPlace[] = [];
  let open: SnapshotPlace[] = [];
  const flush = (): void => {
    if (mcap.pending === 0) return;
    for (const place of open) snapshots.push({ ...place, offset: mcap.position });
    open = [];
    write(mcap.chunk());
  };
  const take = (record: LogRecord): void => {
    const { topic, stamp, time, sequence } = record;
    if (topic === SNAPSHOT) open.push({ offset: 0, stamp, time, sequence });
    counts[topic] = (counts[topic] ?? 0) + 1;
    hash.update(record);
    mcap.message(record);
    if (mcap.pending >= CHUNK) flush();
  };

  write(mcap.start(recording.library));
  for (const [name, data] of recording.attachments)
    write(mcap.attachment(name, name.endsWith('.json') ? 'application/json' : 'application/octet-stream', data, 0n));
  write(mcap.metadata('whytick', recording.metadata.get('whytick')!));
  let begun = start === null;
  let past = false;
  /** An input and what it led to: all of it, or nothing. */
  let group: LogRecord[] = [];
  for await (const { records } of recording.chunks(start?.offset)) {
    for (const record of records) {
      begun ||= record.topic === SNAPSHOT && record.stamp === start!.stamp;
      if (!begun) continue;
      if (channelOf(record.topic)?.role === 'input') {
        for (const each of group) take(each);
        group = [];
      }
      past ||= to !== undefined && record.topic === 'tick' && beyond(record, to);
      if (past) break;
      group.push(record);
    }
    if (past) break;
  }
  if (!past) for (const each of group) take(each);
  flush();
  const ticks = counts.tick ?? 0;
  if (ticks === 0) throw new ConfigError(invalid('--from', recording.file, 'a part with a tick in it'));
  for (const bytes of ending(mcap, hash, counts, snapshots)) write(bytes);
  write(mcap.metadata(PART, seal({ of: recording.file, first: String(start?.sequence ?? 0) })));
  write(mcap.end());
  const records = Object.values(counts).reduce((sum, n) => sum + n, 0);
  return { records, ticks, first: start?.sequence ?? 0 };
}
