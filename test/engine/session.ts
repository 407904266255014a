/** A small model on a small feed: what the tests of engine and recording share. */
import { Engine, type EngineInput, type Input, type LogRecord, parseEngineConfig } from '../../src/engine.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { kernels, random } from '../kernels.ts';
import { randomModel } from '../models.ts';

export const SECOND = 1_000_000_000n;

/** Two inputs, four hidden units, one output: the next value of `x`. */
export function smallModel(seed = 1): ModelSpec {
  return {
    ...randomModel(2, [4], 1, seed),
    features: ['x', 'diff(y)'],
    target: { expression: 'x', output: 0 },
    horizon: 1,
    mean: Float32Array.of(0.5, 0),
  };
}

export const smallConfig: EngineInput = {
  mapping: {
    time: { path: 't', format: 'ms' },
    key: { path: 'key' },
    features: { x: 'x', y: 'y' },
    seq: { path: 'n' },
    reset: { type: 'reset' },
    history: { path: 'history' },
  },
  explain: { window: 5, eps: 0 },
  alerts: [
    {
      name: 'level',
      on: 'input.x',
      standardise: { from: 20 },
      detector: 'page-hinkley',
      options: { threshold: 15, delta: 0.25 },
      keepFiringFor: 3,
    },
  ],
};

/** The same with everything that can be live beside it. */
export const busyConfig: EngineInput = {
  ...smallConfig,
  explain: {
    ...smallConfig.explain,
    shapley: { branches: 30 },
    interval: { coverage: 0.5 },
    adapt: { rate: 0.001, ticks: 6 },
  },
};

export interface Session {
  engine: Engine;
  records: LogRecord[];
  /** Sends an object as JSON, or text as it is, `seconds` after what came before. */
  send(message: object | string, seconds?: number): void;
  /** Moves the wall clock. */
  wait(seconds: number): void;
  /** Outputs of a topic, decoded. */
  of<T = Record<string, unknown>>(topic: string): T[];
}

export function session(config: EngineInput = smallConfig, spec: ModelSpec | null = smallModel()): Session {
  let now = 1_700_000_000n * SECOND;
  const engine = new Engine({ kernels, spec, config: parseEngineConfig(config), wall: () => now });
  const records: LogRecord[] = [];
  engine.records$.subscribe((record) => records.push(record));
  const wait = (seconds: number) => {
    now += BigInt(Math.round(seconds * 1e9));
  };
  return {
    engine,
    records,
    wait,
    send(message, seconds = 1) {
      wait(seconds);
      engine.message(new TextEncoder().encode(typeof message === 'string' ? message : JSON.stringify(message)));
    },
    of: <T>(topic: string) =>
      records.filter((r) => r.topic === topic).map((r) => JSON.parse(new TextDecoder().decode(r.data)) as T),
  };
}

/** Tick number n of a stream whose level jumps at 60. */
export function tick(n: number, more: object = {}): object {
  const next = random(n + 1);
  return { key: 'a', n, t: 1_600_000_000_000 + n * 1000, x: next() + (n < 60 ? 0 : 4), y: next(), ...more };
}

/** A session with everything in it: Shapley values, two keys, junk, a duplicate, a gap, statuses, an alert that ends, a reset. */
export function busySession(ticks = 120): Session {
  const live = session(busyConfig);
  live.engine.status({ feed: 'test', state: 'open' });
  for (let n = 0; n < ticks; n++) {
    live.send(tick(n), 0.1);
    if (n % 7 === 0) live.send(tick(n, { key: 'b', n: n / 7 }), 0.05);
    if (n === 10) live.send('{"half": ', 0);
    if (n === 20) live.send(tick(20), 0);
    if (n === 30) live.engine.status({ feed: 'test', state: 'gap', from: 1, to: 2, missing: null });
    if (n === 90) live.send({ type: 'reset' });
  }
  live.wait(10);
  live.engine.advance();
  return live;
}

export const isInput = ({ topic }: Input) => topic.startsWith('feed/') || /^engine\/(act|clock)$/.test(topic);
