import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BACKFILL, HIGH_WATER, Hub, type HubSocket, PENDING } from '../../src/node/hub.ts';
import { decodeFrame, type Frame, type ServerMessage, TickFlag } from '../../src/wire.ts';
import { F, hello, K, status, wireTick } from './serving.ts';

/** A dashboard whose socket is as full as the test says. */
class Dashboard implements HubSocket {
  bufferedAmount = 0;
  closed: number | null = null;
  terminated = false;
  readonly frames: Frame[] = [];
  readonly texts: ServerMessage[] = [];
  /** Everything in the order in which it came. */
  readonly kinds: string[] = [];

  send(data: string | Uint8Array): void {
    if (typeof data === 'string') this.texts.push(JSON.parse(data));
    else this.frames.push(decodeFrame(data));
    this.kinds.push(typeof data === 'string' ? this.texts.at(-1)!.type : this.frames.at(-1)!.kind);
  }

  close(code: number): void {
    this.closed = code;
  }

  terminate(): void {
    this.terminated = true;
  }

  /** Indices of all ticks it got, frame by frame. */
  get got(): number[][] {
    return this.frames.map(({ ticks }) => ticks.map(({ index }) => index));
  }
}

let hub: Hub;
let next: number;

function publish(n: number): void {
  for (let i = 0; i < n; i++)
    hub.publish(wireTick(next, { received: Date.now() }), new Float32Array(K * F).fill(next++));
}

function join(): Dashboard {
  const dashboard = new Dashboard();
  hub.add(dashboard);
  return dashboard;
}

beforeEach(() => {
  vi.useFakeTimers();
  next = 0;
  hub = new Hub({ window: K, features: F, hello: () => hello, now: () => Date.now() });
});
afterEach(() => vi.useRealTimers());

describe('one dashboard', () => {
  it('gets the first tick at once, those of the next 8 ms in one frame', () => {
    const dashboard = join();
    vi.advanceTimersByTime(20);
    publish(1);
    expect(dashboard.got).toEqual([[0]]);
    publish(2);
    vi.advanceTimersByTime(7);
    expect(dashboard.got).toEqual([[0]]);
    vi.advanceTimersByTime(1);
    expect(dashboard.got).toEqual([[0], [1, 2]]);
    vi.advanceTimersByTime(7);
    publish(1);
    expect(dashboard.got).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(dashboard.got).toEqual([[0], [1, 2], [3]]);
  });

  it('gets the cells of the newest tick of a frame', () => {
    const dashboard = join();
    vi.advanceTimersByTime(20);
    publish(3);
    vi.advanceTimersByTime(8);
    expect(dashboard.frames.map(({ cells }) => cells && [cells.at, cells.values[0]])).toEqual([
      [0, 0],
      [1, 2],
    ]);
  });

  it('gets alerts after the tick that they belong to', () => {
    const dashboard = join();
    vi.advanceTimersByTime(20);
    publish(2);
    const drift = {
      rule: 'r',
      detector: 'd',
      on: 'residual',
      direction: 'up',
      statistic: 1,
      threshold: 1,
      value: 1,
      index: 1,
      time: 0,
    } as const;
    hub.announce({ type: 'drift', drift });
    expect(dashboard.kinds).toEqual(['hello', 'live', 'live', 'drift']);
    expect(dashboard.got).toEqual([[0], [1]]);
  });

  it('that comes late gets the last 8,192 ticks in frames of 512, past alerts and the last status', () => {
    publish(BACKFILL + 100);
    hub.announce({ type: 'error', message: 'past' });
    hub.status(status);
    const dashboard = join();
    expect(dashboard.kinds).toEqual(['hello', ...new Array(16).fill('backfill'), 'error', 'status']);
    expect(dashboard.got.flat()).toEqual(Array.from({ length: BACKFILL }, (_, i) => i + 100));
    expect(dashboard.frames.map(({ cells }) => cells?.at ?? null)).toEqual([...new Array(15).fill(null), 511]);
    vi.advanceTimersByTime(20);
    publish(1);
    expect(dashboard.frames.at(-1)).toMatchObject({ kind: 'live', dropped: 0, ticks: [{ index: BACKFILL + 100 }] });
  });
});

