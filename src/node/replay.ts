import { ConfigError, invalid } from '../errors.ts';
import { parseTime } from '../feeds/time.ts';
import type { Mark, Replay, ReplayResult } from '../recording/index.ts';
import { startDashboard } from './dashboard.ts';
import { checkSpeed } from './demoFeed.ts';
import { createLog } from './log.ts';

/**
 * A place in a recording as it is typed: `#120` (a tick), ms since 1970 UTC, or an ISO date or time (UTC without a zone).
 * @throws ConfigError for anything else
 */
export function parseMark(text: string, option: string): Mark {
  const number = /^#(\d+)$/.exec(text);
  if (number) return { tick: Number(number[1]) };
  const time = /^\d+(\.\d+)?$/.test(text) ? Number(text) : parseTime(text, 'iso');
  if (Number.isFinite(time)) return { time };
  throw new ConfigError(invalid(option, text, 'an ISO date or time, ms since 1970, or #N for tick N'));
}

/** A replay on a dashboard: its address, its result once it is over, and how to stop it. */
export interface RunningReplay {
  url: string;
  result: Promise<ReplayResult>;
  stop: () => Promise<void>;
}

/**
 * Serves a replay and starts it.
 * @throws ConfigError without a model, or when the address cannot be bound
 */
export async function serveReplay(replay: Replay, file: string, host: string, port: number): Promise<RunningReplay> {
  const { spec, engine } = replay;
  if (!spec) throw new ConfigError(invalid('model', undefined, 'a recording with a model, or --model FILE'));
  const dashboard = await startDashboard({
    host,
    port,
    source: replay,
    engine: () => replay.engine,
    kernels: replay.kernels,
    about: { session: 'replay', stream: file, spec, config: engine.config },
    feed: file,
    speed: {
      get: () => replay.speed,
      set: (speed) => {
        replay.speed = checkSpeed(speed);
      },
    },
    log: createLog(),
  });
  const stopping = new AbortController();
  const result = replay.run(stopping.signal);
  return {
    url: dashboard.url,
    result,
    async stop() {
      stopping.abort();
      await result.catch(() => {});
      await dashboard.close();
    },
  };
}
