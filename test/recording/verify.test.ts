import { beforeAll, describe, expect, it } from 'vitest';
import type { MappingConfig } from '../../src/feeds/index.ts';
import { readModel, writeNative } from '../../src/model/formats/index.ts';
import { type LogRecord, type Recording, Replay, verify } from '../../src/recording/index.ts';
import { busySession, session, smallConfig, smallModel, tick } from '../engine/session.ts';
import { builds, kernels } from '../kernels.ts';
import { busyRecording, kernelsHash, open, read, record, recorderFor } from './memory.ts';

let bytes: Uint8Array;
beforeAll(async () => {
  bytes = await busyRecording();
});

/** A session's records, changed, in a recording. */
async function recordChanged(change: (records: LogRecord[]) => LogRecord[]): Promise<Recording> {
  const live = busySession();
  const { file, recorder } = recorderFor(live, { chunkBytes: 4096 });
  for (const each of change(live.records)) recorder.record(each);
  await recorder.end();
  return open(file.bytes);
}

const edit = (data: Uint8Array, from: string, to: string) =>
  new TextEncoder().encode(new TextDecoder().decode(data).replace(from, to));

describe('verify', () => {
  it('finds a recording equal to what its messages give, byte for byte', async () => {
    const result = await verify(await open(bytes), kernels, kernelsHash);
    expect(result).toMatchObject({
      equal: true,
      exact: true,
      trailing: 0,
      first: null,
      hashEqual: true,
      damage: [],
      tail: null,
    });
    const { counters } = busySession().engine;
    expect(result.compared).toEqual({
      tick: counters.ticks,
      prediction: counters.explained,
      interval: counters.explained,
      adaptation: counters.explained,
      attribution: counters.explained,
      shapley: counters.explained,
      drift: counters.drifts,
      alert: counters.alerts,
    });
    expect(counters.alerts).toBeGreaterThan(1);
  });

  it("finds bars again, those that the clock closed among them, of mappings of one's own and of a venue", async () => {
    const resample = { every: '250ms', lateness: '0.1s', bars: { x: 'mean(x)', y: 'last(y)' } };
    const own = session({ ...smallConfig, mapping: { ...(smallConfig.mapping as MappingConfig), resample } });
    for (let n = 0; n < 40; n++) own.send(tick(n, { t: 1_600_000_000_000 + n * 100 }), 0.1);
    own.wait(10);
    own.engine.advance();
    // the session's last message is at 3.9 s: bars begin at 0, 0.25, ... 3.75
    expect(own.of('tick')).toHaveLength(16);
    const bars = { every: '250ms', bars: { x: 'last(price)', y: 'sum(size)' } };
    const venue = session({ ...smallConfig, mapping: { venue: 'binance', resample: bars } });
    for (let n = 0; n < 40; n++)
      venue.send(
        { e: 'trade', s: 'BTCUSDT', t: n, p: `${100 + n}`, q: '0.5', T: 1_600_000_000_000 + n * 100, m: true },
        0.1,
      );
    venue.wait(10);
    venue.engine.advance();
    expect(venue.of('tick')).toHaveLength(16);
    for (const live of [own, venue]) {
      const { first, equal, compared } = await verify(await open(await record(live)), kernels, kernelsHash);
      expect({ first, equal, tick: compared.tick }).toEqual({ first: null, equal: true, tick: 16 });
    }
  });

  it.each(['whytick.scalar', 'whytick.debug'])(
    'says that the kernels are of another build and compares to 1e-5: %s',
    async (name) => {
      const other = builds.find((build) => build.name === name)!;
      const result = await verify(await open(bytes), other.kernels, other.hash);
      expect(result).toMatchObject({ equal: true, exact: false, first: null });
    },
  );

  it('names the first tick at which a prediction differs', async () => {
    const recording = await recordChanged((records) =>
      records.map((r) =>
        r.topic === 'prediction' && r.sequence === 50
          ? { ...r, data: edit(r.data, '"prediction":', '"prediction":1') }
          : r,
      ),
    );
    const result = await verify(recording, kernels, kernelsHash);
    expect(result).toMatchObject({ equal: false, first: { tick: 50, topic: 'prediction' } });
    expect(result.first!.recorded).toContain('"prediction":1');
    expect(result.first!.recorded).not.toBe(result.first!.recomputed);
    expect(result.compared.prediction).toBeLessThan(50);
  });

  it.each(['tick', 'interval', 'adaptation', 'attribution', 'shapley', 'drift', 'alert'])(
    'notices a changed %s',
    async (topic) => {
      let changed = false;
      const recording = await recordChanged((records) =>
        records.map((r) => {
          if (r.topic !== topic || changed) return r;
          changed = true;
          const data = r.data.slice();
          data[data.length - 2]! ^= 1;
          return { ...r, data };
        }),
      );
      expect(await verify(recording, kernels, kernelsHash)).toMatchObject({ equal: false, first: { topic } });
    },
  );

  it('notices an output that is missing, and one that is too many', async () => {
    const without = await recordChanged((records) =>
      records.filter((r) => r.topic !== 'attribution' || r.sequence !== 9),
    );
    expect((await verify(without, kernels, kernelsHash)).first).toMatchObject({ tick: 9, topic: 'shapley' });
    const twice = await recordChanged((records) => records.flatMap((r) => (r.topic === 'alert' ? [r, r] : [r])));
    expect((await verify(twice, kernels, kernelsHash)).first).toMatchObject({ topic: 'alert', recomputed: null });
  });

  it('counts inputs at the end whose outputs were not written: no failure in a recording that was cut off', async () => {
    const live = busySession();
    const { file, recorder } = recorderFor(live, { chunkBytes: 1 << 20 });
    const last = live.records.findLastIndex((r) => r.topic === 'tick');
    for (const each of live.records.slice(0, last)) recorder.record(each); // the message is there, its tick is not
    recorder.flush();
    const result = await verify(await open(file.bytes), kernels, kernelsHash);
    expect(result).toMatchObject({ equal: true, trailing: 1, first: null, hashEqual: null, recordedHash: null });
  });

  it('but a failure in one that ended', async () => {
    const recording = await recordChanged((records) =>
      records.slice(
        0,
        records.findLastIndex((r) => r.topic === 'tick'),
      ),
    );
    expect(await verify(recording, kernels, kernelsHash)).toMatchObject({
      equal: false,
      first: { topic: 'tick', recorded: null },
    });
  });

  it('verifies what is there of a file cut off anywhere', async () => {
    const { chunks } = await read(bytes);
    for (const size of [chunks[0]!.offset, chunks[1]!.offset - 7, chunks[3]!.offset + 100, bytes.byteLength - 1]) {
      const result = await verify(await open(bytes.slice(0, size)), kernels, kernelsHash);
      expect(result).toMatchObject({ equal: true, first: null });
    }
  });

  it('does not call a damaged recording equal, and compares up to the damage', async () => {
    const { chunks } = await read(bytes);
    const damaged = bytes.slice();
    damaged[chunks[2]!.offset + 200]! ^= 4;
    const result = await verify(await open(damaged), kernels, kernelsHash);
    expect(result).toMatchObject({ equal: false, first: null, damage: [{ offset: chunks[2]!.offset }] });
    expect(result.compared.tick).toBeGreaterThan(0);
  });

  it('a model that was altered is named', async () => {
    const damaged = bytes.slice();
    const at = Buffer.from(damaged.buffer).indexOf('"whytick"');
    damaged[at + 1]! ^= 1;
    await expect(open(damaged).then((r) => verify(r, kernels, kernelsHash))).rejects.toThrow(
      /^invalid test\.mcap byte \d+: 'checksum of attachment 'model\.safetensors' does not fit'/,
    );
  });
});

