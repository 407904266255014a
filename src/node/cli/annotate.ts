import { Command } from 'commander';
import { ConfigError, invalid } from '../../errors.ts';
import { print, printText, run } from './run.ts';
import { when } from './table.ts';

interface Options {
  at: string;
  text: string;
  json?: boolean;
}

/** `whytick annotate FILE.mcap --at T --text S`: a note in a recording. */
export function annotateCommand(): Command {
  return new Command('annotate')
    .description('put a note into a recording; what it proves stays as it is')
    .argument('<file>', 'a complete .mcap file made by whytick')
    .requiredOption('--at <place>', 'ISO or ms since 1970 (event time), or #N, the Nth tick from 0')
    .requiredOption('--text <text>', 'the note')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  $ whytick demo --duration 5 --no-open --record session.mcap\n  $ whytick annotate session.mcap --at "#10" --text "here it begins"\n  $ whytick export session.mcap --channel annotation --to notes.csv',
    )
    .action(run(annotate));
}

async function annotate(path: string, { at, text, json }: Options): Promise<void> {
  const [recordings, { openRecording }, { writeNew }, { parseMark }] = await Promise.all([
    import('../../recording/index.ts'),
    import('../recordingFile.ts'),
    import('../newRecording.ts'),
    import('../replay.ts'),
  ]);
  const mark = parseMark(at, '--at');
  if (text.trim() === '') throw new ConfigError(invalid('--text', text, 'a note'));
  const recording = await openRecording(path);
  const noted = await writeNew(path, 'FILE', (file) => recordings.annotate(recording, mark, text, file), true);
  if (json) print({ file: path, ...noted, text });
  else printText(`${path}: noted at ${when(noted.time)}, tick ${noted.tick}`);
}
