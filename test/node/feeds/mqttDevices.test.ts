/** Home Assistant's discovery and Sparkplug B: what devices say of themselves, read without a broker and with one. */
import { readFileSync } from 'node:fs';
import { type Observable, type Subscription, VirtualTimeScheduler } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../../src/config.ts';
import { Engine, parseEngineConfig } from '../../../src/engine.ts';
import { compileMapping, type FeedEvent, findFeed, openFeed } from '../../../src/feeds/index.ts';
import { asset, readKernels } from '../../../src/node/assets.ts';
import { HomeAssistantReader } from '../../../src/node/feeds/homeAssistant.ts';
import { compileTemplate } from '../../../src/node/feeds/homeAssistantTemplate.ts';
import '../../../src/node/feeds/index.ts';
import type { Packet, Reading } from '../../../src/node/feeds/mqttLink.ts';
import { SparkplugReader } from '../../../src/node/feeds/sparkplug.ts';
import { decodePayload, metricValue, rebirth } from '../../../src/node/feeds/sparkplugPayload.ts';
import { FeedSocket } from '../../../src/node/socket.ts';
import { Mosquitto } from './mosquitto.ts';

const until = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 20_000, interval: 10 });
const utf8 = new TextEncoder();
const packet = (topic: string, payload: string | Uint8Array, more: Partial<Packet> = {}): Packet => ({
  topic,
  payload: typeof payload === 'string' ? utf8.encode(payload) : payload,
  qos: 0,
  retain: false,
  dup: false,
  received: 1000,
  ...more,
});
/** Messages as what they hold, everything else as it is. */
const shown = (readings: readonly Reading[] | null): unknown[] | undefined =>
  readings?.map((each) => (each.kind === 'message' ? json(each.data) : each));
const json = (data: Uint8Array): Record<string, unknown> => JSON.parse(new TextDecoder().decode(data));

describe('a value template', () => {
  it.each<[string, string, unknown]>([
    ['{{ value }}', '21.5', '21.5'],
    ['{{value|float}}', ' 21.5 ', 21.5],
    ['{{ value_json.temperature }}', '{"temperature": 21.5}', 21.5],
    ["{{ value_json['a']['b'] | float }}", '{"a": {"b": "3"}}', 3],
    ['{{ value_json["a b"][1].c }}', '{"a b": [0, {"c": 4}]}', 4],
    ['{{ value_json.x | round(1) }}', '{"x": 20.26}', 20.3],
    ['{{ value_json.x | float(0) | round }}', '{}', 0],
    ['{{ value_json.x | int }}', '{"x": "-7.9"}', -7],
    ['{{ value_json.x | is_defined }}', '{"y": 1}', undefined],
    ['{{ value_json.x }}', 'no JSON', undefined],
    ['{{ value_json.constructor }}', '{}', undefined],
  ])('%s of %s', (template, payload, value) => {
    expect(compileTemplate(template)!(payload)).toBe(value);
  });

  it.each([
    '{{ value_json.x * 2 }}',
    '{% if value %}1{% endif %}',
    "{{ states('sensor.x') }}",
    '{{ value | round(1, "floor") }}',
    '{{ value_json.x | default(0) }}',
    '{{ value }}{{ value }}',
    '{{ valued }}',
    'value',
  ])('%s is none of those that are understood', (template) => {
    expect(compileTemplate(template)).toBeNull();
  });
});

