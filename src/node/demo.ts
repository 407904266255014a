import { parseEngineConfig } from '../engine.ts';
import { ConfigError } from '../errors.ts';
import { asset, readKernels } from './assets.ts';
import { type DashboardOptions, startDashboard } from './dashboard.ts';
import { readData } from './data.ts';
import { checkSpeed, startDemoFeed } from './demoFeed.ts';
import { demos } from './demos.ts';
import { createLog } from './log.ts';
import { openModel } from './prepare.ts';
import { Session } from './session.ts';
import { openSource } from './setup.ts';

export interface DemoRun {
  /** Name of the demo. */
  series: string;
  port: number;
  /** Take any free port where this one is in use. */
  anyPort?: boolean;
  speed?: number;
  record?: string | undefined;
}

export interface RunningDemo {
  url: string;
  stop: () => Promise<void>;
}

/**
 * Starts the demo's feed, its session and the dashboard.
 * @throws ConfigError for an unknown demo, a speed out of range, or a port or recording that cannot be had
 */
export async function startDemo({ series, port, anyPort = false, speed = 1, record }: DemoRun): Promise<RunningDemo> {
  const demo = demos.find(({ name }) => name === series)!;
  const [spec, data, { kernels, hash }] = await Promise.all([
    openModel(asset(demo.model)),
    readData(asset(demo.data)),
    readKernels(),
  ]);
  const feed = await startDemoFeed({
    rows: data.rows,
    columns: demo.columns,
    historyUntil: demo.historyUntil ?? Number(spec.provenance?.validatedUntil),
    type: demo.type,
    speed: checkSpeed(speed),
  });
  const source = { url: feed.url, subscribe: [], staleAfter: 60 };
  const config = parseEngineConfig(demo.engine);
  const session = new Session({
    kernels,
    kernelsHash: hash,
    spec,
    config,
    feed: openSource(source),
    source,
    record: record ?? null,
  });
  const options: DashboardOptions = {
    host: '127.0.0.1',
    port,
    source: session.engine,
    engine: () => session.engine,
    kernels,
    about: { session: 'demo', stream: demo.title, spec, config },
    feed: feed.url,
    tickMs: session.tickMs,
    recording: () => session.recording(),
    speed: {
      get: () => feed.speed,
      set: (value) => {
        feed.speed = value;
      },
    },
    log: createLog(),
  };
  const dashboard = await startDashboard(options)
    .catch((error) => {
      if (anyPort && error instanceof ConfigError) return startDashboard({ ...options, port: 0 });
      throw error;
    })
    .catch(async (error) => {
      await feed.close();
      throw error;
    });
  session.onTickMs = dashboard.measure;
  const close = async () => {
    await dashboard.close();
    await feed.close();
  };
  try {
    session.start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: dashboard.url,
    async stop() {
      await session.stop();
      await close();
    },
  };
}
