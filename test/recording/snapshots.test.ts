import { beforeAll, describe, expect, it } from 'vitest';
import type { Explained } from '../../src/engine.ts';
import { bytesSource, Recording, Replay, verify } from '../../src/recording/index.ts';
import { describeRecording } from '../../src/recording/info.ts';
import { busySession, type Session, session, smallConfig, tick } from '../engine/session.ts';
import { kernels, random } from '../kernels.ts';
import { kernelsHash, open, read, record, recorderFor } from './memory.ts';

const config = { ...smallConfig, explain: { ...smallConfig.explain, interval: { coverage: 0.5 } } };

/** A recording of two streams with a snapshot wherever one is due. */
async function recorded(ticks: number): Promise<Uint8Array> {
  const live = session(config);
  const { file, recorder } = recorderFor(live, { chunkBytes: 8192 });
  live.engine.records$.subscribe((each) => recorder.record(each));
  for (let n = 0; n < ticks; n++) {
    live.send(tick(n), 0.1);
    if (n % 7 === 0) live.send(tick(n, { key: 'b', n: n / 7 }), 0.05);
    if (recorder.snapshotDue) recorder.record(live.engine.snapshot());
  }
  live.wait(10);
  live.engine.advance();
  await recorder.end();
  return file.bytes;
}

let bytes: Uint8Array;
beforeAll(async () => {
  bytes = await recorded(2000);
});

const flat = ({ tick: { key, time }, sequence, explanation, drift, sigma }: Explained): unknown[] => {
  if (!explanation) return [key, time, sequence];
  const { prediction, predicted, attribution, interval, index } = explanation;
  return [key, time, sequence, index, prediction, predicted, drift, sigma, interval!.low, ...attribution!.values];
};

async function shown(recording: Recording, from?: { tick: number } | { time: number }): Promise<unknown[][]> {
  const replay = new Replay({ recording, kernels, from });
  const seen: unknown[][] = [];
  replay.explained$.subscribe((explained) => seen.push(flat(explained)));
  await replay.run();
  return seen;
}

describe('snapshots of a recording', () => {
  it('take a twentieth of it at most, and change nothing of what it proves', async () => {
    const { channels, size } = await describeRecording(await open(bytes));
    const { messages, bytes: taken } = channels.find(({ topic }) => topic === 'engine/snapshot')!;
    expect(messages).toBeGreaterThan(5);
    // the last one may be followed by little
    expect(taken * (1 - 1 / messages)).toBeLessThanOrEqual(size / 20);
    expect(await verify(await open(bytes), kernels, kernelsHash)).toMatchObject({ equal: true, hashEqual: true });
  });

  it('are where a replay begins: nothing before is read, and all that follows is the same', async () => {
    const places = await (await open(bytes)).snapshots();
    const whole = await shown(await open(bytes));
    const next = random(3);
    for (let i = 0; i < 12; i++) {
      const from = Math.floor(((next() + 1) / 2) * whole.length);
      const source = bytesSource(bytes);
      let least = bytes.byteLength;
      const recording = await Recording.open(source, 'test.mcap');
      const { read: through } = source;
      source.read = (offset, length) => {
        least = Math.min(least, offset);
        return through(offset, length);
      };
      const place = places.findLast(({ sequence }) => sequence <= from);
      expect(await shown(recording, { tick: from }), `from ${from}`).toEqual(whole.slice(from));
      if (place) expect(least).toBeGreaterThanOrEqual(Math.min(place.offset, bytes.byteLength - (1 << 20)));
      const time = whole[from]![1] as number;
      const first = whole.findIndex(([, at]) => (at as number) >= time);
      expect(await shown(await open(bytes), { time })).toEqual(whole.slice(first));
    }
  });

  it('are none in a file that was cut off: a replay begins at its beginning', async () => {
    const cut = bytes.subarray(0, bytes.byteLength - 3000);
    expect(await (await open(cut)).snapshots()).toEqual([]);
    const whole = await shown(await open(cut));
    expect(await shown(await open(cut), { tick: 900 })).toEqual(whole.slice(900));
  });

  it('whose list was altered are not used', async () => {
    const altered = bytes.slice();
    const places = await (await open(bytes)).snapshots();
    const text = `${places[3]!.offset} ${places[3]!.stamp}`;
    const where = Buffer.from(altered).lastIndexOf(text);
    expect(where).toBeGreaterThan(0);
    altered[where] = altered[where]! ^ 1;
    expect(await (await open(altered)).snapshots()).toEqual([]);
  });

  it('are not taken of a model that adapts', async () => {
    const live: Session = busySession();
    expect(live.engine.saves).toBe(false);
    const { records } = await read(await record(live));
    expect(records.some(({ topic }) => topic === 'engine/snapshot')).toBe(false);
  });
});
