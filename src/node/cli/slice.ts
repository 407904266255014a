import { Command } from 'commander';
import { print, printText, run } from './run.ts';

interface SliceOptions {
  from?: string;
  to?: string;
  out: string;
  json?: boolean;
}

/** `whytick slice FILE.mcap --from A --to B --out F`: a part of a recording, as a recording. */
export function sliceCommand(): Command {
  return new Command('slice')
    .description('a part of a recording, as a recording that replays and verifies by itself')
    .argument('<file>', 'a .mcap file made by whytick')
    .option(
      '--from <place>',
      'first tick: ISO or ms since 1970 (event time), or #N; the part begins at the last snapshot before',
    )
    .option('--to <place>', 'last tick')
    .requiredOption('--out <file>', 'a new .mcap file')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  $ whytick demo --duration 5 --no-open --record session.mcap\n  $ whytick slice session.mcap --from "#4300" --to "#4400" --out part.mcap',
    )
    .action(run(sliceRecording));
}

async function sliceRecording(path: string, { from, to, out, json }: SliceOptions): Promise<void> {
  const [{ openRecording }, { slice }, { writeNew }, { parseMark }] = await Promise.all([
    import('../recordingFile.ts'),
    import('../../recording/index.ts'),
    import('../newRecording.ts'),
    import('../replay.ts'),
  ]);
  const marks = {
    from: from === undefined ? undefined : parseMark(from, '--from'),
    to: to === undefined ? undefined : parseMark(to, '--to'),
  };
  const recording = await openRecording(path);
  const found = await writeNew(out, 'recording', (file) => slice(recording, marks, file));
  if (json) print({ file: out, ...found });
  else printText(`${out}: ${found.ticks} ticks, the first is #${found.first} of ${path}`);
}
