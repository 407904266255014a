import { ConfigError, DataError, invalid } from '../errors.ts';
import { Copy, checkUndamaged } from './copy.ts';
import { provenance } from './prepare.ts';
import { TickRange } from './range.ts';
import type { Recording } from './reader.ts';
import { ANNOTATION, encodeJson, nanoseconds } from './records.ts';
import type { Mark } from './replay.ts';
import { OUTPUT } from './tally.ts';
import type { RecordingFile } from './writer.ts';

/**
 * Writes a recording again with a note at its end. The chunks before it and the output hash stay what they are.
 * @returns the time of the note, in ms, and the number of the tick then
 * @throws DataError where the recording is not whole or somebody else's, ConfigError where the place is not in it
 */
export async function annotate(
  recording: Recording,
  mark: Mark,
  text: string,
  file: Pick<RecordingFile, 'write'>,
): Promise<{ time: number; tick: number }> {
  provenance(recording);
  const range = new TickRange();
  let at: { time: number; tick: number } | null = null;
  let last = 0n;
  for await (const { records } of recording.chunks()) {
    for (const { topic, stamp, time, sequence } of records) {
      if (stamp > last) last = stamp;
      if (topic !== 'tick') continue;
      range.update({ time, sequence });
      if ('tick' in mark ? sequence === mark.tick : time <= nanoseconds(mark.time))
        at = { time: 'tick' in mark ? Number(time / 1000n) / 1000 : mark.time, tick: sequence };
    }
  }
  checkUndamaged(recording);
  const { file: name, complete } = recording;
  if (!complete) throw new DataError(invalid(name, 'a recording that was cut off', 'a complete one: see recover'));
  if (!at || ('time' in mark && !range.holds(mark.time)))
    throw new ConfigError(invalid('--at', 'tick' in mark ? `#${mark.tick}` : mark.time, `a place within ${range}`));
  const copy = new Copy(file, recording);
  for await (const { records } of recording.chunks()) {
    for (const record of records) copy.record(record);
    copy.chunk();
  }
  const data = encodeJson({ time: at.time, text });
  copy.record({ topic: ANNOTATION, stamp: last, time: nanoseconds(at.time), sequence: at.tick, data });
  copy.end(recording.metadata.get(OUTPUT)!);
  return at;
}
