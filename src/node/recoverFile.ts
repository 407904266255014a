import { renameSync, rmSync } from 'node:fs';
import { type Recording, type Recovered, recover } from '../recording/index.ts';
import { createRecordingFile } from './recordingFile.ts';

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
  const beside = `${path.replace(/\.mcap$/, '')}.recovered.mcap`;
  const target = inPlace ? `${path}.recovering` : (out ?? beside);
  const file = createRecordingFile(target);
  try {
    const found = await recover(recording, (bytes) => file.write(bytes));
    await file.sync();
    await file.close();
    if (inPlace) renameSync(target, path);
    return { file: inPlace ? path : target, ...found };
  } catch (error) {
    await file.close();
    rmSync(target, { force: true });
    throw error;
  }
}
