import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { compileMapping, flatMapping, type MappingConfig } from '../../src/feeds/mapping.ts';
import { mappingSchema } from '../../src/feeds/mappingSchema.ts';
import { decodeSaved, encodeSaved } from '../../src/saved.ts';

const bytes = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const plain: MappingConfig = { time: { path: 'time' }, features: { a: 'a', b: 'b' } };
const parse = (config: MappingConfig, ...messages: unknown[]) => {
  const mapping = compileMapping(config);
  return messages.map((message) => mapping.parse(bytes(message))).at(-1)!;
};

describe('a message', () => {
  it('becomes a tick', () => {
    const mapped = parse(plain, { time: '2017-04-03', a: 1.5, b: '-2e3', other: 'x' });
    expect(mapped).toEqual({
      ticks: [{ key: '', time: Date.UTC(2017, 3, 3), seq: null, values: { a: 1.5, b: -2000 } }],
      resets: false,
      invalid: [],
      held: 0,
      ignored: 0,
    });
  });

  it('may begin with a byte order mark', () => {
    expect(parse(plain, '\ufeff{"time":1e9,"a":1,"b":2}').ticks).toHaveLength(1);
  });

  it('may hold its values deeper, in lists, and several ticks at once', () => {
    const config: MappingConfig = {
      each: 'data.rows',
      time: { path: '0', format: 'ms' },
      key: { path: '$.symbol' },
      features: { price: '1', size: '2.0' },
    };
    const rows = [
      [5, '101.5', [3]],
      [6, '101.25', [4]],
    ];
    expect(parse(config, { symbol: 'X', data: { rows } }).ticks).toEqual([
      { key: 'X', time: 5, seq: null, values: { price: 101.5, size: 3 } },
      { key: 'X', time: 6, seq: null, values: { price: 101.25, size: 4 } },
    ]);
  });

  it('is ignored, not invalid, where `match` does not fit', () => {
    const config: MappingConfig = { ...plain, match: { type: 'trade', 'meta.live': true } };
    expect(parse(config, { type: 'heartbeat' })).toMatchObject({ ticks: [], ignored: 1, invalid: [] });
    const trade = { type: 'trade', meta: { live: true }, time: 1e9, a: 1, b: 2 };
    expect(parse(config, trade).ticks).toHaveLength(1);
    expect(parse(config, { ...trade, meta: { live: 'true' } })).toMatchObject({ ignored: 1 });
  });

  it('may say that the series begins again, or that it is warm-up', () => {
    const config: MappingConfig = { ...plain, reset: { type: 'reset' }, history: { path: 'old' } };
    expect(parse(config, { type: 'reset' })).toMatchObject({ resets: true, ticks: [], invalid: [], ignored: 0 });
    expect(parse(config, { time: 1e9, a: 1, b: 2, old: true }).ticks[0]!.history).toBe(true);
    expect(parse(config, { time: 1e9, a: 1, b: 2, old: false }).ticks[0]).not.toHaveProperty('history');
  });

  it('gives sequence numbers, keys and scaled values', () => {
    const config: MappingConfig = {
      time: { path: 't', format: 's' },
      seq: { path: 'n' },
      key: { path: 'id' },
      features: { c: { path: 'f', scale: 5 / 9, offset: -160 / 9, min: -50, max: 60 } },
    };
    const { ticks } = parse(config, { t: 2, n: '9007199254740991', id: 7, f: 122 });
    expect(ticks).toMatchObject([{ key: '7', time: 2000, seq: 9007199254740991 }]);
    expect(ticks[0]!.values.c).toBeCloseTo(50, 12);
    expect(parse(config, { t: 2, n: 1, id: 7, f: 451 }).invalid).toEqual([
      'invalid c: 451 (expected a number from -50 to 60)',
    ]);
  });

  it('may carry one fixed key', () => {
    expect(parse({ ...plain, key: 'boiler' }, { time: 1e9, a: 1, b: 2 }).ticks[0]!.key).toBe('boiler');
  });
});

