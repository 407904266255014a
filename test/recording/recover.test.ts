import { McapIndexedReader } from '@mcap/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { Replay, recover, verify } from '../../src/recording/index.ts';
import { kernels } from '../kernels.ts';
import { busyRecording, kernelsHash, open, read } from './memory.ts';

let bytes: Uint8Array;
beforeAll(async () => {
  bytes = await busyRecording();
});

/** What is recovered of these bytes, as a file. */
async function recovered(damaged: Uint8Array) {
  const written: Uint8Array[] = [];
  const found = await recover(await open(damaged), (each) => written.push(each.slice()));
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
