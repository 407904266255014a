import { Command } from 'commander';
import { print, printText, run } from './run.ts';

/** `whytick merge A B --out F`: the union of two recordings. */
export function mergeCommand(): Command {
  return new Command('merge')
    .description('the union of two recordings of the same configuration and model')
    .argument('<a>', 'a .mcap file made by whytick')
    .argument('<b>', 'another one')
    .requiredOption('--out <file>', 'a new .mcap file')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  $ whytick demo --duration 5 --no-open --record session.mcap\n  $ whytick slice session.mcap --to "#9" --out a.mcap\n  $ whytick slice session.mcap --from "#10" --out b.mcap\n  $ whytick merge a.mcap b.mcap --out both.mcap',
    )
    .action(run(merge));
}

async function merge(a: string, b: string, { out, json }: { out: string; json?: boolean }): Promise<void> {
  const [recordings, { openRecording }, { writeNew }, { checkNew }] = await Promise.all([
    import('../../recording/index.ts'),
    import('../recordingFile.ts'),
    import('../newRecording.ts'),
    import('../files.ts'),
  ]);
  checkNew(out, '--out', true, '.mcap');
  const [first, second] = [await openRecording(a), await openRecording(b)];
  const merged = await writeNew(out, '--out', (file) => recordings.merge(first, second, file));
  if (json) print({ file: out, ...merged });
  else printText(`${out}: ${merged.ticks} ticks, ${merged.shared} of them in both`);
}
