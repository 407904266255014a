import { Command } from 'commander';
import type { RecordingInfo } from '../../recording/info.ts';
import { print, printText, run } from './run.ts';
import { table, when } from './table.ts';

/** `whytick info FILE.mcap`: what is in a recording. */
export function infoCommand(): Command {
  return new Command('info')
    .description('what is in a recording, and whether it is whole')
    .argument('<file>', 'a .mcap file')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  $ whytick demo --duration 5 --no-open --record session.mcap\n  $ whytick info session.mcap',
    )
    .action(run(info));
}

async function info(path: string, { json }: { json?: boolean }): Promise<void> {
  const [{ describeRecording }, { openRecording }] = await Promise.all([
    import('../../recording/info.ts'),
    import('../recordingFile.ts'),
  ]);
  const described = await describeRecording(await openRecording(path));
  if (json) print(described);
  else printText(asText(described));
}

function asText(info: RecordingInfo): string {
  const { file, size, library, complete, truncated, damage, received, time, model, hashes, channels } = info;
  const span = (range: { first: number; last: number } | null) =>
    range ? `${when(range.first)} to ${when(range.last)}` : 'none';
  const lines: [string, string][] = [
    ['file', `${file}, ${size} bytes`],
    ['written by', library],
    ['state', complete ? 'complete' : `cut off${truncated ? `: ${truncated.reason} (${truncated.bytes} bytes)` : ''}`],
    ...damage.map((d): [string, string] => ['damage', `${d.bytes} bytes at ${d.offset}: ${d.reason}`]),
    ['received', span(received)],
    ['event time', span(time)],
    ['model', model ? `${model.name} (${model.inputs} inputs)` : 'none'],
    ...Object.entries(hashes).map(([name, hash]): [string, string] => [`${name} sha256`, hash ?? 'none']),
  ];
  const rows = channels.map(({ topic, encoding, messages, bytes }) => [
    topic,
    String(messages),
    String(bytes),
    encoding,
  ]);
  return [
    ...lines.map(([name, text]) => `${name.padEnd(16)}${text}`),
    '',
    table(['channel', 'messages', 'bytes', 'encoding'], rows, '<>><'),
  ].join('\n');
}
