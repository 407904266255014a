export { redact, SECRET } from '../redact.ts';
export { annotate } from './annotate.ts';
export { hashOf, OutputHash } from './hash.ts';
export { type Merged, merge } from './merge.ts';
export { type Prepared, type Provenance, prepare, provenance } from './prepare.ts';
export { type ByteSource, bytesSource, type ChunkOfRecords, type Damage, Recording } from './reader.ts';
export {
  type Channel,
  channels,
  decodeAttribution,
  decodeJson,
  decodeShapley,
  encodeAttribution,
  encodeShapley,
  type Input,
  type LogRecord,
  type RecordedAttribution,
  type RecordedShapley,
} from './records.ts';
export { type Recovered, recover } from './recover.ts';
export { type Mark, Replay, type ReplayOptions, type ReplayResult } from './replay.ts';
export { type Slice, slice } from './slice.ts';
export { type Difference, type Verification, verify } from './verify.ts';
export {
  Recorder,
  type RecorderOptions,
  type RecorderState,
  type RecordingFile,
  type RecordingHead,
  type SyncPolicy,
} from './writer.ts';
