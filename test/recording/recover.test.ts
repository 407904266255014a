import { McapIndexedReader } from '@mcap/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type LogRecord, Replay, recover, slice, verify } from '../../src/recording/index.ts';
import { session, smallConfig, tick } from '../engine/session.ts';
import { kernels } from '../kernels.ts';
import { busyRecording, kernelsHash, open, read, recorderFor } from './memory.ts';

let bytes: Uint8Array;
beforeAll(async () => {
  bytes = await busyRecording();
});

/** What is recovered of these bytes, as a file. */
async function recovered(damaged: Uint8Array) {
  const written: Uint8Array[] = [];
  const found = await recover(await open(damaged), { write: (each) => written.push(each.slice()) });
  return { found, bytes: new Uint8Array(Buffer.concat(written)) };
}

describe('a recording that was cut off', () => {
  it('wherever that was, is whole again, with every intact chunk, and proves what it holds', async () => {
    const { chunks } = await read(bytes);
    for (const at of [chunks[1]!.offset + 5, chunks[3]!.offset, chunks.at(-1)!.offset + 40, bytes.byteLength - 9]) {
      const cut = await recovered(bytes.subarray(0, at));
      const again = await read(cut.bytes);
      const kept = (await read(bytes.subarray(0, at))).records;
      expect(again.records).toEqual(kept);
      expect(again.recording).toMatchObject({ complete: true, damage: [], tail: null });
      expect([...again.recording.attachments]).toEqual([...(await open(bytes)).attachments]);
      expect(cut.found).toMatchObject({ records: kept.length });
      const proof = await verify(await open(cut.bytes), kernels, kernelsHash);
      expect(proof).toMatchObject({ equal: true, hashEqual: true, holes: 0 });
      expect(await new Replay({ recording: await open(cut.bytes), kernels }).run()).toMatchObject({ hashEqual: null });
    }
  });

  it('opens by its index', async () => {
    const { chunks } = await read(bytes);
    const { bytes: whole } = await recovered(bytes.subarray(0, chunks[2]!.offset + 1));
    const readable = {
      size: async () => BigInt(whole.byteLength),
      read: async (offset: bigint, size: bigint) => whole.subarray(Number(offset), Number(offset + size)),
    };
    const reader = await McapIndexedReader.Initialize({ readable });
    let messages = 0;
    for await (const _ of reader.readMessages({ validateCrcs: true })) messages++;
    expect(messages).toBe(chunks[0]!.records.length + chunks[1]!.records.length);
  });
});

it('a recording that is damaged in its middle keeps what is around, and says that nothing is proved behind', async () => {
  const { chunks, records } = await read(bytes);
  const damaged = bytes.slice();
  damaged[chunks[2]!.offset + 100]! ^= 1;
  const { found, bytes: whole } = await recovered(damaged);
  expect(found.records).toBe(records.length - chunks[2]!.records.length);
  expect(found.lost).toMatchObject([{ offset: chunks[2]!.offset, reason: expect.any(String) }]);
  const proof = await verify(await open(whole), kernels, kernelsHash);
  expect(proof).toMatchObject({ equal: false, holes: 1, first: null, damage: [] });
  const before = [...chunks[0]!.records, ...chunks[1]!.records];
  expect(proof.compared.tick).toBe(before.filter(({ topic }) => topic === 'tick').length);
});

it('of somebody else nothing is made', async () => {
  const text = Buffer.from(bytes);
  const foreign = new Uint8Array(Buffer.from(text.toString('latin1').replaceAll('whytick', 'whytock'), 'latin1'));
  await expect(recovered(foreign)).rejects.toThrow(/^invalid test.mcap: /);
});

describe('a part of a recording', () => {
  const config = { ...smallConfig, explain: { ...smallConfig.explain, interval: { coverage: 0.5 } } };
  let long: Uint8Array;
  beforeAll(async () => {
    const live = session(config);
    const { file, recorder } = recorderFor(live, { chunkBytes: 8192 });
    live.engine.records$.subscribe((each) => recorder.record(each));
    for (let n = 0; n < 1500; n++) {
      live.send(tick(n), 0.1);
      if (recorder.snapshotDue) recorder.record(live.engine.snapshot());
    }
    await recorder.end();
    long = file.bytes;
  });

  it.each([
    [600, 700],
    [3, 40],
    [1400, undefined],
    [undefined, 200],
  ])('from tick %s to %s replays and proves itself, with the numbers of the whole', async (from, to) => {
    const written: Uint8Array[] = [];
    const mark = (n: number | undefined) => (n === undefined ? undefined : { tick: n });
    const found = await slice(
      await open(long),
      { from: mark(from), to: mark(to) },
      { write: (each) => written.push(each.slice()) },
    );
    const bytes = new Uint8Array(Buffer.concat(written));
    const { records, recording } = await read(bytes);
    expect(recording).toMatchObject({ complete: true, damage: [] });
    const outputs = (all: LogRecord[]) =>
      all.filter(({ topic }) => /^(tick|prediction|attribution|interval|alert)$/.test(topic));
    const all = outputs((await read(long)).records);
    const within = all.filter(({ sequence }) => sequence >= found.first && sequence <= (to ?? 1e9));
    expect(outputs(records)).toEqual(within);
    expect(found.first).toBeLessThanOrEqual(from ?? 0);
    expect(found.first > 0).toBe((from ?? 0) > 500);
    expect(await verify(await open(bytes), kernels, kernelsHash)).toMatchObject({
      equal: true,
      hashEqual: true,
      trailing: 0,
    });
    expect(await new Replay({ recording: await open(bytes), kernels }).run()).toMatchObject({ hashEqual: true });
    const seen: number[] = [];
    const replay = new Replay({ recording: await open(bytes), kernels, from: mark(from) });
    replay.explained$.subscribe(({ sequence }) => seen.push(sequence));
    await replay.run();
    expect([seen[0], seen.at(-1)]).toEqual([from ?? 0, to ?? 1499]);
  });

  it('without a tick is none', async () => {
    await expect(slice(await open(long), { from: { tick: 0 }, to: { time: 5 } }, { write() {} })).rejects.toThrow(
      /expected a part with a tick in it/,
    );
  });
});
