/** Makes a whole recording of what is intact in one that was cut off or damaged. */
import { Copy } from './copy.ts';
import { provenance } from './prepare.ts';
import type { Damage, Recording } from './reader.ts';
import { Tally } from './tally.ts';
import type { RecordingFile } from './writer.ts';

/** What became of a recording. */
export interface Recovered {
  chunks: number;
  records: number;
  /** Bytes that could not be used, in file order, a ragged end among them. */
  lost: Damage[];
}

/**
 * Writes every intact chunk, attachment and metadata of a recording, in order, as a complete file. It is marked: what its last
 * inputs led to may be missing, and where chunks were lost a replay cannot prove what follows.
 * @throws DataError for an MCAP file of somebody else
 */
export async function recover(recording: Recording, file: Pick<RecordingFile, 'write'>): Promise<Recovered> {
  provenance(recording);
  const copy = new Copy(file, recording, { without: [RECOVERED] });
  const tally = new Tally();
  const holes: bigint[] = [];
  let chunks = 0;
  for await (const { records, afterDamage } of recording.chunks()) {
    if (records.length === 0) continue;
    if (afterDamage) holes.push(records[0]!.stamp);
    for (const record of records) {
      copy.record(record);
      tally.update(record);
    }
    chunks++;
    copy.chunk();
  }
  const lost = [...recording.damage, ...(recording.tail ? [recording.tail] : [])];
  const bytes = lost.reduce((sum, each) => sum + each.bytes, 0);
  copy.end(tally.sealed(), { [RECOVERED]: { 'bytes lost': String(bytes), holes: holes.join(' ') } });
  return { chunks, records: tally.total, lost };
}

/** Name of the metadata that such a recording has. */
export const RECOVERED = 'whytick recovered';

/** Whether a recording was made by `recover`, and stamps of the first records behind what was lost in its middle. */
export async function recoveredFrom(recording: Recording): Promise<{ holes: bigint[] } | null> {
  const holes = (await recording.lookup(RECOVERED))?.get('holes');
  return holes === undefined ? null : { holes: holes.split(' ').filter(Boolean).map(BigInt) };
}
