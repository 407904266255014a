import { McapIndexedReader } from '@mcap/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { annotate, hashOf, type LogRecord, type Mark, merge, Replay, verify } from '../../src/recording/index.ts';
import { busySession, session, smallConfig, tick } from '../engine/session.ts';
import { kernels } from '../kernels.ts';
import { busyRecording, kernelsHash, MemoryFile, open, read, record } from './memory.ts';

let bytes: Uint8Array;
let records: LogRecord[];
let total: number;
beforeAll(async () => {
  bytes = await busyRecording();
  records = (await read(bytes)).records;
  total = records.filter(({ topic }) => topic === 'tick').length;
});

/** Ticks of the session from one number to another, with all that their inputs led to. */
async function sliced(from?: { tick: number }, to?: { tick: number }) {
  const inputOf = (tick: number) => records.findIndex((r) => r.topic === 'tick' && r.sequence === tick) - 1;
  const live = busySession();
  live.records.splice(to ? inputOf(to.tick + 1) : records.length);
  live.records.splice(0, from ? inputOf(from.tick) : 0);
  return { bytes: await record(live, { chunkBytes: 4096 }) };
}
async function merged(a: Uint8Array, b: Uint8Array) {
  const file = new MemoryFile();
  const result = await merge(await open(a), await open(b), file);
  expect(result.bytes).toBe(file.bytes.length);
  return { ...result, bytes: file.bytes };
}
async function annotated(mark: Mark, text: string, of = bytes) {
  const file = new MemoryFile();
  const result = await annotate(await open(of), mark, text, file);
  return { ...result, bytes: file.bytes };
}
const verified = async (of: Uint8Array) => verify(await open(of), kernels, kernelsHash);
const ticksOf = (of: LogRecord[]) => of.filter(({ topic }) => topic === 'tick').map(({ sequence }) => sequence);
const count = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('merge', () => {
  it('puts slices together again: the same records, which verify', async () => {
    const [a, b] = [await sliced(undefined, { tick: 59 }), await sliced({ tick: 60 })];
    for (const [x, y] of [
      [a, b],
      [b, a],
    ] as const) {
      const whole = await merged(x.bytes, y.bytes);
      expect(whole).toMatchObject({ ticks: total, shared: 0 });
      expect((await read(whole.bytes)).records).toEqual(records);
      expect(await verified(whole.bytes)).toMatchObject({ equal: true, hashEqual: true, trailing: 0, holes: 0 });
    }
  });

  it('what is in both is there once, and the metadata say what each tick is of', async () => {
    const [a, b] = [await sliced(undefined, { tick: 39 }), await sliced({ tick: 30 }, { tick: 79 })];
    const whole = await merged(a.bytes, b.bytes);
    expect(whole).toMatchObject({ ticks: 80, shared: 10 });
    const { recording, records: found } = await read(whole.bytes);
    expect(ticksOf(found)).toEqual(count(0, 79));
    const origin = [...recording.metadata.get('whytick merge ticks')!].filter(([stamp]) => /^\d+$/.test(stamp));
    expect(origin.map(([, of]) => of)).toEqual(['30 ticks of 1', '10 ticks of 1 and 2', '40 ticks of 2']);
    expect(recording.metadata.get('whytick merge')!.get('of')).toBe('["test.mcap","test.mcap"]');
  });

  it('with a stretch missing it can be proved up to there', async () => {
    const [a, b] = [await sliced(undefined, { tick: 39 }), await sliced({ tick: 60 })];
    const found = await verified((await merged(a.bytes, b.bytes)).bytes);
    expect(found).toMatchObject({ equal: false, first: null, holes: 1, compared: { tick: 40 } });
  });

  it('refuses recordings of another configuration', async () => {
    const other = session({ ...smallConfig, explain: { window: 4 } });
    other.send(tick(0));
    await expect(merged(bytes, await record(other))).rejects.toThrow(
      /^invalid test\.mcap config: '[0-9a-f]{64}' \(expected that of/,
    );
  });

  it('refuses two inputs of one stamp', async () => {
    const [one, two] = [busySession(3), busySession(3)];
    const at = two.records.findIndex(({ topic }) => topic === 'feed/message');
    two.records[at] = { ...two.records[at]!, data: Uint8Array.of(1) };
    await expect(merged(await record(one), await record(two))).rejects.toThrow(
      "'another input' (expected the same one",
    );
  });
});

describe('annotate', () => {
  it('puts a note behind the chunks, which stay what they are to the byte', async () => {
    const { bytes: noted, ...place } = await annotated({ tick: 7 }, 'pump "A" replaced');
    const time = Number(records.find((r) => r.topic === 'tick' && r.sequence === 7)!.time / 1_000_000n);
    expect(place).toEqual({ time, tick: 7 });
    const { recording, chunks, records: found } = await read(noted);
    const end = chunks.at(-1)!.offset;
    expect(hashOf(noted.subarray(0, end))).toBe(hashOf(bytes.subarray(0, end)));
    expect(found.slice(0, -1)).toEqual(records);
    const { topic, sequence, data } = found.at(-1)!;
    expect({ topic, sequence }).toEqual({ topic: 'annotation', sequence: 7 });
    expect(JSON.parse(new TextDecoder().decode(data))).toEqual({ time, text: 'pump "A" replaced' });
    expect(recording.metadata.get('whytick output')).toEqual(
      (await read(bytes)).recording.metadata.get('whytick output'),
    );
    expect(await verified(noted)).toEqual(await verified(bytes));
    const again = await new Replay({ recording, kernels }).run();
    expect(again.hashEqual).toBe(true);
    const readable = {
      size: async () => BigInt(noted.byteLength),
      read: async (offset: bigint, size: bigint) => noted.subarray(Number(offset), Number(offset + size)),
    };
    const reader = await McapIndexedReader.Initialize({ readable });
    const notes = [];
    for await (const note of reader.readMessages({ topics: ['annotation'], validateCrcs: true })) notes.push(note);
    expect(notes).toHaveLength(1);
  });

  it('several notes; a union has each once', async () => {
    const start = 1_600_000_000_000;
    const one = await annotated({ time: start + 5_000 }, 'early');
    const two = await annotated({ time: start + 100_500 }, 'late', one.bytes);
    const notes = async (of: Uint8Array) =>
      (await read(of)).records
        .filter(({ topic }) => topic === 'annotation')
        .map(({ data }) => JSON.parse(new TextDecoder().decode(data)).text);
    expect(await notes(two.bytes)).toEqual(['early', 'late']);
    expect(await notes((await merged(one.bytes, two.bytes)).bytes)).toEqual(['early', 'late']);
  });

  it('a place outside, and a recording that was cut off, are refused', async () => {
    await expect(annotated({ tick: 5000 }, 'x')).rejects.toThrow(
      `invalid --at: '#5000' (expected a place within #0 to #${total - 1}`,
    );
    await expect(annotated({ time: 1 }, 'x')).rejects.toThrow('invalid --at: 1 (expected a place within');
    await expect(annotated({ tick: 1 }, 'x', bytes.slice(0, -1))).rejects.toThrow(
      'expected a complete one: see recover',
    );
  });
});
