import { McapWriter } from '@mcap/core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { sameBytes } from '../../src/recording/compare.ts';
import { type LogRecord, provenance } from '../../src/recording/index.ts';
import { busySession } from '../engine/session.ts';
import { busyRecording, MemoryFile, open, read, record } from './memory.ts';

let bytes: Uint8Array;
let whole: Awaited<ReturnType<typeof read>>;
beforeAll(async () => {
  bytes = await busyRecording(40, 3000);
  whole = await read(bytes);
});

/** Fails unless the records are the same; many times faster than `toEqual`. */
function expectSame(found: readonly LogRecord[] | undefined, expected: readonly LogRecord[]): void {
  expect(found?.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [found![i]!, expected[i]!];
    const same = a.topic === b.topic && a.stamp === b.stamp && a.time === b.time && a.sequence === b.sequence;
    if (!same || !sameBytes(a.data, b.data)) expect(a).toEqual(b);
  }
}

it('reads what was written', async () => {
  expect(whole.records).toEqual(busySession(40).records);
  expect(whole.recording).toMatchObject({ complete: true, damage: [], tail: null, library: 'whytick 0.0.0' });
});

it('reads again what it read', async () => {
  const again: LogRecord[] = [];
  for await (const chunk of whole.recording.chunks()) again.push(...chunk.records);
  expect(again).toEqual(whole.records);
});

describe('a file that was cut off', () => {
  it('within the last chunk and behind it, at each byte near an end and every fifth elsewhere: every chunk before is read, the ragged end is said', async () => {
    const last = whole.chunks.at(-1)!;
    const before = whole.chunks.slice(0, -1).flatMap(({ records }) => records);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const end = last.offset + 9 + Number(view.getBigUint64(last.offset + 1, true));
    const near = (size: number): boolean => [last.offset, end, bytes.byteLength].some((at) => Math.abs(size - at) < 64);
    for (let size = last.offset; size < bytes.byteLength; size++) {
      if (size % 5 !== 0 && !near(size)) continue;
      const cut = await read(bytes.slice(0, size));
      expectSame(cut.records, size < end ? before : whole.records);
      expect(cut.recording.complete).toBe(false);
      expect(cut.recording.damage).toEqual([]);
      const { tail } = cut.recording;
      if (tail) expect(tail.offset + tail.bytes).toBe(size);
      if (size > last.offset && size < end) expect(tail!.offset).toBe(last.offset);
    }
  });

  it('at any byte of the head: no record, and no other error than one that names the file', async () => {
    for (let size = 0; size <= whole.chunks[0]!.offset; size += 13) {
      try {
        const cut = await read(bytes.slice(0, size));
        expect(cut.records).toEqual([]);
        expect(cut.recording.complete).toBe(false);
      } catch (error) {
        expect((error as Error).message).toMatch(/^invalid test\.mcap: .*expected an MCAP recording/);
        expect(size).toBeLessThan(8);
      }
    }
  });
});

