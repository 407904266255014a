import { Command } from 'commander';
import type { FeedConfig } from '../../feeds/index.ts';
import type { Proposal } from '../../feeds/propose.ts';
import { lifetime } from './lifetime.ts';
import { collect, numberFrom, wholeFrom } from './options.ts';
import { Ended, FAILED, note, noteFeed, print, printText, run } from './run.ts';
import { short, table, when } from './table.ts';

interface Options {
  subscribe?: string[];
  messages: number;
  duration: number;
  out?: string;
  force?: boolean;
  json?: boolean;
}

/** Ticks that are shown. */
const SHOWN = 8;

/** `whytick connect URL`: what a feed sends, and a mapping for it. */
export function connectCommand(): Command {
  return new Command('connect')
    .description('show what a feed sends and propose a mapping')
    .argument('<url>', 'where the ticks come from, such as wss://host/path')
    .option('--subscribe <json>', 'sent on connection, before anything is listened to; repeatable', collect)
    .option('--messages <n>', 'messages to look at', wholeFrom(2), 40)
    .option('--duration <seconds>', 'time to listen, at most', numberFrom(0.1, 3600), 15)
    .option('--out <file>', 'write a config for serve and record')
    .option('--force', 'replace a file that is there already')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExample, in the package\'s folder:\n  $ node examples/feed.mjs &\n  $ whytick connect ws://127.0.0.1:9000 --subscribe \'{"op":"subscribe"}\' --out feed.yaml',
    )
    .action(run(connect));
}

async function connect(url: string, { subscribe, messages, duration, out, force, json }: Options): Promise<void> {
  const [{ envelopeOf, feedOf, findFeed }, { propose }, { compileMapping }, { openSource }, files] = await Promise.all([
    import('../../feeds/index.ts'),
    import('../../feeds/propose.ts'),
    import('../../feeds/mapping.ts'),
    import('../setup.ts'),
    import('../files.ts'),
  ]);
  if (out !== undefined) files.checkNew(out, '--out', force === true, '.yaml');
  const plain = feedOf(url);
  const source: FeedConfig = subscribe ? { ...plain, subscribe: subscribe.map(message) } : plain;
  const kind = findFeed(url)!;
  const seen = await listen(openSource(kind.visit?.(source) ?? source), messages, lifetime(duration));
  if (seen.length === 0) throw new Ended(`nothing came from ${new URL(url).host || url} within ${duration} s`, FAILED);
  const parsed = seen.flatMap((data) => jsonOf(data) ?? []);
  const proposal = propose(parsed, envelopeOf(source));
  const ticks = proposal ? seen.flatMap((data) => compileMapping(proposal.mapping).parse(data).ticks) : [];
  if (json)
    print({ messages: seen.length, mapping: proposal?.mapping ?? null, reasons: proposal?.reasons ?? [], ticks });
  else {
    printText(`${seen.length} messages, such as\n${seen.slice(0, 3).map(preview).join('\n')}`);
    if (proposal) printText(described(proposal, ticks));
    else printText('\nNone of them holds a time and a number: nothing to propose. A mapping can be written by hand.');
  }
  if (!proposal) {
    process.exitCode = FAILED;
    return;
  }
  if (out === undefined) return;
  const { Document } = await import('yaml');
  const document = new Document({
    feed: { url, ...(subscribe ? { subscribe: source.subscribe } : {}) },
    mapping: proposal.mapping,
  });
  document.commentBefore = ` Proposed from ${seen.length} messages: ${proposal.reasons.join('; ')}.\n Add model: FILE, then whytick serve this file.`;
  await files.writeWhole(out, new TextEncoder().encode(String(document)), '--out');
  note(`${out} is written: add a model, or record with it`);
}

/** The first messages of a feed, as many as asked for or as come in time. */
function listen(
  feed: ReturnType<typeof import('../setup.ts').openSource>,
  most: number,
  life: AbortSignal,
): Promise<Uint8Array[]> {
  return new Promise((resolve) => {
    const seen: Uint8Array[] = [];
    const done = (): void => {
      subscription.unsubscribe();
      resolve(seen);
    };
    const subscription = feed.subscribe({
      next: (event) => {
        if (event.kind === 'status') {
          if (event.status.state === 'closed') noteFeed(event.status);
        } else if (seen.length < most && seen.push(event.data) === most) queueMicrotask(done);
      },
      complete: done,
    });
    life.addEventListener('abort', done);
    if (life.aborted) done();
  });
}

function described({ reasons, mapping, matched }: Proposal, ticks: readonly import('../../types.ts').Tick[]): string {
  const columns = Object.keys(mapping.features);
  const shown = ticks.slice(-SHOWN);
  const rows = shown.map(({ key, time, values }) => [key, when(time), ...columns.map((name) => short(values[name]!))]);
  return [
    '',
    `proposed, of ${matched} messages:`,
    ...reasons.map((reason) => `  ${reason}`),
    '',
    `${ticks.length} ticks by it, the last ${shown.length}:`,
    table(['key', 'time', ...columns], rows, '<<'.padEnd(2 + columns.length, '>')),
  ].join('\n');
}

/** Text as it is, anything else as the JSON that it is. */
function message(text: string): unknown {
  return jsonOf(new TextEncoder().encode(text)) ?? text;
}

function jsonOf(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch {
    return undefined;
  }
}

function preview(data: Uint8Array): string {
  const text = new TextDecoder().decode(data.subarray(0, 300)).replace(/\s+/g, ' ');
  return `  ${data.byteLength > 300 ? `${text}...` : text}`;
}
