#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { annotateCommand } from './annotate.ts';
import { connectCommand } from './connect.ts';
import { convertCommand } from './convert.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { explainCommand } from './explain.ts';
import { exportCommand } from './export.ts';
import { infoCommand } from './info.ts';
import { inspectCommand } from './inspect.ts';
import { mergeCommand } from './merge.ts';
import { predictCommand } from './predict.ts';
import { recordCommand } from './record.ts';
import { recoverCommand } from './recover.ts';
import { replayCommand } from './replay.ts';
import { DONE, fail, INVALID } from './run.ts';
import { serveCommand } from './serve.ts';
import { sliceCommand } from './slice.ts';
import { trainCommand } from './train.ts';

/** One a file, alphabetical. A command imports what it needs when it runs, so that `--help` is quick. */
const commands = [
  annotateCommand,
  connectCommand,
  convertCommand,
  demoCommand,
  doctorCommand,
  explainCommand,
  exportCommand,
  infoCommand,
  inspectCommand,
  mergeCommand,
  predictCommand,
  recordCommand,
  recoverCommand,
  replayCommand,
  serveCommand,
  sliceCommand,
  trainCommand,
];

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('whytick')
  .description('Explains, tick by tick, why a model says what it says about a live stream.')
  .version(version)
  .showHelpAfterError('(--help shows what is possible)');
for (const command of commands) program.addCommand(command());
for (const command of [program, ...program.commands]) {
  command.exitOverride().option('--verbose', 'show where an error came from');
}

// `whytick ... | head` closes the pipe early: nothing is left to be done then.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(DONE);
});

try {
  await program.parseAsync();
} catch (error) {
  // Commander has said what is wrong with the call; help and version are no errors.
  process.exitCode = error instanceof CommanderError ? (error.exitCode === 0 ? DONE : INVALID) : fail(error);
}
