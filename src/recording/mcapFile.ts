/** The bytes of an MCAP file, in the order in which they are appended; keeps the indexes that its end needs. */
import { McapChunkBuilder, McapConstants, McapRecordBuilder, type McapTypes } from '@mcap/core';
import { crc32 } from '../crc32.ts';
import { channels, type LogRecord, schemaOf } from './records.ts';

const { Opcode } = McapConstants;

const encoder = new TextEncoder();
const ids = new Map(channels.map(({ topic }, i) => [topic, i + 1]));

/** Channels by id, and the schemas of those that have one (with the same id). */
const mcapChannels = new Map<number, McapTypes.Channel>();
const mcapSchemas = new Map<number, McapTypes.Schema>();
for (const channel of channels) {
  const id = ids.get(channel.topic)!;
  const json = channel.encoding === 'json';
  const metadata = new Map([['about', channel.about]]);
  mcapChannels.set(id, {
    id,
    schemaId: json ? id : 0,
    topic: channel.topic,
    messageEncoding: channel.encoding,
    metadata,
  });
  if (!json) continue;
  const data = encoder.encode(JSON.stringify(schemaOf(channel)));
  mcapSchemas.set(id, { id, name: `whytick/${channel.topic}`, encoding: 'jsonschema', data });
}

/** Every method returns the bytes to append, in a buffer that the next call overwrites. */
export class McapFile {
  readonly #builder = new McapRecordBuilder();
  readonly #chunk = new McapChunkBuilder({});
  readonly #inChunk = new Set<number>();
  readonly #chunkIndexes: McapTypes.ChunkIndex[] = [];
  readonly #attachmentIndexes: McapTypes.AttachmentIndex[] = [];
  readonly #metadataIndexes: McapTypes.MetadataIndex[] = [];
  readonly #counts = new Map<number, bigint>();
  #first = 0n;
  #last = 0n;
  #position = 0n;
  #crc = 0;

  /** Bytes waiting in the open chunk; 0 without a message. */
  get pending(): number {
    return this.#chunk.numMessages === 0 ? 0 : this.#chunk.byteLength;
  }

