import { Command } from 'commander';
import { lifetime, live } from './lifetime.ts';
import { ARCHITECTURE, MODEL, numberFrom, wholeFrom } from './options.ts';
import { FAILED, note, noteFeed, print, printText, run } from './run.ts';

interface RecordOptions {
  feed?: string;
  model?: string;
  architecture?: string;
  columns?: string;
  out: string;
  adapt?: boolean;
  duration?: number;
  ticks?: number;
  json?: boolean;
}

/** `whytick record [CONFIG.yaml] --out FILE.mcap`: a feed to a file, without a dashboard. */
export function recordCommand(): Command {
  return new Command('record')
    .description('record a feed, and with a model what it predicts and why')
    .argument('[config]', 'a CONFIG.yaml; without one the feed sends flat JSON objects whose fields are the columns')
    .option('--feed <url>', 'where the ticks come from, such as wss://host/path, kraken:BTC/USD or system:')
    .requiredOption('--out <file>', 'a new .mcap file')
    .option('--model <file>', MODEL)
    .option('--architecture <file>', ARCHITECTURE)
    .option('--columns <list>', 'what feeds the model, in order: columns or expressions such as logReturn(close)')
    .option('--adapt', 'the model goes on learning from each value that arrives, until that makes it worse')
    .option('--duration <seconds>', 'end after that time', numberFrom(0, 1e9))
    .option('--ticks <n>', 'end after that many ticks', wholeFrom(1))
    .option('--json', 'one JSON document at the end')
    .addHelpText(
      'after',
      "\nExample, in the package's folder:\n  $ node examples/feed.mjs &\n  $ whytick record examples/sensor.yaml --out session.mcap --duration 5",
    )
    .action(run(record));
}

async function record(config: string | undefined, options: RecordOptions): Promise<void> {
  const { out, duration, ticks, json, ...asked } = options;
  const [{ setUp }, { Session }] = await Promise.all([import('../setup.ts'), import('../session.ts')]);
  const life = lifetime(duration);
  const setup = await setUp({ config, ...asked, record: out, onStatus: noteFeed, life });
  const session = new Session(setup);
  const { engine } = session;
  engine.status$.subscribe(noteFeed);
  const enough = new Promise<void>((resolve) => {
    engine.explained$.subscribe(({ sequence }) => sequence + 1 === ticks && resolve());
  });
  const failed = new Promise<void>((resolve) => {
    engine.explained$.subscribe(() => session.recording()?.state === 'failed' && resolve());
  });
  session.start();
  await live(life, () => session.stop(), Promise.race([enough, failed, session.ended]));

  const { state, reason, bytes } = session.recording()!;
  const result = {
    file: out,
    state: state === 'failed' ? state : 'complete',
    ...(reason ? { reason } : {}),
    bytes,
    ...engine.counters,
  };
  if (json) print(result);
  else printText(`${out}: ${engine.counters.ticks} ticks of ${engine.counters.messages} messages, ${bytes} bytes`);
  if (reason) note(`whytick: the recording failed: ${reason}`);
  process.exit(state === 'failed' ? FAILED : undefined);
}
