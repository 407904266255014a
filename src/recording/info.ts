import { readModel } from '../model/formats/index.ts';
import { OutputHash } from './hash.ts';
import type { Damage, Recording } from './reader.ts';
import { channelOf } from './records.ts';

/** What is in a recording. Times are ms since 1970 UTC, hashes SHA-256 in hex. */
export interface RecordingInfo {
  file: string;
  size: number;
  library: string;
  /** Whether the writer came to its end. */
  complete: boolean;
  /** Bytes at the end that hold no whole chunk. */
  truncated: Damage | null;
  damage: Damage[];
  chunks: number;
  ticks: number;
  /** Stamps of the first and last input, and event times of the earliest and latest tick. */
  received: { first: number; last: number } | null;
  time: { first: number; last: number } | null;
  channels: { topic: string; encoding: string; messages: number; bytes: number }[];
  model: { name: string; inputs: number; outputs: string[]; features: string[] | null } | null;
  /** `output`: as the recording states it (null where it was cut off); `recorded`: of the outputs that are there. */
  hashes: Record<'kernels' | 'model' | 'config' | 'output' | 'recorded', string | null>;
}

/** Reads a recording to its end and says what is in it. */
export async function describeRecording(recording: Recording): Promise<RecordingInfo> {
  const channels = new Map<string, RecordingInfo['channels'][number]>();
  const hash = new OutputHash();
  let chunks = 0;
  let received: RecordingInfo['received'] = null;
  let time: RecordingInfo['time'] = null;
  for await (const { records } of recording.chunks()) {
    chunks++;
    for (const record of records) {
      const { topic, data } = record;
      const encoding = channelOf(topic)?.encoding ?? 'unknown';
      const channel = channels.get(topic) ?? { topic, encoding, messages: 0, bytes: 0 };
      channel.messages++;
      channel.bytes += data.byteLength;
      channels.set(topic, channel);
      hash.update(record);
      received = extend(received, milliseconds(record.stamp));
      if (topic === 'tick') time = extend(time, milliseconds(record.time));
    }
  }
  const about = recording.metadata.get('whytick');
  const bytes = about && recording.attachments.get('model.safetensors');
  const spec = bytes ? readModel(bytes, 'model.safetensors') : null;
  const { file, size, library, complete, tail: truncated, damage } = recording;
  return {
    file,
    size,
    library,
    complete,
    truncated,
    damage,
    chunks,
    ticks: channels.get('tick')?.messages ?? 0,
    received,
    time,
    channels: [...channels.values()],
    model: spec && { name: spec.name, inputs: spec.inputs, outputs: spec.outputs, features: spec.features },
    hashes: {
      kernels: about?.get('kernels sha256') ?? null,
      model: about?.get('model sha256') || null,
      config: about?.get('config sha256') ?? null,
      output: recording.metadata.get('whytick output')?.get('output sha256') ?? null,
      recorded: hash.digest(),
    },
  };
}

function milliseconds(ns: bigint): number {
  return Number(ns / 1000n) / 1000;
}

function extend(range: { first: number; last: number } | null, at: number): { first: number; last: number } {
  return range ? { first: Math.min(range.first, at), last: Math.max(range.last, at) } : { first: at, last: at };
}
