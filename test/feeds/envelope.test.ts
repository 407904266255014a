import { describe, expect, it } from 'vitest';
import { flatColumns } from '../../src/feeds/discover.ts';
import { type Envelope, enveloped } from '../../src/feeds/envelope.ts';
import { compileMapping, flatMapping } from '../../src/feeds/mapping.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

describe('an envelope', () => {
  it.each([
    ['{"t": 1.50,  "x":[1,2]}', '{"t": 1.50,  "x":[1,2]}'],
    ['[1, 2]', '[1, 2]'],
    ['21.5', '{"value":21.5}'],
    [' 21.50\n', '{"value":21.5}'],
    ['"on"', '{"value":"on"}'],
    ['ON', '{"value":"ON"}'],
    ['true', '{"value":true}'],
    ['{"t": 1', '{"value":"{\\"t\\": 1"}'],
    ['', '{"value":""}'],
  ])('around %j', (payload, inside) => {
    expect(text(enveloped({ topic: 'a/b' }, bytes(payload)))).toBe(`{"topic":"a/b","payload":${inside}}`);
  });

  it('keeps what is no text', () => {
    expect(text(enveloped({}, Uint8Array.of(255, 0, 1)))).toBe('{"payload":{"base64":"/wAB"}}');
  });
});

describe('what stands in envelopes', () => {
  const envelope: Envelope = {
    payload: 'payload',
    time: 'received',
    mapping: { key: { path: 'topic' }, history: { path: 'retain' }, redelivered: { path: 'dup' } },
  };
  const sent = (head: object, payload: string) => enveloped({ topic: 'hall', received: 1000, ...head }, bytes(payload));

  it('has columns, with a time of its own or without', () => {
    expect(flatColumns(sent({}, '{"t": 1, "time": 5, "name": "x"}'), envelope)).toEqual(['t']);
    expect(flatColumns(sent({}, '21.5'), envelope)).toEqual(['value']);
    expect(flatColumns(sent({}, 'ON'), envelope)).toBeNull();
    expect(flatColumns(bytes('null'), envelope)).toBeNull();
  });

  it('becomes ticks by the key and the time of the envelope, marked as retained or perhaps repeated', () => {
    const mapping = compileMapping(flatMapping(['t'], envelope));
    expect(mapping.parse(sent({ dup: true }, '{"t": 1}')).ticks).toEqual([
      { key: 'hall', time: 1_000_000, seq: null, values: { t: 1 }, redelivered: true },
    ]);
    expect(mapping.parse(sent({ retain: true }, '{"t": 2, "time": 7}')).ticks).toEqual([
      { key: 'hall', time: 7000, seq: null, values: { t: 2 }, history: true },
    ]);
  });

  it('is not marked where an id or a number tells repetitions', () => {
    const { time, features, ...rest } = flatMapping(['t'], envelope);
    const mapping = compileMapping({ time, features, ...rest, id: { path: 'payload.id' } });
    expect(mapping.parse(sent({ dup: true }, '{"t": 1, "id": 9}')).ticks).toEqual([
      { key: 'hall', time: 1_000_000, seq: null, id: '9', values: { t: 1 } },
    ]);
  });
});