describe('times', () => {
  const at = (time: unknown, format?: NonNullable<MappingConfig['time']['format']>) =>
    parse({ time: { path: 'time', ...(format ? { format } : {}) }, features: { a: 'a' } }, { time, a: 1 }).ticks[0]
      ?.time;

  it.each([
    [1491177600, undefined, 1491177600000],
    [1491177600000, undefined, 1491177600000],
    [1491177600000000, undefined, 1491177600000],
    ['1491177600000000000', undefined, 1491177600000],
    [1491177600000, 's', undefined],
    [5, 'ms', 5],
    ['2017-04-03T00:00:00', undefined, 1491177600000],
    ['2017-04-03 02:00:00.25+02:00', 'iso', 1491177600250],
    ['2017-04-02T18:30-0530', 'iso', 1491177600000],
    ['1491177600', 'iso', undefined],
    ['2017-02-30', 'iso', undefined],
    ['2017-04-03T25:00:00Z', 'iso', undefined],
    ['yesterday', undefined, undefined],
    ['', undefined, undefined],
    [true, undefined, undefined],
    [null, undefined, undefined],
    [-1, undefined, undefined],
    [1e300, undefined, undefined],
  ] as const)('%j as %s is %s', (time, format, expected) => {
    expect(at(time, format)).toBe(expected);
  });

  it('are read from the first of several paths that is there', () => {
    expect(parse(flatMapping(['a']), { ts: 7e9, a: 1 }).ticks[0]!.time).toBe(7e12);
    expect(parse(flatMapping(['a']), { a: 1 }).invalid).toEqual([
      'invalid time|timestamp|date|datetime|ts: nothing (expected a time)',
    ]);
  });
});

