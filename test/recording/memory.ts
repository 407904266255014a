/** A file in memory, and recordings of small sessions in it. */
import { Clock } from '../../src/clock.ts';
import { writeNative } from '../../src/model/formats/index.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import {
  bytesSource,
  Recorder,
  type RecorderOptions,
  Recording,
  type RecordingFile,
} from '../../src/recording/index.ts';
import { busySession, type Session, smallModel } from '../engine/session.ts';
import { builds } from '../kernels.ts';

export const kernelsHash = builds[0]!.hash;

export class MemoryFile implements RecordingFile {
  readonly writes: Uint8Array[] = [];
  syncs = 0;
  closed = false;

  write(bytes: Uint8Array): void {
    this.writes.push(bytes.slice());
  }

  async sync(): Promise<void> {
    this.syncs++;
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  get bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.writes));
  }
}

/** A recorder on a file in memory; its timers are those of `clock`. */
export function recorderFor(
  live: Session,
  options: Partial<RecorderOptions> = {},
  spec: ModelSpec | null = smallModel(),
) {
  const file = new MemoryFile();
  const clock = new Clock();
  const head = {
    version: '0.0.0',
    kernels: kernelsHash,
    config: live.engine.config,
    model: spec && writeNative(spec),
    time: 1_700_000_000_000_000_000n,
  };
  const recorder = new Recorder({ file, timers: clock, head, ...options });
  return { file, clock, recorder };
}

/** The bytes of a session's recording, ended or not. */
export async function record(live: Session, options: Partial<RecorderOptions> = {}, end = true): Promise<Uint8Array> {
  const { file, recorder } = recorderFor(live, options);
  for (const each of live.records) recorder.record(each);
  if (end) await recorder.end();
  return file.bytes;
}

/** A whole recording of a busy session, in several chunks. */
export function busyRecording(ticks = 120, chunkBytes = 4096): Promise<Uint8Array> {
  return record(busySession(ticks), { chunkBytes });
}

export const open = (bytes: Uint8Array) => Recording.open(bytesSource(bytes), 'test.mcap');

/** All records of a recording, and the recording. */
export async function read(bytes: Uint8Array) {
  const recording = await open(bytes);
  const chunks = [];
  for await (const chunk of recording.chunks()) chunks.push(chunk);
  return { recording, chunks, records: chunks.flatMap((chunk) => chunk.records) };
}
