import { Command, Option } from 'commander';
import { LOG_LEVELS, type LogLevel } from '../logLevels.ts';
import { DEFAULT_PORT } from './demo.ts';
import { lifetime, live } from './lifetime.ts';
import { ARCHITECTURE, collect, MODEL, portNumber } from './options.ts';
import { note, noteFeed, printText, run } from './run.ts';

interface ServeOptions {
  feed?: string;
  model?: string;
  architecture?: string;
  columns?: string;
  record?: string;
  adapt?: boolean;
  host?: string;
  port?: number;
  origin?: string[];
  token?: string;
  tokenFile?: string;
  log: LogLevel;
}

/** `whytick serve [CONFIG.yaml]`: the product on the user's own feed. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('predict and explain your own feed, on a dashboard')
    .argument('[config]', 'a CONFIG.yaml; without one the feed sends flat JSON objects whose fields are the columns')
    .option('--feed <url>', 'where the ticks come from, such as wss://host/path, kraken:BTC/USD or system:')
    .option('--model <file>', MODEL)
    .option('--architecture <file>', ARCHITECTURE)
    .option('--columns <list>', 'what feeds the model, in order: columns or expressions such as logReturn(close)')
    .option('--record <file>', 'record the session to a new .mcap file')
    .option('--adapt', 'the model goes on learning from each value that arrives, until that makes it worse')
    .option('--host <name>', 'name or address to bind; beyond loopback a token is needed (default: 127.0.0.1)')
    .option('--port <port>', `of the dashboard; 0: any free one (default: ${DEFAULT_PORT})`, portNumber)
    .option('--origin <origin>', 'a further origin whose pages may connect; repeatable', collect)
    .option('--token <token>', 'what clients must show; also WHYTICK_TOKEN (other users can see arguments)')
    .option('--token-file <file>', 'a file that holds the token, alone')
    .addOption(
      new Option('--log <level>', 'JSON lines on stderr from this level on').choices(LOG_LEVELS).default('warn'),
    )
    .addHelpText(
      'after',
      "\nExample, in the package's folder:\n  $ node examples/feed.mjs &\n  $ whytick serve examples/sensor.yaml",
    )
    .action(run(serve));
}

async function serve(config: string | undefined, options: ServeOptions): Promise<void> {
  const { startServe } = await import('../serve.ts');
  const life = lifetime();
  const { url, needsToken, stop } = await startServe({ config, ...options, onStatus: noteFeed, life });
  printText(url);
  if (needsToken) note('Open it with #token= and your token at its end.');
  await live(life, stop);
  process.exit();
}
