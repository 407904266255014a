import { describe, expect, it } from 'vitest';
import { encodeFrame, type Frame, type Hello, TickFlag, WIRE_VERSION, type WireTick } from '../../src/wire.ts';
import { backoff } from '../../web/connection.ts';
import { pageState } from '../../web/state.ts';
import { Store } from '../../web/store.ts';
import { tick } from './ticks.ts';

const hello: Hello = {
  type: 'hello',
  wire: WIRE_VERSION,
  version: '0.1.0',
  session: 'demo',
  stream: 'a stream',
  model: 'a model',
  features: [],
  target: null,
  horizon: 1,
  window: 4,
  mode: 'stateful',
  baseline: { kind: 'mean', values: [] },
  trainedUntil: null,
  validatedUntil: null,
  axis: 'tick',
  tickMeans: null,
  speed: null,
  interval: null,
  shapley: null,
  live: { method: 'rolling-occlusion', options: { eps: 0 } },
  recent: 1024,
  methods: [],
};

function frame(kind: Frame['kind'], ticks: WireTick[], cells: Frame['cells'] = null): Uint8Array {
  return encodeFrame({ kind, window: 4, features: 2, dropped: 0, ticks, cells, shapley: null });
}

function connected(): Store {
  const store = new Store();
  store.text(JSON.stringify(hello));
  store.frame(frame('backfill', [tick(0), tick(1), tick(2)], { at: 2, values: new Float32Array(8).fill(0.25) }));
  return store;
}

const alert = (index: number, to: 'firing' | 'normal') =>
  JSON.stringify({
    type: 'alert',
    alert: {
      rule: 'r',
      from: to === 'firing' ? 'normal' : 'firing',
      to,
      index,
      time: 1000 * index,
      value: 4,
      direction: 'up',
      severity: 'critical',
    },
  });

describe('Store', () => {
  it('takes frames in and keeps the cells of the tick they name', () => {
    const { series } = connected();
    expect(series?.end).toBe(3);
    expect(series?.cells(2)?.[7]).toBe(0.25);
    expect(series?.cells(1)).toBeNull();
  });

  it('takes what it knows only once after a reconnection, and marks what it missed', () => {
    const store = connected();
    store.text(JSON.stringify(hello));
    store.frame(frame('backfill', [tick(1), tick(2), tick(3)]));
    store.frame(frame('live', [tick(6)]));
    const series = store.series!;
    expect(Array.from({ length: series.end }, (_, at) => series.index[at])).toEqual([0, 1, 2, 3, 6]);
    expect([series.flags[3]! & TickFlag.gap, series.flags[4]! & TickFlag.gap]).toEqual([0, TickFlag.gap]);
  });

  it('marks a model that began again', () => {
    const store = connected();
    store.frame(frame('live', [tick(0, { received: 6000 })]));
    expect(store.series!.flags[3]! & TickFlag.reset).toBe(TickFlag.reset);
  });

  it('begins anew for another stream', () => {
    const store = connected();
    store.text(JSON.stringify({ ...hello, stream: 'another' }));
    expect(store.series).toBeNull();
  });

  it('stops at another wire version, in words or in frames', () => {
    const store = new Store();
    store.text(JSON.stringify({ ...hello, wire: 9, version: '9.0.0' }));
    expect(store.mismatch).toEqual({ server: 9, program: '9.0.0' });
    const other = connected();
    const bytes = frame('live', [tick(3)]);
    bytes[0] = 7;
    other.frame(bytes);
    expect(other.mismatch).toEqual({ server: 7, program: '' });
  });

  it('counts junk and goes on', () => {
    const store = connected();
    store.text('{');
    store.frame(new Uint8Array([WIRE_VERSION, 0, 1]));
    store.frame(frame('live', [tick(3)]).subarray(0, 40));
    expect([store.unreadable, store.series?.end]).toEqual([3, 3]);
  });

  it('puts an alert on its tick, whichever comes first, and takes what is told again once', () => {
    const store = connected();
    store.frame(frame('live', [tick(3)]));
    store.text(alert(3, 'firing'));
    store.text(alert(4, 'firing'));
    expect(store.alerts.marks.map((m) => m.at)).toEqual([3, -1]);
    store.frame(frame('live', [tick(4)]));
    expect(store.alerts.marks.map((m) => m.at)).toEqual([3, 4]);
    store.text(JSON.stringify(hello));
    store.text(alert(3, 'firing'));
    store.text(alert(4, 'firing'));
    expect([store.alerts.marks.length, store.alerts.begun, store.alerts.firing]).toEqual([2, 2, 1]);
    store.frame(frame('live', [tick(5)]));
    store.text(alert(5, 'normal'));
    expect(store.alerts.firing).toBe(0);
  });
});

describe('pageState', () => {
  const status = {
    type: 'status',
    feed: { feed: 'f', state: 'open' },
    now: 2000,
    lastReceived: 1962,
    ticksPerSecond: 1,
    ticks: 3,
    explained: 3,
    closed: 0,
    stale: 0,
    gaps: 0,
    late: 0,
    duplicates: 0,
    invalid: 0,
    revised: 0,
    redelivered: 0,
    filled: 0,
    held: 0,
    tickMs: 1,
    tickMsP99: 1,
    sendMsP99: 1,
    queueDropped: 0,
    questions: { open: 0, answered: 0, refused: 0, failed: 0 },
    speed: null,
    recording: null,
  };
  const link = { phase: 'open' as const, attempt: 0, retryAt: 0, heardAt: 1000, opened: true, reason: '' };

  it('says live, stale, reconnecting, lost, and what is not there yet', () => {
    const store = connected();
    expect(pageState(store, link, 1000).kind).toBe('waiting');
    store.text(JSON.stringify(status));
    store.statusAt = 1000;
    expect(pageState(store, link, 1000)).toMatchObject({
      kind: 'live',
      word: 'Live',
      detail: '1.0 tick/s · data 38\u202fms old · no gaps',
    });
    store.text(JSON.stringify({ ...status, feed: { feed: 'f', state: 'stale' }, now: 9000 }));
    store.statusAt = 1000;
    expect(pageState(store, link, 1000)).toMatchObject({ kind: 'stale', word: 'No tick for 7\u202fs' });
    store.text(JSON.stringify({ ...status, feed: { feed: 'f', state: 'connecting', attempt: 3 } }));
    expect(pageState(store, link, 1000)).toMatchObject({ kind: 'feed', detail: 'attempt 3' });
    expect(pageState(store, { ...link, phase: 'waiting' }, 43_000)).toMatchObject({
      kind: 'lost',
      word: 'No data for 0:42',
    });
    expect(pageState(new Store(), { ...link, phase: 'connecting', opened: false }, 0).kind).toBe('connecting');
  });
});

describe('backoff', () => {
  it('doubles from half a second to thirty, jittered down to half', () => {
    expect([0, 1, 5, 6, 50].map((n) => backoff(n, () => 1))).toEqual([500, 1000, 16_000, 30_000, 30_000]);
    expect(backoff(3, () => 0)).toBe(2000);
  });
});
