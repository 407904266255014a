import { Argument, Command } from 'commander';
import { isAttended, openBrowser } from './browser.ts';
import { lifetime, live } from './lifetime.ts';
import { numberFrom, portNumber } from './options.ts';
import { note, printText, run } from './run.ts';

interface DemoOptions {
  port?: number;
  speed: number;
  record?: string;
  open: boolean;
  duration?: number;
}

/** Port that is tried first when none is asked for. */
export const DEFAULT_PORT = 4680;

/** `whytick demo [market|sensor]`: the whole product on data and a model of its own. */
export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'bundled real data and model through the whole product: feed, predictions, attributions, alerts, dashboard',
    )
    .addArgument(new Argument('[series]', 'which of the two').choices(['market', 'sensor']).default('market'))
    .option('--port <port>', `of the dashboard; 0: any free one (default: ${DEFAULT_PORT}, or a free one)`, portNumber)
    .option('--speed <factor>', 'on 10 ticks a second, 0.1 to 1000', numberFrom(0.1, 1000), 1)
    .option('--record <file>', 'record the session to a new .mcap file')
    .option('--no-open', 'do not open the browser')
    .option('--duration <seconds>', 'end after that time', numberFrom(0, 1e6))
    .addHelpText('after', '\nExample:\n  $ whytick demo market --speed 2 --duration 20 --no-open')
    .action(run(demo));
}

async function demo(series: string, { port, speed, record, open, duration }: DemoOptions): Promise<void> {
  const { startDemo } = await import('../demo.ts');
  const running = await startDemo({ series, port: port ?? DEFAULT_PORT, anyPort: port === undefined, speed, record });
  printText(running.url);
  if (isAttended()) note('Stop with Ctrl+C.');
  if (open && isAttended()) openBrowser(running.url);
  await live(lifetime(duration), running.stop);
  process.exit();
}
