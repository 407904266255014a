/** Shows an engine's answers to every dashboard: turns them into ticks of the wire, counts, and serves the page. */
import type { FastifyBaseLogger } from 'fastify';
import { type Observable, Subscription } from 'rxjs';
import type { Engine, Explained } from '../engine.ts';
import { ConfigError, invalid } from '../errors.ts';
import type { Kernels } from '../kernels.ts';
import type { AlertTransition, FeedStatus } from '../types.ts';
import { type Status, TickFlag, type WireTick } from '../wire.ts';
import { type About, describe } from './about.ts';
import { asset } from './assets.ts';
import { Hub } from './hub.ts';
import { createMetrics } from './metrics.ts';
import { OnDemand } from './onDemand.ts';
import { Samples } from './percentile.ts';
import { Access, type AccessOptions } from './security.ts';
import { startServer } from './server.ts';
import { packageVersion } from './version.ts';
import { wallMs } from './wall.ts';

/** What is shown: an engine, live or in a replay. */
export interface Source {
  readonly explained$: Observable<Explained>;
  readonly alerts$: Observable<AlertTransition>;
  readonly status$: Observable<FeedStatus>;
}

export interface DashboardOptions extends AccessOptions {
  source: Source;
  /** The engine that is shown; a replay that begins again has another one. */
  engine: () => Engine;
  kernels: Kernels;
  about: About;
  /** Name of the feed, until it says something itself. */
  feed: string;
  /** Time of the engine for one message, ms. */
  tickMs?: Samples;
  recording?: () => Status['recording'];
  /** Where the speed can be set: how fast it goes, and how to change that. */
  speed?: { get: () => number; set: (speed: number) => void } | null;
  port: number;
  log: FastifyBaseLogger;
}

export interface Dashboard {
  readonly hub: Hub;
  readonly access: Access;
  /** Address of the page; with `#token=` where one is needed and was made here. */
  readonly url: string;
  readonly port: number;
  /** For the histogram of `/metrics`: one message took the engine so long. */
  measure(ms: number): void;
  /** Says goodbye to all dashboards and stops listening. */
  close(): Promise<void>;
}

const STATUS_MS = 250;

/**
 * Starts serving.
 * @throws ConfigError when the address cannot be bound, or an option is wrong
 */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { source, engine, kernels, about, speed = null, tickMs = new Samples(1), recording = () => null } = options;
  const hello = describe(about);
  const access = new Access(options);
  const hub = new Hub({
    window: hello.window,
    features: hello.features.length,
    hello: () => ({ ...hello, speed: speed?.get() ?? null }),
    now: wallMs,
  });
  const publisher = new Publisher(hub, hello.window, hello.features.length);
  const { spec } = about;
  const features = hello.features.map(({ name }) => name);
  const onDemand = new OnDemand({ engine, spec, module: kernels.module, features });
  const rate = new Rate();
  let feed: FeedStatus = { feed: options.feed, state: 'connecting' };
  let lastReceived: number | null = null;
  let adaptation: Status['adaptation'] = null;
  let stopping = false;

  const status = (): Status => {
    const { ticks: taken, waiting, explained, closed, stale, gaps, late, ...dropped } = engine().counters;
    const { duplicates, revised, redelivered, filled, invalid: junk, held } = dropped;
    const ticks = taken - waiting;
    return {
      type: 'status',
      feed,
      now: wallMs(),
      lastReceived,
      ticksPerSecond: rate.of(ticks, wallMs()),
      ticks,
      explained,
      closed,
      stale,
      gaps,
      late,
      duplicates,
      invalid: junk,
      revised,
      redelivered,
      filled,
      held,
      tickMs: tickMs.percentile(0.5),
      tickMsP99: tickMs.percentile(0.99),
      sendMsP99: hub.latency.percentile(0.99),
      queueDropped: hub.totals.dropped,
      questions: onDemand.status,
      adaptation,
      speed: speed?.get() ?? null,
      recording: recording(),
    };
  };
  let latest = status();
  const metrics = createMetrics({
    status: () => latest,
    hub: () => ({ clients: hub.clients, ...hub.totals }),
    version: packageVersion(),
  });
  hub.onLatency = (ms) => metrics.sent(ms / 1000);

  const server = await startServer({
    host: options.host,
    port: options.port,
    access,
    hub,
    metrics,
    ready: () => !stopping && (feed.state === 'open' || about.session === 'replay'),
    web: asset('dist/web'),
    log: options.log,
    onMessage: (message, asker) => {
      if (message.type === 'explain') onDemand.ask(asker, message, publisher.key);
      else if (message.type === 'cancel') onDemand.cancel(asker, message.id);
      else if (speed) speed.set(message.value);
      else throw new ConfigError(invalid('message.type', 'speed', 'a session whose speed can be set'));
    },
    onLeave: (asker) => onDemand.leave(asker),
  });

  const subscriptions = new Subscription();
  subscriptions.add(
    source.explained$.subscribe((explained) => {
      lastReceived = wallMs();
      publisher.take(explained);
      const now = explained.tick.key === publisher.key ? explained.explanation?.adaptation : null;
      if (!now) return;
      if (adaptation?.on && !now.on) options.log.warn(now, 'learns no more: the frozen model errs less');
      const { on, stoppedAt, settled, error, frozenError } = now;
      adaptation = { on, stoppedAt, settled, error, frozenError };
    }),
  );
  subscriptions.add(source.alerts$.subscribe((alert) => publisher.alert(alert)));
  subscriptions.add(
    source.status$.subscribe((said) => {
      if (said.state !== 'gap' && said.state !== 'reset') feed = said;
    }),
  );
  const timer = setInterval(() => {
    latest = status();
    hub.status(latest);
  }, STATUS_MS);

  return {
    hub,
    access,
    port: server.port,
    url: access.required && access.made ? `${server.url}#token=${access.token}` : server.url,
    measure: (ms) => metrics.tick(ms / 1000),
    async close() {
      stopping = true;
      clearInterval(timer);
      subscriptions.unsubscribe();
      await onDemand.close();
      await server.close();
    },
  };
}

