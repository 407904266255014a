import { type Recording, type Recovered, recover } from '../recording/index.ts';
import { writeNew } from './newRecording.ts';

/** What was recovered, and the file that holds it; null: the recording is whole, and nothing was written. */
export interface RecoveredFile extends Recovered {
  file: string | null;
}

/**
 * Recovers a recording into a file of its own, or in its place. The original stays as it is until the new one is synced.
 * @param out a new file; null: beside it
 * @throws ConfigError where the file cannot be created, DataError for a recording of somebody else
 */
export async function recoverFile(
  recording: Recording,
  path: string,
  out: string | null,
  inPlace: boolean,
): Promise<RecoveredFile> {
  let [chunks, records] = [0, 0];
  for await (const chunk of recording.chunks()) {
    chunks++;
    records += chunk.records.length;
  }
  if (recording.complete && recording.damage.length === 0) return { file: null, chunks, records, lost: [] };
  const target = inPlace ? path : (out ?? `${path.replace(/\.mcap$/, '')}.recovered.mcap`);
  return { file: target, ...(await writeNew(target, 'recording', (file) => recover(recording, file), inPlace)) };
}
