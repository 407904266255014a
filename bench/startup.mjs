/** How long a person waits for `whytick --help`, against a Node that does nothing. */
import { execFileSync } from 'node:child_process';
import { asset } from '../dist/node/assets.js';
import { medians, ms, row } from './measure.mjs';

export async function benchStartup() {
  const run = (...args) => execFileSync(process.execPath, args, { stdio: 'ignore' });
  const [help, bare] = await medians([() => run(asset('dist/node/cli/index.js'), '--help'), () => run('-e', '0')]);
  return row(
    'whytick --help',
    ms(help),
    `node -e 0 ${ms(bare)}`,
    `${(help - bare).toFixed(0)} ms more`,
    '200 ms',
    help - bare < 200,
  );
}
