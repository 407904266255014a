import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Engine, type EngineInput, type Explained, MAX_KEYS, parseEngineConfig } from '../../src/engine.ts';
import { Explainer } from '../../src/explainer.ts';
import type { MappingConfig } from '../../src/feeds/index.ts';
import { readModel } from '../../src/model/formats/index.ts';
import { asset } from '../../src/node/assets.ts';
import { readData } from '../../src/node/data.ts';
import { decodeAttribution, decodeShapley } from '../../src/recording/index.ts';
import { decodeSaved, encodeSaved, type Saved } from '../../src/saved.ts';
import type { AlertTransition, DriftEvent, FeedStatus, Tick } from '../../src/types.ts';
import { kernels, random } from '../kernels.ts';
import { busyConfig, busySession, isInput, SECOND, session, smallConfig, smallModel, tick } from './session.ts';

describe('one tick', () => {
  it('emits the input, then the tick, its prediction and its attribution, all with one stamp', () => {
    const { send, records } = session();
    send(tick(0));
    send(tick(1));
    expect(records.map((r) => [r.topic, r.sequence])).toEqual([
      ['feed/message', 0],
      ['tick', 0], // diff(y) has no value yet
      ['feed/message', 1],
      ['tick', 1],
      ['prediction', 1],
      ['attribution', 1],
    ]);
    const stamps = records.map((r) => r.stamp - 1_700_000_000n * SECOND);
    expect(stamps).toEqual([SECOND, SECOND, 2n * SECOND, 2n * SECOND, 2n * SECOND, 2n * SECOND]);
    expect(records[4]!.time).toBe(1_600_000_001_000_000_000n);
  });

  it('says what an explainer fed with the same ticks says', () => {
    const { send, of, records } = session();
    const explainer = new Explainer(kernels, smallModel(), { window: 5 });
    for (let n = 0; n < 20; n++) {
      const message = tick(n) as { t: number; x: number; y: number };
      send(message);
      const values = { x: message.x, y: message.y };
      const expected = explainer.push({ key: 'a', time: message.t, seq: n, values });
      if (!expected) continue;
      const { prediction, arrived, index } = expected;
      expect(of('prediction').at(-1)).toMatchObject({ key: 'a', index, time: message.t, prediction, arrived });
      const recorded = decodeAttribution(records.at(-1)!.data);
      expect(recorded.values).toEqual(expected.attribution!.values);
      expect(recorded.events).toEqual(expected.attribution!.events);
      expect(recorded).toMatchObject({ window: 5, features: 2, filled: Math.min(5, n), prediction });
    }
  });

  it('says what ticks are worth over random worlds, beside the attribution', () => {
    const { send, of, records } = session(busyConfig);
    const { shapley, adapt, ...explain } = parseEngineConfig(busyConfig).explain;
    const explainer = new Explainer(kernels, smallModel(), { window: explain.window, shapley, adapt });
    for (let n = 0; n < 12; n++) {
      const { x, y, t } = tick(n) as { t: number; x: number; y: number };
      send(tick(n));
      const expected = explainer.push({ key: 'a', time: t, seq: n, values: { x, y } });
      if (!expected) continue;
      expect(records.at(-1)).toMatchObject({ topic: 'shapley', sequence: n });
      const { prediction, ...recorded } = decodeShapley(records.at(-1)!.data);
      const { noneOutput, remainder, gap, ...exact } = expected.shapley!;
      expect(recorded).toMatchObject({ ...exact, estimator: 'worlds', worlds: 4, filled: Math.min(5, n) });
      expect([recorded.noneOutput, recorded.remainder, recorded.gap]).toEqual(
        [noneOutput, remainder, gap].map(Math.fround),
      );
      expect(prediction).toBe(expected.prediction);
      // the values of all players, older ones among them, make the way from nothing to everything
      const sum = exact.values.reduce((a, b) => a + b, 0) + remainder - gap;
      expect(sum).toBeCloseTo(prediction - noneOutput, 5);
    }
    expect(of('prediction')).toHaveLength(11);
  });

  it('of a windowed model there are none live', () => {
    const spec = { ...smallModel(), mode: 'windowed' as const, window: 4 };
    const { send, records } = session(busyConfig, spec);
    for (let n = 0; n < 12; n++) send(tick(n));
    expect(new Set(records.map(({ topic }) => topic))).toEqual(
      new Set(['feed/message', 'tick', 'prediction', 'interval', 'adaptation', 'attribution']),
    );
  });

  it('tells subscribers all that came of it', () => {
    const { engine, send } = session();
    const seen: Explained[] = [];
    engine.explained$.subscribe((explained) => seen.push({ ...explained }));
    for (let n = 0; n < 80; n++) send(tick(n));
    expect(seen).toHaveLength(80);
    expect(seen[0]!.explanation).toBeNull();
    expect(seen[10]!.drift).toBeNaN();
    expect(seen[50]!.drift).toBeGreaterThanOrEqual(0);
    const fired = seen.filter(({ drifts }) => drifts.length > 0);
    expect(fired[0]!.alerts).toMatchObject([
      { rule: 'level', from: 'normal', to: 'firing', direction: 'up', key: 'a' },
    ]);
    expect(fired[0]!.sequence).toBeGreaterThanOrEqual(60);
  });
});

