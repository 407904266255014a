/** A part of a recording that proves itself as the whole does: it begins with a snapshot. */
import { ConfigError, invalid } from '../errors.ts';
import { Copy } from './copy.ts';
import { PART } from './part.ts';
import { provenance } from './prepare.ts';
import type { Recording } from './reader.ts';
import { channelOf, type LogRecord, SNAPSHOT } from './records.ts';
import { beyond, type Mark, snapshotBefore } from './replay.ts';
import { Tally } from './tally.ts';
import type { RecordingFile } from './writer.ts';

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
 * Writes the part from the last snapshot before `from` to the last tick before or at `to`.
 * @throws ConfigError for a part without a tick, DataError for an MCAP file of somebody else
 */
export async function slice(
  recording: Recording,
  { from, to }: { from?: Mark | undefined; to?: Mark | undefined },
  file: Pick<RecordingFile, 'write'>,
): Promise<Slice> {
  provenance(recording);
  const start = from ? await snapshotBefore(recording, from) : null;
  const first = start?.sequence ?? 0;
  const copy = new Copy(file, recording);
  const tally = new Tally();
  const take = (record: LogRecord): void => {
    copy.record(record);
    tally.update(record);
    if (copy.pending >= CHUNK) copy.chunk();
  };
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
  const { tick: ticks = 0 } = tally.counts;
  if (ticks === 0) throw new ConfigError(invalid('--from', recording.file, 'a part with a tick in it'));
  copy.end(tally.sealed(), { [PART]: { of: recording.file, first: String(first) } });
  return { records: tally.total, ticks, first };
}
