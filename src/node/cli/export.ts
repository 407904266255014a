import { Command } from 'commander';
import { print, printText, run } from './run.ts';

interface ExportOptions {
  to: string;
  channel: string;
  json?: boolean;
}

/** `whytick export FILE.mcap --to FILE`: one channel of a recording as a table. */
export function exportCommand(): Command {
  return new Command('export')
    .description('one channel of a recording as a table')
    .argument('<file>', 'a .mcap file made by whytick')
    .requiredOption('--to <file>', 'a new file that ends in .parquet, .csv or .ndjson')
    .option('--channel <name>', 'tick, prediction, attribution, .. (`whytick info` lists them)', 'tick')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  $ whytick demo --duration 5 --no-open --record session.mcap\n  $ whytick export session.mcap --to ticks.parquet',
    )
    .action(run(exportTable));
}

async function exportTable(path: string, { to, channel, json }: ExportOptions): Promise<void> {
  const [{ openRecording }, { tableOf }, { exportFile }] = await Promise.all([
    import('../recordingFile.ts'),
    import('../../recording/table.ts'),
    import('../exportFile.ts'),
  ]);
  const table = await tableOf(await openRecording(path), channel);
  const rows = await exportFile(table, to);
  const columns = table.columns.map(({ name }) => name);
  if (json) print({ file: to, channel, rows, columns });
  else printText(`${to}: ${rows} rows of ${columns.join(', ')}`);
}