describe('order', () => {
  it('drops and counts late ticks and duplicates', () => {
    const { engine, send, of } = session();
    send(tick(1));
    send(tick(3));
    send(tick(3)); // the same number
    send(tick(2)); // a number already passed
    send(tick(5, { t: 0 })); // a new number, an old time
    expect(of<Tick>('tick').map(({ seq }) => seq)).toEqual([1, 3]);
    expect(engine.counters).toMatchObject({ ticks: 2, duplicates: 1, late: 2 });
  });

  it('without numbers a duplicate has the same time and the same values', () => {
    const { mapping, ...rest } = smallConfig;
    const { seq: _, ...unnumbered } = mapping as MappingConfig;
    const { engine, send } = session({ ...rest, mapping: unnumbered });
    send({ key: 'a', t: 5, x: 1, y: 1 });
    send({ key: 'a', t: 5, x: 1, y: 1 });
    send({ key: 'a', t: 5, x: 2, y: 1 });
    expect(engine.counters).toMatchObject({ ticks: 2, duplicates: 1 });
  });

  it('a jump of the numbers is a gap, said and marked on the next tick', () => {
    const { engine, send } = session();
    const statuses: FeedStatus[] = [];
    const gaps: boolean[] = [];
    engine.status$.subscribe((status) => statuses.push(status));
    engine.explained$.subscribe(({ gapBefore }) => gaps.push(gapBefore));
    for (const n of [0, 1, 5, 6]) send(tick(n));
    expect(statuses).toEqual([{ feed: 'feed', key: 'a', state: 'gap', reason: 'sequence numbers jump', missing: 3 }]);
    expect(gaps).toEqual([false, false, true, false]);
    expect(engine.counters).toMatchObject({ gaps: 1, missing: 3 });
  });

  it('after a reconnect the numbers may begin anew, the times may not go back', () => {
    const { engine, send } = session();
    for (const n of [7, 8]) send(tick(n));
    engine.status({ feed: 'test', state: 'open' });
    send(tick(0, { t: 1_600_000_009_000 }));
    send(tick(1, { t: 1_600_000_001_000 }));
    expect(engine.counters).toMatchObject({ ticks: 3, late: 1 });
  });

  it('what was lost while a connection was silent is a gap: awake again, its numbers go on', () => {
    const { engine, send } = session();
    for (const n of [7, 8]) send(tick(n));
    engine.status({ feed: 'test', state: 'stale' });
    engine.status({ feed: 'test', state: 'open' });
    send(tick(11));
    expect(engine.counters).toMatchObject({ ticks: 3, gaps: 1, missing: 2 });
    for (const state of ['stale', 'closed', 'connecting', 'open'] as const) engine.status({ feed: 'test', state });
    send(tick(0, { t: 1_600_000_012_000 }));
    expect(engine.counters).toMatchObject({ ticks: 4, gaps: 1 });
  });
});