describe('Replay', () => {
  const replay = async (options = {}) => new Replay({ recording: await open(bytes), kernels, ...options });

  it('shows the same ticks as the live session, and ends with the same hash', async () => {
    const live = busySession();
    const again = await replay();
    const shown: [number, number | undefined, bigint][] = [];
    again.explained$.subscribe(({ sequence, explanation, stamp }) =>
      shown.push([sequence, explanation?.prediction, stamp]),
    );
    const result = await again.run();
    expect(result.hashEqual).toBe(true);
    expect(result.outputHash).toBe(result.recordedHash);
    expect(shown.length).toBe(live.engine.counters.ticks);
    expect(again.engine.counters).toEqual(live.engine.counters);
    const counts: Record<string, number> = {};
    for (const { topic } of live.records) counts[topic] = (counts[topic] ?? 0) + 1;
    expect(result.counts).toEqual(counts);
  });

  it.each([500, 3000, 1e6])('any speed gives the same hash: %d', async (speed) => {
    expect((await (await replay({ speed })).run()).hashEqual).toBe(true);
  });

  it('any size of chunks gives the same hash', async () => {
    const hashes = new Set<string>();
    for (const chunkBytes of [1, 500, 10_000, 1 << 20]) {
      const recording = await open(await record(busySession(), { chunkBytes }));
      hashes.add((await new Replay({ recording, kernels }).run()).outputHash);
    }
    expect(hashes.size).toBe(1);
  });

  it('shows a range by tick number or by event time, computed from the beginning', async () => {
    const all = await replay();
    const predictions = new Map<number, number>();
    const times = new Map<number, number>();
    all.explained$.subscribe(({ sequence, tick, explanation }) => {
      predictions.set(sequence, explanation?.prediction ?? Number.NaN);
      times.set(sequence, tick.time);
    });
    await all.run();
    const part = await replay({ from: { tick: 20 }, to: { tick: 29 } });
    const shown: number[] = [];
    part.explained$.subscribe(({ sequence, explanation }) => {
      shown.push(sequence);
      expect(explanation!.prediction).toBe(predictions.get(sequence));
    });
    const result = await part.run();
    expect(shown).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
    expect(result).toMatchObject({ hashEqual: null, counts: { tick: 10 } });

    const from = { time: times.get(20)! };
    const byTime = await replay({ from, to: { time: times.get(29)! } });
    const seen: number[] = [];
    byTime.explained$.subscribe(({ tick }) => seen.push(tick.time));
    await byTime.run();
    expect(Math.min(...seen)).toBe(from.time);
    expect(Math.max(...seen)).toBe(times.get(29));
  });

  it('runs another model in place of the recorded one', async () => {
    const other = readModel(writeNative(smallModel(7)), 'other.safetensors');
    const result = await (await replay({ spec: other })).run();
    expect(result.hashEqual).toBeNull();
    expect(result.outputHash).not.toBe(result.recordedHash);
  });

  it('loops until it is stopped, and says where it began again', async () => {
    const stop = new AbortController();
    const looping = await replay({ loop: true });
    let ticks = 0;
    const resets: number[] = [];
    const { ticks: n, resets: live } = busySession().engine.counters;
    looping.explained$.subscribe(({ resetBefore }) => {
      if (resetBefore) resets.push(ticks);
      if (++ticks === 2 * n + 10) stop.abort();
    });
    await looping.run(stop.signal);
    expect(resets).toContain(n);
    expect(resets).toContain(2 * n);
    expect(live).toBe(1);
  });

  it('stops in the middle of a wait', async () => {
    const stop = new AbortController();
    const slow = await replay({ speed: 0.001 });
    setTimeout(() => stop.abort(), 20);
    await slow.run(stop.signal);
    expect(slow.engine.counters.ticks).toBeLessThan(10);
  });

  it('takes a new speed while it plays', async () => {
    const changing = await replay({ speed: 0.001 });
    setTimeout(() => {
      changing.speed = Number.POSITIVE_INFINITY;
    }, 20);
    expect((await changing.run()).hashEqual).toBe(true);
    expect(changing.speed).toBe(Number.POSITIVE_INFINITY);
  });

  it('a recording of ticks alone verifies and replays with a model given', async () => {
    const live = session({ ...smallConfig, alerts: [] }, null);
    for (let n = 0; n < 10; n++) live.send(tick(n));
    const { file, recorder } = recorderFor(live, {}, null);
    for (const each of live.records) recorder.record(each);
    await recorder.end();
    const recording = await open(file.bytes);
    const result = await verify(recording, kernels, kernelsHash);
    expect(result).toMatchObject({ equal: true, compared: { tick: 10, prediction: 0 }, provenance: { model: null } });
    expect(new Replay({ recording, kernels }).spec).toBeNull();
    const predicted = await new Replay({ recording, kernels, spec: smallModel() }).run();
    expect(predicted.counts).toMatchObject({ tick: 10, prediction: 9 });
  });
});
