/** Parts of recordings, as `slice` makes them: they begin with a snapshot. */
import { decodeSaved, type Saved } from '../saved.ts';
import type { SnapshotPlace } from './places.ts';
import type { Recording } from './reader.ts';
import { SNAPSHOT } from './records.ts';

/** Name of the metadata that a part has: `of` which file it is, and the number of its `first` tick. */
export const PART = 'whytick slice';

/** The snapshot that a part begins with, and its state; null: the recording begins at its beginning. */
export async function partStart(
  recording: Recording,
): Promise<(Pick<SnapshotPlace, 'offset' | 'stamp'> & { state: Saved }) | null> {
  if ((await recording.lookup(PART)) === null) return null;
  for await (const { offset, records } of recording.chunks()) {
    const [first] = records;
    return first?.topic === SNAPSHOT ? { offset, stamp: first.stamp, state: decodeSaved(first.data) } : null;
  }
  return null;
}
