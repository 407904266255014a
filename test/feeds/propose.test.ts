import { describe, expect, it } from 'vitest';
import type { Envelope } from '../../src/feeds/envelope.ts';
import { compileMapping, type MappingConfig } from '../../src/feeds/mapping.ts';
import { mappingSchema } from '../../src/feeds/mappingSchema.ts';
import { propose } from '../../src/feeds/propose.ts';

const T = 1_700_000_000_000;
const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
/** What a proposal makes of the messages it was made of. */
const ticksOf = (mapping: MappingConfig, messages: readonly unknown[]) => {
  expect(() => mappingSchema.parse(mapping)).not.toThrow();
  const compiled = compileMapping(mapping);
  return messages.flatMap((message) => compiled.parse(new TextEncoder().encode(JSON.stringify(message))).ticks);
};

describe('a proposed mapping', () => {
  it('of flat objects: time, key, number and all other numbers', () => {
    const messages = count(12).map((i) => ({
      ts: T + i,
      symbol: i % 2 ? 'A' : 'B',
      seq: i >> 1,
      price: `${100 + i}`,
      size: i,
      side: 'buy',
    }));
    const { mapping, matched } = propose(messages)!;
    expect(mapping).toEqual({
      time: { path: 'ts', format: 'ms' },
      key: { path: 'symbol' },
      seq: { path: 'seq' },
      features: { price: 'price', size: 'size' },
    });
    expect(matched).toBe(12);
    expect(ticksOf(mapping, messages)[3]).toEqual({ key: 'A', time: T + 3, seq: 1, values: { price: 103, size: 3 } });
  });

  it('leaves acknowledgements and heartbeats out by what tells kinds apart', () => {
    const messages = [
      { event: 'subscribed', channel: 'trade' },
      ...count(6).map((i) => ({ event: 'heartbeat', n: i })),
      ...count(10).map((i) => ({ event: 'trade', data: { t: `2024-05-01T12:00:0${i % 10}Z`, p: 5 + i } })),
    ];
    const { mapping } = propose(messages)!;
    expect(mapping).toMatchObject({
      match: { event: 'trade' },
      time: { path: 'data.t', format: 'iso' },
      features: { p: 'data.p' },
    });
    expect(ticksOf(mapping, messages)).toHaveLength(10);
  });

  it('takes lists apart, with what stands beside them', () => {
    const messages = count(5).map((i) => ({
      arg: { instId: 'BTC-USDT' },
      data: [0, 1, 2].map((j) => ({ ts: String(T + 10 * i + j), px: '9.5', sz: String(j + 1) })),
    }));
    const { mapping } = propose(messages)!;
    expect(mapping).toMatchObject({
      each: 'data',
      time: { path: 'ts', format: 'ms' },
      key: { path: '$.arg.instId' },
      features: { px: 'px', sz: 'sz' },
    });
    expect(ticksOf(mapping, messages)).toHaveLength(15);
    expect(ticksOf(mapping, messages)[4]).toMatchObject({ key: 'BTC-USDT', time: T + 11, values: { px: 9.5, sz: 2 } });
  });

  it('of lists of lists names columns by their place', () => {
    const messages = count(6).map((i) => ({ rows: [[T / 1000 + i, 5 + i, 7]] }));
    const { mapping } = propose(messages)!;
    expect(mapping).toMatchObject({ each: 'rows', time: { path: '0', format: 's' }, features: { c1: '1', c2: '2' } });
    expect(ticksOf(mapping, messages)[2]!.values).toEqual({ c1: 7, c2: 7 });
  });

  it('of sensors in topics', () => {
    const messages = count(8).map((i) => ({
      topic: `house/${i % 2}`,
      payload: { time: T / 1000 + i, temperature: 20.5 + i },
    }));
    const { mapping } = propose(messages)!;
    expect(mapping).toMatchObject({
      key: { path: 'topic' },
      time: { path: 'payload.time', format: 's' },
      features: { temperature: 'payload.temperature' },
    });
  });

  it('is none where there is no time or no number, and survives what is hostile', () => {
    expect(propose([{ a: 1 }, { a: 2 }])).toBeNull();
    expect(propose([{ time: T, name: 'x' }])).toBeNull();
    expect(propose(['text', 5, null, []])).toBeNull();
    const deep = JSON.parse(`${'{"a":'.repeat(500)}1${'}'.repeat(500)}`);
    expect(propose([deep, JSON.parse('{"__proto__":{"time":1700000000,"x":1}}')])).toBeNull();
  });
});

describe('of envelopes', () => {
  const envelope: Envelope = {
    payload: 'payload',
    time: 'received',
    mapping: { key: { path: 'topic' }, history: { path: 'retain' }, redelivered: { path: 'dup' } },
  };
  const sent = (payload: (i: number) => unknown) =>
    count(8).map((i) => ({
      topic: `hall/${i % 2}`,
      qos: 1,
      retain: i < 2,
      dup: false,
      received: T + i,
      payload: payload(i),
    }));
  const around = { history: { path: 'retain' }, redelivered: { path: 'dup' } };

  it('what is in them, with the time that it has or the one of its receipt', () => {
    const timed = propose(
      sent((i) => ({ ts: T / 1000 + i, t: i, device: 'x' })),
      envelope,
    )!;
    expect(timed.mapping).toEqual({
      time: { path: 'payload.ts', format: 's' },
      key: { path: 'topic' },
      ...around,
      features: { t: 'payload.t' },
    });
    const plain = sent((i) => ({ value: i + 0.5 }));
    const { mapping } = propose(plain, envelope)!;
    expect(mapping).toEqual({
      time: { path: 'received', format: 'ms' },
      key: { path: 'topic' },
      ...around,
      features: { value: 'payload.value' },
    });
    expect(ticksOf(mapping, plain)[1]).toEqual({
      key: 'hall/1',
      time: T + 1,
      seq: null,
      values: { value: 1.5 },
      history: true,
    });
  });

  it('of topics that have little in common the most frequent', () => {
    const mixed = sent((i) => (i % 4 === 0 ? { rain: i } : { wind: i, gust: i }));
    const { mapping, matched } = propose(mixed, envelope)!;
    expect(mapping.features).toEqual({ wind: 'payload.wind', gust: 'payload.gust' });
    expect(matched).toBe(6);
  });

  it('each element of a list that was sent', () => {
    const lists = sent((i) => [{ n: i }, { n: i + 0.5 }]);
    const { mapping } = propose(lists, envelope)!;
    expect(mapping).toEqual({
      each: 'payload',
      time: { path: '$.received', format: 'ms' },
      key: { path: '$.topic' },
      history: { path: '$.retain' },
      redelivered: { path: '$.dup' },
      features: { n: 'n' },
    });
    expect(ticksOf(mapping, lists)).toHaveLength(16);
  });
});
