import { Command } from 'commander';
import { DEFAULT_PORT } from './demo.ts';
import { portNumber } from './options.ts';
import { FAILED, print, printText, run } from './run.ts';

/** `whytick doctor`: what this machine supports, and what is wrong. Exit 1 where something that is needed is missing. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('what this machine supports, and what is wrong')
    .option('--port <port>', 'the port that the dashboard would take', portNumber, DEFAULT_PORT)
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  $ whytick doctor')
    .action(run(doctor));
}

async function doctor({ port, json }: { port: number; json?: boolean }): Promise<void> {
  const { examine } = await import('../doctor.ts');
  const checks = await examine(port);
  const ok = checks.every(({ state }) => state !== 'error');
  if (json) print({ ok, checks });
  else {
    const width = Math.max(...checks.map(({ name }) => name.length));
    for (const { name, state, detail } of checks) printText(`${state.padEnd(7)}  ${name.padEnd(width)}  ${detail}`);
  }
  if (!ok) process.exitCode = FAILED;
}