describe('a slow dashboard', () => {
  it('keeps 1,024 ticks, then loses the oldest and is told how many', () => {
    const [slow, quick] = [join(), join()];
    slow.bufferedAmount = HIGH_WATER;
    for (let i = 0; i < 300; i++) {
      publish(5);
      vi.advanceTimersByTime(8);
    }
    expect(slow.frames).toEqual([]);
    expect(quick.got.flat()).toHaveLength(1500);
    slow.bufferedAmount = 0;
    vi.advanceTimersByTime(8);
    expect(slow.got.map((frame) => frame.length)).toEqual([512, 512]);
    expect(slow.got.flat()[0]).toBe(1500 - PENDING);
    expect(slow.frames.at(-1)!.dropped).toBe(1500 - PENDING);
    expect(quick.frames.at(-1)!.dropped).toBe(0);
    expect(hub.totals.dropped).toBe(1500 - PENDING);
  });

  it('gets alerts when it can take them, and no statuses meanwhile', () => {
    const slow = join();
    slow.bufferedAmount = HIGH_WATER;
    hub.announce({ type: 'error', message: 'later' });
    hub.status(status);
    expect(slow.kinds).toEqual(['hello']);
    slow.bufferedAmount = 0;
    vi.advanceTimersByTime(8);
    expect(slow.kinds).toEqual(['hello', 'error']);
  });

  it('whose backfill stops half-way goes on where it stopped', () => {
    publish(2000);
    const slow = new Dashboard();
    const send = slow.send.bind(slow);
    slow.send = (data) => {
      send(data);
      if (typeof data !== 'string') slow.bufferedAmount = HIGH_WATER;
    };
    hub.add(slow);
    expect(slow.got.map((frame) => frame.length)).toEqual([512]);
    publish(10);
    for (let i = 0; i < 5; i++) {
      slow.bufferedAmount = 0;
      vi.advanceTimersByTime(8);
    }
    expect(slow.frames.map(({ kind, ticks }) => [kind, ticks.length])).toEqual([
      ['backfill', 512],
      ['backfill', 512],
      ['backfill', 512],
      ['backfill', 464],
      ['live', 10],
    ]);
    expect(slow.frames.at(-1)!.dropped).toBe(0);
  });

  it('is closed with 1013 after 30 s of a full socket, not before', () => {
    const slow = join();
    slow.bufferedAmount = HIGH_WATER;
    hub.status(status);
    vi.advanceTimersByTime(29_000);
    slow.bufferedAmount = 0;
    hub.status(status);
    slow.bufferedAmount = HIGH_WATER;
    hub.status(status);
    vi.advanceTimersByTime(29_999);
    hub.status(status);
    expect(slow.closed).toBeNull();
    vi.advanceTimersByTime(1);
    hub.status(status);
    expect([slow.closed, hub.clients]).toEqual([1013, 0]);
    vi.advanceTimersByTime(1000);
    expect(slow.terminated).toBe(true);
  });
});

describe('receive to send', () => {
  it('is measured once a live tick, warm-up left out', () => {
    publish(5);
    const [one, other] = [join(), join()];
    vi.advanceTimersByTime(20);
    publish(1);
    publish(3);
    hub.publish(wireTick(9, { received: Date.now(), flags: TickFlag.history }), null);
    vi.advanceTimersByTime(8);
    expect([one.got.flat().length, other.got.flat().length]).toEqual([10, 10]);
    expect(hub.latency.count).toBe(4);
    expect(hub.latency.percentile(0.25)).toBe(0);
    expect(hub.latency.percentile(1)).toBe(8);
  });
});
