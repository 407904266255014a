import { McapIndexedReader, type McapTypes } from '@mcap/core';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../src/crc32.ts';
import { hashOf, OutputHash } from '../../src/recording/index.ts';
import { channels, schemaOf } from '../../src/recording/records.ts';
import { busySession, SECOND, session, tick } from '../engine/session.ts';
import { busyRecording, read, record, recorderFor } from './memory.ts';

const readable = (bytes: Uint8Array): McapTypes.IReadable => ({
  size: async () => BigInt(bytes.byteLength),
  read: async (offset, size) => bytes.subarray(Number(offset), Number(offset + size)),
});

describe('crc32', () => {
  it('is the CRC of zip and MCAP: its check value, and the same in parts', () => {
    const bytes = new TextEncoder().encode('123456789');
    expect(crc32(bytes)).toBe(0xcbf43926);
    expect(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4)))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array())).toBe(0);
  });
});

describe("a recording in @mcap/core's indexed reader", () => {
  it('holds every record with its topic, times, sequence and bytes', async () => {
    const live = busySession();
    const bytes = await record(live, { chunkBytes: 4096 });
    const reader = await McapIndexedReader.Initialize({ readable: readable(bytes) });
    const found = [];
    for await (const message of reader.readMessages({ validateCrcs: true })) {
      const { topic } = reader.channelsById.get(message.channelId)!;
      const { logTime: stamp, publishTime: time, sequence, data } = message;
      found.push({ topic, stamp, time, sequence, data: new Uint8Array(data) });
    }
    expect(found).toEqual(live.records);
    expect(reader.chunkIndexes.length).toBeGreaterThan(5);
    expect(reader.statistics).toMatchObject({
      messageCount: BigInt(live.records.length),
      chunkCount: reader.chunkIndexes.length,
      attachmentCount: 2,
      metadataCount: 2,
      messageStartTime: live.records[0]!.stamp,
      messageEndTime: live.records.at(-1)!.stamp,
    });
    expect(reader.header.profile).toBe('whytick');
  });

  it('carries configuration, model and a schema for every JSON channel', async () => {
    const live = busySession();
    const reader = await McapIndexedReader.Initialize({ readable: readable(await record(live)) });
    const attachments = [];
    for await (const attachment of reader.readAttachments()) attachments.push(attachment);
    expect(attachments.map(({ name }) => name)).toEqual(['model.safetensors', 'config.json']);
    expect(JSON.parse(new TextDecoder().decode(attachments[1]!.data))).toEqual(
      JSON.parse(JSON.stringify(live.engine.config)),
    );
    for (const { topic, schemaId, messageEncoding } of reader.channelsById.values()) {
      const channel = channels.find((each) => each.topic === topic)!;
      expect(messageEncoding).toBe(channel.encoding);
      const schema = reader.schemasById.get(schemaId);
      if (channel.encoding === 'json') {
        expect(JSON.parse(new TextDecoder().decode(schema!.data))).toEqual(schemaOf(channel));
      } else {
        expect(schema).toBeUndefined();
      }
    }
    const metadata = new Map<string, ReadonlyMap<string, string>>();
    for await (const each of reader.readMetadata()) metadata.set(each.name, each.metadata);
    expect(metadata.get('whytick')!.get('model sha256')).toBe(hashOf(attachments[0]!.data));
    expect(metadata.get('whytick')!.get('config sha256')).toBe(hashOf(attachments[1]!.data));
    const hash = new OutputHash();
    for (const each of live.records) hash.update(each);
    expect(metadata.get('whytick output')!.get('output sha256')).toBe(hash.digest());
  });

  it('has the fields in its records that its schemas name', () => {
    const live = busySession();
    for (const channel of channels.filter(({ encoding }) => encoding === 'json')) {
      for (const value of live.of(channel.topic)) {
        expect(Object.keys(channel.fields!)).toEqual(expect.arrayContaining(Object.keys(value)));
      }
    }
  });
});

it('the output hash is SHA-256 over topic, zero, time, sequence, length and payload of the outputs that count', () => {
  const data = Uint8Array.of(1, 2, 3);
  const hash = new OutputHash();
  const common = { stamp: 9n, time: 0x0102n, sequence: 5, data };
  for (const topic of ['tick', 'feed/message', 'engine/status', 'drift']) hash.update({ topic, ...common });
  const bytes = [...new TextEncoder().encode('drift'), 0, 2, 1, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3];
  expect(hash.digest()).toBe(hashOf(Uint8Array.from(bytes)));
});