describe('junk is counted with a reason, never thrown', () => {
  it.each<[string, unknown]>([
    ['no JSON', '{"time":1'],
    ['nothing', ''],
    ['NaN, which is no JSON', '{"time":1e9,"a":NaN,"b":2}'],
    ['bytes that are no UTF-8', new Uint8Array([0x7b, 0xff, 0x7d])],
    ['a number too large', '{"time":1e9,"a":1e999,"b":2}'],
    ['a number that float32 cannot hold', { time: 1e9, a: 1e39, b: 2 }],
    ['the word NaN', { time: 1e9, a: 'NaN', b: 2 }],
    ['the word Infinity', { time: 1e9, a: 'Infinity', b: 2 }],
    ['a hexadecimal string', { time: 1e9, a: '0x10', b: 2 }],
    ['an empty string', { time: 1e9, a: '', b: 2 }],
    ['a boolean', { time: 1e9, a: true, b: 2 }],
    ['null', { time: 1e9, a: null, b: 2 }],
    ['an array', { time: 1e9, a: [1], b: 2 }],
    ['an object', { time: 1e9, a: {}, b: 2 }],
    ['a missing field', { time: 1e9, a: 1 }],
    ['a missing time', { a: 1, b: 2 }],
    ['a list', [1, 2, 3]],
    ['a string', '"hello"'],
    ['null alone', 'null'],
    ['JSON nested a hundred thousand deep', `{"time":1e9,"b":2,"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`],
  ])('%s', (_name, message) => {
    const mapping = compileMapping(plain);
    const mapped = mapping.parse(message instanceof Uint8Array ? message : bytes(message));
    expect(mapped.ticks).toEqual([]);
    expect(mapped.invalid).toHaveLength(1);
    expect(mapped.invalid[0]).toMatch(/^invalid .+ \(expected .+\)$/s);
    expect(mapped.invalid[0]!.length).toBeLessThan(250);
  });

  it.each([
    ['1', 1],
    ['0.25', 0.25],
    ['007.50', 7.5],
    ['-1.5e-3', -0.0015],
    ['+2', 2],
    ['.5', 0.5],
    ['5.', 5],
    [`${'9'.repeat(20)}.${'9'.repeat(20)}`, 1e20],
    ['1.2.3', undefined],
    ['.', undefined],
    ['1 ', undefined],
    ['1,5', undefined],
    ['1_000', undefined],
    ['١', undefined],
    ['9'.repeat(65), undefined],
  ])('%j as a number is %s', (text, value) => {
    expect(parse(plain, { time: 1e9, a: text, b: 2 }).ticks[0]?.values.a).toBe(value);
  });

  it.each([
    [true, 1],
    ['ON', 1],
    ['open', 1],
    [1, 1],
    ['false', 0],
    ['Off', 0],
    [0, 0],
    ['maybe', undefined],
    [null, undefined],
    [[true], undefined],
    [2, undefined],
  ])('%j as a truth value is %s', (value, expected) => {
    const config = { ...plain, features: { a: { path: 'a', type: 'boolean' } } } as const;
    expect(parse(config, { time: 1e9, a: value }).ticks[0]?.values.a).toBe(expected);
  });

  it('a value that is missing is the mean of those that came, where that is asked for', () => {
    const mapping = compileMapping({ ...plain, missing: 'mean', maxHold: 2 });
    const tickOf = (a: unknown, b: unknown) => mapping.parse(bytes(JSON.stringify({ time: 1e9, a, b }))).ticks[0];
    expect(tickOf(null, 1)).toBeUndefined();
    tickOf(2, 10);
    tickOf(4, 20);
    // (2 + 4) / 2; it does not count as a value of its own
    expect(tickOf(null, 30)).toMatchObject({ values: { a: 3, b: 30 }, held: ['a'] });
    expect(tickOf('x', 40)).toMatchObject({ values: { a: 3, b: 40 }, held: ['a'] });
    expect(tickOf(null, 50)).toBeUndefined();
    expect(tickOf(9, 60)!.values).toEqual({ a: 9, b: 60 });
    const again = compileMapping({ ...plain, missing: 'mean', maxHold: 2 });
    again.load(decodeSaved(encodeSaved(mapping.save())));
    // (2 + 4 + 9) / 3
    expect(again.parse(bytes('{"time":1e9,"b":1}')).ticks[0]!.values.a).toBe(5);
  });

  it('names what stands there', () => {
    expect(parse(plain, { time: 1e9, a: 'abc', b: 2 }).invalid).toEqual([
      "invalid a: 'abc' (expected a finite number)",
    ]);
    expect(parse({ ...plain, seq: { path: 'n' } }, { time: 1e9, a: 1, b: 2, n: 1.5 }).invalid).toEqual([
      'invalid seq: 1.5 (expected a whole number below 2^53)',
    ]);
    expect(parse({ ...plain, each: 'rows' }, { rows: 3 }).invalid).toEqual(['invalid rows: 3 (expected an array)']);
  });

  it('one bad element does not take the others with it', () => {
    const mapped = parse({ ...plain, each: 'rows' }, { rows: [{ time: 1, a: 1, b: 1 }, {}, { time: 2, a: 1, b: 1 }] });
    expect(mapped.ticks).toHaveLength(2);
    expect(mapped.invalid).toHaveLength(1);
  });

  it('never reads what an object only inherits', () => {
    const config: MappingConfig = { time: { path: 'time' }, features: { a: 'toString.length' } };
    expect(parse(config, { time: 1e9 }).ticks).toEqual([]);
    for (const a of ['length', 'at', 'valueOf'])
      expect(parse({ ...config, features: { a } }, { time: 1e9 }).ticks).toEqual([]);
    expect(parse({ ...config, features: { a: 'length' } }, { time: 1e9, length: 3 }).ticks[0]!.values).toEqual({
      a: 3,
    });
    const poisoned = '{"time":1e9,"a":1,"b":2,"__proto__":{"polluted":true}}';
    expect(parse(plain, poisoned).ticks[0]!.values).toEqual({ a: 1, b: 2 });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('whatever arrives, no number but a finite one leaves', () => {
    const mapping = compileMapping({ ...plain, missing: 'hold' });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map(bytes),
          fc
            .record({ time: fc.anything(), a: fc.anything(), b: fc.anything() })
            .map((v) => bytes(JSON.stringify(v, (_k, x) => (typeof x === 'bigint' ? Number(x) : x)))),
        ),
        (data) => {
          const { ticks } = mapping.parse(data);
          return ticks.every((tick) => [tick.time, ...Object.values(tick.values)].every(Number.isFinite));
        },
      ),
    );
  });
});

describe('missing: hold', () => {
  const config: MappingConfig = { ...plain, key: { path: 'k' }, missing: 'hold', reset: { type: 'reset' } };

  it('takes the last value of the same key and marks it', () => {
    const mapped = parse(
      config,
      { time: 1, k: 'x', a: 1, b: 2 },
      { time: 1, k: 'y', a: 7, b: 8 },
      { time: 2, k: 'x', b: 3 },
    );
    expect(mapped.ticks).toMatchObject([{ key: 'x', values: { a: 1, b: 3 }, held: ['a'] }]);
    expect(mapped.held).toBe(1);
  });

  it('has nothing to hold before the first value, nor after a reset, nor where all is missing', () => {
    expect(parse(config, { time: 1, k: 'x', a: 1 }).invalid).toEqual(['invalid b: nothing (expected a finite number)']);
    const full = { time: 1, k: 'x', a: 1, b: 2 };
    expect(parse(config, full, { type: 'reset' }, { time: 2, k: 'x', a: 1 }).ticks).toEqual([]);
    expect(parse(config, full, { time: 2, k: 'x' }).invalid[0]).toContain('expected at least one usable value');
    const mapping = compileMapping(config);
    mapping.parse(bytes(full));
    mapping.reset();
    expect(mapping.parse(bytes({ time: 2, k: 'x', a: 1 })).ticks).toEqual([]);
  });
});