describe('sensors of Home Assistant', () => {
  const config = (id: string, config: object): Packet =>
    packet(`homeassistant/sensor/${id}/config`, JSON.stringify(config), { retain: true });
  const hall = {
    '~': 'zigbee/hall',
    name: 'Hall temperature',
    uniq_id: 'hall_t',
    stat_t: '~',
    unit_of_meas: '°C',
    dev_cla: 'temperature',
    val_tpl: '{{ value_json.temperature }}',
    avty_t: '~/state',
    exp_aft: 60,
  };
  const state = (payload: string, more: Partial<Packet> = {}) => packet('zigbee/hall', payload, more);

  it('are announced, in abbreviations too, and tell their state with its unit', () => {
    const reader = new HomeAssistantReader('homeassistant', 1);
    // a session tells states before it is known whose they are
    expect(reader.read(state('{}'))).toBeNull();
    expect(reader.read(config('hall', hall))).toEqual([
      {
        kind: 'subscribe',
        subscriptions: [
          { filter: 'zigbee/hall', qos: 1, again: false },
          { filter: 'zigbee/hall/state', qos: 1, again: true },
        ],
      },
    ]);
    expect(reader.read(config('hall', hall))).toEqual([]);
    expect(shown(reader.read(state('{"temperature": 21.5, "battery": 90}')))).toEqual([
      {
        topic: 'zigbee/hall',
        entity: 'hall_t',
        unit: '°C',
        received: 1000,
        retain: false,
        dup: false,
        payload: { value: 21.5 },
      },
    ]);
    expect(reader.read(state('{"battery": 90}'))).toEqual([]);
  });

  it('that are unavailable, expired or without a state are a gap, once', () => {
    const reader = new HomeAssistantReader('homeassistant', 1);
    reader.read(config('hall', hall));
    const gap = (what: string) => [{ kind: 'gap', key: 'hall_t', reason: `hall_t ${what}` }];
    expect(reader.read(packet('zigbee/hall/state', 'offline'))).toEqual([]);
    reader.read(state('{"temperature": 1}'));
    expect(reader.read(packet('zigbee/hall/state', 'online'))).toEqual([]);
    expect(reader.read(packet('zigbee/hall/state', 'offline'))).toEqual(gap('is unavailable'));
    expect(reader.read(packet('zigbee/hall/state', 'offline'))).toEqual([]);
    reader.read(state('{"temperature": 1}', { received: 2000 }));
    expect(reader.look(61_999)).toEqual([]);
    expect(reader.look(62_000)).toEqual(gap('has said nothing for 60 s'));
    expect(reader.look(63_000)).toEqual([]);
    reader.read(state('{"temperature": 1}'));
    expect(reader.read(state('{"temperature": "unavailable"}'))).toEqual(gap('has no state'));
    reader.read(state('{"temperature": 1}'));
    expect(reader.read(packet('homeassistant/sensor/hall/config', ''))).toEqual([
      ...gap('is announced no more'),
      { kind: 'unsubscribe', filters: ['zigbee/hall', 'zigbee/hall/state'] },
    ]);
    expect(reader.read(state('{"temperature": 1}'))).toBeNull();
  });

  it.each([
    ['all', ['b'], true],
    ['any', ['b'], false],
    ['any', ['a', 'b'], true],
  ])('with several topics of availability are gone by %s of %j: %s', (mode, off, gone) => {
    const reader = new HomeAssistantReader('homeassistant', 1);
    const availability = ['a', 'b'].map((topic) => ({
      topic,
      value_template: '{{ value_json.state }}',
      payload_not_available: 'away',
    }));
    reader.read(config('x', { state_topic: 's', availability, availability_mode: mode }));
    reader.read(packet('s', '1'));
    const told = off.flatMap((topic) => reader.read(packet(topic, '{"state": "away"}'))!);
    expect(told.map(({ kind }) => kind)).toEqual(gone ? ['gap'] : []);
  });

  it.each([
    [
      { state_topic: 's', value_template: '{{ value_json.x * 2 }}' },
      "invalid value_template: '{{ value_json.x * 2 }}'",
    ],
    [{ state_topic: 's', device_class: 'timestamp' }, 'one whose states are numbers'],
    [{ state_topic: 'a/+' }, 'invalid state_topic'],
    [{}, 'invalid state_topic'],
    [[], 'invalid announcement'],
    [{ state_topic: 's', unique_id: { a: 1 } }, 'invalid unique_id'],
    [{ state_topic: 's', unique_id: 'hall_t' }, 'one that no other sensor has'],
  ])('%j is refused, once', (wrong, reason) => {
    const reader = new HomeAssistantReader('homeassistant', 1);
    reader.read(config('hall', hall));
    const [note] = reader.read(config('wrong', wrong)) as [Reading & { reason: string }];
    expect(note.kind).toBe('note');
    expect(note.reason).toContain('homeassistant/sensor/wrong/config is left out: ');
    expect(note.reason).toContain(reason);
    expect(reader.read(config('wrong', wrong))).toEqual([]);
  });
});