describe('bad input', () => {
  it.each([
    ['no JSON', 'nonsense'],
    ['a missing column', { key: 'a', n: 2, t: 2000, x: 1 }],
    ['a wrong type', { key: 'a', n: 2, t: 2000, x: {}, y: 1 }],
    ['a number written as NaN', { key: 'a', n: 2, t: 2000, x: 'NaN', y: 1 }],
    ['a time that is none', { key: 'a', n: 2, t: 'soon', x: 1, y: 1 }],
  ])('%s is counted with a reason, and what follows is fine', (_, message) => {
    const { engine, send } = session();
    send(tick(1));
    send(message);
    send(tick(2));
    expect(engine.counters).toMatchObject({ messages: 3, ticks: 2, invalid: 1 });
    expect(engine.lastInvalid).toMatch(/^invalid .*\(expected .*\)$/);
  });

  it('keys beyond the limit are counted as invalid', () => {
    const { engine, send } = session(smallConfig, null);
    for (let k = 0; k < MAX_KEYS + 2; k++) send(tick(0, { key: `k${k}` }));
    expect(engine.counters).toMatchObject({ ticks: MAX_KEYS, invalid: 2 });
    expect(engine.lastInvalid).toBe(`invalid key: 'k65' (expected one of the first ${MAX_KEYS})`);
  });

  it.each([
    ['a column that the feed does not have', { columns: ['x', 'z'] }, "expected the column 'z'"],
    ['columns that do not fit the model', { columns: ['x'] }, 'expected 2'],
    ['a function that does not exist', { columns: ['x', 'sine(y)'] }, 'sine'],
    [
      'too few branches for Shapley values',
      { explain: { window: 5, shapley: { branches: 9 } } },
      'invalid branches: 9 (expected at least 14 for 5 players, or fewer players)',
    ],
    [
      'a signal that does not exist',
      { alerts: [{ ...smallConfig.alerts![0]!, on: 'input.z' }] },
      "invalid signal: 'input.z'",
    ],
  ])('%s is a ConfigError before anything starts', (_, change, message) => {
    expect(() => session({ ...smallConfig, ...change })).toThrow(message);
  });

  it('a residual without a model is none', () => {
    const alerts = [{ ...smallConfig.alerts![0]!, on: 'residual' }];
    expect(() => session({ ...smallConfig, alerts }, null)).toThrow("invalid signal: 'residual'");
  });

  it('a configuration is refused with the name of the field', () => {
    const wrong = { ...smallConfig, explain: { window: 0 } };
    expect(() => parseEngineConfig(wrong)).toThrow(/^invalid explain\.window: 0 \(expected/);
    expect(() => parseEngineConfig(undefined)).toThrow(/^invalid configuration: nothing \(expected/);
  });
});

describe('time', () => {
  it('an alert ends on the clock of the engine, without a tick', () => {
    const { engine, send, wait, records, of } = session();
    for (let n = 0; engine.counters.alerts === 0; n++) send(tick(n), 0.01);
    const alerts: AlertTransition[] = [];
    engine.alerts$.subscribe((alert) => alerts.push(alert));
    wait(2.9);
    engine.advance();
    expect(alerts).toEqual([]);
    wait(0.2);
    engine.advance();
    expect(alerts).toMatchObject([{ from: 'firing', to: 'normal' }]);
    expect(records.at(-2)!.topic).toBe('engine/clock'); // the input that made it, before it
    expect(of<AlertTransition>('alert').map(({ to }) => to)).toEqual(['firing', 'normal']);
  });

  it('advance says nothing while no timer is due', () => {
    const { engine, records, wait } = session();
    wait(100);
    engine.advance();
    expect(records).toEqual([]);
  });

  it('stamps increase while the wall clock stands still', () => {
    const { send, records } = session();
    for (let n = 0; n < 3; n++) send('junk', 0);
    const first = records[0]!.stamp;
    expect(records.map((r) => r.stamp)).toEqual([first, first + 1n, first + 2n]);
  });

  it('refuses a stamp that is not after the last', () => {
    const { engine } = session();
    const input = { topic: 'engine/clock', stamp: 5n, data: new Uint8Array() };
    engine.input(input);
    expect(() => engine.input(input)).toThrow('invalid stamp: 5 (expected one after 5)');
  });

  it('end moves the clock a last time and completes', () => {
    const { engine, records } = session();
    let completed = 0;
    const complete = () => completed++;
    engine.records$.subscribe({ complete });
    engine.explained$.subscribe({ complete });
    engine.alerts$.subscribe({ complete });
    engine.status$.subscribe({ complete });
    engine.end();
    expect(records.map((r) => r.topic)).toEqual(['engine/clock']);
    expect(completed).toBe(4);
  });
});

describe('warm-up and reset', () => {
  it('drifts on warm-up ticks are recorded, alerts do not fire on them', () => {
    const { send, of } = session();
    for (let n = 0; n < 80; n++) send(tick(n, { history: true }));
    expect(of('drift').length).toBeGreaterThan(0);
    expect(of('alert')).toEqual([]);
  });

  it.each(['the feed', 'the user'])('a reset by %s makes everything as new, and is said', (who) => {
    const { engine, send, of } = session();
    const resets: boolean[] = [];
    const statuses: FeedStatus[] = [];
    engine.explained$.subscribe(({ resetBefore }) => resets.push(resetBefore));
    engine.status$.subscribe((status) => statuses.push(status));
    for (let n = 0; n < 70; n++) send(tick(n), 0.01);
    const first = of('prediction');
    expect(of<AlertTransition>('alert').map(({ to }) => to)).toEqual(['firing']);
    if (who === 'the feed') send({ type: 'reset' }, 0.01);
    else engine.act({ act: 'reset' });
    expect(of<AlertTransition>('alert').map(({ to }) => to)).toEqual(['firing', 'normal']);
    expect(statuses).toMatchObject([{ state: 'reset' }]);
    for (let n = 0; n < 70; n++) send(tick(n), 0.01);
    expect(of('prediction').slice(first.length)).toEqual(first);
    expect(resets.flatMap((reset, i) => (reset ? [i] : []))).toEqual([70]);
  });
});

it('keys do not touch each other', () => {
  const alone = session();
  const both = session();
  for (let n = 0; n < 40; n++) {
    alone.send(tick(n));
    both.send(tick(n));
    both.send(tick(n, { key: 'b', x: 100 * n }));
  }
  const ofA = both.of<{ key: string }>('prediction').filter(({ key }) => key === 'a');
  expect(ofA).toEqual(alone.of('prediction'));
});

it('the recorded inputs with their stamps give the same outputs, byte for byte', () => {
  const live = busySession();
  const again = session(busyConfig);
  for (const record of live.records.filter(isInput)) again.engine.input(record);
  expect(again.records).toEqual(live.records);
  expect(live.engine.counters).toMatchObject({ duplicates: 1, invalid: 1, gaps: 1, resets: 1 });
  expect(live.of('alert').length).toBeGreaterThanOrEqual(2);
});

it('nothing is encoded while nobody records: counters and explanations are the same', () => {
  const silent = new Engine({
    kernels,
    spec: smallModel(),
    config: parseEngineConfig(smallConfig),
    wall: () => 1_700_000_000n * SECOND,
  });
  const heard = session();
  for (let n = 0; n < 70; n++) {
    heard.send(tick(n), 0.01);
    silent.message(new TextEncoder().encode(JSON.stringify(tick(n))));
  }
  expect(silent.counters).toEqual(heard.engine.counters);
});

it('a rule on the market model that Keras made fires on the published days, as a feed', async () => {
  const spec = {
    ...readModel(await readFile(asset('demo/market.keras')), 'market.keras'),
    features: ['logReturn(close)', 'log(high/low)', 'logReturn(volume)'],
    target: { expression: 'log(high/low)', output: 0 },
  };
  const live = session(
    {
      mapping: { time: { path: 'time' }, features: { high: 'high', low: 'low', close: 'close', volume: 'volume' } },
      explain: { method: 'none' },
      alerts: [
        {
          name: 'residual drift',
          on: 'residual',
          standardise: { from: 250 },
          detector: 'page-hinkley',
          options: { delta: 0.25, threshold: 20, mode: 'both' },
          severity: 'critical',
          keepFiringFor: 10,
        },
      ],
    },
    spec,
  );
  for (const { time, values } of (await readData(asset('demo/sp500-2000.csv'))).rows)
    live.send({ time, ...values }, 0.1);
  const day = ({ time }: { time: number }) => new Date(time).toISOString().slice(0, 10);
  expect(live.of<DriftEvent>('drift').map(day)).toEqual(['2008-10-14', '2017-11-20', '2020-03-12']);
  const alerts = live.of<AlertTransition>('alert');
  expect(alerts.filter(({ to }) => to === 'firing').map(day)).toEqual(['2008-10-14', '2017-11-20', '2020-03-12']);
  expect(alerts[0]).toMatchObject({ severity: 'critical', direction: 'up' });
});

const with_ = (mapping: object): EngineInput =>
  ({ ...smallConfig, alerts: [], mapping: { ...smallConfig.mapping, ...mapping } }) as EngineInput;

describe('what a mapping makes of ticks', () => {
  it('drops what is ahead of its clock, and what it has seen by its id', () => {
    const { send, engine, of } = session(with_({ seq: undefined, id: { path: 'id', window: 2 } }));
    const ahead = 1_700_000_000_000 + 120_000;
    for (const [id, t] of [
      ['a', 10],
      ['b', 20],
      ['a', 30],
      ['c', 40],
      ['a', 50],
      ['d', ahead],
    ] as const)
      send({ ...tick(1), id, t, n: undefined });
    // two ids are remembered: when c came, a was forgotten
    expect(of<{ time: number }>('tick').map(({ time }) => time)).toEqual([10, 20, 40, 50]);
    expect(engine.counters).toMatchObject({ duplicates: 1, invalid: 1 });
    expect(engine.lastInvalid).toBe(`invalid time: ${ahead} (expected at most 60 s ahead of this machine's clock)`);
  });

  it('leaves out what its filter says', () => {
    const { send, engine, of } = session(with_({ filter: 'x > 0' }));
    for (let n = 0; n < 6; n++) send({ ...tick(n), x: n % 2 ? 1 : -1 });
    expect(of('tick')).toHaveLength(3);
    expect(engine.counters).toMatchObject({ filtered: 3, ticks: 3, gaps: 0 });
    expect(() => session(with_({ filter: 'z > 0' }))).toThrow("(expected the column 'z')");
  });

  it('lets the quietest stream give way, where it is told to', () => {
    const { send, engine, of } = session(with_({ key: { path: 'key', most: 2, beyond: 'forget' } }));
    for (const [key, n] of [
      ['a', 0],
      ['b', 0],
      ['a', 1],
      ['c', 0],
      ['b', 1],
      ['a', 2],
    ] as const)
      send(tick(n, { key }));
    expect(engine.counters).toMatchObject({ forgotten: 3, ticks: 6, invalid: 0 });
    expect(of<{ index: number; key: string }>('prediction').map(({ index, key }) => [key, index])).toEqual([['a', 0]]);
  });

  it('makes bars, which close by event time or by its clock; one in which nothing came feeds nothing', () => {
    const resample = { every: '10s', bars: { x: 'mean(x)', y: 'last(y)' }, lateness: '2s' };
    const { send, wait, engine, of } = session(with_({ seq: undefined, resample }));
    const at = (seconds: number, x: number): void => send({ ...tick(1), t: 1000 * seconds, x, y: x, n: undefined });
    for (const [t, x] of [
      [1, 1],
      [5, 3],
      [11, 5],
      [4, 8],
      [12, 7],
    ] as const)
      at(t, x);
    const times = (): unknown[] =>
      of<{ time: number; values: object }>('tick').map(({ time, values }) => [time, values]);
    expect(times()).toEqual([[0, { x: 4, y: 3 }]]);
    at(43, 9);
    expect(times().slice(1)).toEqual([
      [10_000, { x: 6, y: 7 }],
      [20_000, {}],
      [30_000, {}],
    ]);
    expect(engine.counters).toMatchObject({ empty: 2, ticks: 4 });
    wait(12.5);
    engine.advance();
    expect(times().at(-1)).toEqual([40_000, { x: 9, y: 9 }]);
    at(44, 1);
    expect(engine.counters).toMatchObject({ late: 1, ticks: 5 });
    // diff(y) has no value at the first bar; empty bars are no ticks of the model's
    expect(of<{ index: number; time: number }>('prediction').map(({ index, time }) => [index, time])).toEqual([
      [0, 10_000],
      [1, 40_000],
    ]);
    expect(() => session(with_({ resample: { every: '1s', bars: { x: 'last(x)' } } }))).toThrow(
      /invalid mapping.resample.bars: .*expected the column 'y'/,
    );
  });

  it('a bar that is said again corrects the model where it is to be rewound, and only the record where not', () => {
    const bars = { every: '10s', late: 'revise' };
    const run = (resample: object, times: readonly number[]) => {
      const live = session(with_({ seq: undefined, resample: { ...bars, ...resample } }));
      for (const t of times) live.send({ ...tick(1), t: 1000 * t, x: t, y: Math.sqrt(t), n: undefined });
      return { ...live, said: live.of<{ index: number; prediction: number }>('prediction') };
    };
    const late = [1, 11, 21, 31, 25, 41, 51];
    const [rewound, kept] = [run({ revise: 'rewind' }, late), run({}, late)];
    const right = run({}, [1, 11, 21, 25, 31, 41, 51]);
    expect(rewound.engine.counters.revised).toBe(1);
    expect(rewound.said.map(({ index }) => index)).toEqual([0, 1, 1, 2, 3]);
    // the first word on the third bar is the one that was corrected
    expect(rewound.said.filter((_, i) => i !== 1)).toEqual(right.said);
    expect(kept.said.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(kept.said.at(-1)).not.toEqual(right.said.at(-1));
    expect(() =>
      session({ ...busyConfig, ...with_({ resample: { ...bars, revise: 'rewind' } }), explain: busyConfig.explain }),
    ).toThrow(/invalid mapping.resample.revise: 'rewind' \(expected keep/);
  });

  it('and what it made is made again from the recording', () => {
    const resample = { every: '3s', lateness: '1s', late: 'revise', revise: 'rewind', empty: 'hold' };
    const config = with_({ resample });
    const live = session(config);
    for (let n = 0; n < 40; n++) {
      if (n % 7 !== 3) live.send({ ...tick(n), t: 1000 * (n + (n % 5 === 0 ? 3 : 0)), n });
      live.engine.advance();
    }
    live.wait(10);
    live.engine.end();
    const again = session(config);
    for (const record of live.records.filter(isInput)) again.engine.input(record);
    expect(again.records).toEqual(live.records);
    expect(live.engine.counters.revised + live.engine.counters.late).toBeGreaterThan(0);
  });
});

describe('a saved engine', () => {
  const alerts = smallConfig.alerts!.map((rule) => ({
    ...rule,
    ...{ standardise: { from: 5 }, options: { threshold: 5, delta: 0.25, min_instances: 8 } },
  }));
  const explain = { ...smallConfig.explain, eps: 1e-3, interval: { coverage: 0.5 } };
  const ticks: EngineInput = { ...smallConfig, alerts, explain };
  const bars = with_({
    resample: { every: '3s', lateness: '1s', late: 'revise', revise: 'rewind', empty: 'hold' },
    ...{ missing: 'hold', id: { path: 'n' } },
  });
  const configs: [string, EngineInput][] = [
    ['ticks of several keys', ticks],
    ['bars, late ones among them', { ...ticks, mapping: bars.mapping }],
  ];

  /** Inputs with everything: junk, statuses, silence in which timers fire, a reset. */
  function recorded(config: EngineInput) {
    const live = session(config);
    live.engine.status({ feed: 'test', state: 'open' });
    for (let n = 0; n < 160; n++) {
      if (n % 11 !== 3) live.send({ ...tick(n), t: 1_600_000_000_000 + 1000 * (n - (n % 5 === 0 ? 2 : 0)) }, 0.4);
      if (n % 7 === 0) live.send(tick(n, { key: 'b', n: n / 7, x: n % 2 ? null : 1 }), 0.05);
      if (n === 10) live.send('{"half": ', 0);
      if (n % 40 === 39) live.wait(6);
      if (n === 70) live.engine.status({ feed: 'test', state: 'gap', from: 1, to: 2, missing: null });
      if (n === 120) live.send({ type: 'reset' });
      live.engine.advance();
    }
    live.wait(10);
    live.engine.end();
    return live;
  }

  it.each(configs)('goes on with the same bytes from any input on: %s', (_name, config) => {
    const live = recorded(config);
    const inputs = live.records.filter(isInput);
    expect(live.engine.counters.alerts).toBeGreaterThan(1);
    expect(live.engine.saves).toBe(true);
    const whole = session(config);
    const next = random(5);
    let split = session(config);
    const records = [];
    let [splits, largest] = [0, 0];
    for (const input of inputs) {
      whole.engine.input(input);
      split.engine.input(input);
      if (next() < 0.5) continue;
      const saved = encodeSaved(split.engine.save());
      largest = Math.max(largest, saved.byteLength);
      records.push(...split.records);
      split = session(config);
      split.engine.load(decodeSaved(saved));
      splits++;
    }
    records.push(...split.records);
    expect(splits).toBeGreaterThan(40);
    expect(records).toEqual(whole.records);
    expect(records).toEqual(live.records);
    expect(split.engine.counters).toEqual(live.engine.counters);
    expect(largest).toBeLessThan(40_000);
  });

  it('says that a model that adapts cannot be saved, and refuses what is none of its states', () => {
    expect(session(busyConfig).engine.saves).toBe(false);
    const wrong: Saved[] = [null, 3, {}, { stamp: 1n, lanes: [{}] }];
    for (const saved of wrong) expect(() => session(ticks).engine.load(saved)).toThrow(/^invalid snapshot: /);
  });
});