describe('a mapping that is wrong', () => {
  it.each(['__proto__.x', 'a.constructor', 'prototype', 'a..b', ''])('has the path %j', (path) => {
    expect(() => compileMapping({ time: { path: 'time' }, features: { a: path } })).toThrow(ConfigError);
    expect(mappingSchema.safeParse({ time: { path: 'time' }, features: { a: path } }).success).toBe(false);
  });

  it('has bounds that no value meets', () => {
    expect(() => compileMapping({ time: { path: 't' }, features: { a: { path: 'a', min: 2, max: 1 } } })).toThrow(
      'invalid mapping.features.a.min: 2 (expected at most max, which is 1)',
    );
  });

  it.each([
    [{ features: { a: 'a' } }],
    [{ time: { path: 'time' }, features: {} }],
    [{ time: { path: 'time', format: 'sec' }, features: { a: 'a' } }],
    [{ time: { path: 'time' }, features: { a: 'a' }, resample: {} }],
    [JSON.parse('{"time":{"path":"time"},"features":{"__proto__":"a"}}')],
  ])('is refused by the schema: %j', (config) => {
    expect(mappingSchema.safeParse(config).success).toBe(false);
  });
});

describe('what a mapping may say beside', () => {
  it('units: what is sent becomes what is wanted, then is scaled, then bounded', () => {
    const config: MappingConfig = {
      ...plain,
      features: {
        t: { path: 'a', unit: '°F', to: '°C', max: 50 },
        r: { path: 'b', unit: 'in', to: 'mm', scale: 2, offset: 1 },
      },
    };
    expect(parse(config, { time: 1e9, a: 212, b: 1 }).invalid[0]).toBe(
      'invalid t: 212 (expected a number from any to 50)',
    );
    const { values } = parse(config, { time: 1e9, a: 50, b: 1 }).ticks[0]!;
    expect(values.t).toBeCloseTo(10, 9);
    expect(values.r).toBeCloseTo(2 * 25.4 + 1, 9);
    const wrong = { ...plain, features: { t: { path: 'a', unit: '°F', to: 'bar' } } };
    expect(() => compileMapping(wrong)).toThrow(
      "invalid mapping.features.t.unit: '°F to bar' (expected a unit of temperature, as °F is: bar is one of pressure)",
    );
  });

  it('the zone of dates that name none', () => {
    const config: MappingConfig = { ...plain, time: { path: 'time', zone: 'Europe/Berlin' } };
    const at = (time: string): number => parse(config, { time, a: 1, b: 2 }).ticks[0]!.time;
    expect(at('2024-07-15T12:00')).toBe(Date.UTC(2024, 6, 15, 10));
    expect(at('2024-07-15T12:00Z')).toBe(Date.UTC(2024, 6, 15, 12));
    expect(
      mappingSchema.safeParse({ ...plain, time: { path: 't', zone: 'Mars' } }).error!.issues[0]!.message,
    ).toContain('a time zone such as Europe/Berlin');
  });

  it('an id, and for how long a value may be held', () => {
    const config: MappingConfig = { ...plain, id: { path: 'id' }, missing: 'hold', maxHold: 2 };
    const mapping = compileMapping(config);
    const said = [{ a: 1, b: 2 }, { a: 3 }, { a: 4 }, { a: 5 }, { a: 6, b: 7 }, { a: 8 }].map((values, id) =>
      mapping.parse(bytes({ time: 1e9 + id, id, ...values })),
    );
    expect(said.map(({ ticks }) => ticks[0]?.values.b)).toEqual([2, 2, 2, undefined, 7, 7]);
    expect(said[3]!.invalid[0]).toContain('invalid b: nothing');
    expect(said[0]!.ticks[0]!.id).toBe('0');
    expect(parse(config, { time: 1e9, a: 1, b: 2, id: null }).invalid[0]).toBe(
      'invalid id: null (expected an id: a string or a number)',
    );
  });
});