/*
 * Payloads by hand: field << 3 | wire, then the value.
 */
const varint = (value: bigint | number): number[] => {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
};
const field = (number: number, value: bigint | number): number[] => [...varint(number << 3), ...varint(value)];
const piece = (number: number, bytes: readonly number[]): number[] => [
  ...varint((number << 3) | 2),
  ...varint(bytes.length),
  ...bytes,
];
const double = (number: number, value: number): number[] => [
  ...varint((number << 3) | 1),
  ...new Uint8Array(new Float64Array([value]).buffer),
];
const float = (number: number, value: number): number[] => [
  ...varint((number << 3) | 5),
  ...new Uint8Array(new Float32Array([value]).buffer),
];
interface Said {
  name?: string;
  alias?: number;
  time?: number;
  type?: number;
  historical?: boolean;
  /** The value's field, as it is. */
  value?: number[];
}
const metric = ({ name, alias, time, type, historical, value = [] }: Said): number[] =>
  piece(2, [
    ...(name === undefined ? [] : piece(1, [...utf8.encode(name)])),
    ...(alias === undefined ? [] : field(2, alias)),
    ...(time === undefined ? [] : field(3, time)),
    ...(type === undefined ? [] : field(4, type)),
    ...(historical ? field(5, 1) : []),
    ...value,
  ]);
const payload = (seq: number | null, metrics: Said[], time = 900): Uint8Array =>
  Uint8Array.from([...field(1, time), ...metrics.flatMap(metric), ...(seq === null ? [] : field(3, seq))]);

