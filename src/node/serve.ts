import { shapleySchema } from '../engine/config.ts';
import type { EngineConfig } from '../engine.ts';
import { ConfigError, invalid } from '../errors.ts';
import type { ModelSpec } from '../model/spec.ts';
import { whyWindowed } from '../model/wiring.ts';
import { startDashboard } from './dashboard.ts';
import { readNamedFile } from './files.ts';
import { createLog } from './log.ts';
import type { LogLevel } from './logLevels.ts';
import { Session } from './session.ts';
import { type SetupOptions, setUp } from './setup.ts';

/** A config file and what overrules it, as typed. */
export interface ServeRun extends SetupOptions {
  host?: string | undefined;
  port?: number | undefined;
  origin?: readonly string[];
  token?: string | undefined;
  tokenFile?: string | undefined;
  log?: LogLevel;
}

export interface RunningServe {
  /** Address of the page; with `#token=` where a token is needed and was made here. A token that was set is not repeated. */
  url: string;
  /** Whether a token is needed that the address does not hold. */
  needsToken: boolean;
  stop: () => Promise<void>;
}

const DEFAULTS = { host: '127.0.0.1', port: 4680, origins: [], tokenFile: null };

/**
 * Starts a session on a feed and the dashboard that shows it.
 * @throws ConfigError or ModelError for whatever is wrong or missing
 */
export async function startServe(options: ServeRun): Promise<RunningServe> {
  const log = createLog(options.log);
  const setup = await setUp({ ...options, needsModel: true });
  const { spec, feedName, name } = setup;
  if (!spec) throw new ConfigError(invalid('model', undefined, 'a model in CONFIG.yaml or --model FILE'));
  const server = setup.server ?? DEFAULTS;
  const config = withShapley(setup.config, spec);
  const session = new Session({ ...setup, config });
  const dashboard = await startDashboard({
    host: options.host ?? server.host,
    port: options.port ?? server.port,
    origins: [...server.origins, ...(options.origin ?? [])],
    token: await findToken(options.token, options.tokenFile ?? server.tokenFile),
    source: session.engine,
    engine: () => session.engine,
    kernels: setup.kernels,
    about: { session: 'serve', stream: name, spec, config },
    feed: feedName,
    tickMs: session.tickMs,
    recording: () => session.recording(),
    log,
  });
  session.onTickMs = dashboard.measure;
  session.engine.status$.subscribe(({ feed: from, state, ...more }) => {
    if (state === 'closed' || state === 'stale' || state === 'gap') log.warn({ feed: from, state, ...more }, 'feed');
    else log.info({ feed: from, state, ...more }, 'feed');
  });
  try {
    session.start();
  } catch (error) {
    await dashboard.close();
    throw error;
  }
  return {
    url: dashboard.url,
    needsToken: dashboard.access.required && !dashboard.access.made,
    async stop() {
      await session.stop();
      await dashboard.close();
    },
  };
}

/** Shapley values beside the attribution, unless the config says otherwise: of stateful models, where the worlds fit. */
function withShapley(config: EngineConfig, spec: ModelSpec): EngineConfig {
  const { explain } = config;
  const { mode, window, shapley, method } = explain;
  const stateful = (mode ?? spec.mode) === 'stateful';
  if (shapley !== undefined || method === 'none' || !stateful || whyWindowed(spec)) return config;
  const defaults = shapleySchema.parse({});
  // two worlds at least, each with a branch a tick, and the two ends
  return 2 * (window + 1) + 2 > defaults.branches ? config : { ...config, explain: { ...explain, shapley: defaults } };
}

/** The option, else the environment, else the file. @throws ConfigError for a file that is not there or empty */
async function findToken(option: string | undefined, file: string | null): Promise<string | null> {
  const given = option ?? process.env.WHYTICK_TOKEN;
  if (given !== undefined || file === null) return given ?? null;
  const token = new TextDecoder().decode(await readNamedFile(file, 'token file')).trim();
  if (token === '') throw new ConfigError(invalid('token file', file, 'a file that holds a token'));
  return token;
}
