import { Command, Option } from 'commander';
import type { Recovered } from '../../recording/index.ts';
import { note, print, printText, run } from './run.ts';

interface RecoverOptions {
  out?: string;
  inPlace?: boolean;
  json?: boolean;
}

/** `whytick recover FILE.mcap`: what is intact, as a whole file. */
export function recoverCommand(): Command {
  return new Command('recover')
    .description('make a whole recording of what is intact in one that was cut off or damaged')
    .argument('<file>', 'a .mcap file made by whytick')
    .addOption(
      new Option('--out <file>', 'a new .mcap file (default: FILE.recovered.mcap beside it)').conflicts('inPlace'),
    )
    .option('--in-place', 'replace the file once the new one is whole')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  $ whytick demo --duration 5 --no-open --record session.mcap\n  $ whytick recover session.mcap',
    )
    .action(run(recover));
}

async function recover(path: string, { out, inPlace, json }: RecoverOptions): Promise<void> {
  const [{ openRecording }, { recoverFile }] = await Promise.all([
    import('../recordingFile.ts'),
    import('../recoverFile.ts'),
  ]);
  const recording = await openRecording(path);
  const found = await recoverFile(recording, path, out ?? null, inPlace === true);
  if (json) print(found);
  else if (!found.file) printText(`${path} is whole: nothing was written`);
  else printText(`${found.file}: ${found.records} records in ${found.chunks} chunks`);
  for (const { offset, bytes, reason } of found.lost as Recovered['lost'])
    note(`lost: ${bytes} bytes at ${offset}: ${reason}`);
}
