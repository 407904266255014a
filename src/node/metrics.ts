import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Status } from '../wire.ts';

/** What `/metrics` shows of the parts that count for themselves. */
export interface Measured {
  /** Counts, rates and states as dashboards get them. */
  status: () => Status;
  hub: () => { clients: number; frames: number; bytes: number; dropped: number; stuck: number };
  version: string;
}

export interface Metrics {
  readonly contentType: string;
  /** The page in Prometheus' text format. */
  text(): Promise<string>;
  /** One tick took the engine so long. */
  tick(seconds: number): void;
  /** One tick went from receipt to the socket of a dashboard in so long. */
  sent(seconds: number): void;
}

const STATES = ['connecting', 'open', 'stale', 'closed'];

/** Metrics of one session, in a registry of their own. */
export function createMetrics({ status, hub, version }: Measured): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });

  new Gauge({ name: 'whytick_build_info', help: 'Version of whytick.', labelNames: ['version'], registers }).set(
    { version },
    1,
  );
  new Gauge({
    name: 'whytick_feed_state',
    help: '1 for the state that the feed is in.',
    labelNames: ['state'],
    registers,
    collect() {
      const { state } = status().feed;
      for (const each of STATES) this.set({ state: each }, each === state ? 1 : 0);
    },
  });
  counter('whytick_ticks_total', 'Ticks taken.', () => status().ticks);
  counter('whytick_explained_total', 'Ticks that fed the model.', () => status().explained);
  counter('whytick_feed_closed_total', 'Connections of the feed that ended.', () => status().closed);
  counter('whytick_feed_stale_total', 'Times for which an open connection was silent.', () => status().stale);
  counter('whytick_gaps_total', 'Intervals in which ticks may be missing.', () => status().gaps);
  counter('whytick_late_total', 'Ticks dropped because a later one had come.', () => status().late);
  counter('whytick_duplicates_total', 'Ticks dropped because they had come before.', () => status().duplicates);
  counter('whytick_revised_total', 'Bars said again because of a late tick.', () => status().revised);
  counter('whytick_redelivered_total', 'Ticks taken that may have come before.', () => status().redelivered);
  counter('whytick_filled_total', 'Ticks asked for afterwards.', () => status().filled);
  counter('whytick_invalid_total', 'Messages or ticks dropped as junk.', () => status().invalid);
  counter('whytick_held_total', 'Values held because a tick had none.', () => status().held);
  gauge(
    'whytick_last_received_seconds',
    'Receive time of the last message, seconds since 1970; 0 before the first.',
    () => {
      return (status().lastReceived ?? 0) / 1000;
    },
  );
  gauge('whytick_clients', 'Dashboards connected.', () => hub().clients);
  counter('whytick_frames_total', 'Frames sent to dashboards.', () => hub().frames);
  counter('whytick_frame_bytes_total', 'Bytes of these frames.', () => hub().bytes);
  counter('whytick_queue_dropped_total', 'Ticks that slow dashboards did not get.', () => hub().dropped);
  counter('whytick_slow_clients_total', 'Dashboards closed because they did not read.', () => hub().stuck);
  gauge('whytick_questions_open', 'Questions of dashboards that wait or are being answered.', () => {
    return status().questions.open;
  });
  counter('whytick_questions_answered_total', 'Questions answered.', () => status().questions.answered);
  counter('whytick_questions_refused_total', 'Questions refused: too many waited.', () => status().questions.refused);
  counter('whytick_questions_failed_total', 'Questions without an answer: cancelled, replaced, wrong.', () => {
    return status().questions.failed;
  });
  gauge('whytick_recording_bytes', 'Size of the recording.', () => status().recording?.bytes ?? 0);
  counter('whytick_recording_ticks_total', 'Ticks in the recording.', () => status().recording?.ticks ?? 0);
  gauge('whytick_recording_failed', '1 when the recording could not be written any more.', () => {
    return status().recording?.state === 'failed' ? 1 : 0;
  });

  const tickSeconds = new Histogram({
    name: 'whytick_tick_seconds',
    help: 'Time of the engine for one message.',
    buckets: [1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.1, 1],
    registers,
  });
  const sentSeconds = new Histogram({
    name: 'whytick_receive_to_send_seconds',
    help: 'From receiving a tick to handing it to the first dashboard.',
    buckets: [1e-3, 2.5e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5],
    registers,
  });

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    tick: (seconds) => tickSeconds.observe(seconds),
    sent: (seconds) => sentSeconds.observe(seconds),
  };
}