describe('Recorder', () => {
  const write = (live = session(), options = {}) => ({ live, ...recorderFor(live, options) });

  it('closes a chunk at its size', () => {
    const { live, file, recorder } = write(undefined, { chunkBytes: 2000 });
    live.engine.records$.subscribe((each) => recorder.record(each));
    const before = file.writes.length;
    for (let n = 0; n < 40; n++) live.send(tick(n), 0.001);
    const chunks = file.writes.slice(before);
    expect(chunks.length).toBeGreaterThan(3);
    for (const chunk of chunks) expect(chunk.byteLength).toBeLessThan(6000);
  });

  it('closes a chunk half a second after its first record: with the next record, or by its timer', () => {
    const { live, file, clock, recorder } = write();
    live.engine.records$.subscribe((each) => recorder.record(each));
    const before = file.writes.length;
    live.send(tick(0), 0);
    live.send(tick(1), 0.4);
    expect(file.writes.length).toBe(before);
    live.send(tick(2), 0.2);
    expect(file.writes.length).toBe(before + 1);
    clock.advanceTo(SECOND / 2n);
    expect(file.writes.length).toBe(before + 2);
    clock.advanceTo(5n * SECOND);
    expect(file.writes.length).toBe(before + 2);
  });

  it.each([
    ['always', 4],
    ['1s', 2],
    ['never', 0],
  ] as const)('syncs as the policy %s says', async (sync, expected) => {
    const { live, file, clock, recorder } = write(undefined, { sync, chunkSeconds: 0.25 });
    live.engine.records$.subscribe((each) => recorder.record(each));
    for (let n = 0; n < 3; n++) {
      live.send(tick(n), 0);
      clock.advanceTo((BigInt(n + 1) * 3n * SECOND) / 10n);
      await Promise.resolve();
      await new Promise((done) => setTimeout(done));
    }
    clock.advanceTo(3n * SECOND);
    await new Promise((done) => setTimeout(done));
    expect(file.syncs).toBe(expected);
    await recorder.end();
    expect(file.syncs).toBe(sync === 'never' ? 0 : expected + 1);
    expect(file.closed).toBe(true);
  });

  it('tells who waits once the chunk is in the file: soon, whatever the length of chunks', () => {
    const { live, file, clock, recorder } = write(undefined, { sync: 'never' });
    live.engine.records$.subscribe((each) => recorder.record(each));
    const told: [number, number][] = [];
    const wait = (n: number) => recorder.kept(() => told.push([n, file.writes.length]));
    const before = file.writes.length;
    wait(0);
    expect(told).toEqual([[0, before]]);
    live.send(tick(0), 0);
    wait(1);
    live.send(tick(1), 0.01);
    wait(2);
    expect(told.length).toBe(1);
    clock.advanceTo(SECOND / 50n);
    expect(told.slice(1)).toEqual([
      [1, before + 1],
      [2, before + 1],
    ]);
  });

  it('tells them after the sync where every chunk is synced, and not for a chunk that is still open', async () => {
    const { live, file, recorder } = write(undefined, { sync: 'always' });
    await new Promise((done) => setTimeout(done));
    live.engine.records$.subscribe((each) => recorder.record(each));
    const syncs: (() => void)[] = [];
    file.sync = () => new Promise((done) => syncs.push(done));
    const told: number[] = [];
    live.send(tick(0), 0);
    recorder.kept(() => told.push(0));
    recorder.flush();
    live.send(tick(1), 0);
    recorder.kept(() => told.push(1));
    expect(told).toEqual([]);
    syncs.shift()!();
    await new Promise((done) => setTimeout(done));
    expect(told).toEqual([0]);
    recorder.flush();
    syncs.shift()!();
    await new Promise((done) => setTimeout(done));
    expect(told).toEqual([0, 1]);
  });

  it('lets nobody wait for a file that has failed', () => {
    const { live, file, recorder } = write(undefined, { sync: 'never' });
    live.engine.records$.subscribe((each) => recorder.record(each));
    file.write = () => {
      throw new Error('ENOSPC: no space left on device, write');
    };
    const told: number[] = [];
    live.send(tick(0), 0);
    recorder.kept(() => told.push(0));
    recorder.flush();
    recorder.kept(() => told.push(1));
    expect([recorder.state, told]).toEqual(['failed', [0, 1]]);
  });

  it('goes on counting when the disk is full: failed, with the reason, and what was written stays readable', async () => {
    const { live, file, recorder } = write(undefined, { chunkBytes: 2000 });
    live.engine.records$.subscribe((each) => recorder.record(each));
    for (let n = 0; n < 30; n++) live.send(tick(n), 0.001);
    const kept = file.bytes;
    file.write = () => {
      throw new Error('ENOSPC: no space left on device, write');
    };
    for (let n = 30; n < 60; n++) live.send(tick(n), 0.001);
    expect(recorder.state).toBe('failed');
    expect(recorder.reason).toBe('ENOSPC: no space left on device, write');
    expect(recorder.lost).toBeGreaterThan(0);
    expect(live.engine.counters.ticks).toBe(60);
    await recorder.end();
    expect(recorder.state).toBe('failed');
    expect(file.closed).toBe(true);
    expect((await read(kept)).records.length).toBeGreaterThan(0);
  });

  it('fails when a sync does', async () => {
    const { live, file, clock, recorder } = write();
    await Promise.resolve();
    await new Promise((done) => setTimeout(done));
    live.engine.records$.subscribe((each) => recorder.record(each));
    file.sync = () => Promise.reject(new Error('EIO: i/o error, fdatasync'));
    live.send(tick(0));
    clock.advanceTo(2n * SECOND);
    await new Promise((done) => setTimeout(done));
    expect(recorder).toMatchObject({ state: 'failed', reason: 'EIO: i/o error, fdatasync' });
  });

  it('ends once', async () => {
    const { file, recorder } = write();
    await Promise.all([recorder.end(), recorder.end()]);
    expect(recorder.state).toBe('ended');
    const length = file.writes.length;
    await recorder.end();
    recorder.record({ topic: 'tick', stamp: 1n, time: 1n, sequence: 0, data: new Uint8Array() });
    expect(file.writes.length).toBe(length);
    expect(recorder.lost).toBe(1);
  });

  it('a file has the head at least, whole, before the first record', async () => {
    const { recording, records } = await read(write().file.bytes);
    expect(records).toEqual([]);
    expect([...recording.attachments.keys()]).toEqual(['model.safetensors', 'config.json']);
    expect(recording).toMatchObject({ complete: false, damage: [], tail: null });
  });
});

it('every chunk is readable alone: it declares the channels of its messages', async () => {
  const { chunks } = await read(await busyRecording());
  expect(chunks.length).toBeGreaterThan(5);
  // The reader knows the channels of the chunk at hand only, and would have called an undeclared one damage.
  expect(chunks.every(({ records }) => records.length > 0)).toBe(true);
});