describe('a damaged file', () => {
  /** Checks that all that is read was written, in order, and that nothing intact is missing. */
  async function check(damaged: Uint8Array, at: number): Promise<void> {
    const result = await read(damaged);
    const expected = whole.chunks.filter(({ offset }, i) => {
      const end = whole.chunks[i + 1]?.offset ?? bytes.byteLength;
      return at < offset || at >= end;
    });
    const found = new Map(result.chunks.map((chunk) => [chunk.offset, chunk.records]));
    for (const { offset, records } of expected) expectSame(found.get(offset), records);
    for (const { offset, records } of result.chunks) {
      expectSame(records, whole.chunks.find((chunk) => chunk.offset === offset)!.records);
    }
    if (result.chunks.length < whole.chunks.length) {
      const { damage, tail } = result.recording;
      expect([...damage, ...(tail ? [tail] : [])].some((d) => at >= d.offset && at < d.offset + d.bytes)).toBe(true);
    }
  }

  it('one flipped bit anywhere behind the head: never a wrong record, and no intact chunk is lost', async () => {
    const start = whole.chunks[0]!.offset;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: start, max: bytes.byteLength - 1 }),
        fc.integer({ min: 0, max: 7 }),
        async (at, bit) => {
          const damaged = bytes.slice();
          damaged[at]! ^= 1 << bit;
          await check(damaged, at);
        },
      ),
      { numRuns: 400, seed: 5 },
    );
  });

  it('an index of messages that became an end of data', async () => {
    const index = whole.chunks[1]!.offset - 31;
    expect(bytes[index]).toBe(7);
    const damaged = bytes.slice();
    damaged[index] = 15;
    await check(damaged, index);
  });

  it('each bit of the first bytes of a chunk, its lengths among them', async () => {
    const { offset } = whole.chunks[1]!;
    for (let at = offset; at < offset + 49; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const damaged = bytes.slice();
        damaged[at]! ^= 1 << bit;
        await check(damaged, at);
      }
    }
  });

  it('a damaged chunk is reported with its place, and the next one says what lies before it', async () => {
    const { offset } = whole.chunks[2]!;
    const damaged = bytes.slice();
    damaged[offset + 100]! ^= 1;
    const { recording, chunks } = await read(damaged);
    expect(recording.damage).toMatchObject([{ offset, reason: 'checksum of a chunk does not fit' }]);
    expect(chunks.map(({ afterDamage }) => afterDamage)).toEqual(whole.chunks.slice(1).map((_, i) => i === 2));
  });

  it('a page of zeros in the middle costs only the chunks that it touches', async () => {
    const from = whole.chunks[1]!.offset + 50;
    const damaged = bytes.slice().fill(0, from, whole.chunks[3]!.offset + 10);
    const { chunks } = await read(damaged);
    const kept = whole.chunks.filter((_, i) => i === 0 || i > 3).map(({ offset }) => offset);
    expect(chunks.map(({ offset }) => offset)).toEqual(kept);
  });

  it('altered metadata is damage, not a value', async () => {
    const damaged = bytes.slice();
    const text = Buffer.from(damaged.buffer);
    const at = text.indexOf('kernels sha256') + 20;
    damaged[at] = damaged[at] === 48 ? 49 : 48;
    const recording = await open(damaged);
    expect(recording.metadata.get('whytick')).toBeUndefined();
    expect(recording.damage[0]!.reason).toBe("metadata 'whytick' was altered");
    expect(() => provenance(recording)).toThrow("invalid test.mcap: 'a recording without its head'");
  });
});

describe('other files', () => {
  it.each([
    ['empty', new Uint8Array(), "invalid test.mcap: 'an empty file' (expected an MCAP recording)"],
    ['foreign', new TextEncoder().encode('time,close\n1,2\n'), "invalid test.mcap: 'a file that begins otherwise'"],
  ])('%s: a DataError that names it', async (_, content, message) => {
    await expect(open(content)).rejects.toThrow(message);
  });

  it('an MCAP file of another writer is read, and is no recording of ours', async () => {
    const file = new MemoryFile();
    let position = 0n;
    const writer = new McapWriter({
      writable: {
        position: () => position,
        write: async (data) => {
          file.write(data);
          position += BigInt(data.byteLength);
        },
      },
    });
    await writer.start({ profile: '', library: 'another' });
    const channelId = await writer.registerChannel({
      schemaId: 0,
      topic: 'x',
      messageEncoding: 'json',
      metadata: new Map(),
    });
    const message = { topic: 'x', stamp: 1n, time: 2n, sequence: 3, data: Uint8Array.of(7) };
    await writer.addMessage({ channelId, sequence: 3, logTime: 1n, publishTime: 2n, data: message.data });
    await writer.end();
    const { recording, records } = await read(file.bytes);
    expect(records).toEqual([message]);
    expect(recording.complete).toBe(true);
    expect(() => provenance(recording)).toThrow(
      "invalid test.mcap: 'an MCAP file by 'another'' (expected a recording made by whytick)",
    );
  });

  it('a recording that never ended is read to its last chunk', async () => {
    const live = busySession(40);
    const open = await record(live, { chunkBytes: 3000 }, false);
    const { recording, records } = await read(open);
    expect(records).toEqual(live.records.slice(0, records.length));
    expect(records.length).toBeGreaterThan(100);
    expect(recording).toMatchObject({ complete: false, damage: [], tail: null });
  });
});
