import { Command, Option } from 'commander';
import { ConfigError, invalid } from '../../errors.ts';
import type { Mark, ReplayResult, Verification } from '../../recording/index.ts';
import { lifetime, live } from './lifetime.ts';
import { numberFrom, portNumber } from './options.ts';
import { FAILED, note, print, printText, run } from './run.ts';

interface ReplayOptions {
  speed?: number;
  from?: string;
  to?: string;
  loop?: boolean;
  model?: string;
  serve?: boolean;
  host: string;
  port: number;
  verify?: boolean;
  json?: boolean;
}

/** `whytick replay FILE.mcap`: runs a recording again, and proves that it gives the same. */
export function replayCommand(): Command {
  return new Command('replay')
    .description('run a recording again, in its own time or faster, or verify it')
    .argument('<file>', 'a .mcap file made by whytick')
    .option('--speed <factor>', 'on its own pace: 0.1 to 1000, or max (default: max, with --serve 1)', speed)
    .option('--from <place>', 'first tick shown: ISO or ms since 1970 (event time), or #N, the Nth tick from 0')
    .option('--to <place>', 'last tick shown')
    .option('--loop', 'begin again at the end')
    .option('--model <file>', 'another model in place of the recorded one')
    .option('--serve', 'show it on a dashboard')
    .option('--host <name>', 'with --serve: name or address to bind', '127.0.0.1')
    .option('--port <port>', 'with --serve: 0 is any free one', portNumber, 0)
    .addOption(
      new Option('--verify', 'compute everything again from the raw messages, and compare byte for byte').conflicts([
        'speed',
        'from',
        'to',
        'loop',
        'model',
        'serve',
      ]),
    )
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  $ whytick demo --duration 5 --no-open --record session.mcap\n  $ whytick replay session.mcap --verify',
    )
    .action(run(replay));
}

function speed(text: string): number {
  return text === 'max' ? Number.POSITIVE_INFINITY : numberFrom(0.1, 1000)(text);
}

async function replay(path: string, options: ReplayOptions): Promise<void> {
  const [{ readKernels }, { openRecording }, { parseMark }, recordings] = await Promise.all([
    import('../assets.ts'),
    import('../recordingFile.ts'),
    import('../replay.ts'),
    import('../../recording/index.ts'),
  ]);
  const [recording, { kernels, hash }] = await Promise.all([openRecording(path), readKernels()]);
  if (options.verify) {
    const verification = await recordings.verify(recording, kernels, hash);
    if (options.json) print(verification);
    else printText(describe(verification));
    if (!verification.equal) process.exitCode = FAILED;
    return;
  }
  const { model, from, to, loop } = options;
  const first = from === undefined ? undefined : parseMark(from, '--from');
  const last = to === undefined ? undefined : parseMark(to, '--to');
  checkRange(first, last, options);
  const playing = new recordings.Replay({
    recording,
    kernels,
    spec: model === undefined ? undefined : await (await import('../prepare.ts')).openModel(model),
    speed: options.speed ?? (options.serve ? 1 : Number.POSITIVE_INFINITY),
    from: first,
    to: last,
    loop: loop ?? false,
  });
  if (recording.metadata.get('whytick')!.get('kernels sha256') !== hash) {
    note('The recording was made with another build of the kernels: last digits may differ.');
  }
  const result = options.serve ? await onDashboard(playing, recording.file, options) : await untilDone(playing);
  if (options.json) print(result);
  else printText(summary(result));
  if (result.hashEqual === false) process.exitCode = FAILED;
  process.exit();
}

/** Two times, or two ticks, must be in order. @throws ConfigError */
function checkRange(first: Mark | undefined, last: Mark | undefined, { from, to }: ReplayOptions): void {
  if (!first || !last) return;
  const backwards =
    'tick' in first ? 'tick' in last && last.tick < first.tick : 'time' in last && last.time < first.time;
  if (backwards) throw new ConfigError(invalid('--to', to, `a place after --from ${from}`));
}

type Playing = InstanceType<typeof import('../../recording/index.ts').Replay>;

async function onDashboard(playing: Playing, file: string, { host, port }: ReplayOptions): Promise<ReplayResult> {
  const { serveReplay } = await import('../replay.ts');
  const { url, result, stop } = await serveReplay(playing, file, host, port);
  note(url);
  result.then(
    () => note('The recording is over. Stop with Ctrl+C.'),
    () => process.kill(process.pid, 'SIGTERM'),
  );
  await live(lifetime(), stop);
  return result;
}

async function untilDone(playing: Playing): Promise<ReplayResult> {
  const stopping = new AbortController();
  const result = playing.run(stopping.signal);
  await live(
    lifetime(),
    async () => stopping.abort(),
    result.catch(() => {}),
  );
  return result;
}

function summary({ counts, outputHash, recordedHash, hashEqual }: ReplayResult): string {
  const equal = hashEqual === null ? 'not compared' : hashEqual ? 'equal' : 'NOT equal';
  return [
    counted(counts),
    `output hash    ${outputHash}`,
    `recorded hash  ${recordedHash ?? 'none: it was cut off, or not read to its end'} (${equal})`,
  ].join('\n');
}

function describe(found: Verification): string {
  const { equal, exact, compared, trailing, first, recordedHash, hashEqual, damage, tail, holes } = found;
  const how = exact ? 'byte for byte' : 'to 1e-5: it was made with another build of the kernels';
  const lines = [`${equal ? 'equal' : 'NOT equal'}, ${how}`, counted(compared)];
  if (trailing > 0) lines.push(`${trailing} trailing inputs whose outputs were not written`);
  if (recordedHash !== null)
    lines.push(
      `output hash ${recordedHash} (${hashEqual === false ? 'NOT that of its records' : 'its records have it'})`,
    );
  if (tail) lines.push(`cut off: ${tail.reason}, ${tail.bytes} bytes at ${tail.offset}`);
  for (const { offset, bytes, reason } of damage)
    lines.push(`damage: ${bytes} bytes at ${offset}: ${reason}; compared up to there`);
  if (holes > 0) lines.push(`it was recovered, and records are missing in ${holes} places; compared up to the first`);
  if (first) {
    lines.push(`first difference at tick ${first.tick} (${new Date(first.time).toISOString()}):`);
    lines.push(`  recorded    ${first.recorded ?? 'nothing'}`, `  recomputed  ${first.recomputed ?? 'nothing'}`);
  }
  return lines.join('\n');
}

function counted(counts: Record<string, number>): string {
  const named = ['tick', 'prediction', 'attribution', 'drift', 'alert'].map(
    (topic) => `${counts[topic] ?? 0} ${topic}s`,
  );
  if (counts.interval) named.push(`${counts.interval} intervals`);
  if (counts.adaptation) named.push(`${counts.adaptation} of adaptation`);
  if (counts.shapley) named.push(`Shapley values of ${counts.shapley}`);
  return named.join(', ');
}