  /** Bytes handed out so far. */
  get position(): number {
    return Number(this.#position);
  }

  start(library: string): Uint8Array {
    this.#builder.writeMagic();
    this.#builder.writeHeader({ profile: 'whytick', library });
    return this.#take();
  }

  attachment(name: string, mediaType: string, data: Uint8Array, time: bigint): Uint8Array {
    const length = this.#builder.writeAttachment({ name, mediaType, data, logTime: time, createTime: time });
    const dataSize = BigInt(data.byteLength);
    const offset = this.#position;
    this.#attachmentIndexes.push({ name, mediaType, dataSize, offset, length, logTime: time, createTime: time });
    return this.#take();
  }

  metadata(name: string, metadata: Map<string, string>): Uint8Array {
    const length = this.#builder.writeMetadata({ name, metadata });
    this.#metadataIndexes.push({ name, offset: this.#position, length });
    return this.#take();
  }

  /** Puts a record into the open chunk: nothing to append yet. Its channel and schema stand before it in each chunk. */
  message({ topic, stamp, time, sequence, data }: LogRecord): void {
    const id = ids.get(topic)!;
    if (!this.#inChunk.has(id)) {
      this.#inChunk.add(id);
      const schema = mcapSchemas.get(id);
      if (schema) this.#chunk.addSchema(schema);
      this.#chunk.addChannel(mcapChannels.get(id)!);
    }
    this.#chunk.addMessage({ channelId: id, sequence: sequence >>> 0, logTime: stamp, publishTime: time, data });
    if (this.#counts.size === 0) this.#first = stamp;
    this.#last = stamp;
    this.#counts.set(id, (this.#counts.get(id) ?? 0n) + 1n);
  }

  /** Closes the open chunk: the chunk and the indexes of its messages. */
  chunk(): Uint8Array {
    const records = this.#chunk.buffer;
    const { messageStartTime, messageEndTime } = this.#chunk;
    const uncompressedSize = BigInt(records.byteLength);
    const common = { messageStartTime, messageEndTime, uncompressedSize, compression: '' };
    const chunkLength = this.#builder.writeChunk({ ...common, uncompressedCrc: crc32(records), records });
    const messageIndexOffsets = new Map<number, bigint>();
    let messageIndexLength = 0n;
    for (const index of this.#chunk.indices) {
      messageIndexOffsets.set(index.channelId, this.#position + chunkLength + messageIndexLength);
      messageIndexLength += this.#builder.writeMessageIndex(index);
    }
    this.#chunkIndexes.push({
      ...common,
      chunkStartOffset: this.#position,
      chunkLength,
      messageIndexOffsets,
      messageIndexLength,
      compressedSize: uncompressedSize,
    });
    this.#chunk.reset();
    this.#inChunk.clear();
    return this.#take();
  }

  /** The end of the data, the summary for readers that seek, and the footer. The file is complete with it. */
  end(): Uint8Array {
    const builder = this.#builder;
    builder.writeDataEnd({ dataSectionCrc: this.#crc });
    const summaryStart = this.#position + BigInt(builder.length);
    const offsets: McapTypes.SummaryOffset[] = [];
    const group = (groupOpcode: number, write: () => void) => {
      const groupStart = this.#position + BigInt(builder.length);
      write();
      const groupLength = this.#position + BigInt(builder.length) - groupStart;
      if (groupLength > 0n) offsets.push({ groupOpcode, groupStart, groupLength });
    };
    const written = [...this.#counts.keys()].sort((a, b) => a - b);
    group(Opcode.SCHEMA, () => {
      for (const id of written) if (mcapSchemas.has(id)) builder.writeSchema(mcapSchemas.get(id)!);
    });
    group(Opcode.CHANNEL, () => {
      for (const id of written) builder.writeChannel(mcapChannels.get(id)!);
    });
    group(Opcode.STATISTICS, () => builder.writeStatistics(this.#statistics()));
    group(Opcode.METADATA_INDEX, () => {
      for (const index of this.#metadataIndexes) builder.writeMetadataIndex(index);
    });
    group(Opcode.ATTACHMENT_INDEX, () => {
      for (const index of this.#attachmentIndexes) builder.writeAttachmentIndex(index);
    });
    group(Opcode.CHUNK_INDEX, () => {
      for (const index of this.#chunkIndexes) builder.writeChunkIndex(index);
    });
    const summaryOffsetStart = this.#position + BigInt(builder.length);
    for (const offset of offsets) builder.writeSummaryOffset(offset);
    const summary = builder.buffer.subarray(Number(summaryStart - this.#position));
    const summaryCrc = crc32(footerHead(summaryStart, summaryOffsetStart), crc32(summary));
    builder.writeFooter({ summaryStart, summaryOffsetStart, summaryCrc });
    builder.writeMagic();
    return this.#take();
  }

  #statistics(): McapTypes.Statistics {
    let messageCount = 0n;
    for (const count of this.#counts.values()) messageCount += count;
    return {
      messageCount,
      schemaCount: [...this.#counts.keys()].filter((id) => mcapSchemas.has(id)).length,
      channelCount: this.#counts.size,
      attachmentCount: this.#attachmentIndexes.length,
      metadataCount: this.#metadataIndexes.length,
      chunkCount: this.#chunkIndexes.length,
      messageStartTime: this.#first,
      messageEndTime: this.#last,
      channelMessageCounts: this.#counts,
    };
  }

  #take(): Uint8Array {
    const bytes = this.#builder.buffer;
    this.#builder.reset();
    this.#position += BigInt(bytes.byteLength);
    this.#crc = crc32(bytes, this.#crc);
    return bytes;
  }
}

/** The part of the footer that its own checksum covers: opcode, length, and the two offsets. */
function footerHead(summaryStart: bigint, summaryOffsetStart: bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(25));
  view.setUint8(0, Opcode.FOOTER);
  view.setBigUint64(1, 20n, true);
  view.setBigUint64(9, summaryStart, true);
  view.setBigUint64(17, summaryOffsetStart, true);
  return new Uint8Array(view.buffer);
}