/** Turns what the engine says into what dashboards get. They show one stream: the first that comes. */
class Publisher {
  readonly #hub: Hub;
  readonly #none: { input: Float32Array; byFeature: Float32Array; events: Float32Array };
  /** The stream that is shown; null before its first tick. */
  key: string | null = null;
  /** Flags of ticks that were not shown, for the next one that is. */
  #owed = 0;
  #alerts: AlertTransition[] = [];

  constructor(hub: Hub, window: number, features: number) {
    this.#hub = hub;
    const [input, byFeature] = [new Float32Array(features), new Float32Array(features)];
    this.#none = { input, byFeature, events: new Float32Array(window) };
  }

  take({ tick, stamp, explanation, sigma, drift, drifts, gapBefore, resetBefore }: Explained): void {
    this.key ??= tick.key;
    if (tick.key !== this.key) return;
    if (gapBefore) this.#owed |= TickFlag.gap;
    if (resetBefore) this.#owed |= TickFlag.reset;
    if (!explanation) return;
    const { index, prediction, predicted, arrived, input, output, interval, attribution } = explanation;
    const explained = attribution !== null && output !== null;
    let flags = this.#owed;
    if (tick.history) flags |= TickFlag.history;
    if (tick.held) flags |= TickFlag.held;
    if (explained) flags |= TickFlag.explained;
    this.#owed = 0;
    const { byFeature, events } = this.#none;
    const shown: WireTick = {
      time: tick.time,
      received: Number(stamp / 1000n) / 1000,
      index,
      flags,
      prediction,
      predicted,
      arrived,
      sigma,
      drift,
      memory: attribution?.memory ?? 0,
      low: interval?.low ?? Number.NaN,
      high: interval?.high ?? Number.NaN,
      predictedLow: interval?.predictedLow ?? Number.NaN,
      predictedHigh: interval?.predictedHigh ?? Number.NaN,
      heldShare: attribution?.heldShare ?? 0,
      input,
      byFeature: explained ? sumByFeature(attribution.values, byFeature) : byFeature.fill(0),
      events: explained ? attribution.events : events,
    };
    this.#hub.publish(shown, explained ? attribution.values : null, explained ? explanation.shapley : null);
    for (const event of drifts) this.#hub.announce({ type: 'drift', drift: event });
  }

  /** Announced when the tick that it belongs to has been: rules speak before the tick is complete. */
  alert(alert: AlertTransition): void {
    this.#alerts.push(alert);
    if (this.#alerts.length > 1) return;
    queueMicrotask(() => {
      for (const each of this.#alerts) this.#hub.announce({ type: 'alert', alert: each });
      this.#alerts = [];
    });
  }
}

/** Cells (K, F) summed over ticks, into `sums` (F). */
function sumByFeature(values: Float32Array, sums: Float32Array): Float32Array {
  const F = sums.length;
  for (let f = 0; f < F; f++) {
    let sum = 0;
    for (let at = f; at < values.length; at += F) sum += values[at]!;
    sums[f] = sum;
  }
  return sums;
}

/** Ticks a second over the last two seconds. */
class Rate {
  readonly #marks: { ticks: number; at: number }[] = [];

  of(ticks: number, at: number): number {
    const marks = this.#marks;
    if (marks.length > 0 && ticks < marks.at(-1)!.ticks) marks.length = 0; // another pass of a replay counts anew
    marks.push({ ticks, at });
    while (marks.length > 2 && at - marks[1]!.at >= 2000) marks.shift();
    const first = marks[0]!;
    return at > first.at ? ((ticks - first.ticks) * 1000) / (at - first.at) : 0;
  }
}