describe('a payload of Sparkplug B', () => {
  const value = (type: number, bytes: number[]): unknown =>
    metricValue(decodePayload(payload(0, [{ type, value: bytes }])).metrics[0]!, null);

  it.each<[string, number, number[], unknown]>([
    ['Int8', 1, field(10, 0xfe), -2],
    ['Int8 in 32 bits', 1, field(10, 0xffff_fffe), -2],
    ['Int16', 2, field(10, 0xffff), -1],
    ['Int32', 3, field(10, 0x8000_0000), -2_147_483_648],
    ['Int64', 4, field(11, -5n), -5],
    ['Int64 that no double holds', 4, field(11, -9_007_199_254_740_993n), '-9007199254740993'],
    ['UInt8', 5, field(10, 255), 255],
    ['UInt16', 6, field(10, 65_535), 65_535],
    ['UInt32', 7, field(10, 0xffff_ffff), 4_294_967_295],
    ['UInt32 in 64 bits', 7, field(11, 0xffff_ffff), 4_294_967_295],
    ['UInt64', 8, field(11, 0xffff_ffff_ffff_ffffn), '18446744073709551615'],
    ['Float', 9, float(12, 21.5), 21.5],
    ['Double', 10, double(13, 0.1), 0.1],
    ['Boolean', 11, field(14, 1), 1],
    ['String', 12, piece(15, [...utf8.encode('ü')]), 'ü'],
    ['DateTime', 13, field(11, 1_700_000_000_000), 1_700_000_000_000],
    ['null', 10, [...field(7, 1), ...double(13, 5)], undefined],
    ['DataSet', 16, piece(17, []), undefined],
    ['Bytes', 17, piece(16, [1, 2]), undefined],
  ])('holds a value of type %s', (_name, type, bytes, expected) => {
    expect(value(type, bytes)).toBe(expected);
  });

  it('is refused where it is cut anywhere but between two fields, never worse', () => {
    const whole = payload(3, [{ name: 'a', alias: 1, time: 5, type: 10, value: double(13, 1) }]);
    for (let cut = 0; cut < whole.length; cut++) {
      try {
        decodePayload(whole.subarray(0, cut));
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }
    expect(() => decodePayload(Uint8Array.of(0x12, 0xff, 0xff, 0xff, 0xff, 0x0f))).toThrow(RangeError);
    expect(() => decodePayload(new Uint8Array(20).fill(0xff))).toThrow(RangeError);
  });

  it('asks for a rebirth as the specification says', () => {
    const { time, metrics } = decodePayload(rebirth(1_700_000_000_000));
    expect(time).toBe(1_700_000_000_000);
    expect(metrics).toMatchObject([{ name: 'Node Control/Rebirth', type: 11, int: 1n, time: 1_700_000_000_000 }]);
  });
});

describe('nodes of Sparkplug B', () => {
  const temperature = { name: 'temp', alias: 1, type: 10 };
  const bdSeq = (n: number): Said => ({ name: 'bdSeq', type: 4, value: field(11, n) });
  const nbirth = (n = 0) =>
    packet('spBv1.0/plant/NBIRTH/edge', payload(0, [bdSeq(n), { ...temperature, value: double(13, 20) }]));
  const ndata = (seq: number, x: number, more: Partial<Packet> = {}) =>
    packet('spBv1.0/plant/NDATA/edge', payload(seq, [{ alias: 1, time: 800 + seq, value: double(13, x) }]), more);
  const ndeath = (n: number) => packet('spBv1.0/plant/NDEATH/edge', payload(null, [bdSeq(n)]));
  const request = { kind: 'publish', topic: 'spBv1.0/plant/NCMD/edge', payload: expect.any(Uint8Array) };
  const gap = (key: string, what: string) => ({ kind: 'gap', key, reason: `plant/edge ${what}` });
  const said = (seq: number, x: number) => ({
    topic: 'spBv1.0/plant/NDATA/edge',
    device: 'plant/edge',
    seq,
    time: 800 + seq,
    received: 1000,
    retain: false,
    dup: false,
    historical: false,
    payload: { temp: x },
  });
  const reader = () => new SparkplugReader(['spBv1.0/#'], 1);

  it('are born with names, and go on by aliases', () => {
    const edge = reader();
    expect(shown(edge.read(nbirth()))).toMatchObject([{ device: 'plant/edge', time: 900, payload: { temp: 20 } }]);
    expect(shown(edge.read(ndata(1, 21.5)))).toEqual([said(1, 21.5)]);
    for (let seq = 2; seq < 256; seq++) expect(edge.read(ndata(seq, 1))).toHaveLength(1);
    expect(shown(edge.read(ndata(0, 22)))).toEqual([said(0, 22)]);
    expect(edge.read(packet('spBv1.0/plant/NCMD/edge', 'x'))).toEqual([]);
    expect(edge.read(packet('spBv1.0/STATE/host', '{}'))).toEqual([]);
  });

  it('unknown ones are asked for their birth, once in ten seconds', () => {
    const edge = reader();
    expect(edge.read(ndata(7, 1))).toEqual([request]);
    expect(edge.read(ndata(8, 1))).toEqual([]);
    expect(edge.read(ndata(9, 1, { received: 11_000 }))).toEqual([request]);
    expect(edge.read(nbirth())).toHaveLength(1);
    expect(shown(edge.read(ndata(1, 21.5)))).toEqual([said(1, 21.5)]);
  });

  it('a number that jumps is a gap, and aliases wait for the next birth', () => {
    const edge = reader();
    edge.read(nbirth());
    edge.read(ndata(1, 1));
    expect(edge.read(ndata(4, 1))).toEqual([gap('plant/edge', 'went from message 1 to 4'), request]);
    expect(edge.read(ndata(5, 1))).toEqual([]);
    const named = payload(6, [{ name: 'temp', type: 10, value: double(13, 3) }]);
    expect(shown(edge.read(packet('spBv1.0/plant/NDATA/edge', named)))).toMatchObject([{ payload: { temp: 3 } }]);
    edge.read(nbirth());
    expect(shown(edge.read(ndata(1, 21.5)))).toEqual([said(1, 21.5)]);
  });

  it('what is sent again is no jump', () => {
    const edge = reader();
    edge.read(nbirth());
    for (const seq of [1, 2, 3]) edge.read(ndata(seq, 1));
    expect(shown(edge.read(ndata(2, 1, { dup: true })))).toEqual([{ ...said(2, 1), dup: true }]);
    expect(edge.read({ ...nbirth(), dup: true })).toHaveLength(1);
    expect(shown(edge.read(ndata(4, 1)))).toEqual([said(4, 1)]);
  });

  it('deaths end what they belong to: a node with its devices, a device alone', () => {
    const edge = reader();
    edge.read(nbirth(7));
    const device = (type: string, seq: number, metrics: Said[]) =>
      packet(`spBv1.0/plant/${type}/edge/pump`, payload(seq, metrics));
    expect(
      shown(edge.read(device('DBIRTH', 1, [{ name: 'flow.rate', alias: 9, type: 3, value: field(10, 5) }]))),
    ).toMatchObject([{ device: 'plant/edge/pump', payload: { flow_rate: 5 } }]);
    expect(shown(edge.read(device('DDATA', 2, [{ alias: 9, value: field(10, 0xffff_ffff) }])))).toMatchObject([
      { device: 'plant/edge/pump', payload: { flow_rate: -1 } },
    ]);
    expect(edge.read(device('DDEATH', 3, []))).toEqual([
      { kind: 'gap', key: 'plant/edge/pump', reason: 'plant/edge/pump is gone' },
    ]);
    edge.read(device('DBIRTH', 4, [{ name: 'flow', alias: 9, type: 3, value: field(10, 5) }]));
    // the will of an earlier connection
    expect(edge.read(ndeath(6))).toEqual([]);
    expect(edge.read(ndeath(7))).toEqual([gap('plant/edge', 'is gone'), gap('plant/edge/pump', 'is gone')]);
    expect(edge.read(ndeath(7))).toEqual([]);
    expect(edge.read(ndata(5, 1))).toEqual([request]);
    expect(edge.read(nbirth(8))).toHaveLength(1);
    // born again without a death
    expect(edge.read(nbirth(9))).toMatchObject([gap('plant/edge', 'began anew'), { kind: 'message' }]);
  });

  it('metrics of several times are messages of their own, those of the past marked', () => {
    const edge = reader();
    edge.read(nbirth());
    const metrics = [
      { alias: 1, time: 802, value: double(13, 2) },
      { name: 'rpm', type: 7, time: 802, value: field(10, 60) },
      { alias: 1, time: 801, historical: true, value: double(13, 1) },
    ];
    expect(shown(edge.read(packet('spBv1.0/plant/NDATA/edge', payload(1, metrics))))).toMatchObject([
      { time: 801, historical: true, payload: { temp: 1 } },
      { time: 802, historical: false, payload: { temp: 2, rpm: 60 } },
    ]);
  });

  it('a link that does not go on where the last one ended asks anew', () => {
    const edge = reader();
    edge.read(nbirth());
    edge.linked(true);
    expect(edge.read(ndata(1, 1))).toHaveLength(1);
    edge.linked(false);
    expect(edge.read(ndata(9, 1))).toEqual([request]);
  });

  it('what is no payload is junk, and says so by having no device', () => {
    const [junk] = shown(reader().read(packet('spBv1.0/plant/NDATA/edge', Uint8Array.of(0xff, 0x01)))) as [object];
    expect(junk).toMatchObject({ topic: 'spBv1.0/plant/NDATA/edge', payload: { base64: '/wE=' } });
    expect(junk).not.toHaveProperty('device');
  });
});

it('a gap in one stream is in that one only; a mapping without keys has one for all', async () => {
  const { kernels } = await readKernels();
  for (const [key, expected] of [
    [{ path: 'key' }, ['a false', 'b true', 'a false']],
    ['all', ['all false', 'all true', 'all false']],
  ] as const) {
    const config = parseEngineConfig({ mapping: { time: { path: 't' }, key, features: { x: 'x' } } });
    let now = 0n;
    const engine = new Engine({ kernels, spec: null, config, wall: () => (now += 1_000_000_000n) });
    const told: string[] = [];
    engine.explained$.subscribe(({ tick, gapBefore }) => told.push(`${tick.key} ${gapBefore}`));
    const tick = (name: string, t: number) => engine.message(utf8.encode(JSON.stringify({ key: name, t, x: t })));
    tick('a', 1);
    tick('b', 2);
    told.length = 0;
    tick('a', 3);
    engine.status({ feed: 'x', state: 'gap', key: 'b', missing: null });
    tick('b', 4);
    tick('a', 5);
    expect(told).toEqual(expected);
  }
});

it('the examples of docs/feeds.md are configs', () => {
  const page = readFileSync(asset('docs/feeds.md'), 'utf8');
  const section = page.slice(page.indexOf('## MQTT'), page.indexOf('## NATS'));
  const examples = Array.from(section.matchAll(/```yaml\n(.*?)```/gs), ([, text]) => parseConfig(parse(text!)));
  expect(examples.map(({ feed }) => findFeed(feed.url)!.schemes[0])).toEqual([
    'mqtt',
    'homeassistant+mqtt',
    'sparkplug+mqtt',
  ]);
  // what Home Assistant's example writes out is the default
  const { engine } = parseConfig({ feed: { url: examples[1]!.feed.url } });
  expect(examples[1]!.engine.mapping).toEqual(engine.mapping);
});

describe('over a broker', () => {
  let broker: Mosquitto;
  let following: Subscription | undefined;
  beforeAll(async () => {
    broker = await Mosquitto.start();
  });
  afterEach(() => following?.unsubscribe());
  afterAll(() => broker.end());

  const edge = { WebSocket: FeedSocket, fetch, random: () => 0.02 };
  function follow(feed: Observable<FeedEvent>): FeedEvent[] {
    const events: FeedEvent[] = [];
    following = feed.subscribe((event) => {
      events.push(event);
      if (event.kind === 'message') event.ack?.();
    });
    return events;
  }
  const opened = (events: FeedEvent[]) =>
    until(() => expect(events.some((event) => event.kind === 'status' && event.status.state === 'open')).toBe(true));
  const reasons = (events: FeedEvent[], state: string): unknown[] =>
    events.flatMap((event) => (event.kind === 'status' && event.status.state === state ? [event.status] : []));

  it('sensors of Home Assistant are ticks without a mapping', async () => {
    const client = await broker.client();
    const announce = (id: string, config: object) =>
      client.publishAsync(`homeassistant/sensor/${id}/config`, JSON.stringify(config), { qos: 1, retain: true });
    const template = '{{ value_json.t | float | round(1) }}';
    await announce('hall', {
      uniq_id: 'hall',
      stat_t: 'home/hall',
      unit_of_meas: '°C',
      val_tpl: template,
      avty_t: 'home/up',
    });
    await announce('odd', { uniq_id: 'odd', stat_t: 'home/odd', val_tpl: '{{ 1 + 1 }}' });
    await client.publishAsync('home/hall', '{"t": "20.04"}', { qos: 1, retain: true });
    const { feed, engine } = parseConfig({ feed: { url: broker.url.replace('mqtt:', 'homeassistant+mqtt:') } });
    const events = follow(openFeed(feed, edge));
    const mapping = compileMapping(engine.mapping);
    const ticks = () => events.flatMap((event) => (event.kind === 'message' ? mapping.parse(event.data).ticks : []));
    await until(() => expect(ticks()).toHaveLength(1));
    await announce('node/late', { uniq_id: 'late', stat_t: 'home/late' });
    await until(async () => {
      await client.publishAsync('home/late', '7', { qos: 1 });
      expect(ticks().length).toBeGreaterThan(1);
    });
    await client.publishAsync('home/hall', '{"t": 21.46}', { qos: 1 });
    await client.publishAsync('home/up', 'offline', { qos: 1 });
    await until(() => expect(reasons(events, 'gap')).toMatchObject([{ key: 'hall', reason: 'hall is unavailable' }]));
    expect(ticks().filter(({ key }) => key === 'hall')).toMatchObject([
      { values: { value: 20 }, history: true },
      { values: { value: 21.5 } },
    ]);
    expect(ticks().find(({ key }) => key === 'late')).toMatchObject({ values: { value: 7 } });
    // what is announced comes at QoS 0, and again with every connection: a reconnect loses nothing of it
    await broker.kill();
    await broker.start();
    const url = broker.url.replace('mqtt:', 'homeassistant+mqtt:');
    await until(() => expect(reasons(events, 'open').at(-1)).toEqual({ feed: url, state: 'open', resumed: true }));
    const [, refused] = reasons(events, 'open') as { reason: string }[];
    expect(refused!.reason).toMatch(/^homeassistant\/sensor\/odd\/config is left out: invalid value_template: /);
  });

  it('a Sparkplug node is asked for its birth, born, heard and mourned', async () => {
    const asked: Uint8Array[] = [];
    const node = await broker.client({
      will: { topic: 'spBv1.0/plant/NDEATH/edge', payload: Buffer.from(payload(null, [])), qos: 1, retain: false },
      reconnectPeriod: 0,
    });
    node.on('message', (_topic, bytes) => asked.push(bytes));
    await node.subscribeAsync('spBv1.0/plant/NCMD/edge', { qos: 1 });
    const { feed, engine } = parseConfig({
      feed: { url: broker.url.replace('mqtt:', 'sparkplug+mqtt:') },
      mapping: {
        time: { path: 'time', format: 'ms' },
        key: { path: 'device' },
        missing: 'hold',
        features: { temp: 'payload.temp', rpm: 'payload.rpm' },
      },
    });
    const events = follow(openFeed(feed, edge));
    await opened(events);
    const send = (type: string, bytes: Uint8Array) =>
      node.publishAsync(`spBv1.0/plant/${type}/edge`, Buffer.from(bytes), { qos: 0 });
    const t = 1_700_000_000_000;
    await send('NDATA', payload(5, [{ alias: 1, time: t, value: double(13, 1) }]));
    await until(() => expect(asked).toHaveLength(1));
    expect(decodePayload(asked[0]!).metrics[0]).toMatchObject({ name: 'Node Control/Rebirth', int: 1n });
    await send(
      'NBIRTH',
      payload(0, [
        { name: 'temp', alias: 1, time: t + 1, type: 10, value: double(13, 20.25) },
        { name: 'rpm', alias: 2, time: t + 1, type: 7, value: field(10, 60) },
      ]),
    );
    await send('NDATA', payload(1, [{ alias: 2, time: t + 2, value: field(10, 61) }]));
    const mapping = compileMapping(engine.mapping);
    await until(() => expect(events.filter(({ kind }) => kind === 'message')).toHaveLength(2));
    const ticks = events.flatMap((event) => (event.kind === 'message' ? mapping.parse(event.data).ticks : []));
    expect(ticks).toEqual([
      { key: 'plant/edge', time: t + 1, seq: null, values: { temp: 20.25, rpm: 60 } },
      { key: 'plant/edge', time: t + 2, seq: null, values: { temp: 20.25, rpm: 61 }, held: ['temp'] },
    ]);
    node.stream.destroy();
    await until(() =>
      expect(reasons(events, 'gap')).toMatchObject([
        { key: 'plant/edge', reason: 'plant/edge is gone', missing: null },
      ]),
    );
  });

  it.each([
    ['sparkplug+mqtt://h/other/%23', {}, 'a filter that begins with spBv1.0/'],
    ['homeassistant+mqtt://h/a', {}, 'no topic behind the host'],
    ['homeassistant+mqtt://h', { prefix: 'a/+' }, 'no wildcards'],
  ])('%s %j is refused before anything starts', (url, options, message) => {
    const mapping = { time: { path: 'time' }, features: { x: 'payload.x' } };
    const { feed } = parseConfig({ feed: { url, ...options }, mapping });
    expect(() => openFeed(feed, { ...edge, scheduler: new VirtualTimeScheduler() })).toThrow(message);
  });
});
