/** Makes a whole recording of what is intact in one that was cut off or damaged. */
import { OutputHash, seal } from './hash.ts';
import { McapFile } from './mcapFile.ts';
import { provenance } from './prepare.ts';
import type { Damage, Recording } from './reader.ts';
import { SNAPSHOT } from './records.ts';
import { ending, type SnapshotPlace } from './writer.ts';

/** What became of a recording. */
export interface Recovered {
  chunks: number;
  records: number;
  /** Bytes that could not be used, in file order, a ragged end among them. */
  lost: Damage[];
}

const MEDIA_TYPES: Record<string, string> = { 'model.safetensors': 'application/octet-stream' };

/**
 * Hands every intact chunk, attachment and metadata of a recording to `write`, in order, as a complete file. It is marked: what
 * its last inputs led to may be missing, and where chunks were lost a replay cannot prove what follows.
 * @param write appends all of the bytes, or throws; they may change once it returned
 * @throws DataError for an MCAP file of somebody else
 */
export async function recover(recording: Recording, write: (bytes: Uint8Array) => void): Promise<Recovered> {
  provenance(recording);
  const mcap = new McapFile();
  const hash = new OutputHash();
  const counts: Record<string, number> = {};
  const snapshots: SnapshotPlace[] = [];
  const holes: bigint[] = [];
  let [chunks, all] = [0, 0];
  write(mcap.start(recording.library));
  // those behind the chunks are written anew
  const head = [...recording.metadata].filter(([name]) => name === 'whytick');
  for (const [name, data] of recording.attachments)
    write(mcap.attachment(name, MEDIA_TYPES[name] ?? 'application/json', data, 0n));
  for (const [name, metadata] of head) write(mcap.metadata(name, metadata));
  for await (const { records, afterDamage } of recording.chunks()) {
    if (records.length === 0) continue;
    if (afterDamage) holes.push(records[0]!.stamp);
    for (const record of records) {
      const { topic, stamp, time, sequence } = record;
      if (topic === SNAPSHOT) snapshots.push({ offset: mcap.position, stamp, time, sequence });
      counts[topic] = (counts[topic] ?? 0) + 1;
      hash.update(record);
      mcap.message(record);
    }
    all += records.length;
    chunks++;
    write(mcap.chunk());
  }
  for (const bytes of ending(mcap, hash, counts, snapshots)) write(bytes);
  const lost = [...recording.damage, ...(recording.tail ? [recording.tail] : [])];
  const bytes = lost.reduce((sum, each) => sum + each.bytes, 0);
  const about = { 'bytes lost': String(bytes), holes: holes.join(' ') };
  write(mcap.metadata(RECOVERED, seal(about)));
  write(mcap.end());
  return { chunks, records: all, lost };
}

/** Name of the metadata that such a recording has. */
export const RECOVERED = 'whytick recovered';

/** Whether a recording was made by `recover`, and stamps of the first records behind what was lost in its middle. */
export async function recoveredFrom(recording: Recording): Promise<{ holes: bigint[] } | null> {
  const holes = (await recording.lookup(RECOVERED))?.get('holes');
  return holes === undefined ? null : { holes: holes.split(' ').filter(Boolean).map(BigInt) };
}
